"""What happens to visits at the office? Checked in, called in fair turns, done; or nobody came.

Two queues: P for those of the priority lane, A for everybody else. Calls alternate while both have somebody waiting.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Literal

from sqlalchemy import Row, case, func, or_, select, update
from sqlalchemy.orm import Session

from immigration.applications.states import Status, may_follow
from immigration.applications.tables import Application
from immigration.appointments import booking, changing, seats
from immigration.appointments.calendar import rules_of, today
from immigration.appointments.seats import By
from immigration.appointments.tables import IS_BOOKED, Slot, Visit
from immigration.contacts import Contact, phone_of
from immigration.messages.outbox import Outbox
from immigration.offices.catalogue import OfficeFacts
from immigration.offices.hours import day_hours
from immigration.offices.tables import Office
from immigration.offices.visit_rules import Lane
from immigration.vault import Vault

Queue = Literal["A", "P"]
_HERE: Final = ("arrived", "called", "done")


class WrongState(Exception):
    """The visit is not in a state for this; `state` is the one it is in."""

    def __init__(self, state: str) -> None:
        super().__init__(state)
        self.state = state


@dataclass(frozen=True)
class Entry:
    """A visit on the day list: no whole number of anybody."""

    visit: Visit
    application_last4: str | None
    phone_last4: str | None


def day_list(session: Session, vault: Vault, office: str, day: date) -> list[Entry]:
    """The visits of a day, by time; walk-ins last, in order of coming. One statement."""
    query = (
        select(Visit, Application.number_last4, Contact)
        .outerjoin(Application, Application.id == Visit.application_id)
        .outerjoin(Contact, Contact.phone_hash == Visit.phone_hash)
        .where(Visit.office == office, Visit.day == day)
        .order_by(Visit.starts_at.is_(None), Visit.starts_at, Visit.id)
    )
    return [
        Entry(visit, last4, None if contact is None else phone_of(vault, contact)[-4:])
        for visit, last4, contact in session.execute(query)
    ]


def check_in(session: Session, outbox: Outbox, visit: Visit, now: datetime, by: By) -> Visit:
    """Whoever booked is here: a queue number; again, the same one. Raises `WrongState`, on another day too."""
    office = outbox.catalogue().office(visit.office)
    if visit.state in _HERE:
        return visit
    if visit.day != today(office, now):
        raise WrongState(f"{visit.state} for {visit.day}")
    if visit.state not in ("booked", "absent"):
        raise WrongState(visit.state)
    _queue(session, visit, "P" if visit.lane == "priority" else "A", now, by)
    if visit.application_id is not None:
        booking.welcome_back(session, outbox, visit, now, by)
    return visit


def walk_in(
    session: Session, office: OfficeFacts, lane: Lane, service: str | None, occasion: str, now: datetime, by: By
) -> Visit:
    """Somebody who came without a booking: a queue number, and a code to ask by."""
    known = booking.told_before(session, occasion)
    if known is not None:
        return known
    visit = booking.new_visit(
        session,
        {
            "occasion": occasion,
            "office": office.code,
            "lane": lane,
            "service": service,
            "application_id": None,
            "phone_hash": None,
            "slot_id": None,
            "day": today(office, now),
            "starts_at": None,
            "state": "arrived",
            "through": "walk-in",
            "booked_at": now,
            "set_at": now,
            "moves": 0,
        },
    )
    assert visit is not None, "a walk-in belongs to no application"
    _queue(session, visit, "P" if lane == "priority" else "A", now, by)
    return visit


def may_walk_in(office: OfficeFacts, lane: Lane, now: datetime) -> bool:
    """Whether the office still takes this lane without a booking today (priority: until its hour)."""
    local = now.astimezone(office.zone)
    spans = day_hours(office, local.date()).spans
    if not spans:
        return False
    return local.time() < (rules_of(office).walk_in_until if lane == "priority" else spans[-1].closes)


def call_next(session: Session, office: OfficeFacts, counter: int, now: datetime, by: By) -> Visit | None:
    """The next in turn, called to a counter; none where nobody waits.

    P and A alternate while both wait; within a queue whoever is due first (a booking by its time, or by their coming
    where they came after it; walk-ins by their coming). Two counters never call the same person.
    """
    day = today(office, now)
    last = session.scalar(
        select(Visit.queue)
        .where(Visit.office == office.code, Visit.day == day, Visit.called_at.is_not(None))
        .order_by(Visit.called_at.desc(), Visit.id.desc())
        .limit(1)
    )
    order: tuple[Queue, Queue] = ("A", "P") if last == "P" else ("P", "A")
    for queue in order:
        while (visit_id := _first(session, office.code, day, queue, now)) is not None:
            called = session.scalar(
                update(Visit)
                .where(Visit.id == visit_id, Visit.state == "arrived")
                .values(state="called", called_at=now, counter=counter)
                .returning(Visit.id)
            )
            if called is not None:
                visit = session.get_one(Visit, visit_id, populate_existing=True)
                seats.note(session, now, by, {"visit_id": visit.id, "slot_id": visit.slot_id, "kind": "called"})
                return visit
    return None


def done(session: Session, visit: Visit, now: datetime, by: By) -> bool:
    """The visit is over; whether it was not before. Raises `WrongState`."""
    if visit.state == "done":
        return False
    if visit.state not in ("arrived", "called"):
        raise WrongState(visit.state)
    _end(session, visit, "done", now, by)
    return True


def no_show(session: Session, outbox: Outbox, visit: Visit, now: datetime, by: By) -> bool:
    """Nobody came; whether that is new. The application moves to TIDAK_HADIR by its table; no seat is freed."""
    if visit.state == "absent":
        return False
    if visit.state not in ("booked", "called", "arrived"):
        raise WrongState(visit.state)
    office = outbox.catalogue().office(visit.office)
    if visit.starts_at is None or visit.starts_at > now or visit.day > today(office, now):
        raise WrongState(f"{visit.state}, still to come")
    _end(session, visit, "absent", now, by)
    if visit.application_id is not None:
        row = session.get_one(Application, visit.application_id)
        group = outbox.catalogue().service(row.service).group
        if may_follow(Status(row.status), Status.TIDAK_HADIR, group):
            booking.tell_absent(session, outbox, row, now, by)
    return True


def end_of_day(session: Session, outbox: Outbox, visit_id: int, now: datetime) -> bool:
    """What the clock makes of a visit that is still booked after closing; whether it came too late for that.

    Nobody is absent from an office that was closed, nor where the application says that they were there.
    """
    visit = session.scalar(select(Visit).where(Visit.id == visit_id, IS_BOOKED).with_for_update())
    if visit is None:
        return False
    slot = session.get_one(Slot, visit.slot_id)
    if not slot.is_open:
        return changing.cancel_visit(session, outbox, visit, f"over:{visit.uid.hex()}", now, seats.CLOCK, tells=False)
    row = None if visit.application_id is None else session.get_one(Application, visit.application_id)
    if row is not None and row.status not in booking.NEEDS_A_VISIT:
        _end(session, visit, "done", now, seats.CLOCK)
        return True
    return no_show(session, outbox, visit, now, seats.CLOCK)


def overdue(session: Session, office: OfficeFacts, now: datetime, limit: int = 200) -> list[int]:
    """Visits that are still booked although their office has closed for the day."""
    day = today(office, now)
    closes = max((span.closes for span in day_hours(office, day).spans), default=None)
    over = closes is None or now >= datetime.combine(day, closes, tzinfo=office.zone)
    # By time alone, for these are few: the office's index holds whatever has ever been there.
    query = select(Visit.id, Visit.day, Visit.office).where(IS_BOOKED, Visit.starts_at < now)
    return [
        row.id
        for row in session.execute(query.order_by(Visit.starts_at, Visit.id))
        if row.office == office.code and (row.day < day or (over and row.day == day))
    ][:limit]


def _first(session: Session, office: str, day: date, queue: Queue, now: datetime) -> int | None:
    """Bookings count from their time, or from their coming where that was later; walk-ins from their coming."""
    due = case((Visit.starts_at > Visit.arrived_at, Visit.starts_at), else_=Visit.arrived_at)
    later = or_(Visit.starts_at.is_(None), Visit.starts_at <= now)
    waiting: Row[Any] | None = session.execute(
        select(Visit.id)
        .where(
            Visit.office == office,
            Visit.day == day,
            Visit.queue == queue,
            Visit.state == "arrived",
        )
        # Whose time has come before whose has not; then by time, then by number.
        .order_by(later.desc(), due, Visit.queue_number)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).first()
    return None if waiting is None else int(waiting.id)


def _queue(session: Session, visit: Visit, queue: Queue, now: datetime, by: By) -> None:
    """Give the next number of the day, its office locked; the index behind it refuses a number twice."""
    _lock_day(session, visit.office)
    taken = select(func.max(Visit.queue_number)).where(
        Visit.office == visit.office, Visit.day == visit.day, Visit.queue == queue
    )
    visit.queue = queue
    visit.queue_number = (session.scalar(taken) or 0) + 1
    visit.arrived_at = now
    visit.state = "arrived"
    visit.ended_at = None
    session.flush()
    seats.note(session, now, by, {"visit_id": visit.id, "slot_id": visit.slot_id, "kind": "arrived"})


def _lock_day(session: Session, office: str) -> None:
    """One at a time gives numbers in an office; over SQLite every writer is alone anyway."""
    session.execute(select(Office.code).where(Office.code == office).with_for_update())


def _end(session: Session, visit: Visit, state: str, now: datetime, by: By) -> None:
    visit.state = state
    visit.ended_at = now
    session.flush()
    seats.note(session, now, by, {"visit_id": visit.id, "slot_id": visit.slot_id, "kind": state})


def queue_name(visit: Visit) -> str:
    """A001, P001; empty before check-in."""
    return "" if visit.queue is None else f"{visit.queue}{visit.queue_number:03d}"
