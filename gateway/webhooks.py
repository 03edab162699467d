"""What happens when an aggregator calls with a USSD hop? It is answered, always in the aggregator's own form.

With the right secret a USSD request is answered 200 in the aggregator's form whatever its bytes: an error page would
end the citizen's session without a word (africastalking.md 2.4).
"""

import time
from concurrent.futures import Executor
from concurrent.futures import TimeoutError as Late
from typing import Final

from flask import Blueprint, Response, abort
from sqlalchemy.exc import SQLAlchemyError

from gateway.admission import admit, read_body
from gateway.aggregators.africastalking import AfricasTalkingUssd
from gateway.aggregators.hubtel import HubtelUssd
from gateway.aggregators.port import (
    HttpAnswer,
    Latest,
    Request,
    Unusable,
    UssdAggregator,
    UssdEnd,
    UssdHop,
    UssdReply,
)
from gateway.echo import Echo
from gateway.funnel import FunnelBuffer
from gateway.logs import get_logger
from gateway.metrics import HOP_SECONDS, HOPS
from gateway.settings import Settings
from immigration.calls import note_end
from immigration.clock import Clock
from immigration.database import Database, DatabaseBusy
from immigration.phones import InvalidPhone, international
from menus.machine import Reply
from menus.replay import TooLate
from menus.turn import Latest as LatestTyped
from menus.turn import Turn, Whole
from menus.turns import Turns

HOP_SECONDS_ALLOWED: Final = 8.0
# africastalking.md 3; other aggregators tell only of calls that broke off.
_ENDED_WELL: Final = "Success"

AGGREGATORS: Final[dict[str, UssdAggregator]] = {
    aggregator.name: aggregator for aggregator in (AfricasTalkingUssd(), AfricasTalkingUssd("simulated"), HubtelUssd())
}


class SafeWords:
    """What a citizen reads when we cannot answer: honest, short, and what to do next."""

    def __init__(self, busy: Reply, unavailable: Reply, unreadable: Reply) -> None:
        self.busy = busy
        self.unavailable = unavailable
        self.unreadable = unreadable


class UssdDesk:
    """Answers hops in time.

    With `workers` a turn that takes longer than `allowed_s` works on there and is kept for the repeat. Without, the
    calling thread answers itself: right where every wait has its own deadline, which a tenth of the CPU is saved for.
    """

    def __init__(
        self,
        turns: Turns,
        words: SafeWords,
        settings: Settings,
        database: Database,
        echo: Echo,
        funnel: FunnelBuffer,
        clock: Clock,
        workers: Executor | None = None,
        allowed_s: float = HOP_SECONDS_ALLOWED,
    ) -> None:
        self._turns = turns
        self._words = words
        self._settings = settings
        self._database = database
        self._echo = echo
        self._funnel = funnel
        self._clock = clock
        self._workers = workers
        self._allowed_s = allowed_s
        self._log = get_logger("ussd")

    def hop(self, aggregator: UssdAggregator, incoming: Request) -> HttpAnswer:
        """The answer to one request on the USSD path."""
        began = time.perf_counter()
        try:
            told = aggregator.read(incoming)
        except Unusable as fault:
            self._log.warning("ussd request unusable", aggregator=aggregator.name, reason=str(fault))
            HOPS.labels(aggregator.name, "unusable").inc()
            return aggregator.write(_words(self._words.unreadable), None)
        if isinstance(told, UssdEnd):
            self.end(aggregator, told)
            return aggregator.write(UssdReply("", more=False), told)
        turn = self._turn(aggregator, told)
        reply, outcome = self._in_time(turn)
        HOPS.labels(aggregator.name, outcome).inc()
        HOP_SECONDS.labels(aggregator.name).observe(time.perf_counter() - began)
        return aggregator.write(self._echo.with_state(reply, turn), told)

    def end(self, aggregator: UssdAggregator, end: UssdEnd) -> None:
        """Keep the word that a session is over; where it broke off, the caller's seats are held on.

        Raises the database's errors.
        """
        call = self._turns.call_of(aggregator.name, end.session_id)
        with self._database.writing() as session:
            note_end(session, call, end.status, end.duration_ms, end.hops, end.cost, self._clock())
            if end.phone and end.status != _ENDED_WELL:
                self._turns.cut_off(session, caller_number(end.phone))

    def _turn(self, aggregator: UssdAggregator, hop: UssdHop) -> Turn:
        typed: Whole | LatestTyped
        if isinstance(hop.typed, Latest):
            before = self._echo.inputs(hop.typed.state, hop.session_id) if hop.typed.number > 1 else ()
            typed = LatestTyped(hop.typed.number, hop.typed.typed, before)
        else:
            typed = Whole(hop.typed)
        return Turn(
            aggregator=aggregator.name,
            session_id=hop.session_id,
            phone=caller_number(hop.phone),
            network=hop.network,
            typed=typed,
            budget=self._settings.screen_septets(hop.network),
        )

    def _in_time(self, turn: Turn) -> tuple[UssdReply, str]:
        try:
            if self._workers is None:
                answer = self._turns.answer(turn)
            else:
                answer = self._workers.submit(self._turns.answer, turn).result(self._allowed_s)
        except (Late, TooLate):
            self._log.warning("ussd hop late", aggregator=turn.aggregator)
            return _words(self._words.busy), "late"
        except (SQLAlchemyError, DatabaseBusy) as error:
            self._log.error("ussd database away", aggregator=turn.aggregator, reason=type(error).__name__)
            return _words(self._words.unavailable), "unavailable"
        except Exception:
            self._log.exception("ussd hop failed", aggregator=turn.aggregator)
            return _words(self._words.unavailable), "failed"
        fact = answer.fact(turn, self._clock())
        if fact is not None:
            self._funnel.add(fact)
            if answer.how == "unstored":
                # Only the database knows of this hop; the next one must find it there.
                self._funnel.flush()
        return UssdReply(answer.reply.text, answer.reply.more, answer.shown), answer.how


def caller_number(phone: str) -> str:
    """The number to know a caller by, in E.164 where it can be: any that an aggregator sends may call."""
    try:
        return international(phone.replace(" ", "+", 1) if phone.startswith(" ") else phone)
    except InvalidPhone:
        return phone.strip()


def _words(reply: Reply) -> UssdReply:
    return UssdReply(reply.text, reply.more)


def webhooks_blueprint(settings: Settings, desk: UssdDesk) -> Blueprint:
    """The routes under `/webhooks/<secret>/<aggregator>/`."""
    blueprint = Blueprint("webhooks", __name__, url_prefix="/webhooks")

    @blueprint.post("/<secret>/<aggregator>/ussd")
    def ussd(secret: str, aggregator: str) -> Response:
        known = _admitted(settings, secret, aggregator)
        body = read_body()
        if body is None:
            return _http(known.write(_words(desk._words.unreadable), None))
        return _http(desk.hop(known, Request(body)))

    @blueprint.post("/<secret>/<aggregator>/ussd/events")
    def ussd_events(secret: str, aggregator: str) -> Response:
        known = _admitted(settings, secret, aggregator)
        body = read_body()
        if body is not None:
            try:
                desk.end(known, known.read_end(Request(body)))
            except Unusable as fault:
                get_logger("ussd").warning("ussd event unusable", aggregator=known.name, reason=str(fault))
        return Response("", 200, content_type="text/plain; charset=utf-8")

    return blueprint


def _admitted(settings: Settings, secret: str, aggregator: str) -> UssdAggregator:
    admit(settings, secret, aggregator)
    known = AGGREGATORS.get(aggregator)
    if known is None:
        abort(404)
    return known


def _http(answer: HttpAnswer) -> Response:
    return Response(answer.body, 200, dict(answer.headers), content_type=answer.content_type)
