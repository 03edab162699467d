"""How long are visits kept? Who came, 90 days; that somebody came, a year (docs/data.md)."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from immigration.appointments import seats
from immigration.appointments.tables import Hold, HoldDay, QuotaAlert, SeatEvent, Slot, Visit, Waiting

PHONES_KEPT: Final = timedelta(days=90)
KEPT: Final = timedelta(days=365)
_HOLD_DAYS_KEPT: Final = timedelta(days=2)
_BATCH: Final = 500


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
    """Delete a batch of slots that are over for a year, with their visits and events; how many."""
    before = (now - KEPT).date()
    slots = list(session.scalars(select(Slot.id).where(Slot.day < before).order_by(Slot.id).limit(_BATCH)))
    over = list(session.scalars(select(Visit.id).where(Visit.day < before).order_by(Visit.id).limit(_BATCH)))
    if over:
        session.execute(delete(SeatEvent).where(SeatEvent.visit_id.in_(over)))
        session.execute(delete(Visit).where(Visit.id.in_(over)))
    if slots and not over:
        session.execute(delete(SeatEvent).where(SeatEvent.slot_id.in_(slots)))
        session.execute(delete(Hold).where(Hold.slot_id.in_(slots)))
        session.execute(delete(Slot).where(Slot.id.in_(slots)))
    return len(over) + (0 if over else len(slots))
