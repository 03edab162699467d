"""Which days and sessions have free seats? One indexed statement each, whatever has passed before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from immigration.appointments.calendar import earliest_start, last_open_day
from immigration.appointments.tables import Hold, Slot
from immigration.offices.catalogue import OfficeFacts
from immigration.offices.visit_rules import Lane


@dataclass(frozen=True)
class FreeDay:
    """A day of sessions that can still be booked, with how many seats are left (none: full)."""

    day: date
    free: int
    # The slot of a day that has a single session.
    only: int | None = None


@dataclass(frozen=True)
class FreeSession:
    """A session with free seats; times in UTC."""

    id: int
    starts_at: datetime
    ends_at: datetime
    free: int


# A hold that ran out is free, whether it was swept or not, and so is what the caller holds for the same: to the caller.
# There are few of them, so they are counted slot by slot.
_LAPSED: Final = (
    select(Hold.slot_id, func.count().label("count"))
    .where(
        (Hold.expires_at <= bindparam("now"))
        | ((Hold.phone_hash == bindparam("caller")) & (Hold.about == bindparam("about")))
    )
    .group_by(Hold.slot_id)
    .subquery("lapsed")
)
_FREE: Final = Slot.capacity - Slot.held - Slot.booked + func.coalesce(_LAPSED.c.count, 0)
_BOOKABLE: Final = (
    Slot.office == bindparam("office"),
    Slot.lane == bindparam("lane"),
    Slot.starts_at > bindparam("after"),
    Slot.is_open,
)
DAYS: Final = (
    select(Slot.day, func.sum(_FREE).label("free"), func.count().label("sessions"), func.min(Slot.id).label("first"))
    .outerjoin(_LAPSED, _LAPSED.c.slot_id == Slot.id)
    .where(*_BOOKABLE, Slot.day <= bindparam("last_day"))
    .group_by(Slot.day)
    .order_by(Slot.day)
)
"""Rows of day, free seats and sessions; parameters as `asked` gives them."""

SESSIONS: Final = (
    select(Slot.id, Slot.day, Slot.starts_at, Slot.ends_at, _FREE.label("free"))
    .outerjoin(_LAPSED, _LAPSED.c.slot_id == Slot.id)
    .where(*_BOOKABLE, Slot.day <= bindparam("last_day"), _FREE > 0)
    .order_by(Slot.starts_at)
)
"""Rows of sessions with free seats."""

OF_A_DAY: Final = (
    select(Slot.id, Slot.starts_at, Slot.ends_at, Slot.is_open, _FREE.label("free"))
    .outerjoin(_LAPSED, _LAPSED.c.slot_id == Slot.id)
    .where(Slot.office == bindparam("office"), Slot.lane == bindparam("lane"), Slot.day == bindparam("day"))
    .order_by(Slot.starts_at)
)
"""Rows of all sessions of a day, whether they may be booked or not: by their place in it they can be numbered."""


def asked(office: OfficeFacts, lane: Lane, now: datetime, caller: bytes = b"", about: str = "") -> dict[str, Any]:
    """The parameters of `DAYS` and `SESSIONS` for an office at a moment. Raises `TakesNoVisits`.

    What `caller` holds for `about` counts as free.
    """
    return {
        "office": office.code,
        "lane": lane,
        "after": earliest_start(office, now),
        "last_day": last_open_day(office, now),
        "now": now,
        "caller": caller,
        "about": about,
    }


def as_days(rows: Sequence[Any]) -> list[FreeDay]:
    """The rows of `DAYS`."""
    return [FreeDay(row.day, int(row.free), row.first if row.sessions == 1 else None) for row in rows]


def as_sessions(rows: Sequence[Any]) -> list[FreeSession]:
    """The rows of `SESSIONS`."""
    return [FreeSession(row.id, row.starts_at, row.ends_at, int(row.free)) for row in rows]


def free_days(session: Session, office: OfficeFacts, lane: Lane, now: datetime) -> list[FreeDay]:
    """The days that may be booked, full ones included, nearest first."""
    return as_days(session.connection().execute(DAYS, asked(office, lane, now)).all())


def free_sessions(
    session: Session, office: OfficeFacts, lane: Lane, now: datetime, day: date | None = None
) -> list[FreeSession]:
    """The sessions with free seats, of one day or of all, nearest first."""
    rows = session.connection().execute(SESSIONS, asked(office, lane, now)).all()
    return as_sessions([row for row in rows if day is None or row.day == day])


def held_now(session: Session, slot_ids: Sequence[int], now: datetime) -> dict[int, int]:
    """How many seats of these slots are held; a hold that ran out counts no more, whether it was swept or not."""
    counted = (
        select(Hold.slot_id, func.count().label("held"))
        .where(Hold.slot_id.in_(slot_ids), Hold.expires_at > now)
        .group_by(Hold.slot_id)
    )
    return {row.slot_id: row.held for row in session.execute(counted)}
