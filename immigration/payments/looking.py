"""Which payments are there, and what became of each? For officers, newest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from immigration.applications.tables import Application, Payment, PaymentEvent
from immigration.payments.paying import NoSuchBilling
from immigration.vault import Vault

STATES: Final = ("waiting", "paid", "expired", "cancelled", "disputed")


@dataclass(frozen=True)
class Seen:
    """A payment with its application."""

    payment: Payment
    application: Application


def payments(
    session: Session,
    *,
    office: str | None = None,
    state: str | None = None,
    application_id: int | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[Seen]:
    """Payments that fit all that is given, older than the payment `before`."""
    query = select(Payment, Application).join(Application, Application.id == Payment.application_id)
    given = ((Application.office, office), (Payment.state, state), (Payment.application_id, application_id))
    for column, value in given:
        if value is not None:
            query = query.where(column == value)
    if before is not None:
        query = query.where(Payment.id < before)
    found = session.execute(query.order_by(Payment.id.desc()).limit(limit))
    return [Seen(payment, application) for payment, application in found]


def one(session: Session, vault: Vault, billing: str) -> Seen:
    """The payment of a billing. Raises `NoSuchBilling`."""
    query = select(Payment, Application).join(Application, Application.id == Payment.application_id)
    found = session.execute(query.where(Payment.billing_hash == vault.lookup("billing", billing))).first()
    if found is None:
        raise NoSuchBilling
    return Seen(*found)


def events_of(session: Session, payment: Payment) -> Sequence[PaymentEvent]:
    """Every change of a payment, oldest first."""
    query = select(PaymentEvent).where(PaymentEvent.payment_id == payment.id).order_by(PaymentEvent.id)
    return session.scalars(query).all()
