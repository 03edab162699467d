"""Which ways out are open? One that is paused waits for an officer, one that is held for its time."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from immigration.database import upsert
from immigration.messages.tables import Channel
from immigration.tasks import finish_about, open_task


def pause(session: Session, channel: str, fault: str, now: datetime) -> None:
    """Nothing more goes this way until an officer resumes it; the messages wait, none is burnt."""
    ensure(session, channel)
    session.execute(
        update(Channel)
        .where(Channel.name == channel, Channel.paused_at.is_(None))
        .values(paused_at=now, fault=fault)
        .execution_options(synchronize_session=False)
    )
    words = f"channel {channel} is paused: {fault}. Put it right, then `channels resume {channel}`"
    open_task(session, "channel_paused", channel, words, now)


def resume(session: Session, channel: str, actor: str, now: datetime) -> bool:
    """Let a channel send again; whether it was paused."""
    opened = session.execute(
        update(Channel)
        .where(Channel.name == channel, Channel.paused_at.is_not(None))
        .values(paused_at=None, fault=None, held_until=None)
        .returning(Channel.name)
        .execution_options(synchronize_session=False)
    ).first()
    finish_about(session, "channel_paused", channel, actor, now)
    return opened is not None


def hold(session: Session, channel: str, until: datetime) -> None:
    """An aggregator asked us to wait: nothing goes this way before then."""
    ensure(session, channel)
    session.execute(
        update(Channel)
        .where(Channel.name == channel)
        .values(held_until=until)
        .execution_options(synchronize_session=False)
    )


def ensure(session: Session, name: str) -> None:
    """Have a row for this channel."""
    session.execute(upsert(session, Channel).values(name=name).on_conflict_do_nothing())


def every(session: Session) -> list[Channel]:
    """Every channel that has been used or spoken of."""
    return list(session.scalars(select(Channel).order_by(Channel.name)))


def closed(session: Session, now: datetime) -> set[str]:
    """Channels that are paused, or held off at this moment."""
    return {
        row.name
        for row in every(session)
        if row.paused_at is not None or (row.held_until is not None and row.held_until > now)
    }
