"""How is a booked visit moved or cancelled? Each once, in one transaction, with its event and its SMS."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from immigration.applications.states import ENDS, Status
from immigration.applications.tables import Application, Payment
from immigration.appointments import seats, telling
from immigration.appointments.calendar import earliest_start, rules_of, today
from immigration.appointments.freeing import free_booked
from immigration.appointments.seats import By
from immigration.appointments.tables import IS_BOOKED, SeatEvent, Slot, Visit
from immigration.messages.outbox import Outbox, cancel
from immigration.messages.tables import Message
from immigration.offices.catalogue import OfficeFacts

# M-Paspor's rule for a schedule that was paid for (domain.md 1.4.7).
PAID_MOVES: Final = 1
PAID_MOVES_WITHIN: Final = timedelta(days=30)


class NotMovable(Exception):
    """This visit may not be moved (any more); `why`: over, today, moved-out, late, same-day."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class NoSuchVisit(Exception):
    """There is no such visit, or it is not this phone's."""


def movable(session: Session, visit: Visit, office: OfficeFacts, now: datetime) -> None:
    """Whether the citizen may move this visit. Raises `NotMovable`."""
    if visit.state != "booked":
        raise NotMovable("over")
    paid_at = None
    if visit.application_id is not None:
        paid_at = session.scalar(
            select(Payment.paid_at).where(Payment.application_id == visit.application_id, Payment.is_current)
        )
    if visit.day <= today(office, now):
        raise NotMovable("today")
    if paid_at is not None and now > paid_at + PAID_MOVES_WITHIN:
        raise NotMovable("late")
    if visit.moves >= (rules_of(office).moves if paid_at is None else PAID_MOVES):
        raise NotMovable("moved-out")


def owned(session: Session, visit_id: int, phone_hash: bytes) -> Visit:
    """This phone's visit, locked; its contact is locked already. Raises `NoSuchVisit`."""
    query = select(Visit).where(Visit.id == visit_id, Visit.phone_hash == phone_hash).with_for_update()
    # As it is now, whatever was read of it before it was locked.
    visit = session.scalar(query.execution_options(populate_existing=True))
    if visit is None:
        raise NoSuchVisit
    return visit


def move(
    session: Session,
    outbox: Outbox,
    visit: Visit,
    slot_id: int,
    occasion: str,
    now: datetime,
    by: By,
    *,
    counts: bool = True,
    tells: bool = True,
) -> bool:
    """Move a locked visit to another slot and free its old seat; whether it moved (told before: it is there already).

    `counts`: as one of the moves that a citizen has; `tells`: by SMS. Raises `SlotGone`,
    `NotMovable`; then nothing may be committed.
    """
    if _was_told(session, occasion) or visit.slot_id == slot_id:
        return False
    if visit.state != "booked":
        raise NotMovable("over")
    office = outbox.catalogue().office(visit.office)
    old = visit.slot_id
    assert old is not None, "a booked visit has a slot"
    held = seats.hold_of(session, visit.phone_hash, f"move:{visit.id}") if visit.phone_hash else None
    if old < slot_id:
        free_booked(session, old, now)
    if held is not None and held.slot_id == slot_id and held.expires_at > now and seats.use(session, held):
        slot, held_by = session.get_one(Slot, slot_id, populate_existing=True), -1
    else:
        slot, held_by = seats.take(session, slot_id, now, earliest_start(office, now), booked=1), 0
    if counts and slot.day == visit.day and _is_paid(session, visit):
        raise NotMovable("same-day")
    if old > slot_id:
        free_booked(session, old, now)
    session.execute(
        update(Visit)
        .where(Visit.id == visit.id)
        .values(
            slot_id=slot.id,
            day=slot.day,
            starts_at=slot.starts_at,
            lane=slot.lane,
            set_at=now,
            moves=Visit.moves + int(counts),
        )
    )
    seats.note(
        session,
        now,
        by,
        {"slot_id": old, "visit_id": visit.id, "kind": "moved-out", "booked_by": -1},
        {
            "slot_id": slot.id,
            "visit_id": visit.id,
            "kind": "moved-in",
            "held_by": held_by,
            "booked_by": 1,
            "occasion": occasion,
        },
    )
    session.refresh(visit)
    quiet_about(session, visit, now)
    phone = telling.phone_for(session, outbox, visit.phone_hash)
    if tells and phone is not None:
        telling.moved(session, outbox, visit, phone, now)
    return True


def cancel_visit(
    session: Session, outbox: Outbox, visit: Visit, occasion: str, now: datetime, by: By, *, tells: bool = True
) -> bool:
    """Cancel a locked visit and free its seat; whether it was still open. `tells`: by SMS."""
    if visit.state != "booked" or _was_told(session, occasion):
        return False
    assert visit.slot_id is not None, "a booked visit has a slot"
    free_booked(session, visit.slot_id, now)
    visit.state = "cancelled"
    visit.ended_at = now
    seats.note(
        session,
        now,
        by,
        {
            "slot_id": visit.slot_id,
            "visit_id": visit.id,
            "kind": "cancelled",
            "booked_by": -1,
            "occasion": occasion,
        },
    )
    session.flush()
    quiet_about(session, visit, now)
    phone = telling.phone_for(session, outbox, visit.phone_hash)
    if tells and phone is not None:
        telling.cancelled(session, outbox, visit, phone, now)
    return True


def pointless(session: Session, now: datetime, limit: int = 200) -> list[int]:
    """Visits to come of applications that have ended: nobody will come, and the seat is somebody else's."""
    query = (
        select(Visit.id)
        .join(Application, Application.id == Visit.application_id)
        .where(IS_BOOKED, Visit.starts_at > now, Application.status.in_(ENDS | {Status.KEDALUWARSA}))
        .order_by(Visit.starts_at, Visit.id)
        .limit(limit)
    )
    return list(session.scalars(query))


def quiet_about(session: Session, visit: Visit, now: datetime) -> None:
    """What still waits to be said about the visit as it was is said no more."""
    begin = f"visit:{visit.uid.hex()}:"
    cancel(session, "visit changed", now, Message.occasion >= begin, Message.occasion < begin[:-1] + ";")


def _is_paid(session: Session, visit: Visit) -> bool:
    if visit.application_id is None:
        return False
    paid = select(Payment.paid_at).where(Payment.application_id == visit.application_id, Payment.is_current)
    return session.scalar(paid) is not None


def _was_told(session: Session, occasion: str) -> bool:
    return session.scalar(select(SeatEvent.id).where(SeatEvent.occasion == occasion)) is not None
