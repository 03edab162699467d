"""What happens when an aggregator tells us of SMS? It is stored, then answered 200.

Aggregators repeat what is not answered 200, for twelve hours (africastalking.md 6), so what cannot be read is answered
200 too, with a line in the log; only a database that is away is 503.
"""

from collections.abc import Callable
from typing import Final

from flask import Blueprint, Response, abort

from gateway.admission import admit, read_body
from gateway.aggregators.port import Request, Unusable
from gateway.aggregators.sms import SmsWebhooks
from gateway.channels import WEBHOOKS
from gateway.logs import get_logger
from gateway.wiring import Wiring
from immigration.contacts import choose, know
from immigration.database import is_unreachable
from immigration.messages.reports import Report, take
from immigration.phones import InvalidPhone, international
from workers.jobs import ring

_TEXT: Final = "text/plain; charset=utf-8"
# A long text of letters that take nine bytes each in a form.
_INBOUND_LIMIT: Final = 64 * 1024
_REPORT_LIMIT: Final = 16 * 1024

_Handler = Callable[[Wiring, SmsWebhooks, Request], None]


def sms_webhooks_blueprint(wiring: Wiring) -> Blueprint:
    """`sms/inbound`, `sms/reports` and `sms/optout` under `/webhooks/<secret>/<aggregator>/`."""
    blueprint = Blueprint("sms_webhooks", __name__, url_prefix="/webhooks/<secret>/<aggregator>/sms")

    @blueprint.post("/inbound")
    def inbound(secret: str, aggregator: str) -> Response:
        return _told(wiring, secret, aggregator, "inbound", _inbound, _INBOUND_LIMIT)

    @blueprint.post("/reports")
    def reports(secret: str, aggregator: str) -> Response:
        return _told(wiring, secret, aggregator, "report", _report, _REPORT_LIMIT)

    @blueprint.post("/optout")
    def optout(secret: str, aggregator: str) -> Response:
        return _told(wiring, secret, aggregator, "optout", _optout, _REPORT_LIMIT)

    return blueprint


def _told(wiring: Wiring, secret: str, aggregator: str, kind: str, handle: _Handler, limit: int) -> Response:
    admit(wiring.settings, secret, aggregator)
    known = WEBHOOKS.get(aggregator)
    if known is None:
        abort(404)
    log = get_logger("sms")
    body = read_body(limit)
    try:
        if body is None:
            raise Unusable("the body is larger than any of theirs")
        handle(wiring, known, Request(body))
    except Unusable as fault:
        log.warning("sms webhook unusable", aggregator=aggregator, kind=kind, reason=str(fault))
    except Exception as fault:
        if not is_unreachable(fault):
            raise
        log.error("sms webhook not stored", aggregator=aggregator, kind=kind, reason=type(fault).__name__)
        return Response("", 503, {"Retry-After": "5"}, content_type=_TEXT)
    return Response("", 200, content_type=_TEXT)


def _inbound(wiring: Wiring, aggregator: SmsWebhooks, request: Request) -> None:
    told = aggregator.read_inbound(request)
    number = wiring.inbox.store(aggregator.name, told.id, told.sender, told.text)
    if number is None:
        return
    try:
        if wiring.inbox.answer(number):
            ring(wiring.redis)
    except Exception as fault:
        # It is stored: the next pass answers it.
        if not is_unreachable(fault):
            raise
        get_logger("sms").warning("sms not answered yet", aggregator=aggregator.name, reason=type(fault).__name__)


def _report(wiring: Wiring, aggregator: SmsWebhooks, request: Request) -> None:
    told = aggregator.read_report(request)
    report = Report(
        channel=aggregator.name,
        aggregator_id=told.id,
        news=told.news,
        word=told.word,
        phone_hash=_hash(wiring, told.phone),
        fault=told.fault,
        client_id=bytes.fromhex(told.client_id) if told.client_id else None,
    )
    with wiring.database.writing() as session:
        take(session, report, wiring.clock())


def _optout(wiring: Wiring, aggregator: SmsWebhooks, request: Request) -> None:
    told = aggregator.read_optout(request)
    try:
        phone = international(told.phone)
    except InvalidPhone:
        raise Unusable("the phone is no number") from None
    now = wiring.clock()
    with wiring.database.writing() as session:
        phone_hash = know(session, wiring.vault, phone, now)
        choose(session, phone_hash, "reminders", False, "aggregator", "", now)


def _hash(wiring: Wiring, phone: str) -> bytes | None:
    try:
        return wiring.vault.lookup("phone", international(phone))
    except InvalidPhone:
        return None
