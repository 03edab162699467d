"""What happens to visits when the office closes? Its sessions close at once; each visit moves, each citizen is told.

Closing is one transaction; each visit then moves in a transaction of its own, by the command that closed and by the
clock until none is left. Killed in between, the next pass goes on; nobody is told twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from immigration.appointments import seats, telling
from immigration.appointments.availability import free_sessions
from immigration.appointments.calendar import planned, today
from immigration.appointments.changing import move
from immigration.appointments.generating import generate
from immigration.appointments.seats import By
from immigration.appointments.tables import IS_BOOKED, Slot, Visit
from immigration.contacts import know
from immigration.messages.outbox import Outbox
from immigration.offices.catalogue import Exceptional, OfficeFacts, Span, load_catalogue
from immigration.offices.tables import Closure
from immigration.offices.visit_rules import Lane, as_lane
from immigration.tasks import finish_about, open_task

_MOST_DAYS: Final = 60


class BadClosure(Exception):
    """This closure cannot be; the message names the field and the fix."""


@dataclass(frozen=True)
class Plan:
    """What a closure would do: visits with their new session, and those for whom nothing is free."""

    moved: Sequence[tuple[Visit, datetime]]
    stranded: Sequence[Visit]


def add(
    session: Session,
    office: OfficeFacts,
    first: date,
    last: date,
    reason: str,
    now: datetime,
    by: By,
    *,
    opens: time | None = None,
    closes: time | None = None,
) -> int:
    """Close these days, or have them open at other hours; how many of their sessions close. Raises `BadClosure`."""
    _check(office, first, last, reason, now, opens, closes)
    for ahead in range((last - first).days + 1):
        session.merge(
            Closure(
                office=office.code,
                day=first + timedelta(days=ahead),
                opens=opens,
                closes=closes,
                reason=reason,
                added_by=by.actor,
            )
        )
    session.flush()
    changed = load_catalogue(session).office(office.code)
    return generate(session, changed, now, by).closed if changed.visits is not None else 0


def remove(session: Session, office: OfficeFacts, first: date, last: date, now: datetime, by: By) -> int:
    """Take closures of these days back; how many there were. Visits that were moved stay where they are."""
    gone = session.scalars(
        delete(Closure)
        .where(Closure.office == office.code, Closure.day >= first, Closure.day <= last)
        .returning(Closure.day)
    ).all()
    if gone and office.visits is not None:
        generate(session, load_catalogue(session).office(office.code), now, by)
    return len(gone)


def closures(session: Session, office: str, from_: date) -> list[Closure]:
    """The closures of this office from a day on."""
    return list(
        session.scalars(select(Closure).where(Closure.office == office, Closure.day >= from_).order_by(Closure.day))
    )


def foresee(
    session: Session,
    office: OfficeFacts,
    first: date,
    last: date,
    now: datetime,
    *,
    opens: time | None = None,
    closes: time | None = None,
) -> Plan:
    """What `add` and the moving after it would do, without doing it. Raises `BadClosure`."""
    _check(office, first, last, "-", now, opens, closes)
    told = Exceptional((Span(opens, closes),) if opens and closes else (), {})
    days = {first + timedelta(days=ahead): told for ahead in range((last - first).days + 1)}
    changed = _with_exceptions(office, days)
    stay = {(plan.lane, plan.starts_at) for day in days for plan in planned(changed, day)}
    free: dict[Lane, list[list[datetime]]] = {}
    moved: list[tuple[Visit, datetime]] = []
    stranded: list[Visit] = []
    for visit in _visits_between(session, office.code, first, last, now):
        if (visit.lane, visit.starts_at) in stay or visit.starts_at is None:
            continue
        lane = as_lane(visit.lane)
        if lane not in free:
            free[lane] = [
                [one.starts_at] * one.free
                for one in free_sessions(session, office, lane, now)
                if not (one.starts_at.astimezone(office.zone).date() in days and (lane, one.starts_at) not in stay)
            ]
        place = next((seats_ for seats_ in free[lane] if seats_ and seats_[0] > visit.starts_at), None)
        if place is None:
            stranded.append(visit)
        else:
            moved.append((visit, place.pop()))
    return Plan(moved, stranded)


def stranded(session: Session, now: datetime, limit: int = 500, *, office: str | None = None) -> list[int]:
    """Booked visits whose session is closed, of one office or of all, in the order of booking."""
    query = (
        select(Visit.id)
        .join(Slot, Slot.id == Visit.slot_id)
        .where(IS_BOOKED, Slot.is_open.is_(False), Slot.starts_at > now)
        .order_by(Visit.booked_at, Visit.id)
        .limit(limit)
    )
    return list(session.scalars(query if office is None else query.where(Visit.office == office)))


def relocate(session: Session, outbox: Outbox, visit_id: int, now: datetime) -> bool | None:
    """Move one visit out of a closed session to the next free one of its lane; the citizen is told once.

    True: moved; false: nothing is free, an officer has a task; none: there was nothing to do any more. A seat that
    is taken in between is followed by the next one. Raises `SlotGone` where that goes on.
    """
    phone_hash = session.scalar(select(Visit.phone_hash).where(Visit.id == visit_id))
    phone = telling.phone_for(session, outbox, phone_hash)
    if phone is not None:
        know(session, outbox.vault, phone, now)
    visit = session.scalar(
        select(Visit)
        .join(Slot, Slot.id == Visit.slot_id)
        .where(Visit.id == visit_id, IS_BOOKED, Slot.is_open.is_(False))
        .with_for_update(of=Visit)
    )
    if visit is None or visit.starts_at is None:
        return None
    office = outbox.catalogue().office(visit.office)
    was = visit.starts_at
    free = [one for one in free_sessions(session, office, as_lane(visit.lane), now) if one.starts_at > was]
    about = f"visit:{visit.id}"
    if not free:
        words = f"visit {visit.code}: the office is closed then and nothing later is free. Call the citizen"
        open_task(session, "visit_stranded", about, words, now, office=visit.office)
        if phone is not None:
            telling.closed(session, outbox, visit, phone, was, now, found=False)
        return False
    occasion = f"closed:{visit.uid.hex()}:{visit.slot_id}"
    move(session, outbox, visit, free[0].id, occasion, now, seats.CLOCK, counts=False, tells=False)
    if phone is not None:
        telling.closed(session, outbox, visit, phone, was, now, found=True)
    finish_about(session, "visit_stranded", about, "clock", now)
    return True


def _visits_between(session: Session, office: str, first: date, last: date, now: datetime) -> list[Visit]:
    query = (
        select(Visit)
        .where(Visit.office == office, Visit.day >= first, Visit.day <= last, IS_BOOKED)
        .where(Visit.starts_at > now)
        .order_by(Visit.booked_at, Visit.id)
    )
    return list(session.scalars(query))


def _with_exceptions(office: OfficeFacts, days: dict[date, Exceptional]) -> OfficeFacts:
    return replace(office, exceptions={**office.exceptions, **days})


def _check(
    office: OfficeFacts,
    first: date,
    last: date,
    reason: str,
    now: datetime,
    opens: time | None,
    closes: time | None,
) -> None:
    if last < first:
        raise BadClosure("until: must not be before the first day")
    if (last - first).days >= _MOST_DAYS:
        raise BadClosure(f"until: at most {_MOST_DAYS} days at once")
    if first < today(office, now):
        raise BadClosure("day: has passed already")
    if (opens is None) != (closes is None) or (opens is not None and closes is not None and not opens < closes):
        raise BadClosure("opens, closes: give both, opens first, or neither for a closed day")
    if not reason.strip() or len(reason) > 60:
        raise BadClosure("reason: write up to 60 characters")
