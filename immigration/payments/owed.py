"""What do many billings find on record? The columns that a payment takes, locked; all else stays sealed."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from immigration.applications.tables import Application, Payment
from immigration.bulk import one_of


class Applied(NamedTuple):
    """An application, as far as a payment looks at it."""

    id: int
    number_hash: bytes
    number_last4: str
    office: str
    service: str
    phone_hash: bytes | None
    phone_sealed: bytes | None
    language: str | None
    status: str
    status_at: datetime


class Billed(NamedTuple):
    """A billing, as far as a payment looks at it."""

    id: int
    application_id: int
    is_current: bool
    billing_hash: bytes
    amount: int
    due_at: datetime
    paid_at: datetime | None
    state: str
    reference_hash: bytes | None
    reference_last4: str | None


_APPLIED = select(*(getattr(Application, name) for name in Applied._fields))
_BILLED = select(*(getattr(Payment, name) for name in Billed._fields))


def locked_all(session: Session, payments: Mapping[int, int]) -> dict[bytes, tuple[Applied, Billed]]:
    """Of these payments, each with its application's id, by billing: the application and the payment, for a change.

    Applications before their payments, each in order, so that two lists cannot wait for each other.
    """
    applied = _APPLIED.where(one_of(session, Application.id, list(payments.values())))
    billed = _BILLED.where(one_of(session, Payment.id, list(payments)))
    rows = {row.id: Applied._make(row) for row in session.execute(applied.order_by(Application.id).with_for_update())}
    found = map(Billed._make, session.execute(billed.order_by(Payment.id).with_for_update()))
    return {one.billing_hash: (rows[one.application_id], one) for one in found}
