"""What may a screen ask about visits? Free days and sessions, the caller's own visits, and an offer that waits."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from immigration.appointments.availability import FreeDay, FreeSession
from immigration.offices.visit_rules import Lane


@dataclass(frozen=True)
class Search:
    """Where and for whom seats are looked for. What the caller holds for `about` is free to the caller."""

    office: str
    lane: Lane
    caller: bytes
    about: str


@dataclass(frozen=True)
class Booked:
    """A visit as a screen may know it; `phone_hash` is whose it is."""

    id: int
    code: str
    phone_hash: bytes | None
    office: str
    lane: Lane
    service: str | None
    application_id: int | None
    starts_at: datetime
    ends_at: datetime
    is_open: bool


@dataclass(frozen=True)
class Offered:
    """A seat that is held for a place on the waiting list until it is answered."""

    entry: int
    office: str
    session: FreeSession
    until: datetime


class VisitDesk(Protocol):
    """Visits as a screen sees them. Reads only, each by one statement."""

    def of(self, caller: bytes) -> list[Booked]:
        """The open visits of this phone and of its applications, nearest first."""

    def visit(self, visit_id: int) -> Booked | None:
        """One visit."""

    def why_not_movable(self, visit_id: int) -> str | None:
        """Why this visit may not be moved; none if it may."""

    def offer_to(self, caller: bytes) -> Offered | None:
        """The offer that this phone has to answer now."""

    def free_days(self, search: Search) -> list[FreeDay]:
        """The days that may be booked, full ones included, nearest first."""

    def sessions(self, search: Search, day: date) -> list[tuple[int, FreeSession]]:
        """The sessions of a day with free seats, numbered by their place in the day, whichever are free."""

    def next_sessions(self, search: Search, since: date) -> list[FreeSession]:
        """The next few sessions with free seats from this day on, or before it where there are none."""

    def session(self, slot_id: int) -> FreeSession | None:
        """One session."""
