"""What is there to pay for an application, and how long is left? The same in a call and in an SMS."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import bindparam, or_, select

from immigration.applications.record import Billing
from immigration.applications.rows import billing_about
from immigration.applications.states import Status
from immigration.applications.tables import Application, Payment
from immigration.payments.paying import UNPAID
from immigration.vault import Vault

Stage = Literal["due", "unbilled", "late", "disputed", "paid"]
"""To be paid now; to be paid, and no billing is on record; run out; looked into by an officer; nothing to pay."""

_MOST: Final = 40

_BILL: Final = select(
    Application.id,
    Application.number_last4,
    Application.office,
    Application.service,
    Application.status,
    Payment.billing_hash,
    Payment.billing_sealed,
    Payment.amount,
    Payment.due_at,
    Payment.paid_at,
    Payment.state,
).join(Payment, (Payment.application_id == Application.id) & Payment.is_current, isouter=True)

OF_A_PHONE: Final = (
    _BILL.where(
        Application.phone_hash == bindparam("phone_hash"),
        or_(Application.status.in_(UNPAID), Payment.state == "disputed"),
    )
    .order_by(Application.id)
    .limit(_MOST)
)
"""The applications of a phone that wait for a payment or for an officer's word on one, oldest first."""

OF_AN_APPLICATION: Final = _BILL.where(Application.id == bindparam("id"))


@dataclass(frozen=True)
class Bill:
    """What is to be paid for an application; `payment` is none where no billing is on record."""

    application_id: int
    last4: str
    office: str
    service: str
    stage: Stage
    payment: Billing | None


def bill_of(vault: Vault, row: Any, now: datetime) -> Bill:
    """A row of these queries as a bill. Raises `Unreadable`."""
    payment = None
    if row.billing_sealed is not None:
        billing = vault.unseal(row.billing_sealed, billing_about(row.billing_hash))
        payment = Billing(billing, row.amount, row.due_at, row.paid_at)
    stage = _stage(Status(row.status), payment, row.state, now)
    return Bill(row.id, row.number_last4, row.office, row.service, stage, payment)


def _stage(status: Status, payment: Billing | None, state: str | None, now: datetime) -> Stage:
    if state == "disputed":
        return "disputed"
    if status not in UNPAID or (payment is not None and payment.paid_at is not None):
        return "paid"
    if status is Status.KEDALUWARSA:
        return "late"
    if payment is None:
        return "unbilled"
    return "due" if payment.due_at > now else "late"
