"""What does a delivery report mean for a message? It may come early, late, twice, out of order, or for nobody."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import bindparam, insert, or_, select, update
from sqlalchemy.orm import Session

from immigration.messages.states import ABSENT_RANK, RANK, State
from immigration.messages.tables import Message, MessageEvent
from immigration.tasks import finish_about, open_task

News = Literal["accepted", "delivered", "absent", "failed"]
_LATE: Final = timedelta(hours=48)
_WORD: Final = 80
_RANKS: Final[dict[News, tuple[State, int]]] = {
    "accepted": (State.SUBMITTED, RANK[State.SUBMITTED]),
    "delivered": (State.DELIVERED, RANK[State.DELIVERED]),
    "absent": (State.FAILED, ABSENT_RANK),
    "failed": (State.FAILED, RANK[State.FAILED]),
}


# What an aggregator gave no id to, or we never heard which.
_NAMELESS: Final = Message.state.in_((State.UNKNOWN, State.SUBMITTED)) & Message.aggregator_id.is_(None)
_EARLY: Final = (
    select(MessageEvent.id)
    .where(
        MessageEvent.message_id.is_(None),
        MessageEvent.aggregator_id.in_(bindparam("ids", expanding=True)),
        MessageEvent.channel == bindparam("by"),
    )
    .order_by(MessageEvent.id)
)


@dataclass(frozen=True)
class Report:
    """An aggregator's word about a message. `news` is none for words that we do not know: kept, and without effect.

    `client_id` is our own id where the aggregator echoes it.
    """

    channel: str
    aggregator_id: str
    news: News | None
    word: str
    phone_hash: bytes | None = None
    fault: str | None = None
    client_id: bytes | None = None


def take(session: Session, report: Report, now: datetime) -> int | None:
    """Keep a report and apply it; the message it is about, none where that is not known (yet)."""
    message_id = _named(session, report)
    if message_id is None and report.news is not None:
        message_id = _only_unknown(session, report.channel, report.phone_hash, report.aggregator_id, now)
    session.execute(
        insert(MessageEvent).values(
            message_id=message_id,
            at=now,
            source="report",
            state=None if report.news is None else _RANKS[report.news][0],
            fault="absent" if report.news == "absent" else report.fault,
            channel=report.channel,
            aggregator_id=report.aggregator_id,
            phone_hash=report.phone_hash,
            word=report.word[:_WORD],
        )
    )
    if message_id is not None and report.news is not None:
        _apply(session, message_id, report.news, report.fault, now)
    return message_id


def match_waiting(session: Session, now: datetime) -> int:
    """Apply reports that came before the message's own answer was written, and late ones for an unknown; how many."""
    waiting = session.scalars(
        select(MessageEvent)
        .where(MessageEvent.message_id.is_(None), MessageEvent.at > now - _LATE)
        .where(
            or_(
                MessageEvent.aggregator_id.in_(
                    select(Message.aggregator_id).where(Message.aggregator_id == MessageEvent.aggregator_id)
                ),
                MessageEvent.phone_hash.in_(
                    select(Message.phone_hash).where(Message.phone_hash == MessageEvent.phone_hash, _NAMELESS)
                ),
            )
        )
        # The newest first: what fits nothing must not keep them from their messages.
        .order_by(MessageEvent.id.desc())
        .limit(500)
    ).all()
    return sum(_match(session, event, now) for event in reversed(waiting))


def match_answered(session: Session, channel: str, aggregator_ids: list[str], now: datetime) -> None:
    """Apply reports that were quicker than the answers that named these messages."""
    if not aggregator_ids:
        return
    early = session.connection().execute(_EARLY, {"ids": aggregator_ids, "by": channel}).scalars().all()
    for id_ in early:
        _match(session, session.get_one(MessageEvent, id_), now)


def _match(session: Session, event: MessageEvent, now: datetime) -> bool:
    assert event.channel is not None
    assert event.aggregator_id is not None
    message_id = session.scalar(
        select(Message.id).where(Message.aggregator_id == event.aggregator_id, Message.channel == event.channel)
    ) or _only_unknown(session, event.channel, event.phone_hash, event.aggregator_id, now)
    if message_id is None:
        return False
    event.message_id = message_id
    session.flush()
    if event.state is not None:
        _apply(session, message_id, _news(event), event.fault, now)
    return True


def _news(event: MessageEvent) -> News:
    if event.state == State.FAILED:
        return "absent" if event.fault == "absent" else "failed"
    return "delivered" if event.state == State.DELIVERED else "accepted"


def _named(session: Session, report: Report) -> int | None:
    if report.client_id is not None:
        found = session.scalar(select(Message.id).where(Message.uid == report.client_id))
        if found is not None:
            return found
    return session.scalar(
        select(Message.id)
        .where(Message.aggregator_id == report.aggregator_id, Message.channel == report.channel)
        .limit(1)
    )


def _only_unknown(
    session: Session, channel: str, phone_hash: bytes | None, aggregator_id: str, now: datetime
) -> int | None:
    """The one message to this phone that has no id of theirs, if there is no other that the report may be about.

    It takes the aggregator's id, so that the next report finds it by that.
    """
    if phone_hash is None:
        return None
    recent = Message.submitting_at > now - _LATE
    found = session.scalars(
        select(Message.id)
        .where(
            Message.phone_hash == phone_hash,
            Message.channel == channel,
            recent,
            or_(Message.state == State.SUBMITTING, _NAMELESS),
        )
        .limit(2)
    ).all()
    if len(found) != 1:
        return None
    taken = session.execute(
        update(Message)
        .where(Message.id == found[0], _NAMELESS)
        .values(aggregator_id=aggregator_id)
        .returning(Message.id)
        .execution_options(synchronize_session=False)
    ).first()
    return None if taken is None else found[0]


def _apply(session: Session, message_id: int, news: News, fault: str | None, now: datetime) -> None:
    state, rank = _RANKS[news]
    # Also where it waits for another try: it went out after all, so there is none.
    values: dict[str, Any] = {"state": state, "rank": rank, "lease": None, "lease_until": None}
    values["fault"] = fault if state is State.FAILED else None
    if state is not State.SUBMITTED:
        values["ended_at"] = now
    changed = session.execute(
        update(Message)
        .where(Message.id == message_id, Message.rank < rank)
        .values(**values)
        .returning(Message.reason, Message.office)
        .execution_options(synchronize_session=False)
    ).first()
    if changed is None:
        return
    finish_about(session, "unknown_result", str(message_id), "report", now)
    if state is State.FAILED:
        words = f"message {message_id} ({changed.reason}) did not reach the phone: {fault or news}"
        open_task(session, "message_failed", str(message_id), words, now, office=changed.office, message_id=message_id)
    elif state is State.DELIVERED:
        finish_about(session, "message_failed", str(message_id), "report", now)
