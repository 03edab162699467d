"""What happens when the money has arrived? Once, however often it is told; late or odd is looked into by a person."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Literal

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from immigration import written
from immigration.applications.keeping import change_status
from immigration.applications.record import Details
from immigration.applications.rows import unsealer
from immigration.applications.states import Status
from immigration.applications.tables import Application, Payment, PaymentEvent
from immigration.messages.notices import language_for, tell
from immigration.messages.outbox import Draft, Lane, Outbox
from immigration.offices.hours import add_working_days
from immigration.payments.owed import Applied, Billed
from immigration.people import as_language
from immigration.tasks import finish_about, finish_for, open_task
from immigration.vault import Vault

REFERENCE: Final = re.compile("[0-9A-Z]{16}")
"""The treasury's number of a payment (NTPN), as it is kept."""

PROMISED_WORKING_DAYS: Final = 1
"""Within how many working days a disputed payment is answered (domain.md 7)."""

UNPAID: Final = (Status.MENUNGGU_BAYAR, Status.KEDALUWARSA)
"""The states that a payment ends."""

OVER: Final = (Status.DIBATALKAN, Status.DITOLAK, Status.BATAL_30HARI)
"""The states in which a payment is for nothing."""

_VALID: Final = timedelta(days=3)

Result = Literal["paid", "disputed", "unchanged"]


class NoSuchBilling(Exception):
    """No application has this billing."""


class OtherReference(Exception):
    """This billing was paid already, under another reference."""


@dataclass(frozen=True)
class Paid:
    """That a billing was paid: when, under which reference (NTPN), and how much, where that is told."""

    billing: str
    paid_at: datetime
    reference: str | None
    amount: int | None = None


def pay(session: Session, outbox: Outbox, told: Paid, actor: str, now: datetime) -> tuple[Payment, Result]:
    """Record that a billing was paid, move its application on, tell the citizen once; in a writing session.

    Paid after its time, in place of which there is another by now, or not as much as was due, it is disputed: an
    officer and the citizen learn of it. Raises `NoSuchBilling`, `OtherReference`.
    """
    row, payment = locked(session, outbox.vault, told.billing)
    reference_hash = None if told.reference is None else outbox.vault.lookup("reference", told.reference)
    if payment.paid_at is not None:
        if payment.reference_hash not in (None, reference_hash):
            raise OtherReference
        if payment.reference_hash is None and told.reference is not None:
            _refer(session, payment, reference_hash, told.reference)
        if payment.state != "paid" or told.amount in (None, payment.amount):
            return payment, "unchanged"
    why = fault(row, payment, told)
    was_disputed = payment.state == "disputed"
    payment.paid_at = told.paid_at
    payment.state = "paid" if why is None else "disputed"
    if told.reference is not None:
        _refer(session, payment, reference_hash, told.reference)
    session.flush()
    note(session, payment.id, "paid" if why is None else "disputed", actor, now)
    if why is not None:
        dispute(session, outbox, row, payment, why, now)
        return payment, "disputed"
    if was_disputed:
        finish_about(session, "payment_disputed", str(payment.id), actor, now)
    if row.status in UNPAID:
        move(session, outbox, row, Status.LUNAS_TERJADWAL, actor, now)
    return payment, "paid"


def locked(session: Session, vault: Vault, billing: str) -> tuple[Application, Payment]:
    """The application and the payment of this billing, for a change. Raises `NoSuchBilling`."""
    billing_hash = vault.lookup("billing", billing)
    application_id = session.scalar(select(Payment.application_id).where(Payment.billing_hash == billing_hash))
    if application_id is None:
        raise NoSuchBilling
    # The application before its payment, as everybody else who changes both.
    row = session.get_one(Application, application_id, with_for_update=True, populate_existing=True)
    payment = session.scalars(
        select(Payment)
        .where(Payment.billing_hash == billing_hash)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    return row, payment


def fault(row: Application | Applied, payment: Payment | Billed, told: Paid) -> str | None:
    """Why a person must look at this payment, for an officer; none where it is as it should be."""
    if told.amount not in (None, payment.amount):
        assert told.amount is not None, "no amount is as good as the one that is due"
        return f"paid {written.rupiah(told.amount)} instead"
    if not payment.is_current:
        return "paid, and another billing has taken its place"
    if told.paid_at > payment.due_at:
        return "paid after its time"
    return "paid, and the application is over" if row.status in OVER else None


def move(session: Session, outbox: Outbox, row: Application, status: Status, actor: str, now: datetime) -> None:
    """Have an application follow its payment, and its applicant told."""
    catalogue = outbox.catalogue()
    number = unsealer(outbox.vault, row)("number")
    assert number is not None, "every application has its number"
    outcome = change_status(
        session,
        outbox.vault,
        number,
        status,
        Details(),
        # An office's clock may run some minutes ahead: what comes of the payment is news all the same.
        max(now, row.status_at),
        lambda code: catalogue.service(code).group,
        actor,
        now,
    )
    tell(session, outbox, outcome, now)
    if status is Status.LUNAS_TERJADWAL:
        finish_for(session, "ticket", [row.id], actor, now)


def dispute(session: Session, outbox: Outbox, row: Application, payment: Payment, why: str, now: datetime) -> None:
    """Have an officer look into a payment, and tell who paid by when."""
    amount = written.rupiah(payment.amount)
    words = f"application ..{row.number_last4}: {amount}, {why}. Check with the bank, then settle it"
    open_task(session, "payment_disputed", str(payment.id), words, now, office=row.office, application_id=row.id)
    if payment.paid_at is None:
        return
    office = outbox.catalogue().office(row.office)
    promised = add_working_days(office, now.astimezone(office.zone).date(), PROMISED_WORKING_DAYS)
    say(session, outbox, row, payment, "P_SENGKETA", "disputed", now, by=promised)


def say(
    session: Session,
    outbox: Outbox,
    row: Application,
    payment: Payment,
    template: str,
    what: str,
    now: datetime,
    *,
    by: date | None = None,
) -> None:
    """Tell the applicant what has become of a payment, where a phone is on record; once for each `what`."""
    phone = unsealer(outbox.vault, row)("phone")
    if phone is None or row.phone_hash is None:
        return
    office = outbox.catalogue().office(row.office)
    recorded = None if row.language is None else as_language(row.language)
    language = language_for(session, row.phone_hash, recorded, office)
    values = {"no": f"..{row.number_last4}", "rp": written.rupiah(payment.amount)}
    if by is not None:
        values["tgl"] = written.day(by, language)
    outbox.put(
        session,
        Draft(
            occasion=f"payment:{payment.id}:{what}",
            template=template,
            values=values,
            language=language,
            office=row.office,
            phone=phone,
            lane=Lane.NORMAL,
            category="case",
            reason=f"{what} payment",
            validity=_VALID,
            application_id=row.id,
            waits=True,
        ),
        now,
    )


def note(session: Session, payment_id: int, kind: str, actor: str, now: datetime) -> None:
    """Write down what became of a billing."""
    session.execute(insert(PaymentEvent).values(payment_id=payment_id, at=now, kind=kind, actor=actor))


def _refer(session: Session, payment: Payment, reference_hash: bytes | None, reference: str) -> None:
    session.execute(
        update(Payment)
        .where(Payment.id == payment.id)
        .values(reference_hash=reference_hash, reference_last4=reference[-4:])
    )
    session.refresh(payment)
