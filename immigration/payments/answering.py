"""How does an officer answer a ticket? In one SMS to whoever opened it; then the ticket is done."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from immigration.applications.tables import Application
from immigration.contacts import Contact, phone_of
from immigration.inbox.officer import TEMPLATE, NotAnswered, fitting
from immigration.messages.notices import language_for
from immigration.messages.outbox import Draft, Lane, Outbox
from immigration.people import as_language
from immigration.tasks import Task, finish

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


def answer(session: Session, outbox: Outbox, number: int, text: str, actor: str, now: datetime) -> tuple[Task, bytes]:
    """Send an officer's words to whoever opened the ticket, in their language, and close it, in a writing session.

    The ticket, and the keyed hash of the phone that is answered.
    Raises `NoSuchTicket`, `AlreadyDone`, `NotAnswered`.
    """
    row = session.scalar(select(Task).where(Task.id == number, Task.kind == "ticket").with_for_update())
    if row is None:
        raise NoSuchTicket
    if row.done_at is not None:
        raise AlreadyDone
    contact = None if row.phone_hash is None else session.get(Contact, row.phone_hash)
    if contact is None or row.office is None:
        raise NotAnswered("whoever opened it cannot be written to: no phone number is known")
    application = None if row.application_id is None else session.get_one(Application, row.application_id)
    recorded = None if application is None or application.language is None else as_language(application.language)
    language = language_for(session, contact.phone_hash, recorded, outbox.catalogue().office(row.office))
    outbox.put(
        session,
        Draft(
            occasion=f"ticket:{row.id}:answer",
            template=TEMPLATE,
            values={"jawaban": fitting(outbox, language, text)},
            language=language,
            office=row.office,
            phone=phone_of(outbox.vault, contact),
            lane=Lane.URGENT,
            category="reply",
            reason="officer",
            validity=_VALID,
            application_id=row.application_id,
        ),
        now,
    )
    finish(session, row.id, actor, now)
    return row, contact.phone_hash
