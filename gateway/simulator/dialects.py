"""How do Africa's Talking and 8x8 put a request to send, and each answer to it, on the wire?

africastalking.md 4 and 12.2; where these are silent on a body, the status alone carries the meaning.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from email.message import Message
from typing import Any, Final, Literal, Protocol, TypeAlias
from urllib.parse import parse_qs
from uuid import uuid4

from gateway.simulator.faults import INVALID_NUMBER, REFUSALS, Fault, FaultKind

JSON: Final = "application/json"
# Nobody acts on the time of an error, so that there is no need of a clock here.
_SOME_TIME = "2026-11-24T03:00:00.85Z"
_TEXT = "text/plain; charset=UTF-8"
# The standard library does not subscript it when it runs.
Headers: TypeAlias = "Message[str, str]"
_NUMBER = re.compile(r"\+[1-9][0-9]{7,14}")
_AKKA = (("Server", "akka-http/10.2.10"),)


@dataclass(frozen=True)
class Send:
    """What a request asks for."""

    phones: tuple[str, ...]
    text: str
    sender: str
    client_id: str = ""
    queue: bool = False


@dataclass(frozen=True)
class Outcome:
    """What became of one recipient; `id` is the message's own, also where the answer must not tell it."""

    phone: str
    id: str
    fault: Fault | None

    @property
    def accepted(self) -> bool:
        return self.fault is None or self.fault.kind == "no-id"


@dataclass(frozen=True)
class Answer:
    """An HTTP answer."""

    status: int
    body: str
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()


class NotASend(Exception):
    """The request cannot be taken as one to send; `answer` says so as the aggregator would."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


class Dialect(Protocol):
    """One aggregator's form for sending."""

    @property
    def name(self) -> Literal["africastalking", "8x8"]:
        """As the product calls it."""

    def read(self, headers: Headers, body: bytes) -> Send:
        """What is asked for. Raises `NotASend`."""

    def new_id(self) -> str:
        """An id for a message."""

    def outcome(self, send: Send, outcomes: Sequence[Outcome]) -> Answer:
        """The success over HTTP, with the outcome of each recipient."""

    def refusal(self, fault: Fault, send: Send | None) -> Answer:
        """The answer to a request of which nothing was accepted; without `send`, to one that is none."""


def is_number(phone: str) -> bool:
    """E.164 with `+`, allocated or not."""
    return _NUMBER.fullmatch(phone) is not None


def _page(status: int, heading: str) -> Answer:
    """The HTML page of something in between."""
    return Answer(status, f"<html><body><h1>{heading}</h1></body></html>", "text/html")


def in_between(fault: Fault) -> Answer | None:
    """The answer of something between client and aggregator, alike for all aggregators; none for other faults."""
    match fault.kind:
        case "502" | "502-accepted":
            return _page(502, "502 Bad Gateway")
        case "504-accepted":
            return _page(504, "504 Gateway Time-out")
        case "html":
            return _page(200, "Welcome")
        case "redirect":
            return Answer(302, "", "text/html", (("Location", str(fault.value or "/moved")),))
    return None


def spoilt(answer: Answer, fault: Fault | None) -> Answer:
    """A success as it arrives where its content, and nothing else, meets the fault."""
    match fault.kind if fault else None:
        case "garbage":
            return replace(answer, body=answer.body[: len(answer.body) // 2])
        case "empty":
            return replace(answer, body="")
        case "string":
            return replace(answer, content_type="application/json; charset=utf-8")
    return (in_between(fault) if fault else None) or answer


class AfricasTalking:
    """Form posts, answered with HTTP 201 whatever became of the recipients."""

    name: Literal["africastalking"] = "africastalking"
    _ERRORS: Mapping[FaultKind, str] = {
        "400": "Request is missing required form field 'to'",
        "401": "The supplied authentication is invalid",
        "404": "The requested resource could not be found.",
        "429": "Too many requests",
        "500": "There was an internal server error.",
        "503": "The server is currently unavailable (because it is overloaded or down for maintenance).",
    }

    def read(self, headers: Headers, body: bytes) -> Send:
        if not headers.get("apiKey"):
            raise NotASend(self.refusal(Fault("401"), None))
        form = {name: values[0] for name, values in parse_qs(body.decode(errors="replace"), True).items()}
        for name in ("username", "to", "message"):
            if name not in form:
                raise NotASend(self._error(400, f"Request is missing required form field '{name}'"))
        return Send(
            phones=tuple(phone.strip() for phone in form["to"].split(",")),
            text=form["message"],
            sender=form.get("from", "AFRICASTKNG"),
            queue=form.get("enqueue") == "1",
        )

    def balance(self, headers: Headers, query: str, balance: str) -> Answer:
        """The answer to a question for the account's balance."""
        if not headers.get("apiKey"):
            return self.refusal(Fault("401"), None)
        if "username" not in parse_qs(query):
            return self._error(400, "Request is missing required query parameter 'username'")
        return Answer(200, _compact({"UserData": {"balance": balance}}), headers=_AKKA)

    def new_id(self) -> str:
        return f"ATXid_{uuid4().hex}"

    def outcome(self, send: Send, outcomes: Sequence[Outcome]) -> Answer:
        parts = _parts(send.text)
        accepted = sum(outcome.accepted for outcome in outcomes)
        # The currencies differ as they did when captured: whoever adds them up is found out.
        bill = f"USD {0.0079 * accepted * parts:.4f} Message parts: {parts}" if accepted else "0"
        message = f"Sent to {accepted}/{len(outcomes)} Total Cost: {bill}"
        return self._document(201, message, [self._recipient(send, outcome, parts) for outcome in outcomes])

    def refusal(self, fault: Fault, send: Send | None) -> Answer:
        match fault.kind:
            case "invalid-sender":
                return self._document(201, "InvalidSenderId", [])
            case "no-credit":
                return self._document(201, "InsufficientBalance", [])
            case "dnd":
                phones = send.phones if send else ()
                rejected = [self._refused(phone, 409) for phone in phones]
                return self._document(409, f"Sent to 0/{len(phones)} Total Cost: 0", rejected)
        return in_between(fault) or self._error(int(fault.kind), self._ERRORS[fault.kind], _retry_after(fault))

    def _recipient(self, send: Send, outcome: Outcome, parts: int) -> dict[str, Any]:
        fault = outcome.fault
        if fault and fault.kind == "could-not-send":
            return {"number": outcome.phone, "cost": "0", "status": "Could Not Send", "messageId": "None"}
        if fault and fault.kind == "refuse":
            return self._refused(outcome.phone, int(fault.value or INVALID_NUMBER))
        return {
            "cost": f"KES {0.8 * parts:.4f}",
            "messageId": "None" if fault else outcome.id,
            "number": outcome.phone,
            "status": "Success",
            "statusCode": 102 if send.queue else 101,
        }

    def _refused(self, phone: str, code: int) -> dict[str, Any]:
        return {"cost": "0", "messageId": "None", "number": phone, "status": REFUSALS[code], "statusCode": code}

    def _document(self, status: int, message: str, recipients: list[dict[str, Any]]) -> Answer:
        document = {"SMSMessageData": {"Message": message, "Recipients": recipients}}
        return Answer(status, _compact(document), headers=_AKKA)

    def _error(self, status: int, text: str, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
        challenge = (("WWW-Authenticate", 'Basic realm="api",charset=UTF-8'),) if status == 401 else ()
        return Answer(status, text, _TEXT, (*_AKKA, *challenge, *headers))


class EightByEight:
    """JSON, one recipient per request, the client's own id echoed; what it has no form for is REJECTED."""

    name: Literal["8x8"] = "8x8"
    # HTTP status, their code, their words. No code is published for 429 and 503.
    _ERRORS: Mapping[FaultKind, tuple[int, int, str]] = {
        "400": (400, 1000, "Invalid parameter"),
        "401": (401, 1200, "Unauthorised"),
        "404": (404, 1001, "Invalid subaccount"),
        "429": (429, 2000, "Too many requests"),
        "500": (500, 2000, "Internal error"),
        "503": (503, 2000, "Service unavailable"),
        "invalid-sender": (400, 1005, "Invalid source"),
    }
    _LONGEST_CLIENT_ID = 50

    def read(self, headers: Headers, body: bytes) -> Send:
        scheme, _, key = headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer" or not key:
            raise NotASend(self.refusal(Fault("401"), None))
        try:
            asked = json.loads(body)
        except ValueError:
            asked = None
        if not isinstance(asked, dict):
            raise NotASend(self._error(400, 1000, "Invalid parameter"))
        phone = "+" + str(asked.get("destination") or "").removeprefix("+")
        if not is_number(phone):
            raise NotASend(self._error(400, 1002, "Invalid MSISDN"))
        if not isinstance(asked.get("text"), str) or not asked["text"]:
            raise NotASend(self._error(400, 1004, "Invalid text"))
        client_id = str(asked.get("clientMessageId") or "")
        if len(client_id) > self._LONGEST_CLIENT_ID:
            raise NotASend(self._error(400, 3009, "clientMessageId is too long"))
        return Send((phone,), asked["text"], str(asked.get("source") or ""), client_id)

    def new_id(self) -> str:
        return str(uuid4())

    def outcome(self, send: Send, outcomes: Sequence[Outcome]) -> Answer:
        (outcome,) = outcomes
        fault = outcome.fault
        if fault is None or outcome.accepted:
            return self._status(send, outcome, "SMS is accepted and queued for processing")
        return self._status(send, outcome, REFUSALS[int(fault.value or INVALID_NUMBER)])

    def refusal(self, fault: Fault, send: Send | None) -> Answer:
        if fault.kind in self._ERRORS:
            return self._error(*self._ERRORS[fault.kind], _retry_after(fault))
        answer = in_between(fault)
        if answer is None and send is not None:
            answer = self._status(send, Outcome(send.phones[0], self.new_id(), fault), fault.kind)
        return answer or self._error(*self._ERRORS["400"])

    def _status(self, send: Send, outcome: Outcome, words: str) -> Answer:
        document = {
            "umid": None if outcome.fault and outcome.fault.kind == "no-id" else outcome.id,
            "clientMessageId": send.client_id or None,
            "destination": outcome.phone.removeprefix("+"),
            "encoding": "GSM7" if send.text.isascii() else "UCS2",
            "status": {"code": "QUEUED" if outcome.accepted else "REJECTED", "description": words},
        }
        return Answer(200, _compact(document))

    def _error(self, status: int, code: int, words: str, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
        document = {"code": code, "message": words, "errorId": str(uuid4()), "timestamp": _SOME_TIME}
        return Answer(status, _compact(document), headers=headers)


def _compact(document: object) -> str:
    """JSON as the aggregators write it."""
    return json.dumps(document, separators=(",", ":"))


def _retry_after(fault: Fault) -> tuple[tuple[str, str], ...]:
    return (("Retry-After", str(fault.value)),) if fault.kind == "429" and fault.value is not None else ()


def _parts(text: str) -> int:
    """What is billed. ASCII stands for GSM-7 here: texts that are near a limit are the sender's to count."""
    single, joined = (160, 153) if text.isascii() else (70, 67)
    units = len(text.encode("utf-16-le")) // 2
    return 1 if units <= single else math.ceil(units / joined)
