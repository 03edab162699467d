"""Visits made of worst cases: days full, with a last seat and with many, at the longest times."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from immigration.appointments.availability import FreeDay, FreeSession
from menus.visit_desk import Booked, Offered, Search

BEGINS: Final = datetime(2026, 12, 31, 6, 30, tzinfo=UTC)
_ENDS: Final = BEGINS + timedelta(hours=1)
_DAY: Final = BEGINS.date()
_MANY: Final = 500

VISIT: Final = Booked(1, "K7M4P3Q", b"", "SJJ", "general", "P10", None, BEGINS, _ENDS, is_open=True)
OFFER: Final = Offered(1, "SJJ", FreeSession(1, BEGINS, _ENDS, 1), BEGINS - timedelta(hours=3))


@dataclass(frozen=True)
class SampleVisits:
    """An office with these visits for any caller, with seats left on some days or, `is_full`, on none."""

    own: tuple[Booked, ...] = ()
    offered: Offered | None = None
    not_movable: str | None = None
    is_full: bool = False

    def of(self, caller: bytes) -> list[Booked]:
        """The sample's visits."""
        return list(self.own)

    def visit(self, visit_id: int) -> Booked | None:
        """The first of them, or the one that was just made."""
        return self.own[0] if self.own else VISIT

    def why_not_movable(self, visit_id: int) -> str | None:
        """As the sample says."""
        return self.not_movable

    def offer_to(self, caller: bytes) -> Offered | None:
        """The sample's offer."""
        return self.offered

    def free_days(self, search: Search) -> list[FreeDay]:
        """A full day, a last seat, a day with a single session, and many days with many seats."""
        if self.is_full:
            return [FreeDay(_DAY, 0)]
        counts = (0, 1, _MANY, _MANY)
        return [FreeDay(_DAY + timedelta(days=place), free) for place, free in enumerate(counts)] + [
            FreeDay(_DAY + timedelta(days=len(counts)), 1, only=1)
        ]

    def sessions(self, search: Search, day: date) -> list[tuple[int, FreeSession]]:
        """Two sessions; none on the day that was just filled."""
        if day == _DAY + timedelta(days=2):
            return []
        return [(place, FreeSession(place, BEGINS, _ENDS, _MANY)) for place in (1, 12)]

    def next_sessions(self, search: Search, since: date) -> list[FreeSession]:
        """Five, or none."""
        return [] if self.is_full else [FreeSession(place, BEGINS, _ENDS, _MANY) for place in range(1, 6)]

    def session(self, slot_id: int) -> FreeSession | None:
        """Any of them."""
        return FreeSession(slot_id, BEGINS, _ENDS, 1)
