"""What does time do to visits? Horizon, closures, offers, reminders, no-shows: each step a short transaction."""

import math
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final, TypeVar

from sqlalchemy.orm import Session

from immigration.appointments import alerts, closures, generating, office_day, reminding, seats, waiting
from immigration.appointments.changing import NotMovable, cancel_visit, pointless
from immigration.appointments.seats import CLOCK, SlotGone
from immigration.appointments.tables import Visit
from immigration.database import Database
from immigration.messages.outbox import Outbox
from immigration.offices.catalogue import load_catalogue

_Id = TypeVar("_Id")

COUNTS: Final = (
    *("slots_changed", "holds_lapsed", "visits_dropped", "visits_moved", "offers_ended", "offers_made"),
    *("visits_reminded", "no_shows", "alerts_written"),
)
"""What `run` counts."""


def run(database: Database, outbox: Outbox, now: datetime, *, within_s: float = math.inf) -> dict[str, int]:
    """All of it, as of `now`; how many each dealt with. Raises the database's errors.

    Twice at once does no harm: each step looks again at what it changes. Past `within_s` the next pass goes on.
    """
    until = time.monotonic() + within_s
    counts = dict.fromkeys(COUNTS, 0)
    with database.reading() as session:
        offices = [office for office in load_catalogue(session).offices.values() if office.visits is not None]

    def each(name: str, ids: Iterable[_Id], step: Callable[[Session, _Id], object]) -> None:
        for id_ in ids:
            if time.monotonic() > until:
                return
            try:
                with database.writing() as session:
                    counts[name] += bool(step(session, id_))
            except (SlotGone, NotMovable):
                # Taken or ended in between: nothing was committed, and the next pass looks again.
                continue

    with database.reading() as session:
        missing = [office for office in offices if not generating.is_filled(session, office, now)]
    for office in missing:
        with database.writing() as session:
            done = generating.generate(session, office, now, CLOCK)
            counts["slots_changed"] += done.made + done.changed + done.closed
    with database.writing() as session:
        counts["holds_lapsed"] = seats.sweep_lapsed(session, now)
    with database.reading() as session:
        moving, silent = closures.stranded(session, now), waiting.offers_due(session, now)
        ended = pointless(session, now)
    each("visits_dropped", ended, lambda session, id_: _drop(session, outbox, id_, now))
    each("visits_moved", moving, lambda session, id_: closures.relocate(session, outbox, id_, now))
    each("offers_ended", silent, lambda session, id_: waiting.pass_on(session, outbox, id_, now))
    for office in offices:
        with database.writing() as session:
            waiting.end_old(session, office, now)
        with database.reading() as session:
            pairs = [
                pair
                for code, lane in waiting.lines(session)
                if code == office.code
                for pair in waiting.matches(session, office, lane, now)
            ]
            reminders = reminding.due(session, office, now)
            absent = office_day.overdue(session, office, now)
            alerted = alerts.due(session, office, now)
        slots = dict(pairs)
        each("offers_made", slots, lambda session, id_: waiting.offer(session, outbox, id_, slots[id_], now))  # noqa: B023
        each("visits_reminded", reminders, lambda session, id_: reminding.remind(session, outbox, id_, now))
        each("no_shows", absent, lambda session, id_: office_day.end_of_day(session, outbox, id_, now))
        each("alerts_written", alerted, lambda session, hash_: alerts.tell(session, outbox, office, hash_, now))  # noqa: B023
    return counts


def _drop(session: Session, outbox: Outbox, visit_id: int, now: datetime) -> bool:
    """The applicant has the news of the application's end; the visit's needs no SMS of its own."""
    visit = session.get(Visit, visit_id, with_for_update=True)
    return visit is not None and cancel_visit(
        session, outbox, visit, f"ended:{visit.uid.hex()}", now, CLOCK, tells=False
    )
