"""What does an officer decide about a payment? That it is looked into, and then whether it counts."""

from datetime import datetime
from typing import Literal

from sqlalchemy import insert
from sqlalchemy.orm import Session

from immigration.applications.keeping import supersede
from immigration.applications.record import Event
from immigration.applications.rows import event_values
from immigration.applications.states import Status
from immigration.applications.tables import Application, ApplicationEvent, Payment
from immigration.messages.outbox import Outbox
from immigration.payments.expiring import lapse
from immigration.payments.paying import UNPAID, dispute, locked, move, note, say
from immigration.tasks import finish_about

Outcome = Literal["paid", "cancelled"]


class NotDisputed(Exception):
    """There is nothing to settle; `state` is what the payment is."""

    def __init__(self, state: str) -> None:
        super().__init__(f"the payment is not disputed: it is {state}")
        self.state = state


def question(session: Session, outbox: Outbox, billing: str, why: str, actor: str, now: datetime) -> Payment:
    """Have a payment looked into, in a writing session. While it is, it neither runs out nor is reminded of.

    `why` is kept in the application's history. Raises `NoSuchBilling`.
    """
    row, payment = locked(session, outbox.vault, billing)
    if payment.state != "disputed":
        told = "an officer doubts it, see the application's history"
        look_into(session, outbox, row, payment, why, told, actor, now)
    return payment


def look_into(
    session: Session,
    outbox: Outbox,
    row: Application,
    payment: Payment,
    why: str,
    told: str,
    actor: str,
    now: datetime,
) -> None:
    """Dispute a payment that is locked: `why` for the application's history, `told` for whoever gets the task."""
    payment.state = "disputed"
    session.flush()
    note(session, payment.id, "disputed", actor, now)
    event = event_values(outbox.vault, Event("payment", now, changed=("state",), note=why), actor, now)
    session.execute(insert(ApplicationEvent).values(application_id=row.id, **event))
    dispute(session, outbox, row, payment, told, now)


def settle(
    session: Session, outbox: Outbox, billing: str, outcome: Outcome, actor: str, now: datetime
) -> tuple[Payment, bool]:
    """Say whether a disputed payment counts, in a writing session; whether that is news. Its task is done.

    One that counts moves its application on, and the citizen is told. One that does not lets an application that was
    waiting for it run out; where nobody had paid at all, the billing waits as before.
    Raises `NoSuchBilling`, `NotDisputed`.
    """
    row, payment = locked(session, outbox.vault, billing)
    if payment.state == outcome:
        return payment, False
    if payment.state != "disputed":
        raise NotDisputed(payment.state)
    if outcome == "paid":
        _counts(session, outbox, row, payment, actor, now)
    else:
        _does_not_count(session, outbox, row, payment, actor, now)
    note(session, payment.id, "settled", actor, now)
    finish_about(session, "payment_disputed", str(payment.id), actor, now)
    return payment, True


def _counts(session: Session, outbox: Outbox, row: Application, payment: Payment, actor: str, now: datetime) -> None:
    supersede(session, row.id, payment.billing_hash, actor, now)
    payment.state, payment.is_current, payment.paid_at = "paid", True, payment.paid_at or now
    session.flush()
    if row.status in UNPAID:
        move(session, outbox, row, Status.LUNAS_TERJADWAL, actor, now)


def _does_not_count(
    session: Session, outbox: Outbox, row: Application, payment: Payment, actor: str, now: datetime
) -> None:
    waited_for = payment.is_current and row.status == Status.MENUNGGU_BAYAR
    if waited_for and payment.paid_at is None:
        # Past its time, the clock's next pass lets it run out as any other.
        payment.state = "waiting"
        session.flush()
        return
    payment.state = "cancelled"
    session.flush()
    if waited_for:
        lapse(session, outbox, row, actor, now)
    elif payment.paid_at is not None:
        say(session, outbox, row, payment, "P_TOLAK", "refused", now)
