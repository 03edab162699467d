"""How long is what we sent and received kept? Texts 90 days, what became of them a year (domain.md 5.1)."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from immigration.messages.states import UNSETTLED
from immigration.messages.tables import Message, MessageEvent, SpendDay

TEXTS_KEPT: Final = timedelta(days=90)
KEPT: Final = timedelta(days=365)
BATCH: Final = 2000


def forget_texts(session: Session, now: datetime) -> int:
    """Take text and phone out of a batch of messages past their 90 days; how many."""
    old = (
        select(Message.id)
        .where(
            Message.created_at < now - TEXTS_KEPT,
            Message.body_sealed.is_not(None),
            Message.state.not_in(UNSETTLED),
        )
        .order_by(Message.created_at)
        .limit(BATCH)
    )
    ids = list(session.scalars(old))
    if ids:
        session.execute(
            update(Message)
            .where(Message.id.in_(ids))
            .values(body_sealed=None, key_id=None, phone_hash=None)
            .execution_options(synchronize_session=False)
        )
        session.execute(
            update(MessageEvent)
            .where(MessageEvent.message_id.in_(ids))
            .values(phone_hash=None)
            .execution_options(synchronize_session=False)
        )
    return len(ids)


def purge(session: Session, now: datetime) -> int:
    """Delete a batch of messages past their year, with their events; how many."""
    old = (
        select(Message.id)
        .where(Message.created_at < now - KEPT, Message.state.not_in(UNSETTLED))
        .order_by(Message.created_at)
        .limit(BATCH)
    )
    ids = list(session.scalars(old))
    if ids:
        session.execute(delete(MessageEvent).where(MessageEvent.message_id.in_(ids)))
        session.execute(delete(Message).where(Message.id.in_(ids)))
    session.execute(delete(SpendDay).where(SpendDay.day < (now - KEPT).date()))
    return len(ids)


def purge_unmatched(session: Session, now: datetime) -> int:
    """Delete a batch of reports that fitted no message for 90 days; how many."""
    old = (
        select(MessageEvent.id)
        .where(MessageEvent.at < now - TEXTS_KEPT, MessageEvent.message_id.is_(None))
        .limit(BATCH)
    )
    ids = list(session.scalars(old))
    if ids:
        session.execute(delete(MessageEvent).where(MessageEvent.id.in_(ids)))
    return len(ids)
