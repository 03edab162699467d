"""Which message goes next, and what has become of it? Each step is a conditional statement that only one can win.

A batch is claimed under a lease; each row of it is checked against the truth and marked `submitting` before a byte
leaves; the answer settles it. Whoever lost the lease finds that the condition no longer holds and sends nothing.
"""

import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import Table, bindparam, case, insert, literal_column, select, update
from sqlalchemy.orm import Session

from immigration.messages import channels
from immigration.messages.outbox import Lane
from immigration.messages.states import RANK, State
from immigration.messages.tables import Message, MessageEvent
from immigration.tasks import finish_about, open_task

_FIRST_RETRY: Final = timedelta(seconds=2)
_LONGEST_RETRY: Final = timedelta(minutes=5)
_WORD: Final = 80
assert isinstance(Message.__table__, Table)
assert isinstance(MessageEvent.__table__, Table)
_TABLE: Final[Table] = Message.__table__
_FRESH: Final = _TABLE.c.rank < RANK[State.SUBMITTED]

# Built once: putting a statement together costs more than running it.
_SUBMITTING: Final = (
    update(_TABLE)
    .where(_TABLE.c.id == bindparam("row_id"), _TABLE.c.state == State.CLAIMED, _TABLE.c.lease == bindparam("mine"))
    .values(
        state=State.SUBMITTING,
        rank=RANK[State.SUBMITTING],
        attempts=_TABLE.c.attempts + 1,
        channel=bindparam("by"),
        phone_hash=bindparam("whose"),
        submitting_at=bindparam("at"),
        lease_until=bindparam("until"),
        fault=None,
    )
)
# The id is kept whatever is known already; the state only where nothing better is.
_ACCEPTED: Final = (
    update(_TABLE)
    .where(_TABLE.c.id == bindparam("row_id"))
    .values(
        aggregator_id=bindparam("their_id"),
        submitted_at=bindparam("at"),
        state=case((_FRESH, State.SUBMITTED.value), else_=_TABLE.c.state),
        rank=case((_FRESH, RANK[State.SUBMITTED]), else_=_TABLE.c.rank),
        lease=None,
        lease_until=None,
    )
)

_GIVEN_UP: Final = select(_TABLE.c.id).where(
    _TABLE.c.id.in_(bindparam("ids", expanding=True)), _TABLE.c.state == State.UNKNOWN.value
)


def _claim_of(*conditions: Any) -> Any:
    ready = (
        select(_TABLE.c.id)
        .where(
            _TABLE.c.state == literal_column("'queued'"),
            _TABLE.c.lane == bindparam("of"),
            _TABLE.c.due_at <= bindparam("due"),
            *conditions,
        )
        .order_by(_TABLE.c.due_at, _TABLE.c.id)
        .limit(bindparam("most"))
        .with_for_update(skip_locked=True)
        # As a common table it is run once: a plain sub-select may be run again and lock more than its limit.
        .cte("ready")
    )
    return (
        update(_TABLE)
        .where(_TABLE.c.id.in_(select(ready.c.id)), _TABLE.c.state == literal_column("'queued'"))
        .values(
            state=State.CLAIMED.value,
            rank=RANK[State.CLAIMED],
            lease=bindparam("mine"),
            lease_until=bindparam("until"),
        )
        .returning(_TABLE.c.due_at, _TABLE.c.id)
    )


_CLAIM: Final = _claim_of()
_CLAIM_OF: Final = _claim_of(_TABLE.c.office.in_(bindparam("offices", expanding=True)))

_EVENTS: Final = insert(MessageEvent.__table__)
_NO_EVENT: Final = dict.fromkeys(
    ("message_id", "at", "source", "state", "fault", "channel", "aggregator_id", "phone_hash"), None
) | {"word": ""}

OutcomeKind = Literal["accepted", "retry", "permanent", "channel", "unknown"]

_STATE: Final[dict[str, str]] = {
    "accepted": State.SUBMITTED.value,
    "retry": State.QUEUED.value,
    "channel": State.QUEUED.value,
    "permanent": State.FAILED.value,
    "unknown": State.UNKNOWN.value,
}


@dataclass(frozen=True)
class Result:
    """What an aggregator's answer, or its silence, means for one message.

    `retry`: surely not accepted, try again (after `retry_after_s`, if it said so); `permanent`: never will be;
    `channel`: nothing goes this way until somebody puts it right; `unknown`: it may have been accepted.
    """

    message_id: int
    channel: str
    kind: OutcomeKind
    fault: str | None = None
    aggregator_id: str | None = None
    retry_after_s: float | None = None
    word: str = ""
    next_channel: str | None = None
    office: str | None = None


def claim(
    session: Session, lease: bytes, limit: int, due: datetime, until: datetime, offices: Collection[str] | None = None
) -> list[int]:
    """Take up to `limit` due messages under this lease until then, urgent first; their ids in the order to send.

    `offices` bounds it to those whose channels are open (none: all are).
    """
    taken: list[int] = []
    statement = _CLAIM if offices is None else _CLAIM_OF
    values: dict[str, Any] = {"due": due, "mine": lease, "until": until}
    if offices is not None:
        values["offices"] = list(offices)
    for lane in Lane:
        if len(taken) == limit:
            break
        rows = session.connection().execute(statement, values | {"of": int(lane), "most": limit - len(taken)})
        # The rows of a lane keep their order: an UPDATE returns them in its own.
        taken += [id_ for _, id_ in sorted((row.due_at, row.id) for row in rows)]
    return taken


def mark_submitting(
    session: Session, lease: bytes, begun: Mapping[int, tuple[str, bytes]], now: datetime, until: datetime
) -> None:
    """The last word before bytes leave: from here on a death leaves `unknown`. `begun`: channel and phone by id.

    The rows were read and locked in this transaction, still under this lease.
    """
    if begun:
        common = {"mine": lease, "at": now, "until": until}
        rows = [{"row_id": id_, "by": channel, "whose": whose} | common for id_, (channel, whose) in begun.items()]
        session.connection().execute(_SUBMITTING, rows)


def put_off(session: Session, lease: bytes, ids: Sequence[int], due: datetime | None) -> None:
    """Give claimed messages back, to go at `due` (none: when they were to)."""
    if not ids:
        return
    values: dict[str, Any] = {"state": State.QUEUED, "rank": RANK[State.QUEUED], "lease": None, "lease_until": None}
    if due is not None:
        values["due_at"] = due
    session.execute(
        update(Message)
        .where(Message.id.in_(ids), Message.state == State.CLAIMED, Message.lease == lease)
        .values(**values)
        .execution_options(synchronize_session=False)
    )


def settle(
    session: Session, lease: bytes, results: Sequence[Result], now: datetime, *, again_from: datetime | None = None
) -> None:
    """Write down what came of these. A report that was quicker keeps its word.

    Further tries are counted from `again_from` (none: now): a drain that sees a later time must not see them due.
    """
    if not results:
        return
    # An answer that came after the lease had run out: what was asked of an officer is answered.
    ids = [one.message_id for one in results if one.kind in ("accepted", "permanent")]
    for id_ in session.connection().execute(_GIVEN_UP, {"ids": ids}).scalars().all():
        finish_about(session, "unknown_result", str(id_), "answer", now)
    by_kind: dict[str, list[Result]] = {}
    for result in results:
        by_kind.setdefault(result.kind, []).append(result)
    if accepted := by_kind.get("accepted"):
        rows = [{"row_id": one.message_id, "their_id": one.aggregator_id, "at": now} for one in accepted]
        session.connection().execute(_ACCEPTED, rows)
    for kind, state in (("permanent", State.FAILED), ("unknown", State.UNKNOWN)):
        if ended := by_kind.get(kind):
            _end(session, state, ended, now)
    again = [*by_kind.get("retry", ()), *by_kind.get("channel", ())]
    if again:
        _queue_again(session, lease, again, again_from or now)
    for result in by_kind.get("channel", ()):
        channels.pause(session, result.channel, result.fault or "", now)
    note_events(
        session,
        [
            {
                "message_id": one.message_id,
                "at": now,
                "source": "answer",
                "state": _STATE[one.kind],
                "fault": one.fault,
                "channel": one.channel,
                "aggregator_id": one.aggregator_id,
                "word": one.word[:_WORD],
            }
            for one in results
        ],
    )


def note_events(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write down one input each."""
    session.connection().execute(_EVENTS, [{**_NO_EVENT, **row} for row in rows])


def _end(session: Session, state: State, results: Sequence[Result], now: datetime) -> None:
    connection = session.connection()
    connection.execute(
        update(_TABLE)
        .where(_TABLE.c.id == bindparam("row_id"), _TABLE.c.rank < RANK[state])
        .values(
            state=state,
            rank=RANK[state],
            fault=bindparam("why"),
            ended_at=now if state is not State.UNKNOWN else None,
            lease=None,
            lease_until=None,
        ),
        [{"row_id": one.message_id, "why": one.fault} for one in results],
    )
    # A report may have been quicker and said better: then there is nothing to ask.
    ids = [one.message_id for one in results]
    so = set(connection.execute(select(_TABLE.c.id).where(_TABLE.c.id.in_(ids), _TABLE.c.state == state)).scalars())
    for one in results:
        if one.message_id not in so:
            continue
        if state is State.UNKNOWN:
            ask_about_unknown(session, one.message_id, one.office, now)
        else:
            words = f"message {one.message_id} cannot be delivered: {one.fault}"
            about = str(one.message_id)
            open_task(session, "message_failed", about, words, now, office=one.office, message_id=one.message_id)


def ask_about_unknown(session: Session, id_: int, office: str | None, now: datetime) -> None:
    """An officer decides whether a message that may have gone out is to go out again."""
    words = f"nobody can tell whether message {id_} went out: `messages show`, then `messages resend` if it did not"
    open_task(session, "unknown_result", str(id_), words, now, office=office, message_id=id_)


def _queue_again(session: Session, lease: bytes, results: Sequence[Result], now: datetime) -> None:
    """Back to the queue with a growing, jittered delay, but never past the message's own expiry."""
    attempts = {
        row.id: row.attempts
        for row in session.execute(
            select(Message.id, Message.attempts).where(Message.id.in_([one.message_id for one in results]))
        )
    }
    rows = []
    for one in results:
        delay = retry_delay(attempts.get(one.message_id, 1))
        if one.next_channel is not None and attempts.get(one.message_id, 1) == 1:
            # What this channel asked for is nothing to the other; but where both refuse, patience is due.
            delay = timedelta()
        elif one.retry_after_s is not None:
            delay = max(delay, timedelta(seconds=one.retry_after_s))
        rows.append({"row_id": one.message_id, "then": now + delay, "why": one.fault, "by": one.next_channel})
    session.connection().execute(
        update(_TABLE)
        .where(_TABLE.c.id == bindparam("row_id"), _TABLE.c.state == State.SUBMITTING, _TABLE.c.lease == lease)
        .values(
            state=State.QUEUED,
            rank=RANK[State.QUEUED],
            # The row falls due at its expiry at the latest, so that it is then seen to have expired.
            due_at=case((_TABLE.c.expires_at < bindparam("then"), _TABLE.c.expires_at), else_=bindparam("then")),
            fault=bindparam("why"),
            channel=bindparam("by"),
            submitting_at=None,
            lease=None,
            lease_until=None,
        ),
        rows,
    )


def retry_delay(attempts: int) -> timedelta:
    """How long to wait after so many attempts: doubling to five minutes, each a quarter more or less."""
    grown = min(_FIRST_RETRY * float(2 ** min(attempts - 1, 20)), _LONGEST_RETRY)
    return grown * random.uniform(0.75, 1.25)  # noqa: S311 - spread, not secrecy
