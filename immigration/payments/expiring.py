"""What happens when nobody paid in time? KEDALUWARSA, an SMS, and the seat that was held for it is free again."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from immigration.applications.states import Status
from immigration.applications.tables import Application, Payment
from immigration.appointments import booking, changing, seats
from immigration.appointments.tables import Hold, Visit
from immigration.messages.outbox import Outbox
from immigration.payments.paying import move, note

_CLOCK = "clock"


def due(session: Session, now: datetime, limit: int = 500) -> list[int]:
    """Billings whose time is over and that nobody paid, the oldest first."""
    query = select(Payment.id).where(Payment.state == "waiting", Payment.due_at <= now)
    return list(session.scalars(query.order_by(Payment.due_at).limit(limit)))


def expire(session: Session, outbox: Outbox, payment_id: int, now: datetime) -> bool:
    """Let a billing run out, with its application and its seat; whether it was still waiting."""
    application_id = session.scalar(select(Payment.application_id).where(Payment.id == payment_id))
    if application_id is None:
        return False
    row = session.get_one(Application, application_id, with_for_update=True, populate_existing=True)
    payment = session.scalar(
        select(Payment)
        .where(Payment.id == payment_id, Payment.state == "waiting", Payment.due_at <= now)
        .with_for_update()
    )
    if payment is None:
        return False
    waited = payment.is_current and row.status == Status.MENUNGGU_BAYAR
    # Where the office has moved on without telling of a payment, the billing says nothing any more.
    payment.state = "expired" if waited else "cancelled"
    session.flush()
    note(session, payment.id, "expired" if waited else "superseded", _CLOCK, now)
    if not waited:
        return True
    lapse(session, outbox, row, _CLOCK, now)
    return True


def lapse(session: Session, outbox: Outbox, row: Application, actor: str, now: datetime) -> None:
    """Let an application that waits for its payment run out, with its seat; the applicant is told."""
    move(session, outbox, row, Status.KEDALUWARSA, actor, now)
    _free_seat(session, outbox, row.id, now)


def _free_seat(session: Session, outbox: Outbox, application_id: int, now: datetime) -> None:
    """The state's SMS says that the application has lapsed; the visit's end needs none of its own."""
    visit = session.scalar(
        select(Visit).where(Visit.application_id == application_id, Visit.state == "booked").with_for_update()
    )
    if visit is not None:
        occasion = f"expired:{visit.uid.hex()}"
        changing.cancel_visit(session, outbox, visit, occasion, now, seats.CLOCK, tells=False)
    held = session.scalars(select(Hold).where(Hold.about == booking.about(application_id)).order_by(Hold.slot_id))
    for one in held.all():
        seats.release(session, one, now, seats.CLOCK)
