"""What does the back office read of an application? The record in clear, with its history."""

from dataclasses import asdict
from datetime import date, datetime

from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from immigration.applications.keeping import find
from immigration.applications.record import EventKind
from immigration.applications.rows import kept_of, note_about
from immigration.applications.states import Status
from immigration.applications.tables import ApplicationEvent
from immigration.people import Language
from immigration.vault import Vault


class ApplicantAnswer(BaseModel):
    """Whose application it is."""

    name: str | None
    birth_date: date | None
    phone: str | None = Field(description="E.164")
    language: Language | None
    consent: bool


class PaymentAnswer(BaseModel):
    """What is to be paid, until when, and when it was."""

    billing: str
    amount: int
    due_at: datetime
    paid_at: datetime | None


class DetailsAnswer(BaseModel):
    """What was told with the state, and only that."""

    missing: str | None = None
    receipt: str | None = None
    due_on: date | None = None
    ready_on: date | None = None
    valid_until: date | None = None


class EventAnswer(BaseModel):
    """One change: who told it when, when it came about, and what it was."""

    at: datetime
    occurred_at: datetime
    actor: str = Field(examples=["key:simkim"])
    kind: EventKind = Field(description="`late` is older news, which changed nothing.")
    status_from: Status | None
    status_to: Status | None
    changed: list[str]
    note: str | None


class ApplicationAnswer(BaseModel):
    """An application. What is personal is there for keys with the scope `records:read` alone."""

    number: str
    office: str
    service: str
    status: Status
    status_at: datetime = Field(description="When this state came about.")
    applicant: ApplicantAnswer | None = None
    payment: PaymentAnswer | None = None
    details: DetailsAnswer | None = None
    history: list[EventAnswer] = Field(default=[], description="Every change, oldest first.")


def application_answer(session: Session, vault: Vault, number: str, *, personal: bool) -> str:
    """The JSON of this number's application as it stands now. Raises `NotFound`, `Unreadable`.

    A key that may write and not read gets nothing `personal`: else a write that changes nothing would be a read.
    """
    row, payment = find(session, vault, number)
    kept = kept_of(vault, row, payment)
    record = kept.record
    told = ApplicationAnswer(
        number=record.number,
        office=record.office,
        service=record.service,
        status=record.status,
        status_at=kept.status_at,
    )
    if personal:
        told.applicant = ApplicantAnswer.model_validate(record, from_attributes=True)
        told.payment = PaymentAnswer.model_validate(record.payment, from_attributes=True) if record.payment else None
        told.details = DetailsAnswer(
            **{name: value for name, value in asdict(record.details).items() if value is not None}
        )
        told.history = _history(session, vault, row.id)
    return told.model_dump_json(exclude_unset=True)


def _history(session: Session, vault: Vault, application_id: int) -> list[EventAnswer]:
    query = (
        select(ApplicationEvent).where(ApplicationEvent.application_id == application_id).order_by(ApplicationEvent.id)
    )
    return [
        EventAnswer.model_validate(
            {
                "at": row.recorded_at,
                "occurred_at": row.occurred_at,
                "actor": row.actor,
                "kind": row.kind,
                "status_from": row.status_from,
                "status_to": row.status_to,
                "changed": row.changed,
                "note": None if row.note_sealed is None else vault.unseal(row.note_sealed, note_about(row.uid)),
            }
        )
        for row in session.scalars(query)
    ]
