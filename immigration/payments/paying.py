"""What happens when the money has arrived? Once, however often it is told; late or odd is looked into by a person."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from immigration import written
from immigration.applications.keeping import change_status
from immigration.applications.record import Details
from immigration.applications.rows import kept_of
from immigration.applications.states import Status
from immigration.applications.tables import Application, Payment, PaymentEvent
from immigration.messages.notices import language_for, tell
from immigration.messages.outbox import Draft, Lane, Outbox
from immigration.offices.hours import add_working_days
from immigration.people import as_language
from immigration.tasks import open_task

PROMISED_WORKING_DAYS: Final = 1
"""Within how many working days a disputed payment is answered (domain.md 7)."""

_UNPAID: Final = (Status.MENUNGGU_BAYAR, Status.KEDALUWARSA)
_VALID: Final = timedelta(days=3)

Result = Literal["paid", "disputed", "unchanged"]


class NoSuchBilling(Exception):
    """No application has this billing."""


class OtherReference(Exception):
    """This billing was paid already, under another reference."""


@dataclass(frozen=True)
class Paid:
    """That a billing was paid: when, and under which reference (NTPN) where that is known."""

    billing: str
    paid_at: datetime
    reference: str | None


def pay(session: Session, outbox: Outbox, told: Paid, actor: str, now: datetime) -> tuple[Payment, Result]:
    """Record that a billing was paid, move its application on, tell the citizen once; in a writing session.

    Paid after its time, or in place of which there is another by now, it is disputed: an officer and the citizen
    learn of it. Raises `NoSuchBilling`, `OtherReference`.
    """
    vault = outbox.vault
    billing_hash = vault.lookup("billing", told.billing)
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
    reference_hash = None if told.reference is None else vault.lookup("reference", told.reference)
    if payment.paid_at is not None:
        if payment.reference_hash not in (None, reference_hash):
            raise OtherReference
        if payment.reference_hash is None and told.reference is not None:
            _refer(session, payment, reference_hash, told.reference)
        return payment, "unchanged"
    good = payment.is_current and told.paid_at <= payment.due_at and not _is_over(row)
    payment.paid_at = told.paid_at
    payment.state = "paid" if good else "disputed"
    if told.reference is not None:
        _refer(session, payment, reference_hash, told.reference)
    session.flush()
    note(session, payment.id, "paid" if good else "disputed", actor, now)
    if not good:
        dispute(session, outbox, row, payment, "paid after its time", now)
        return payment, "disputed"
    if row.status in _UNPAID:
        kept = kept_of(vault, row, payment)
        catalogue = outbox.catalogue()
        outcome = change_status(
            session,
            vault,
            kept.record.number,
            Status.LUNAS_TERJADWAL,
            Details(),
            now,
            lambda code: catalogue.service(code).group,
            actor,
            now,
        )
        tell(session, outbox, outcome, now)
    return payment, "paid"


def dispute(session: Session, outbox: Outbox, row: Application, payment: Payment, why: str, now: datetime) -> None:
    """Have an officer look into a payment, and tell the citizen by when."""
    amount = written.rupiah(payment.amount)
    words = f"application ..{row.number_last4}: {amount}, {why}. Check with the bank, then settle it"
    open_task(session, "payment_disputed", str(payment.id), words, now, office=row.office, application_id=row.id)
    if row.phone_hash is None:
        return
    phone = kept_of(outbox.vault, row, payment).record.phone
    assert phone is not None, "sealed and hashed together"
    office = outbox.catalogue().office(row.office)
    recorded = None if row.language is None else as_language(row.language)
    language = language_for(session, row.phone_hash, recorded, office)
    promised = add_working_days(office, now.astimezone(office.zone).date(), PROMISED_WORKING_DAYS)
    outbox.put(
        session,
        Draft(
            occasion=f"payment:{payment.id}:disputed",
            template="P_SENGKETA",
            values={
                "no": f"..{row.number_last4}",
                "rp": written.rupiah(payment.amount),
                "tgl": written.day(promised, language),
            },
            language=language,
            office=row.office,
            phone=phone,
            lane=Lane.NORMAL,
            category="case",
            reason="disputed payment",
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


def _is_over(row: Application) -> bool:
    return row.status in (Status.DIBATALKAN, Status.DITOLAK, Status.BATAL_30HARI)
