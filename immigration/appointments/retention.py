"""How long are visits kept? Who came, 90 days; that somebody came, a year (docs/data.md)."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from immigration.appointments import seats
from immigration.appointments.tables import Hold, HoldDay, QuotaAlert, SeatEvent, Slot, Visit, Waiting
from immigration.offices.tables import Office

PHONES_KEPT: Final = timedelta(days=90)
KEPT: Final = timedelta(days=365)
_HOLD_DAYS_KEPT: Final = timedelta(days=2)
_BATCH: Final = 500
# Each of a session's seats may be a visit.
_SLOTS: Final = 50


def forget(session: Session, now: datetime) -> int:
    """Take the phone out of a batch of visits and places on the list that are over for 90 days; how many."""
    before = (now - PHONES_KEPT).date()
    old = select(Visit.id).where(Visit.day < before, Visit.phone_hash.is_not(None), Visit.state != "booked")
    ids = list(session.scalars(old.limit(_BATCH)))
    if ids:
        session.execute(
            update(Visit).where(Visit.id.in_(ids)).values(phone_hash=None).execution_options(synchronize_session=False)
        )
    waited = list(
        session.scalars(
            select(Waiting.id)
            .where(Waiting.last_day < before, Waiting.state.not_in(("waiting", "offered")))
            .limit(_BATCH)
        )
    )
    if waited:
        session.execute(delete(Waiting).where(Waiting.id.in_(waited)))
    session.execute(delete(HoldDay).where(HoldDay.day < (now - _HOLD_DAYS_KEPT).date()))
    return len(ids) + len(waited)


def let_go(session: Session, phone_hash: bytes, now: datetime) -> None:
    """Forget this phone: a visit that is booked stays, known by its code alone; nothing is held, offered or alerted."""
    held = session.scalars(select(Hold).where(Hold.phone_hash == phone_hash).order_by(Hold.slot_id)).all()
    for one in held:
        seats.release(session, one, now, seats.CLOCK)
    for table in (Waiting, QuotaAlert, HoldDay):
        session.execute(delete(table).where(table.phone_hash == phone_hash))
    session.execute(
        update(Visit)
        .where(Visit.phone_hash == phone_hash)
        .values(phone_hash=None)
        .execution_options(synchronize_session=False)
    )


def purge(session: Session, now: datetime) -> int:
    """Delete a batch of what is over for a year; how many: visits, walk-ins and slots, each with its events.

    A slot goes in one piece with its visits, so that its numbers add up to the end.
    """
    before = (now - KEPT).date()
    # By office, as the indexes are: this is asked each minute, and mostly nothing is old.
    offices = list(session.scalars(select(Office.code)))
    old = select(Slot.id).where(Slot.office.in_(offices), Slot.day < before)
    slots = list(session.scalars(old.order_by(Slot.office, Slot.day).limit(_SLOTS)))
    over = select(Visit.id).where(Visit.office.in_(offices), Visit.day < before)
    visits = list(session.scalars(over.where(Visit.slot_id.is_(None) | Visit.slot_id.in_(slots))))
    if visits:
        # Where a visit was moved, another day's slot, which may stay, has events of it as well.
        own = SeatEvent.visit_id.in_(visits)
        session.execute(delete(SeatEvent).where(own, SeatEvent.slot_id.is_(None)))
        session.execute(update(SeatEvent).where(own).values(visit_id=None).execution_options(synchronize_session=False))
        session.execute(delete(Visit).where(Visit.id.in_(visits)))
    if slots:
        session.execute(delete(SeatEvent).where(SeatEvent.slot_id.in_(slots)))
        session.execute(delete(Hold).where(Hold.slot_id.in_(slots)))
        session.execute(delete(Slot).where(Slot.id.in_(slots)))
    return len(visits) + len(slots)
