"""Africa's Talking over SMS: the official SDK speaks, this file adds what it lacks (africastalking.md 4-6, 9)."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from africastalking.Application import ApplicationService
from africastalking.SMS import SMSService

from gateway.aggregators.africastalking import form_of
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

_PHONE: Final = re.compile(r"\+[1-9][0-9]{7,14}")
_NONE: Final = "None"
_NONE_SENT: Final = re.compile(r"\s*Sent to 0+/")
_TAKEN: Final = "Success"
_ACCEPTED: Final = frozenset({100, 101, 102})
# africastalking.md 4.4: what a recipient's status code means for the message.
_CODES: Final[dict[int, tuple[str, str]]] = {
    401: ("permanent", "risk hold"),
    402: ("channel", "invalid sender"),
    403: ("permanent", "invalid number"),
    404: ("permanent", "unsupported number"),
    405: ("channel", "no credit"),
    406: ("permanent", "opted out"),
    407: ("permanent", "no route"),
    409: ("retry", "do not disturb"),
    500: ("retry", "aggregator error"),
    501: ("retry", "gateway error"),
    502: ("retry", "rejected by gateway"),
}
_NAMES: Final = {
    "InvalidSenderId": 402,
    "InvalidPhoneNumber": 403,
    "UnsupportedNumberType": 404,
    "InsufficientBalance": 405,
    "UserInBlacklist": 406,
    "CouldNotRoute": 407,
    "DoNotDisturbRejection": 409,
    "InternalServerError": 500,
    "GatewayError": 501,
    "RejectedByGateway": 502,
    "RiskHold": 401,
}
# A promotion's quiet window (Nigeria): an hour is soon enough.
_DISTURB_AGAIN_S: Final = 3600.0
_NEWS: Final[dict[str, News]] = {
    "sent": "accepted",
    "submitted": "accepted",
    "buffered": "accepted",
    "success": "delivered",
    "absentsubscriber": "absent",
    "rejected": "failed",
    "failed": "failed",
    "expired": "failed",
}


def _through(transport: Transport, service: Any, base_url: str) -> Any:
    """A service of the SDK that builds its requests and has ours carried by `transport`.

    `_make_request` and `_baseUrl` are private: the version is pinned, and a test fails where they change.
    """
    if base_url:
        service._baseUrl = f"{base_url}/version1"

    def carry(url: str, method: str, headers: Mapping[str, str], data: Any, params: Any, **_more: object) -> HttpReply:
        return transport.request(method, url, headers=headers, data=data, params=params)

    service._make_request = carry
    return service


class AfricasTalkingSms:
    """The channel; the simulated aggregator speaks it too, under its own name."""

    def __init__(
        self, username: str, api_key: str, sender: str, base_url: str = "", name: str = "africastalking"
    ) -> None:
        self.name = name
        self._sender = sender or None
        transport = Transport()
        self._messaging = _through(transport, SMSService(username, api_key), base_url)
        self._account = _through(transport, ApplicationService(username, api_key), base_url)

    def send(self, sms: Sms) -> Outcome:
        """Hand a message over. `enqueue` is said explicitly: the documents and the captures differ on its default."""
        if not _PHONE.fullmatch(sms.phone):
            return Outcome("permanent", "invalid number")
        try:
            reply: HttpReply = self._messaging.send(sms.text, [sms.phone], self._sender, enqueue=True)
        except NotSent as fault:
            return Outcome("retry", "not reached", word=str(fault))
        except Ambiguous as fault:
            return Outcome("unknown", "no answer", word=str(fault))
        return outcome_of(reply, sms.phone)

    def balance(self) -> str | None:
        """The account's credit; none where it cannot be had."""
        try:
            reply: HttpReply = self._account.fetch_application_data()
            told = json.loads(reply.text)
            user = told.get("UserData") or told["userData"]
            return storable(user["balance"], 40)
        except (NotSent, Ambiguous, ValueError, KeyError, TypeError, AttributeError):
            return None


def outcome_of(reply: HttpReply, phone: str) -> Outcome:
    """What an HTTP answer means for the one recipient that was asked for."""
    status = reply.status
    if status in (401, 403):
        return Outcome("channel", "credentials refused", word=f"HTTP {status}")
    if status == 402:
        return Outcome("channel", "no credit", word="HTTP 402")
    if status == 429:
        return Outcome("retry", "throttled", retry_after_s=retry_after(reply), holds_channel=True, word="HTTP 429")
    if status in (500, 503):
        return Outcome(
            "retry", "aggregator error", retry_after_s=retry_after(reply), holds_channel=True, word=f"HTTP {status}"
        )
    if 300 <= status < 400 or status in (404, 405, 410):
        return Outcome("channel", "wrong address", word=f"HTTP {status}")
    if status >= 400 and status != 409:
        # 502 and 504 come from something in between: what stands behind it may have accepted the message.
        between = status >= 500 or status == 408
        return Outcome("unknown" if between else "permanent", "refused", word=f"HTTP {status}")
    try:
        told = json.loads(reply.text)["SMSMessageData"]
        message, recipients = str(told.get("Message", "")), told["Recipients"]
        mine = [one for one in recipients if str(one.get("number")) == phone] or recipients
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return Outcome("unknown", "unreadable answer", word=f"HTTP {status}")
    if mine:
        return _of_recipient(mine[0])
    named = _NAMES.get(message.strip())
    if named is None and not _NONE_SENT.match(message):
        # No recipient and no reason that we know is no refusal: it may well have been taken.
        return Outcome("unknown", "unreadable answer", word=wording(message, WORD_KEPT))
    return _of_code(named or 0, message)


def _of_recipient(recipient: Mapping[str, Any]) -> Outcome:
    word, id_ = str(recipient.get("status", "")), storable(recipient.get("messageId") or _NONE, ID_KEPT)
    number = whole_number(recipient.get("statusCode"))
    if number is None:
        # The old shape has no code, only the word.
        number = 101 if word == _TAKEN else _NAMES.get(word, 0)
    if number in _ACCEPTED:
        return Outcome("accepted", aggregator_id=None if id_ == _NONE else id_, word=wording(word, WORD_KEPT))
    if number not in _CODES and (word == _TAKEN or id_ != _NONE):
        # No code that we know, but success or an id: it may well have been taken.
        return Outcome("unknown", "unreadable answer", word=wording(word, WORD_KEPT))
    return _of_code(number, word)


def _of_code(code: int, word: str) -> Outcome:
    # An unknown reason without any sign of acceptance: it may be tried again.
    kind, fault = _CODES.get(code, ("retry", "refused"))
    again = _DISTURB_AGAIN_S if code == 409 else None
    shown = wording(word, WORD_KEPT)
    if kind == "channel":
        return Outcome("channel", fault, word=shown)
    if kind == "permanent":
        return Outcome("permanent", fault, word=shown)
    return Outcome("retry", fault, retry_after_s=again, word=shown)


def retry_after(reply: HttpReply) -> float | None:
    """The seconds of a Retry-After header (RFC 9110 10.2.3); a date, or nonsense, is none."""
    told = reply.headers.get("Retry-After", "")
    return min(float(told), 3600.0) if re.fullmatch(r"[0-9]{1,6}", told) else None


class AfricasTalkingWebhooks:
    """What Africa's Talking tells us about SMS; the simulated aggregator too, under its own name."""

    def __init__(self, name: str = "africastalking") -> None:
        self.name = name

    def read_inbound(self, request: Request) -> InboundSms:
        """An incoming message. Raises `Unusable` without a sender."""
        form = form_of(request.body)
        sender = form.get("from", "")
        if not sender.strip():
            raise Unusable("from is missing")
        return InboundSms(form.get("id", "")[:ID_LENGTH], _plus(sender)[:ID_LENGTH], form.get("text", ""))

    def read_report(self, request: Request) -> DeliveryReport:
        """A delivery report. Raises `Unusable` without an id."""
        form = form_of(request.body)
        id_ = form.get("id", "")
        if not id_ or id_ == _NONE:
            raise Unusable("id is missing")
        word = form.get("status", "")
        news = _NEWS.get(word.lower())
        fault = wording(form.get("failureReason") or word, FAULT_KEPT) if news in ("failed", "absent") else None
        phone = _plus(form.get("phoneNumber", ""))
        return DeliveryReport(storable(id_, ID_KEPT), news, wording(word, WORD_KEPT), phone, fault)

    def read_optout(self, request: Request) -> OptOut:
        """A bulk opt-out. Raises `Unusable` without a phone."""
        phone = _plus(form_of(request.body).get("phoneNumber", ""))
        if not phone:
            raise Unusable("phoneNumber is missing")
        return OptOut(phone)


def _plus(phone: str) -> str:
    """A bare plus sign arrives as a space."""
    return "+" + phone.strip() if phone.startswith(" ") else phone.strip()
