"""Which messages has nobody hold of? Those of dead workers, those past their time, those that wait for a worker."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, literal_column, select, update
from sqlalchemy.orm import Session

from immigration.messages.delivery import ask_about_unknown, note_events
from immigration.messages.outbox import Lane, untold
from immigration.messages.states import RANK, State
from immigration.messages.tables import Message
from immigration.tasks import open_task

_BATCH: Final = 500


def _unlocked(*conditions: Any, most: int | None = None) -> Any:
    """The ids of rows that nobody else is about: who waited for those could make others wait for ever."""
    query = select(Message.id).where(*conditions).limit(most).with_for_update(skip_locked=True)
    return select(query.cte("unlocked").c.id)


def release_dead(session: Session, now: datetime) -> tuple[int, int]:
    """What a killed worker left: claimed messages go back, those that were leaving are `unknown`. How many of each."""
    back = session.execute(
        update(Message)
        .where(Message.id.in_(_unlocked(Message.lease_until < now, Message.state == State.CLAIMED)))
        .values(state=State.QUEUED, rank=RANK[State.QUEUED], lease=None, lease_until=None)
        .returning(Message.id)
        .execution_options(synchronize_session=False)
    ).all()
    lost = session.execute(
        update(Message)
        .where(Message.id.in_(_unlocked(Message.lease_until < now, Message.state == State.SUBMITTING)))
        .values(state=State.UNKNOWN, rank=RANK[State.UNKNOWN], fault="worker died", lease=None, lease_until=None)
        .returning(Message.id, Message.channel, Message.office)
        .execution_options(synchronize_session=False)
    ).all()
    if lost:
        note_events(
            session,
            [
                {
                    "message_id": row.id,
                    "at": now,
                    "source": "lease",
                    "state": State.UNKNOWN.value,
                    "fault": "worker died",
                    "channel": row.channel,
                }
                for row in lost
            ],
        )
        for row in lost:
            ask_about_unknown(session, row.id, row.office, now)
    return len(back), len(lost)


def expire(session: Session, now: datetime) -> int:
    """End a batch of messages that wait past their time, whatever they wait for; how many. An officer sees each."""
    late = session.execute(
        update(Message)
        .where(
            Message.id.in_(
                _unlocked(Message.state == literal_column("'queued'"), Message.expires_at <= now, most=_BATCH)
            )
        )
        .values(
            state=State.EXPIRED,
            rank=RANK[State.EXPIRED],
            fault=func.coalesce(Message.fault, "too late"),
            ended_at=now,
        )
        .returning(Message.id, Message.reason, Message.office, Message.category, Message.phone_hash)
        .execution_options(synchronize_session=False)
    ).all()
    if late:
        untold(session, [row.phone_hash for row in late if row.category == "privacy"])
        rows = [{"message_id": row.id, "at": now, "source": "check", "state": State.EXPIRED.value} for row in late]
        note_events(session, [row | {"fault": "too late"} for row in rows])
    for row in late:
        words = f"message {row.id} ({row.reason}) was not sent in time"
        open_task(session, "message_failed", str(row.id), words, now, office=row.office, message_id=row.id)
    return len(late)


def is_due(session: Session, now: datetime) -> bool:
    """Whether some message waits for a worker."""
    return any(
        session.scalar(
            select(Message.id)
            .where(Message.state == State.QUEUED, Message.lane == lane, Message.due_at <= now)
            .limit(1)
        )
        is not None
        for lane in Lane
    )


def anything_lost(session: Session, now: datetime) -> bool:
    """Whether some lease has run out."""
    return session.scalar(select(Message.id).where(Message.lease_until < now).limit(1)) is not None
