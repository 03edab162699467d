"""How do the screens reach the real seats? The desk of visits over the database."""

from collections.abc import Callable
from datetime import date
from typing import Any, Final

from sqlalchemy import bindparam, select

from immigration.applications.tables import Application
from immigration.appointments import availability, changing
from immigration.appointments.availability import FreeDay, FreeSession
from immigration.appointments.tables import Slot, Visit, Waiting
from immigration.clock import Clock
from immigration.database import Database
from immigration.offices.catalogue import Catalogue
from immigration.offices.visit_rules import as_lane
from menus.visit_desk import Booked, Offered, Search

_NEXT: Final = 5

_VISIT = select(
    Visit.id,
    Visit.code,
    Visit.phone_hash,
    Visit.office,
    Visit.lane,
    Visit.service,
    Visit.application_id,
    Visit.state,
    Slot.starts_at,
    Slot.ends_at,
).join(Slot, Slot.id == Visit.slot_id)
_ONE = _VISIT.where(Visit.id == bindparam("id"))
_OPEN = _VISIT.where(
    Visit.state == "booked",
    (Visit.phone_hash == bindparam("caller"))
    | Visit.application_id.in_(select(Application.id).where(Application.phone_hash == bindparam("caller"))),
).order_by(Visit.starts_at)
_OFFER = (
    select(Waiting.id, Waiting.office, Waiting.offered_until, Slot.id.label("slot"), Slot.starts_at, Slot.ends_at)
    .join(Slot, Slot.id == Waiting.slot_id)
    .where(
        Waiting.phone_hash == bindparam("caller"), Waiting.state == "offered", Waiting.offered_until > bindparam("now")
    )
    .order_by(Waiting.id)
    .limit(1)
)
_SESSION = select(Slot.starts_at, Slot.ends_at).where(Slot.id == bindparam("id"))


class OfficeVisits:
    """The office's visits, read when asked."""

    def __init__(self, database: Database, clock: Clock, catalogue: Callable[[], Catalogue]) -> None:
        self._database = database
        self._clock = clock
        self._catalogue = catalogue

    def of(self, caller: bytes) -> list[Booked]:
        """The open visits of this phone and of its applications, nearest first."""
        return [_booked(row) for row in self._database.read(_OPEN, {"caller": caller})]

    def visit(self, visit_id: int) -> Booked | None:
        """One visit."""
        rows = self._database.read(_ONE, {"id": visit_id})
        return _booked(rows[0]) if rows else None

    def why_not_movable(self, visit_id: int) -> str | None:
        """Why this visit may not be moved; none if it may."""
        with self._database.reading() as session:
            visit = session.get_one(Visit, visit_id)
            try:
                changing.movable(session, visit, self._catalogue().office(visit.office), self._clock())
            except changing.NotMovable as fault:
                return fault.why
        return None

    def offer_to(self, caller: bytes) -> Offered | None:
        """The offer that this phone has to answer now."""
        rows = self._database.read(_OFFER, {"caller": caller, "now": self._clock()})
        if not rows:
            return None
        [row] = rows
        return Offered(row.id, row.office, FreeSession(row.slot, row.starts_at, row.ends_at, 1), row.offered_until)

    def free_days(self, search: Search) -> list[FreeDay]:
        """The days that may be booked, full ones included, nearest first."""
        return availability.as_days(self._database.read(availability.DAYS, self._asked(search)))

    def sessions(self, search: Search, day: date) -> list[tuple[int, FreeSession]]:
        """The sessions of a day with free seats, numbered by their place in the day, whichever are free."""
        asked = self._asked(search)
        rows = self._database.read(availability.OF_A_DAY, asked | {"day": day})
        return [
            (place, FreeSession(row.id, row.starts_at, row.ends_at, int(row.free)))
            for place, row in enumerate(rows, start=1)
            if row.is_open and row.free > 0 and row.starts_at > asked["after"]
        ]

    def next_sessions(self, search: Search, since: date) -> list[FreeSession]:
        """The next few sessions with free seats from this day on, or before it where there are none."""
        rows = self._database.read(availability.SESSIONS, self._asked(search))
        later = [row for row in rows if row.day >= since]
        return availability.as_sessions((later or rows)[:_NEXT])

    def session(self, slot_id: int) -> FreeSession | None:
        """One session."""
        rows = self._database.read(_SESSION, {"id": slot_id})
        return FreeSession(slot_id, rows[0].starts_at, rows[0].ends_at, 1) if rows else None

    def _asked(self, search: Search) -> dict[str, Any]:
        office = self._catalogue().office(search.office)
        return availability.asked(office, search.lane, self._clock(), search.caller, search.about)


def _booked(row: Any) -> Booked:
    return Booked(
        row.id,
        row.code,
        row.phone_hash,
        row.office,
        as_lane(row.lane),
        row.service,
        row.application_id,
        row.starts_at,
        row.ends_at,
        row.state == "booked",
    )
