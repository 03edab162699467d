"""How do many payments arrive at once? Each as by `pay`, with a few statements for all of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, literal, select, update
from sqlalchemy.orm import Session

from immigration.applications.keeping import Outcome
from immigration.applications.record import Decision, Details, decide_status
from immigration.applications.rows import event_values, kept_of
from immigration.applications.states import Status
from immigration.applications.tables import Application, ApplicationEvent, Payment, PaymentEvent
from immigration.database import UtcDateTime, insert_all
from immigration.messages.notices import tell_all
from immigration.messages.outbox import Outbox
from immigration.payments.paying import UNPAID, Paid
from immigration.tasks import finish_about


@dataclass(frozen=True)
class Arrival:
    """A payment that is as it should be, with its billing and application, which are locked."""

    row: Application
    payment: Payment
    told: Paid
    reference_hash: bytes


def arrive(session: Session, outbox: Outbox, arrivals: Sequence[Arrival], actor: str, now: datetime) -> None:
    """Record these as paid, move their applications on and tell each citizen once; one for each application."""
    if not arrivals:
        return
    for one in arrivals:
        if one.payment.state == "disputed":
            finish_about(session, "payment_disputed", str(one.payment.id), actor, now)
    paid = (
        update(Payment)
        .where(Payment.id == bindparam("row_id"))
        .values(
            state="paid",
            paid_at=bindparam("paid_at"),
            reference_hash=bindparam("reference_hash"),
            reference_last4=bindparam("reference_last4"),
        )
    )
    session.connection().execute(
        paid,
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
    of_these = select(Payment.id, literal(now, UtcDateTime), literal("paid"), literal(actor))
    of_these = of_these.where(Payment.id.in_([one.payment.id for one in arrivals])).order_by(Payment.id)
    session.execute(insert(PaymentEvent).from_select(["payment_id", "at", "kind", "actor"], of_these))
    _move_on(session, outbox, [one for one in arrivals if one.row.status in UNPAID], actor, now)


def _move_on(session: Session, outbox: Outbox, arrivals: Sequence[Arrival], actor: str, now: datetime) -> None:
    catalogue = outbox.catalogue()
    outcomes: list[Outcome] = []
    events: list[dict[str, Any]] = []
    for one in arrivals:
        kept = kept_of(outbox.vault, one.row, one.payment)
        paid = None if kept.record.payment is None else replace(kept.record.payment, paid_at=one.told.paid_at)
        kept = replace(kept, record=replace(kept.record, payment=paid))
        group = catalogue.service(one.row.service).group
        decision: Decision = decide_status(kept, Status.LUNAS_TERJADWAL, Details(), now, group, now, None)
        [values] = [event_values(outbox.vault, event, actor, now) for event in decision.events]
        events.append(values | {"application_id": one.row.id})
        outcomes.append(Outcome(one.row.id, decision.kept, created=False, changed=True, news=values["uid"]))
    # What else is sealed in the rows stays as it is.
    session.execute(
        update(Application)
        .where(Application.id.in_([one.row.id for one in arrivals]))
        .values(status=Status.LUNAS_TERJADWAL, status_at=now, details_sealed=None, deadline=None, updated_at=now)
        .execution_options(synchronize_session=False)
    )
    insert_all(session, ApplicationEvent, events)
    tell_all(session, outbox, outcomes, now)
