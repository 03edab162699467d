"""What do we keep of a person, and how is it let go? Access and erasure (UU PDP 27/2022 Arts. 32, 42-44, 46)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from immigration import audit, people, tasks
from immigration.applications.rows import unsealer
from immigration.applications.tables import Application
from immigration.applications.unlinking import linked_to, unlink
from immigration.appointments.retention import let_go
from immigration.appointments.tables import Visit
from immigration.contacts import Choice, Contact, choices_of, phone_of
from immigration.inbox.tables import Inbound, text_about
from immigration.messages.outbox import body_of, cancel
from immigration.messages.states import UNSETTLED
from immigration.messages.tables import Message, MessageEvent
from immigration.tasks import finish_about
from immigration.vault import Vault

ERASED: Final = "erased"


def erase(
    session: Session, vault: Vault, phone_hash: bytes, actor: str, through: audit.Through, now: datetime
) -> Sequence[Application]:
    """Let go of everything about this phone; the applications that it was on.

    What waits is cancelled. A running application keeps its number, state, dates and its applicant's birth date. The
    contact itself goes with `leave`, once a last answer is written. Failed tries at birth dates stay for their day, or
    whoever guesses at one could ask to be forgotten after each fifth.
    """
    linked = linked_to(session, phone_hash)
    ids = [row.id for row in linked]
    # News of an application whose phone has changed since follows the record: it is somebody else's.
    others = (
        Message.application_id.is_not(None)
        & Message.application_id.not_in(ids)
        & (Message.category != "reply")
        & Message.state.in_(UNSETTLED)
    )
    theirs = (Message.phone_hash == phone_hash) & ~others
    cancel(session, ERASED, now, theirs | Message.application_id.in_(ids))
    for row in linked:
        unlink(session, row, actor, now, erase=True)
        audit.note(
            session,
            at=now,
            actor=actor,
            action="erased",
            through=through,
            subject_hash=row.number_hash,
            subject_last4=row.number_last4,
        )
    if not linked:
        # That it was done, not of whom.
        audit.note(session, at=now, actor=actor, action="erased", through=through)
    people.forget(session, phone_hash)
    let_go(session, phone_hash, now)
    tasks.forget(session, phone_hash, now, actor)
    unread = (
        update(Inbound)
        .where(Inbound.phone_hash == phone_hash, Inbound.state.in_(("office", "stuck")))
        .values(state="left")
        .returning(Inbound.id)
    )
    for number in session.scalars(unread.execution_options(synchronize_session=False)).all():
        # Nothing is left of it that a person could read.
        finish_about(session, "free_text", str(number), actor, now)
        finish_about(session, "inbound_stuck", str(number), actor, now)
    session.execute(delete(Choice).where(Choice.phone_hash == phone_hash))
    empty: tuple[tuple[type[Any], Any, dict[str, Any]], ...] = (
        (Message, theirs, {"body_sealed": None, "key_id": None, "phone_hash": None}),
        (MessageEvent, MessageEvent.phone_hash == phone_hash, {"phone_hash": None}),
        (Inbound, Inbound.phone_hash == phone_hash, {"text_sealed": None, "key_id": None, "phone_hash": None}),
    )
    for table, condition, values in empty:
        session.execute(update(table).where(condition).values(**values).execution_options(synchronize_session=False))
    leave(session, phone_hash, now)
    return linked


def leave(session: Session, phone_hash: bytes, now: datetime) -> None:
    """Have the contact deleted as soon as no message needs it any more."""
    session.execute(
        update(Contact)
        .where(Contact.phone_hash == phone_hash)
        .values(erasing_at=now, reminders=None, privacy_at=None, greeting_id=None, privacy_answered=False)
        .execution_options(synchronize_session=False)
    )


def everything_about(session: Session, vault: Vault, phone_hash: bytes) -> dict[str, Any]:
    """What is stored about this phone, in clear: for its owner at the counter. Raises `Unreadable`."""
    contact = session.get(Contact, phone_hash)
    applications = session.scalars(
        select(Application).where(Application.phone_hash == phone_hash).order_by(Application.id)
    ).all()
    sent = session.scalars(select(Message).where(Message.phone_hash == phone_hash).order_by(Message.id)).all()
    received = session.scalars(select(Inbound).where(Inbound.phone_hash == phone_hash).order_by(Inbound.id)).all()
    return {
        "phone": None if contact is None else phone_of(vault, contact),
        "language": people.chosen_language(session, phone_hash),
        "reminders": None if contact is None else contact.reminders,
        "choices": [
            {"at": row.at, "category": row.category, "agreed": row.agreed, "channel": row.channel}
            for row in choices_of(session, phone_hash)
        ],
        "applications": [_application(vault, row) for row in applications],
        "visits": [
            {
                "code": row.code,
                "office": row.office,
                "service": row.service,
                "starts_at": row.starts_at,
                "state": row.state,
            }
            for row in session.scalars(select(Visit).where(Visit.phone_hash == phone_hash).order_by(Visit.id))
        ],
        "messages_to_them": [{"at": row.created_at, "status": row.state, "text": body_of(vault, row)} for row in sent],
        "messages_from_them": [
            {
                "at": row.received_at,
                "text": None if row.text_sealed is None else vault.unseal(row.text_sealed, text_about(row.uid)),
            }
            for row in received
        ],
    }


def everything_of(session: Session, vault: Vault, row: Application) -> dict[str, Any]:
    """What is stored of this application and about the phone on its record, in clear. Raises `Unreadable`."""
    about = None if row.phone_hash is None else everything_about(session, vault, row.phone_hash)
    return {"application": _application(vault, row), "about_its_phone": about}


def _application(vault: Vault, row: Application) -> dict[str, Any]:
    opened = unsealer(vault, row)
    return {
        "number": opened("number"),
        "office": row.office,
        "service": row.service,
        "status": row.status,
        "status_at": row.status_at,
        "name": opened("name"),
        "birth_date": opened("birth_date"),
        "language": row.language,
        "consent": row.consent,
    }


@dataclass(frozen=True)
class Affected:
    """Somebody whose record was looked at, changed or taken out: whom a notice of a breach must reach.

    Without a number: somebody who wrote to us and has no application.
    """

    number: str | None
    phone: str | None
    name: str | None
    last_at: datetime
    actions: str


def affected(session: Session, vault: Vault, since: datetime, actor: str | None = None) -> Iterator[Affected]:
    """Whose records were touched since then (by this actor), from the audit; each once. Raises `Unreadable`.

    A look at what is kept about a phone touches each application with that phone.
    """
    query = select(audit.AuditRow).where(audit.AuditRow.at >= since, audit.AuditRow.subject_hash.is_not(None))
    if actor is not None:
        query = query.where(audit.AuditRow.actor == actor)
    touched: dict[bytes, list[audit.AuditRow]] = {}
    for row in session.scalars(query.order_by(audit.AuditRow.id)):
        assert row.subject_hash is not None, "those without one are left out"
        touched.setdefault(row.subject_hash, []).append(row)
    applications: dict[int, list[audit.AuditRow]] = {}
    for subject, rows in touched.items():
        whose = (Application.number_hash == subject) | (Application.phone_hash == subject)
        found = session.scalars(select(Application.id).where(whose)).all()
        for id_ in found:
            applications.setdefault(id_, []).extend(rows)
        contact = None if found else session.get(Contact, subject)
        if contact is not None:
            yield Affected(None, phone_of(vault, contact), None, *_looks(rows))
    for id_, rows in applications.items():
        opened = unsealer(vault, session.get_one(Application, id_))
        yield Affected(opened("number"), opened("phone"), opened("name"), *_looks(rows))


def _looks(rows: Sequence[audit.AuditRow]) -> tuple[datetime, str]:
    """When the last of these was, and what they did."""
    return max(row.at for row in rows), ", ".join(sorted({row.action for row in rows}))
