"""Which free seats does a text mean, and how are those that there are told in a line of an SMS?"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from immigration import written
from immigration.appointments.availability import FreeSession, free_sessions
from immigration.appointments.calendar import Planned, earliest_start, last_open_day, planned, today
from immigration.inbox.arguments import VisitArguments
from immigration.inbox.dates import BadDay, WrittenTime, day_meant
from immigration.inbox.replies import Reply
from immigration.messages.texts import LONGEST
from immigration.offices.catalogue import OfficeFacts
from immigration.offices.visit_rules import Lane
from immigration.people import Language

BOOK: Final[dict[Language, str]] = {"id": "DAFTAR", "min": "DAFTAR", "en": "BOOK"}
MOVE: Final[dict[Language, str]] = {"id": "UBAH", "min": "UBAH", "en": "CHANGE"}
"""The word to answer with, as each language is told it."""

# Nobody comes at night: "jam 2" is 14.00.
_MORNING: Final = 7


@dataclass(frozen=True)
class FreeSeats:
    """The seats of an office and lane that are free at a moment, for one who books or (`moves`) has a visit already."""

    office: OfficeFacts
    lane: Lane
    language: Language
    moves: bool
    now: datetime
    free: Sequence[FreeSession]

    @classmethod
    def of(
        cls, session: Session, office: OfficeFacts, lane: Lane, language: Language, now: datetime, *, moves: bool
    ) -> "FreeSeats":
        """As they are now. Raises `TakesNoVisits`."""
        return cls(office, lane, language, moves, now, free_sessions(session, office, lane, now))

    def days(self) -> Reply:
        """The nearest days, and how to take one."""
        return Reply("A_JADWAL", self._offer(self.free)) if self.free else self._none()

    def of_day(self, day: date) -> Reply:
        """The sessions of this day, and how to take one; why there are none."""
        free = self.on(day)
        if not free:
            return self.refused(day) or self._full(day)
        return Reply(
            "A_JADWAL_HARI", self._offer(free) | {"tanggal": self._named(day), "pilihan": self._sessions(free)}
        )

    def instead(self, template: str, besides: date | None = None) -> Reply:
        """This answer, with the nearest free days besides that one; or that there are none."""
        free = [one for one in self.free if self.day_of(one) != besides]
        if not free:
            return self._none()
        named = {} if besides is None else {"tanggal": self._named(besides)}
        return Reply(template, self._offer(free) | named)

    def wanted_day(self, visit: VisitArguments) -> date | Reply:
        """The day that is meant; what to write where that is not clear."""
        here = today(self.office, self.now)
        over = not any(plan.starts_at > earliest_start(self.office, self.now) for plan in self._planned(here))
        try:
            if visit.day is None or visit.unread:
                raise BadDay
            return day_meant(visit.day, here, today_is_over=over)
        except BadDay:
            return self.unclear()

    def wanted(self, visit: VisitArguments) -> Sequence[FreeSession] | Reply:
        """The free sessions that are meant, nearest first; what to say where there are none or it is not clear."""
        day = self.wanted_day(visit)
        if isinstance(day, Reply):
            return day
        refused = self.refused(day)
        if refused is not None:
            return refused
        free = self.on(day)
        if visit.time is None or not free:
            return free or self._full(day)
        plan = _meant(self._planned(day), visit.time)
        chosen = [one for one in free if plan is not None and one.starts_at == plan.starts_at]
        if chosen:
            return chosen
        if plan is None and visit.time.session is not None:
            return self.of_day(day)
        hour = f"{visit.time.hour:02}.{visit.time.minute:02}" if plan is None else written.time_of_day(plan.starts_at)
        named = {"tanggal": self._named(day), "jam2": hour, "pilihan": self._sessions(free)}
        return Reply("A_SESI_PENUH", self._offer(free) | named)

    def unclear(self) -> Reply:
        """How a day and a time are written."""
        return Reply("A_TANGGAL", self.example(self.free))

    def refused(self, day: date) -> Reply | None:
        """Why no seat of this day can be had, unless all are taken."""
        here, plans = today(self.office, self.now), self._planned(day)
        if day < here:
            return self.instead("A_HARI_LEWAT", day)
        if day > last_open_day(self.office, self.now):
            return self.instead("A_HARI_BELUM", day)
        if not plans:
            return self.instead("A_HARI_TUTUP", day)
        if plans[-1].starts_at <= earliest_start(self.office, self.now):
            return self.instead("A_HARI_LEWAT", day)
        return None

    def _full(self, day: date) -> Reply:
        reply = self.instead("A_HARI_PENUH-ubah" if self.moves else "A_HARI_PENUH", day)
        return Reply(reply.template, {**reply.values, "misal2": _numbers(day)})

    def _none(self) -> Reply:
        values = {
            "lokasi": self.office.name,
            "tanggal": self._named(last_open_day(self.office, self.now)),
        }
        return Reply("A_JADWAL_PENUH-ubah" if self.moves else "A_JADWAL_PENUH", values)

    def _offer(self, free: Sequence[FreeSession]) -> dict[str, str]:
        """The days of these sessions, in one line and in a shorter one, and how to take the first."""
        seats: Counter[date] = Counter()
        for one in free:
            seats[self.day_of(one)] += one.free
        days = [f"{self._named(day)} ({count})" for day, count in seats.items()]
        told = {name: _fitting(days, len(LONGEST[name])) for name in ("pilihan", "pilihan2")}
        return told | self.example(free) | {"lokasi": self.office.name}

    def example(self, free: Sequence[FreeSession] = ()) -> dict[str, str]:
        """How to answer: what takes the first of these or, without any, what shows how it is written."""
        starts = free[0].starts_at if free else self.now + timedelta(days=1)
        local = starts.astimezone(self.office.zone)
        command = (MOVE if self.moves else BOOK)[self.language]
        hour = written.time_of_day(local) if free else "09.00"
        return {"perintah": command, "misal": f"{_numbers(local.date())} {hour}"}

    def _sessions(self, free: Sequence[FreeSession]) -> str:
        told = (f"{written.time_of_day(one.starts_at.astimezone(self.office.zone))} ({one.free})" for one in free)
        return _fitting(told, len(LONGEST["pilihan"]))

    def on(self, day: date) -> list[FreeSession]:
        return [one for one in self.free if self.day_of(one) == day]

    def _planned(self, day: date) -> list[Planned]:
        return [plan for plan in planned(self.office, day) if plan.lane == self.lane]

    def day_of(self, one: FreeSession) -> date:
        return one.starts_at.astimezone(self.office.zone).date()

    def _named(self, day: date) -> str:
        return written.weekday_and_day(day, self.language)


def _meant(plans: Sequence[Planned], time: WrittenTime) -> Planned | None:
    """The session of this number, or the one within which this time lies."""
    if time.session is not None:
        return plans[time.session - 1] if time.session <= len(plans) else None
    hours = {time.hour, time.hour + 12} if 0 < time.hour < _MORNING else {time.hour}
    minutes = {60 * hour + time.minute for hour in hours}
    within = (plan for plan in plans if any(_minute(plan.starts_at) <= at < _minute(plan.ends_at) for at in minutes))
    return next(within, None)


def _minute(local: datetime) -> int:
    return 60 * local.hour + local.minute


def _numbers(day: date) -> str:
    return f"{day.day}/{day.month}"


def _fitting(told: Iterable[str], room: int) -> str:
    """As many of these as fit, the first ones first."""
    line = ""
    for one in told:
        longer = f"{line}, {one}" if line else one
        if len(longer) > room:
            break
        line = longer
    return line
