"""How are messages doing, all together? What the operators' instruments show, by indexed look-ups."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from immigration.messages import channels
from immigration.messages.outbox import Lane
from immigration.messages.states import State
from immigration.messages.tables import Message

DAY: Final = timedelta(days=1)
_HOUR: Final = timedelta(hours=1)
# Enough for a quantile, and a bound on what a reading costs.
_SAMPLE: Final = 5000


@dataclass(frozen=True)
class Total:
    """Messages written within a day, by lane, state and fault, with their segments."""

    lane: str
    state: str
    fault: str
    messages: int
    segments: int


def waiting_s(session: Session, now: datetime) -> dict[str, float]:
    """By lane: how long the oldest due message has been waiting, in seconds."""
    return {lane.name.lower(): _age_s(session, lane, now) for lane in Lane}


def _age_s(session: Session, lane: Lane, now: datetime) -> float:
    oldest = session.scalar(
        select(Message.due_at)
        .where(Message.state == State.QUEUED, Message.lane == lane, Message.due_at <= now)
        .order_by(Message.due_at)
        .limit(1)
    )
    return 0.0 if oldest is None else (now - oldest).total_seconds()


def paused(session: Session) -> list[str]:
    """The channels that wait for somebody to put them right."""
    return [row.name for row in channels.every(session) if row.paused_at is not None]


def totals(session: Session, now: datetime) -> list[Total]:
    """What was written within the last day."""
    rows = session.execute(
        select(Message.lane, Message.state, Message.fault, func.count(), func.sum(Message.segments))
        .where(Message.created_at > now - DAY)
        .group_by(Message.lane, Message.state, Message.fault)
    )
    return [
        Total(Lane(lane).name.lower(), state, fault or "", count, parts) for lane, state, fault, count, parts in rows
    ]


def seconds_taken(session: Session, now: datetime) -> dict[str, list[float]]:
    """How long messages of the last hour took from the change they tell of: until taken over, until on the phone."""
    rows = session.execute(
        select(Message.created_at, Message.submitted_at, Message.ended_at, Message.state)
        .where(Message.created_at > now - _HOUR, Message.submitted_at.is_not(None))
        .order_by(Message.created_at.desc())
        .limit(_SAMPLE)
    ).all()
    taken: dict[str, list[float]] = {"submitted": [], "delivered": []}
    for created_at, submitted_at, ended_at, state in rows:
        assert submitted_at is not None, "asked for only those"
        taken["submitted"].append((submitted_at - created_at).total_seconds())
        if state == State.DELIVERED and ended_at is not None:
            taken["delivered"].append((ended_at - created_at).total_seconds())
    return taken


def quantile(values: Sequence[float], share: float) -> float:
    """The value that this share of them does not exceed; 0 of none."""
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
