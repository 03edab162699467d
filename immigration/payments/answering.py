"""How does an officer answer a ticket? In one SMS to whoever opened it; then the ticket is done."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from immigration.applications.rows import unsealer
from immigration.applications.tables import Application
from immigration.contacts import Contact, phone_of
from immigration.inbox.officer import TEMPLATE, NotAnswered, fitting
from immigration.messages.notices import language_for
from immigration.messages.outbox import Draft, Lane, Outbox
from immigration.people import as_language
from immigration.tasks import Task, finish
from immigration.vault import Vault

_VALID: Final = timedelta(days=3)


class NoSuchTicket(Exception):
    """There is no ticket under this number."""


class AlreadyDone(Exception):
    """The ticket was answered, or closed."""


def tickets(session: Session, *, done: bool = False, before: int | None = None, limit: int = 50) -> list[Task]:
    """Open tickets (or those that are done), newest first, older than the ticket `before`."""
    query = select(Task).where(Task.kind == "ticket", Task.done_at.is_not(None) if done else Task.done_at.is_(None))
    if before is not None:
        query = query.where(Task.id < before)
    return list(session.scalars(query.order_by(Task.id.desc()).limit(limit)))


def answer(session: Session, outbox: Outbox, number: int, text: str, actor: str, now: datetime) -> Task:
    """Send an officer's words to whoever opened the ticket, in their language, and close it, in a writing session.

    Raises `NoSuchTicket`, `AlreadyDone`, `NotAnswered`.
    """
    row = session.scalar(select(Task).where(Task.id == number, Task.kind == "ticket").with_for_update())
    if row is None:
        raise NoSuchTicket
    if row.done_at is not None:
        raise AlreadyDone
    application = None if row.application_id is None else session.get_one(Application, row.application_id)
    phone_hash = _phone_hash(row, application)
    phone = None if phone_hash is None else _phone(session, outbox.vault, phone_hash, application)
    if phone_hash is None or phone is None:
        raise NotAnswered("whoever opened it cannot be written to: no phone number is known")
    code = row.office or (application.office if application is not None else None)
    assert code is not None, "a ticket belongs to an office"
    recorded = None if application is None or application.language is None else as_language(application.language)
    language = language_for(session, phone_hash, recorded, outbox.catalogue().office(code))
    outbox.put(
        session,
        Draft(
            occasion=f"ticket:{row.id}:answer",
            template=TEMPLATE,
            values={"jawaban": fitting(outbox, language, text)},
            language=language,
            office=code,
            phone=phone,
            lane=Lane.URGENT,
            category="reply",
            reason="officer",
            validity=_VALID,
            application_id=row.application_id,
        ),
        now,
    )
    finish(session, row.id, actor, now)
    return row


def askers(session: Session, rows: Sequence[Task]) -> dict[int, bytes | None]:
    """By ticket: the keyed hash of the phone that the answer goes to."""
    ids = {row.application_id for row in rows} - {None}
    found = {one.id: one for one in session.scalars(select(Application).where(Application.id.in_(ids)))}
    return {row.id: _phone_hash(row, found.get(row.application_id or 0)) for row in rows}


def _phone(session: Session, vault: Vault, phone_hash: bytes, application: Application | None) -> str | None:
    if application is not None:
        return unsealer(vault, application)("phone")
    contact = session.get(Contact, phone_hash)
    return None if contact is None else phone_of(vault, contact)


def _phone_hash(row: Task, application: Application | None) -> bytes | None:
    """The phone on record; a ticket about no application is about a phone."""
    if application is not None:
        return application.phone_hash
    try:
        return bytes.fromhex(row.about.rpartition(":")[2])
    except ValueError:
        return None
