"""How do many payments arrive at once? Each as by `pay`, with a few statements for all of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, update
from sqlalchemy.orm import Session

from immigration.applications.record import Event
from immigration.applications.rows import application_about, event_values
from immigration.applications.states import Status
from immigration.applications.tables import Application, ApplicationEvent, Payment, PaymentEvent
from immigration.bulk import insert_all, one_of, run_all
from immigration.messages.notices import News, tell_all
from immigration.messages.outbox import Outbox
from immigration.messages.state_texts import Case
from immigration.payments.owed import Applied, Billed
from immigration.payments.paying import UNPAID, Paid, fault
from immigration.people import as_language
from immigration.tasks import finish_about, finish_for
from immigration.vault import Vault


@dataclass(frozen=True)
class Arrival:
    """A payment that is as it should be, with its application and billing, which are locked."""

    row: Applied
    payment: Billed
    told: Paid
    reference_hash: bytes


def arrives_plainly(row: Applied, payment: Billed, told: Paid, now: datetime) -> bool:
    """Whether nothing is to be looked into, so that `arrive` may take it.

    Behind a state that is told to come about only after now, what follows is for `pay` to date.
    """
    return payment.paid_at is None and row.status_at <= now and fault(row, payment, told) is None


def arrive(session: Session, outbox: Outbox, arrivals: Sequence[Arrival], actor: str, now: datetime) -> None:
    """Record these as paid, move their applications on and tell each citizen once; one for each application."""
    for one in arrivals:
        if one.payment.state == "disputed":
            finish_about(session, "payment_disputed", str(one.payment.id), actor, now)
    paid = update(Payment).where(Payment.id == bindparam("row_id"))
    run_all(
        session,
        paid.values(
            state="paid",
            paid_at=bindparam("paid_at"),
            reference_hash=bindparam("reference_hash"),
            reference_last4=bindparam("reference_last4"),
        ),
        [
            {
                "row_id": one.payment.id,
                "paid_at": one.told.paid_at,
                "reference_hash": one.reference_hash,
                "reference_last4": one.told.reference and one.told.reference[-4:],
            }
            for one in arrivals
        ],
    )
    insert_all(
        session,
        PaymentEvent,
        [{"payment_id": one.payment.id, "at": now, "kind": "paid", "actor": actor} for one in arrivals],
    )
    _move_on(session, outbox, [one.row for one in arrivals if one.row.status in UNPAID], actor, now)


def _move_on(session: Session, outbox: Outbox, rows: Sequence[Applied], actor: str, now: datetime) -> None:
    if not rows:
        return
    ids = [row.id for row in rows]
    # What else is sealed in the rows stays as it is.
    session.execute(
        update(Application)
        .where(one_of(session, Application.id, ids))
        .values(status=Status.LUNAS_TERJADWAL, status_at=now, details_sealed=None, deadline=None, updated_at=now)
        .execution_options(synchronize_session=False)
    )
    events = [
        event_values(outbox.vault, Event("status", now, Status(row.status), Status.LUNAS_TERJADWAL), actor, now)
        | {"application_id": row.id}
        for row in rows
    ]
    insert_all(session, ApplicationEvent, events)
    news = (_news(outbox.vault, row, event["uid"], now) for row, event in zip(rows, events, strict=True))
    tell_all(session, outbox, [one for one in news if one is not None], now)
    finish_for(session, "ticket", ids, actor, now)


def _news(vault: Vault, row: Applied, event: bytes, now: datetime) -> News | None:
    """What to tell; none where no phone is on record."""
    if row.phone_sealed is None or row.phone_hash is None:
        return None
    return News(
        application_id=row.id,
        event=event,
        case=Case(
            last4=row.number_last4,
            office=row.office,
            service=row.service,
            status=Status.LUNAS_TERJADWAL,
            status_at=now,
            language=None if row.language is None else as_language(row.language),
        ),
        phone=vault.unseal(row.phone_sealed, application_about("phone", row.number_hash)),
        phone_hash=row.phone_hash,
    )
