"""How do the slots get there? From the office's sessions and its calendar, up to the horizon; again changes nothing."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from immigration.appointments import seats
from immigration.appointments.calendar import Planned, last_open_day, planned, today
from immigration.appointments.seats import By
from immigration.appointments.tables import Slot
from immigration.database import upsert
from immigration.offices.catalogue import Catalogue, OfficeFacts

# A week beyond the horizon, so that the new week is there at the moment it opens.
_MARGIN = timedelta(days=7)


@dataclass(frozen=True)
class Affected:
    """A slot whose seats would be fewer than those that are booked."""

    slot_id: int
    starts_at: datetime
    lane: str
    booked: int
    seats: int


@dataclass
class Generated:
    """What a run did; `refused` are the slots whose seats could not become fewer."""

    made: int
    changed: int
    closed: int
    refused: list[Affected]


def generate(
    session: Session, office: OfficeFacts, now: datetime, by: By, *, until: date | None = None, dry_run: bool = False
) -> Generated:
    """Bring the office's slots from tomorrow (today's that are still to come included) to the horizon up to date.

    New sessions are made, seats follow the rules, sessions that the calendar no longer has are closed and those that
    it has again are opened. Seats never become fewer than are booked: such slots stay as they are and are returned.
    Raises `TakesNoVisits`.
    """
    first, last = today(office, now), until or last_open_day(office, now) + _MARGIN
    wanted: dict[tuple[str, datetime], Planned] = {}
    for ahead in range((last - first).days + 1):
        for plan in planned(office, first + timedelta(days=ahead)):
            if plan.starts_at > now:
                wanted[plan.lane, plan.starts_at] = plan
    query = select(Slot).where(Slot.office == office.code, Slot.day >= first, Slot.day <= last, Slot.starts_at > now)
    there = {(slot.lane, slot.starts_at): slot for slot in session.scalars(query.order_by(Slot.id))}
    outcome = Generated(0, 0, 0, [])
    new = [_values(office, plan) for key, plan in wanted.items() if key not in there]
    outcome.made = len(new)
    for key, slot in there.items():
        if key in wanted:
            _bring(session, slot, wanted[key], outcome, now, by, dry_run=dry_run)
        elif slot.is_open:
            outcome.closed += dry_run or _close(session, slot, now, by)
    if new and not dry_run:
        # A row at a time: as one statement, half a year of a large office has more values than a database takes.
        session.connection().execute(upsert(session, Slot).on_conflict_do_nothing(), new)
    return outcome


def generate_all(session: Session, catalogue: Catalogue, now: datetime, by: By) -> int:
    """Keep every office's horizon filled; how many slots were made or changed."""
    total = 0
    for office in catalogue.offices.values():
        if office.visits is not None:
            done = generate(session, office, now, by)
            total += done.made + done.changed + done.closed
    return total


def _values(office: OfficeFacts, plan: Planned) -> dict[str, Any]:
    return {
        "office": office.code,
        "lane": plan.lane,
        "day": plan.day,
        "starts_at": plan.starts_at,
        "ends_at": plan.ends_at,
        "capacity": plan.seats,
        "held": 0,
        "booked": 0,
        "is_open": True,
    }


def _close(session: Session, slot: Slot, now: datetime, by: By) -> bool:
    shut = update(Slot).where(Slot.id == slot.id, Slot.is_open).values(is_open=False).returning(Slot.id)
    if session.scalar(shut) is None:
        return False
    seats.note(session, now, by, {"slot_id": slot.id, "kind": "closed"})
    return True


def _bring(
    session: Session, slot: Slot, plan: Planned, outcome: Generated, now: datetime, by: By, *, dry_run: bool
) -> None:
    """Open a slot again, move its end, change its seats."""
    if not slot.is_open:
        outcome.changed += 1
        if not dry_run:
            session.execute(update(Slot).where(Slot.id == slot.id).values(is_open=True))
            seats.note(session, now, by, {"slot_id": slot.id, "kind": "opened"})
    if slot.capacity == plan.seats and slot.ends_at == plan.ends_at:
        return
    if slot.booked > plan.seats:
        outcome.refused.append(Affected(slot.id, slot.starts_at, slot.lane, slot.booked, plan.seats))
        return
    outcome.changed += 1
    if dry_run:
        return
    fits = (
        update(Slot)
        .where(Slot.id == slot.id, Slot.held + Slot.booked <= plan.seats)
        .values(capacity=plan.seats, ends_at=plan.ends_at)
        .returning(Slot.id)
    )
    seats.release_lapsed(session, slot.id, now)
    if session.scalar(fits) is None:
        # Somebody is deciding about a seat at this moment.
        outcome.refused.append(Affected(slot.id, slot.starts_at, slot.lane, slot.booked, plan.seats))
        outcome.changed -= 1
    else:
        seats.note(session, now, by, {"slot_id": slot.id, "kind": "capacity"})


def is_filled(session: Session, office: OfficeFacts, now: datetime) -> bool:
    """Whether the last day of the horizon that has sessions has its slots: then nothing is to be made."""
    last = last_open_day(office, now) + _MARGIN
    for back in range((last - today(office, now)).days + 1):
        plans = list(planned(office, last - timedelta(days=back)))
        if plans:
            there = select(Slot.id).where(Slot.office == office.code, Slot.day == plans[0].day).limit(1)
            return session.scalar(there) is not None
    return True
