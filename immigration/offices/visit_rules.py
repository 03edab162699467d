"""How does an office take visits? Its sessions and limits, as its reference file sets them (domain.md 9.7)."""

from collections.abc import Mapping
from datetime import time
from typing import Annotated, Any, Final, Literal, get_args

import msgspec

Lane = Literal["general", "priority", "far"]
"""For everybody; for those who go first (SE IMI-UM.01.01-2435/2018, domain.md 1.8); for distant districts."""

LANES: Final[tuple[Lane, ...]] = get_args(Lane)

_Count = Annotated[int, msgspec.Meta(ge=0, le=500)]
_Positive = Annotated[int, msgspec.Meta(ge=1, le=500)]
_Weekday = Annotated[int, msgspec.Meta(ge=0, le=6)]


class SessionPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A session of a weekday (0 is Monday), in the office's own time, with its seats per lane."""

    weekdays: tuple[_Weekday, ...]
    starts: time
    ends: time
    general: _Count = 0
    priority: _Count = 0
    far: _Count = 0

    def seats(self, lane: Lane) -> int:
        """The seats of a lane."""
        return {"general": self.general, "priority": self.priority, "far": self.far}[lane]


class VisitRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an office allows. Times of day are in its own zone."""

    services: tuple[str, ...]
    sessions: tuple[SessionPlan, ...]
    counters: _Positive = 1
    # New weeks open at this moment of each week (Padang's habit, domain.md 3), for this many weeks ahead.
    opens_weekday: _Weekday = 4
    opens_at: time = time(17, 0)
    weeks_ahead: _Positive = 4
    # No booking for a session that begins sooner than this.
    lead_minutes: _Count = 60
    hold_minutes: _Positive = 10
    # A call that was cut off may come back this long after.
    dropped_hold_minutes: _Positive = 30
    # Seats that one phone may hold at once, and how often a day it may hold one.
    holds_per_phone: _Positive = 2
    holds_per_day: _Positive = 20
    # Open visits of one phone that belong to no application.
    visits_per_phone: _Positive = 1
    # How often a free local visit may be moved; one that was paid for in M-Paspor once (domain.md 1.4.7).
    moves: _Count = 3
    offer_minutes: _Positive = 120
    offers_from: time = time(7, 0)
    offers_until: time = time(20, 0)
    # Those of the priority lane may come without a booking until then (domain.md 1.8).
    walk_in_until: time = time(11, 0)
    reminder_at: time = time(16, 0)
    # Whose inhabitants find seats of the lane `far`.
    far_districts: tuple[str, ...] = ()


def as_lane(text: str) -> Lane:
    """A lane of ours. Raises `ValueError` naming those that there are."""
    for lane in LANES:
        if lane == text:
            return lane
    raise ValueError(f"lane: write one of {', '.join(LANES)}")


class BadRules(Exception):
    """The rules cannot be used; the message names field and fix."""


def rules_from(told: Mapping[str, Any]) -> VisitRules:
    """The rules as a reference file or the database gives them. Raises `BadRules`."""
    try:
        rules = msgspec.convert(told, VisitRules)
    except msgspec.ValidationError as fault:
        raise BadRules(str(fault).replace("$.", "").replace("`", "")) from None
    _check(rules)
    return rules


def as_told(rules: VisitRules) -> dict[str, Any]:
    """The rules as plain JSON kinds, for the database."""
    told: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(rules))
    return told


def _check(rules: VisitRules) -> None:
    taken: set[tuple[int, time]] = set()
    if not rules.sessions:
        raise BadRules("sessions: give at least one")
    if not rules.offers_from < rules.offers_until:
        raise BadRules("offers_from: must be before offers_until")
    for session in rules.sessions:
        if not session.starts < session.ends:
            raise BadRules(f"sessions: starts {session.starts} must be before ends {session.ends}")
        for weekday in session.weekdays:
            if (weekday, session.starts) in taken:
                raise BadRules(f"sessions: two begin at {session.starts} on weekday {weekday}")
            taken.add((weekday, session.starts))
