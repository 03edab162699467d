"""What is kept of a USSD call beyond Redis? Where it began, which effects it had, how it ended, and the funnel."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Boolean, Date, Index, Integer, LargeBinary, String, case, delete, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from immigration.database import Base, UtcDateTime, upsert

# A call lives 180 s at most (africastalking.md 2.6); what is silent for longer than this is over.
SILENCE: Final = timedelta(minutes=10)
RETENTION: Final = timedelta(days=30)
EFFECT_RETENTION: Final = timedelta(days=1)
BATCH: Final = 5000
_STEPS: Final = ("came", "went_on", "dropped", "ended")


class CallStart(Base):
    """Where a replay begins, if not at the current version's main menu: without it a replay would guess.

    A call that did not begin there, and one that has bound somebody since.
    """

    __tablename__ = "call_starts"

    call: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    menu_version: Mapped[str] = mapped_column(String(16))
    state_sealed: Mapped[bytes] = mapped_column(LargeBinary)


class Effect(Base):
    """An effect that a call has had, by its position: a replay does not have it again."""

    __tablename__ = "call_effects"

    call: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class MenuVersion(Base):
    """Since when a version of the menus has been answering; the newest row is the current one."""

    __tablename__ = "menu_versions"

    version: Mapped[str] = mapped_column(String(16), primary_key=True)
    since: Mapped[datetime] = mapped_column(UtcDateTime)


class Call(Base):
    """One call: time, hops, last screen, outcome; no number, only the session's keyed hash. Kept 30 days."""

    __tablename__ = "calls"
    __table_args__ = (Index("ix_calls_closed_last_at", "closed", "last_at"),)

    call: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    aggregator: Mapped[str] = mapped_column(String(20))
    network: Mapped[str] = mapped_column(String(20))
    began_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_at: Mapped[datetime] = mapped_column(UtcDateTime)
    hops: Mapped[int] = mapped_column(Integer)
    # How far the call has come: the length of all that was typed, or the hop number where an aggregator counts.
    length: Mapped[int] = mapped_column(Integer)
    screen: Mapped[str] = mapped_column(String(40))
    language: Mapped[str] = mapped_column(String(3))
    # open | ended (we said END) | dropped (it stopped while more was expected)
    outcome: Mapped[str] = mapped_column(String(8))
    closed: Mapped[bool] = mapped_column(Boolean)


class CallEnd(Base):
    """The aggregator's word that a session is over: may come early, late, twice or never. Kept 30 days."""

    __tablename__ = "call_ends"

    call: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    status: Mapped[str] = mapped_column(String(20))
    duration_ms: Mapped[int | None] = mapped_column(Integer)
    hops: Mapped[int | None] = mapped_column(Integer)
    cost: Mapped[str | None] = mapped_column(String(20))
    repeats: Mapped[int] = mapped_column(Integer)


class FunnelDay(Base):
    """How many came to a screen on a day, went on from it, were dropped there or ended there."""

    __tablename__ = "funnel_days"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    screen: Mapped[str] = mapped_column(String(40), primary_key=True)
    language: Mapped[str] = mapped_column(String(3), primary_key=True)
    came: Mapped[int] = mapped_column(Integer)
    went_on: Mapped[int] = mapped_column(Integer)
    dropped: Mapped[int] = mapped_column(Integer)
    ended: Mapped[int] = mapped_column(Integer)


@dataclass(frozen=True)
class HopFact:
    """One answered hop, as the funnel wants it: which screen was left, which one was shown."""

    call: bytes
    at: datetime
    aggregator: str
    network: str
    length: int
    left: str | None
    shown: str
    language: str
    ended: bool


def first_time(session: Session, call: bytes, position: int, now: datetime) -> bool:
    """Whether the effect at this position has not happened yet; from now on it has."""
    query = upsert(session, Effect).values(call=call, position=position, at=now).on_conflict_do_nothing()
    return session.execute(query.returning(Effect.position)).first() is not None


def note_start(
    session: Session, call: bytes, version: str, state_sealed: bytes, now: datetime, *, anew: bool = False
) -> None:
    """Keep where a replay of this call begins. The first word holds, but for one that was said `anew`."""
    kept = {"at": now, "menu_version": version, "state_sealed": state_sealed}
    query = upsert(session, CallStart).values(call=call, **kept)
    if anew:
        session.execute(query.on_conflict_do_update(index_elements=["call"], set_=kept))
    else:
        session.execute(query.on_conflict_do_nothing())


def menus_replaced_at(session: Session, version: str, now: datetime) -> datetime | None:
    """When these menus took over from others: now, if others answered last; none, if there never were others."""
    rows = session.execute(select(MenuVersion.version, MenuVersion.since).order_by(MenuVersion.since.desc())).all()
    if rows and rows[0].version == version:
        return rows[0].since if len(rows) > 1 else None
    session.merge(MenuVersion(version=version, since=now))
    return now if rows else None


def note_hops(session: Session, facts: Sequence[HopFact]) -> None:
    """Add a batch of hops to their calls and to the funnel: two statements, however many hops there are."""
    if not facts:
        return
    calls: dict[bytes, dict[str, Any]] = {}
    for fact in facts:
        known = calls.get(fact.call)
        calls[fact.call] = {
            "call": fact.call,
            "aggregator": fact.aggregator[:20],
            "network": fact.network[:20],
            "began_at": known["began_at"] if known else fact.at,
            "last_at": fact.at,
            "hops": known["hops"] + 1 if known else 1,
            "length": max(known["length"], fact.length) if known else fact.length,
            "screen": fact.shown,
            "language": fact.language,
            "outcome": "ended" if fact.ended else "open",
            "closed": False,
        }
    query = upsert(session, Call)
    new = query.excluded
    latest = {name: new[name] for name in ("last_at", "screen", "language", "outcome")}
    furthest = case((new.length > Call.length, new.length), else_=Call.length)
    added = query.on_conflict_do_update(
        index_elements=[Call.call], set_=latest | {"hops": Call.hops + new.hops, "length": furthest}
    )
    # In one order everywhere: two processes with the same calls must not wait for each other in a circle.
    session.execute(added, sorted(calls.values(), key=lambda call: bytes(call["call"])))
    _add(
        session,
        [(fact.at.date(), fact.shown, fact.language, "came") for fact in facts]
        + [(fact.at.date(), fact.left, fact.language, "went_on") for fact in facts if fact.left]
        + [(fact.at.date(), fact.shown, fact.language, "ended") for fact in facts if fact.ended],
    )


def _add(session: Session, counted: Sequence[tuple[date, str, str, str]]) -> None:
    totals: dict[tuple[date, str, str], dict[str, int]] = {}
    for day, screen, language, step in counted:
        steps = totals.setdefault((day, screen, language), dict.fromkeys(_STEPS, 0))
        steps[step] += 1
    if not totals:
        return
    query = upsert(session, FunnelDay)
    added = query.on_conflict_do_update(
        index_elements=[FunnelDay.day, FunnelDay.screen, FunnelDay.language],
        set_={step: getattr(FunnelDay, step) + query.excluded[step] for step in _STEPS},
    )
    session.execute(
        added,
        [
            {"day": day, "screen": screen, "language": language} | steps
            for (day, screen, language), steps in sorted(totals.items())
        ],
    )


def note_end(
    session: Session,
    call: bytes,
    status: str,
    duration_ms: int | None,
    hops: int | None,
    cost: str | None,
    now: datetime,
) -> None:
    """Keep the aggregator's word about the end of a session; the first word holds, repeats are counted."""
    query = upsert(session, CallEnd).values(
        call=call,
        at=now,
        status=status[:20],
        duration_ms=duration_ms,
        hops=hops,
        cost=cost and cost[:20],
        repeats=0,
    )
    session.execute(query.on_conflict_do_update(index_elements=[CallEnd.call], set_={"repeats": CallEnd.repeats + 1}))


def close_silent(session: Session, now: datetime) -> int:
    """Roll calls that are over up into the funnel: told so by the aggregator, or silent too long. How many."""
    told = select(CallEnd.call).where(CallEnd.call == Call.call).exists()
    over = (
        select(Call.call, Call.began_at, Call.screen, Call.language, Call.outcome)
        .where(Call.closed.is_(False), (Call.last_at < now - SILENCE) | told)
        .limit(BATCH)
    )
    rows = session.execute(over).all()
    if not rows:
        return 0
    dropped = [row for row in rows if row.outcome == "open"]
    _add(session, [(row.began_at.date(), row.screen, row.language, "dropped") for row in dropped])
    session.execute(update(Call).where(Call.call.in_([row.call for row in rows])).values(closed=True))
    session.execute(update(Call).where(Call.call.in_([row.call for row in dropped])).values(outcome="dropped"))
    return len(rows)


def funnel(session: Session, since: date) -> Sequence[FunnelDay]:
    """Per screen and language since a day: came, went on, dropped, ended (days added up)."""
    totals = [func.sum(getattr(FunnelDay, step)).label(step) for step in _STEPS]
    query = (
        select(FunnelDay.screen, FunnelDay.language, *totals)
        .where(FunnelDay.day >= since)
        .group_by(FunnelDay.screen, FunnelDay.language)
        .order_by(FunnelDay.screen, FunnelDay.language)
    )
    return [
        FunnelDay(
            day=since,
            screen=row.screen,
            language=row.language,
            came=int(row.came),
            went_on=int(row.went_on),
            dropped=int(row.dropped),
            ended=int(row.ended),
        )
        for row in session.execute(query)
    ]


def purge(session: Session, now: datetime) -> int:
    """Delete a batch of what is past its time: starts and effects after a day, calls and ends after thirty."""
    gone = 0
    for table, column, kept in (
        (CallStart, CallStart.at, EFFECT_RETENTION),
        (Effect, Effect.at, EFFECT_RETENTION),
        (Call, Call.last_at, RETENTION),
        (CallEnd, CallEnd.at, RETENTION),
    ):
        old = select(table.call).where(column < now - kept).limit(BATCH)
        result = session.execute(delete(table).where(table.call.in_(old)).returning(table.call))
        gone += len(result.all())
    return gone
