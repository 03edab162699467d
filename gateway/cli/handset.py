"""What does a phone say to the webhook? One handset on the simulated aggregator's line, without a screen.

Wire: Africa's Talking's form format for hops and end-of-session events (africastalking.md 2 and 3), which the
simulated aggregator speaks unchanged.
"""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal
from uuid import uuid4

from gateway.cli.line import GatewayRefused, Line
from immigration.clock import Clock, utc_now

EventStatus = Literal["Incomplete", "Success", "Failed"]


class WrongCode(ValueError):
    """The dialled code does not lead to this gateway."""


@dataclass(frozen=True)
class Hop:
    """One request and its answer: `text` is the whole history, `reply` the body with its `CON `/`END `."""

    text: str
    reply: str

    @property
    def screen(self) -> str:
        return self.reply[4:]

    @property
    def ends(self) -> bool:
        return self.reply.startswith("END ")


def prefilled(dialled: str, code: str) -> list[str]:
    """The replies that a dialled code carries: `*384*1303*1#` on `*384*1303#` is a direct dial with "1".

    Raises `WrongCode` where `dialled` is not the service code or one that goes on from it.
    """
    stem = code.removesuffix("#")
    if not dialled.endswith("#"):
        raise WrongCode(f"{dialled}: a code ends in #, such as {code}")
    rest = dialled[:-1].removeprefix(stem)
    if not dialled.startswith(stem) or (rest and not rest.startswith("*")):
        raise WrongCode(f"{dialled}: not a code of this gateway; dial {code} or name another with --code")
    return rest[1:].split("*") if rest else []


class Handset:
    """One phone. A call is begun by `dial`, carried on by `reply`, and over after an END or `hang_up`."""

    def __init__(
        self,
        webhook: str,
        phone: str,
        *,
        code: str,
        network: str,
        now: Clock = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`webhook` is the address up to the aggregator's name, `phone` is E.164, `code` the service code."""
        self.phone = phone
        self.code = code
        self.network = network
        self.hops: list[Hop] = []
        self.open = False
        self._webhook = webhook
        self._now = now
        self._monotonic = monotonic
        self._http = Line()
        self._session_id = ""
        self._inputs: list[str] = []
        self._began = 0.0

    def dial(self, inputs: list[str]) -> Hop:
        """Begin a new call; `inputs` are the replies that the code carries. Raises `GatewayRefused`."""
        # Africa's Talking's own shape of a session id: a prefix and 32 hex digits.
        self._session_id = f"ATUid_{uuid4().hex}"
        self._inputs = list(inputs)
        self.hops = []
        self.open = True
        self._began = self._monotonic()
        return self._hop()

    def reply(self, typed: str) -> Hop:
        """Send what was typed, joined by `*` and unescaped, as aggregators do. Raises `GatewayRefused`."""
        self._inputs.append(typed)
        return self._hop()

    def repeat(self) -> tuple[Hop, bool]:
        """Send the last request again; says whether the answer is the same. Raises `GatewayRefused`."""
        last = self.hops[-1]
        again = Hop(last.text, self._ask(last.text))
        return again, again == last

    def hang_up(self) -> None:
        """Drop the call without an END; an Incomplete event tells the gateway. Raises `GatewayRefused`."""
        self._end("Incomplete")

    def export(self) -> dict[str, object]:
        """The call as a recording, the form that `record-test` reads."""
        return {
            "version": 1,
            "recorded_at": self._now().isoformat(timespec="seconds"),
            "phone": self.phone,
            "service_code": self.code,
            "network_code": self.network,
            "hops": [asdict(hop) for hop in self.hops],
        }

    def _hop(self) -> Hop:
        text = "*".join(self._inputs)
        try:
            hop = Hop(text, self._ask(text))
        except GatewayRefused as fault:
            self._tell_of_failure(fault)
            raise
        self.hops.append(hop)
        if hop.ends:
            self._end("Success")
        return hop

    def _ask(self, text: str) -> str:
        body = self._post("ussd", self._line() | {"text": text})
        if not body.startswith(("CON ", "END ")):
            raise GatewayRefused(f"the gateway's answer starts with neither CON nor END: {body[:60]!r}")
        return body

    def _tell_of_failure(self, fault: GatewayRefused) -> None:
        try:
            self._end("Failed", str(fault))
        except GatewayRefused:
            # The hop's own fault is the one to show; a gateway that cannot answer may miss the event too.
            self.open = False

    def _end(self, status: EventStatus, error: str = "") -> None:
        self.open = False
        moment: datetime = self._now()
        self._post(
            "ussd/events",
            self._line()
            | {
                "date": moment.strftime("%Y-%m-%d %H:%M:%S"),
                "status": status,
                "cost": "0.00",
                "durationInMillis": str(round((self._monotonic() - self._began) * 1000)),
                "hopsCount": str(len(self.hops)),
                "hopsMetadata": "",
                "input": "*".join(self._inputs),
                "lastAppResponse": self.hops[-1].reply if self.hops else "",
                "errorMessage": error,
            },
        )

    def _line(self) -> dict[str, str]:
        return {
            "sessionId": self._session_id,
            "phoneNumber": self.phone,
            "serviceCode": self.code,
            "networkCode": self.network,
        }

    def _post(self, path: str, fields: dict[str, str]) -> str:
        return self._http.post(f"{self._webhook}/{path}", fields)
