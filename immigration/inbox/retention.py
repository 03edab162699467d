"""How long is what people wrote to us, and whom we wrote to, kept? 90 days; at once for who asked to be forgotten."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, exists, select, update
from sqlalchemy.orm import Session

from immigration.applications.tables import Application
from immigration.contacts import Contact
from immigration.inbox.tables import Inbound
from immigration.messages.states import UNSETTLED
from immigration.messages.tables import Message, MessageEvent
from immigration.tasks import Task

KEPT: Final = timedelta(days=90)
BATCH: Final = 2000
_PEOPLE: Final = 200


def forget_people(session: Session, now: datetime) -> int:
    """Delete a batch of contacts that asked for it and whose last answer has left; how many."""
    waits = exists().where(Message.phone_hash == Contact.phone_hash, Message.state.in_(UNSETTLED))
    hashes = list(
        session.scalars(
            select(Contact.phone_hash).where(Contact.erasing_at <= now, ~waits).limit(_PEOPLE).with_for_update()
        )
    )
    if hashes:
        for table in (Message, MessageEvent, Inbound):
            session.execute(
                update(table)
                .where(table.phone_hash.in_(hashes))
                .values(phone_hash=None)
                .execution_options(synchronize_session=False)
            )
        session.execute(delete(Contact).where(Contact.phone_hash.in_(hashes)))
    return len(hashes)


def purge(session: Session, now: datetime) -> int:
    """Delete a batch of messages from people past their 90 days; how many."""
    old = select(Inbound.id).where(Inbound.received_at < now - KEPT).order_by(Inbound.received_at).limit(BATCH)
    ids = list(session.scalars(old))
    if ids:
        session.execute(
            update(Task)
            .where(Task.inbound_id.in_(ids), Task.done_at.is_(None))
            .values(done_at=now, done_by="retention")
            .execution_options(synchronize_session=False)
        )
        session.execute(delete(Inbound).where(Inbound.id.in_(ids)))
    return len(ids)


def purge_contacts(session: Session, now: datetime) -> int:
    """Delete a batch of phones that no application has and nobody wrote to for 90 days; how many."""
    linked = exists().where(Application.phone_hash == Contact.phone_hash)
    waits = exists().where(Message.phone_hash == Contact.phone_hash, Message.state.in_(UNSETTLED))
    old = select(Contact.phone_hash).where(Contact.used_at < now - KEPT, ~linked, ~waits).limit(BATCH)
    hashes = list(session.scalars(old))
    if hashes:
        # Asked again: somebody may have been written to since.
        session.execute(
            delete(Contact).where(Contact.phone_hash.in_(hashes), Contact.used_at < now - KEPT, ~linked, ~waits)
        )
    return len(hashes)
