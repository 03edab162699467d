"""In which ways can an aggregator fail? The kinds of fault, what each does, and how one is written as text."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, Self

FaultKind = Literal[
    "500",
    "503",
    "429",
    "400",
    "401",
    "404",
    "502",
    "502-accepted",
    "504-accepted",
    "refuse",
    "could-not-send",
    "invalid-sender",
    "no-credit",
    "dnd",
    "garbage",
    "empty",
    "string",
    "html",
    "no-id",
    "reset",
    "accept-reset",
    "hang",
    "accept-hang",
    "slow",
    "drip",
    "redirect",
]

FAULT_KINDS: Final[Mapping[FaultKind, str]] = {
    "500": "HTTP 500 in the aggregator's own form; not accepted",
    "503": "HTTP 503 in the aggregator's own form; not accepted",
    "429": "HTTP 429; not accepted; `429:30` asks by Retry-After to wait 30 s",
    "400": "HTTP 400 as for a missing field; not accepted",
    "401": "HTTP 401 as for a wrong key; not accepted",
    "404": "HTTP 404 as for an unknown address; not accepted",
    "502": "HTTP 502, the HTML page of a proxy; not accepted",
    "502-accepted": "accepted, and yet the HTML page of HTTP 502",
    "504-accepted": "accepted, and yet the HTML page of HTTP 504",
    "refuse": "success over HTTP, the recipient refused: `refuse:405` gives the statusCode (without one 403)",
    "could-not-send": "success over HTTP, the recipient refused in the old shape without a statusCode",
    "invalid-sender": "HTTP 201 with InvalidSenderId and no recipients; not accepted",
    "no-credit": "HTTP 201 with a bare InsufficientBalance and no recipients; not accepted",
    "dnd": "HTTP 409 with the document of a do-not-disturb rejection; not accepted",
    "garbage": "accepted; the body, called JSON, breaks off in the middle",
    "empty": "accepted; the body, called JSON, is empty",
    "string": "accepted; the content type is `application/json; charset=utf-8`, which the SDK does not parse",
    "html": "HTTP 200 with an HTML page of something in between; not accepted",
    "no-id": 'accepted; the answer names no id ("None")',
    "reset": "the connection is reset once the request is read; not accepted",
    "accept-reset": "accepted, then the connection is reset without an answer",
    "hang": "no answer until the client gives up; not accepted",
    "accept-hang": "accepted, then no answer until the client gives up",
    "slow": "accepted at once, answered as usual after so many seconds: `slow:2`",
    "drip": "accepted; the body comes byte by byte, half a second apart, or `drip:0.1`",
    "redirect": "HTTP 302 to nowhere, or to `redirect:URL`; not accepted",
}

# africastalking.md 4.4
REFUSALS: Final[Mapping[int, str]] = {
    401: "RiskHold",
    402: "InvalidSenderId",
    403: "InvalidPhoneNumber",
    404: "UnsupportedNumberType",
    405: "InsufficientBalance",
    406: "UserInBlacklist",
    407: "CouldNotRoute",
    409: "DoNotDisturbRejection",
    500: "InternalServerError",
    501: "GatewayError",
    502: "RejectedByGateway",
}
INVALID_NUMBER: Final = 403

ACCEPTED: Final[frozenset[FaultKind]] = frozenset(
    {
        "502-accepted",
        "504-accepted",
        "garbage",
        "empty",
        "string",
        "no-id",
        "accept-reset",
        "accept-hang",
        "slow",
        "drip",
    }
)
"""The faults that come after the message was accepted: to send again would be to send twice."""

OF_ONE_RECIPIENT: Final[frozenset[FaultKind]] = frozenset({"refuse", "could-not-send", "no-id"})
"""The faults that meet one recipient of a request; each other one meets the request."""

_LONGEST_S = 3600


@dataclass(frozen=True)
class Fault:
    """One fault to come. Raises `ValueError` for an unknown kind or a value that the kind has no use for."""

    kind: FaultKind
    value: float | int | str | None = None

    def __post_init__(self) -> None:
        if self.kind not in FAULT_KINDS:
            raise ValueError(f"unknown fault {self.kind!r}; known are {', '.join(FAULT_KINDS)}")
        if not self._fits():
            raise ValueError(f"{self.value!r} does not fit {self.kind!r}: {FAULT_KINDS[self.kind]}")

    @classmethod
    def parse(cls, text: str) -> Self:
        """`hang`, `429:30`, `slow:2`, `refuse:405`: the kind, then its value where it takes one."""
        name, colon, written = text.strip().partition(":")
        kind = next((known for known in FAULT_KINDS if known == name), None)
        if kind is None:
            raise ValueError(f"unknown fault {name!r}; known are {', '.join(FAULT_KINDS)}")
        return cls(kind, _value(kind, written) if colon else None)

    def _fits(self) -> bool:
        match self.kind, self.value:
            case "slow" | "drip", int() | float() as seconds:
                return 0 <= seconds <= _LONGEST_S
            case "refuse", int() as code:
                return code in REFUSALS
            case "429", int() as seconds:
                return seconds >= 0
            case "redirect", str() as address:
                return bool(address) and address.isprintable()
            case kind, None:
                return kind != "slow"
        return False


def _value(kind: FaultKind, written: str) -> float | int | str:
    """The value as its kind takes it; what is no number stays text and is refused with the rest."""
    try:
        if kind in ("slow", "drip"):
            return float(written)
        return int(written) if kind in ("429", "refuse") else written
    except ValueError:
        return written
