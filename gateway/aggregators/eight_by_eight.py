"""8x8 over SMS: JSON both ways, with an id of ours that comes back (africastalking.md 12.2)."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from gateway.aggregators.africastalking_sms import retry_after
from gateway.aggregators.port import ID_LENGTH, Request, Unusable, whole_number
from gateway.aggregators.sms import (
    FAULT_KEPT,
    ID_KEPT,
    WORD_KEPT,
    DeliveryReport,
    InboundSms,
    News,
    OptOut,
    Outcome,
    Sms,
    storable,
    wording,
)
from gateway.aggregators.transport import Ambiguous, HttpReply, NotSent, Transport

NAME: Final = "8x8"
INDONESIA: Final = "https://sms.8x8.id"
# Error codes of the body (africastalking.md 12.2): what is wrong with the message, and what with our account.
_ABOUT_MESSAGE: Final = {1002: "invalid number", 1003: "bad encoding", 1004: "bad text", 3009: "bad id"}
_ABOUT_US: Final = {1001: "unknown sub-account", 1005: "invalid sender", 1200: "credentials refused", 1201: "forbidden"}
_NO_CREDIT: Final = 42
_ABSENT: Final = frozenset({1, 46, 47})
_NEWS: Final[dict[tuple[str, str], News]] = {
    ("queued", ""): "accepted",
    ("sent", ""): "accepted",
    # Handed to the operator is not yet on the phone.
    ("delivered", "delivered_to_operator"): "accepted",
    ("delivered", "delivered_to_recipient"): "delivered",
    ("read", ""): "delivered",
    ("rejected", ""): "failed",
    ("undelivered", ""): "failed",
}


class EightByEight:
    """The channel."""

    name = NAME

    def __init__(self, subaccount: str, api_key: str, sender: str, base_url: str = "") -> None:
        self._url = f"{base_url or INDONESIA}/api/v1/subaccounts/{subaccount}/messages"
        self._headers = {"Authorization": f"Bearer {api_key}", "Accept": "application/json"}
        self._sender = sender
        self._transport = Transport()

    def send(self, sms: Sms) -> Outcome:
        """Hand a message over. GSM-7 is said: a text of ours that is not would be a fault of ours."""
        body = {"destination": sms.phone, "text": sms.text, "encoding": "GSM7", "clientMessageId": sms.client_id}
        if self._sender:
            body["source"] = self._sender
        try:
            reply = self._transport.request("POST", self._url, headers=self._headers, json=body)
        except NotSent as fault:
            return Outcome("retry", "not reached", word=str(fault))
        except Ambiguous as fault:
            return Outcome("unknown", "no answer", word=str(fault))
        return outcome_of(reply)

    def balance(self) -> str | None:
        """8x8 documents no way to ask."""
        return None


def outcome_of(reply: HttpReply) -> Outcome:
    """What an HTTP answer means for the message."""
    status, word = reply.status, f"HTTP {reply.status}"
    told = _object(reply.text)
    if 200 <= status < 300:
        state = told.get("status")
        code = str(state.get("code", "")) if isinstance(state, Mapping) else ""
        if code == "QUEUED":
            return Outcome("accepted", aggregator_id=storable(told.get("umid") or "", ID_KEPT) or None, word=code)
        if code == "REJECTED":
            return Outcome("permanent", "rejected", word=code)
        return Outcome("unknown", "unreadable answer", word=word)
    number = whole_number(told.get("code"))
    word = word if number is None else f"{word} code {number}"
    if status == 429 or number == 1100:
        return Outcome("retry", "throttled", retry_after_s=retry_after(reply), holds_channel=True, word=word)
    if status in (500, 503):
        return Outcome("retry", "aggregator error", retry_after_s=retry_after(reply), holds_channel=True, word=word)
    if number in _ABOUT_MESSAGE:
        return Outcome("permanent", _ABOUT_MESSAGE[number], word=word)
    if number in _ABOUT_US:
        return Outcome("channel", _ABOUT_US[number], word=word)
    if status in (401, 403):
        return Outcome("channel", "credentials refused", word=word)
    if 300 <= status < 400 or status == 404:
        return Outcome("channel", "wrong address", word=word)
    if status >= 500 or status == 408:
        return Outcome("unknown", "refused", word=word)
    return Outcome("permanent", "refused", word=word)


class EightByEightWebhooks:
    """What 8x8 tells us."""

    name = NAME

    def read_inbound(self, request: Request) -> InboundSms:
        """An incoming message. Raises `Unusable`."""
        payload = _payload(request)
        sender = str(payload.get("source") or "").strip()
        if not sender:
            raise Unusable("payload.source is missing")
        return InboundSms(str(payload.get("umid") or "")[:ID_LENGTH], sender[:ID_LENGTH], _text(payload.get("body")))

    def read_report(self, request: Request) -> DeliveryReport:
        """A delivery report. Raises `Unusable`."""
        payload = _payload(request)
        umid, status = str(payload.get("umid") or ""), payload.get("status")
        if not umid or not isinstance(status, Mapping):
            raise Unusable("payload.umid or payload.status is missing")
        state, detail = str(status.get("state") or "").lower(), str(status.get("detail") or "").lower()
        news = _NEWS.get((state, detail)) or _NEWS.get((state, ""))
        if news == "failed" and whole_number(status.get("errorCode")) in _ABSENT:
            news = "absent"
        client = str(payload.get("clientMessageId") or "")
        return DeliveryReport(
            id=storable(umid, ID_KEPT),
            news=news,
            word=wording(f"{state}/{detail}".strip("/"), WORD_KEPT),
            phone=str(payload.get("destination") or ""),
            fault=_fault(status) if news in ("failed", "absent") else None,
            client_id=client if re.fullmatch(r"[0-9a-f]{32}", client) else "",
        )

    def read_optout(self, request: Request) -> OptOut:
        """8x8 has no such event. Raises `Unusable`."""
        raise Unusable("8x8 sends no opt-outs")


def _fault(status: Mapping[str, Any]) -> str | None:
    code = whole_number(status.get("errorCode"))
    if code is not None and code != 0:
        return "no credit" if code == _NO_CREDIT else f"code {code}"
    told = status.get("detail") or status.get("state")
    return wording(told, FAULT_KEPT) if told else None


def _payload(request: Request) -> Mapping[str, Any]:
    payload = _object(request.body.decode("utf-8", "replace")).get("payload")
    if not isinstance(payload, Mapping):
        raise Unusable("payload is missing")
    return payload


def _object(text: str) -> Mapping[str, Any]:
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
