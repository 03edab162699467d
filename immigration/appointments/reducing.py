"""What happens to visits when a session gets fewer seats than are booked? Those who booked last move to the next free.

A session is dealt with in one transaction, so that no seat that is given up is taken again in between.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from immigration.appointments import seats, telling
from immigration.appointments.availability import free_sessions
from immigration.appointments.changing import move
from immigration.appointments.generating import Affected
from immigration.appointments.seats import By, SlotGone
from immigration.appointments.tables import IS_BOOKED, Hold, Slot, Visit
from immigration.contacts import know
from immigration.messages.outbox import Outbox
from immigration.offices.visit_rules import as_lane


@dataclass(frozen=True)
class Moved:
    """A visit that had to leave its session: from when to when; to none where nothing later was free."""

    code: str
    was: datetime
    now: datetime | None


def reduce(session: Session, outbox: Outbox, affected: Affected, now: datetime, by: By) -> list[Moved]:
    """Bring a session's seats down, moving those who booked last and telling each by SMS; who had to leave it.

    What is only held gives way before what is booked. Where nothing later is free, the visit and its seat stay.
    """
    leaving = _leaving(session, affected)
    for phone_hash in sorted({visit.phone_hash for visit in leaving if visit.phone_hash is not None}):
        phone = telling.phone_for(session, outbox, phone_hash)
        if phone is not None:
            know(session, outbox.vault, phone, now)
    ids = [visit.id for visit in leaving]
    locked = select(Visit).where(Visit.id.in_(ids), Visit.slot_id == affected.slot_id, IS_BOOKED)
    visits = session.scalars(
        locked.order_by(Visit.id).with_for_update().execution_options(populate_existing=True)
    ).all()
    dropped = _drop_holds(session, affected)
    targets = _targets(session, outbox, visits, affected, now)
    slot = _lock(session, affected.slot_id, targets)
    was_open = slot.is_open
    if dropped:
        seats.give_back(session, slot.id, held=dropped)
        seats.note(session, now, by, *({"slot_id": slot.id, "kind": "released", "held_by": -1} for _ in range(dropped)))
    # While it is closed, a seat that is given up goes neither to the waiting list nor to anybody else.
    slot.is_open = False
    session.flush()
    told = [
        _move(session, outbox, visit, target, affected, now, by) for visit, target in zip(visits, targets, strict=True)
    ]
    session.refresh(slot)
    slot.is_open = was_open
    if slot.capacity != (fewer := max(affected.seats, slot.held + slot.booked)):
        slot.capacity = fewer
        seats.note(session, now, by, {"slot_id": slot.id, "kind": "capacity"})
    return told


def _leaving(session: Session, affected: Affected) -> Sequence[Visit]:
    query = select(Visit).where(Visit.slot_id == affected.slot_id, IS_BOOKED)
    surplus = max(0, affected.booked - affected.seats)
    return session.scalars(query.order_by(Visit.booked_at.desc(), Visit.id.desc()).limit(surplus)).all()


def _drop_holds(session: Session, affected: Affected) -> int:
    """Take the newest holds that no longer fit; their seats are still to be given back, once the slot is locked."""
    held = session.scalars(select(Hold.id).where(Hold.slot_id == affected.slot_id).order_by(Hold.id)).all()
    fits = max(0, affected.seats - affected.booked)
    gone = delete(Hold).where(Hold.id.in_(held[fits:])).returning(Hold.id)
    return len(session.scalars(gone.execution_options(synchronize_session=False)).all())


def _targets(
    session: Session, outbox: Outbox, visits: Sequence[Visit], affected: Affected, now: datetime
) -> list[int | None]:
    """The next free session for each, those who booked first before the others."""
    if not visits:
        return []
    office = outbox.catalogue().office(visits[0].office)
    free = [
        one.id
        for one in free_sessions(session, office, as_lane(affected.lane), now)
        for _ in range(one.free)
        if one.starts_at > affected.starts_at
    ]
    order = sorted(visits, key=lambda visit: (visit.booked_at, visit.id))
    given = {visit.id: slot_id for visit, slot_id in zip(order, free, strict=False)}
    return [given.get(visit.id) for visit in visits]


def _lock(session: Session, slot_id: int, targets: Sequence[int | None]) -> Slot:
    """All slots of this change, by id, as everybody takes them."""
    wanted = {slot_id, *(target for target in targets if target is not None)}
    query = select(Slot).where(Slot.id.in_(wanted)).order_by(Slot.id).with_for_update()
    slots = {slot.id: slot for slot in session.scalars(query.execution_options(populate_existing=True))}
    return slots[slot_id]


def _move(
    session: Session, outbox: Outbox, visit: Visit, target: int | None, affected: Affected, now: datetime, by: By
) -> Moved:
    if target is None:
        return Moved(visit.code, affected.starts_at, None)
    occasion = f"fewer:{visit.uid.hex()}:{affected.slot_id}"
    try:
        with session.begin_nested():
            move(session, outbox, visit, target, occasion, now, by, counts=False)
    except SlotGone:
        return Moved(visit.code, affected.starts_at, None)
    return Moved(visit.code, affected.starts_at, visit.starts_at)
