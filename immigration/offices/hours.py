"""When is an office open? The week, national holidays and joint leave, and local exceptions, which win over both.

Holidays: the library `holidays`, categories public and government (cuti bersama), domain.md 4.3.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from immigration.offices.catalogue import OfficeFacts, Span

_LABELS: Final = {
    "Asia/Jakarta": "WIB",
    "Asia/Pontianak": "WIB",
    "Asia/Makassar": "WITA",
    "Asia/Jayapura": "WIT",
}
_AHEAD_DAYS: Final = 60
_CLOSURE_DAYS: Final = 120


@dataclass(frozen=True)
class DayHours:
    """A day's open spans; none: closed, for the reason where it is not simply the week."""

    day: date
    spans: tuple[Span, ...]
    reason: Mapping[str, str] | None = None


@dataclass(frozen=True)
class OfficeState:
    """Open until a moment, or closed until one (none: not within sixty days). Both in the office's zone."""

    is_open: bool
    until: datetime | None


def zone_label(zone: ZoneInfo) -> str:
    """WIB, WITA or WIT; another zone by its own abbreviation."""
    return _LABELS.get(zone.key) or datetime.now(zone).strftime("%Z")


@lru_cache(maxsize=8)
def _holidays(year: int) -> Mapping[date, str]:
    # Takes a tenth of a second to load, which a command that asks for no holiday need not pay for.
    import holidays

    return dict(holidays.country_holidays("ID", years=year, categories=("public", "government"), language="id").items())


def holiday_name(day: date) -> str | None:
    """The Indonesian name of a national holiday or joint leave, without the estimate's mark."""
    name = _holidays(day.year).get(day)
    return None if name is None else name.replace(" (perkiraan)", "")


def day_hours(office: OfficeFacts, day: date) -> DayHours:
    """The hours of a day."""
    told = office.exceptions.get(day)
    if told is not None:
        return DayHours(day, told.spans, told.reason)
    name = holiday_name(day)
    if name is not None:
        return DayHours(day, (), {"id": name})
    return DayHours(day, office.week.get(day.weekday(), ()))


def state_at(office: OfficeFacts, moment: datetime) -> OfficeState:
    """Whether the office is open at an aware moment, and until when it stays so."""
    local = moment.astimezone(office.zone)
    for opens, closes in _spans_from(office, local.date()):
        if local < opens:
            return OfficeState(False, opens)
        if local < closes:
            return OfficeState(True, closes)
    return OfficeState(False, None)


def _spans_from(office: OfficeFacts, first: date) -> Iterator[tuple[datetime, datetime]]:
    for ahead in range(_AHEAD_DAYS):
        day = first + timedelta(days=ahead)
        for span in day_hours(office, day).spans:
            yield (
                datetime.combine(day, span.opens, tzinfo=office.zone),
                datetime.combine(day, span.closes, tzinfo=office.zone),
            )


def next_closure(office: OfficeFacts, after: date) -> DayHours | None:
    """The next day, from `after` on, on which the office is closed although its week would have it open."""
    for ahead in range(_CLOSURE_DAYS):
        hours = day_hours(office, after + timedelta(days=ahead))
        if not hours.spans and office.week.get(hours.day.weekday()):
            return hours
    return None


def add_working_days(office: OfficeFacts, day: date, count: int) -> date:
    """The day that is `count` open days behind `day`."""
    while count > 0:
        day += timedelta(days=1)
        count -= bool(day_hours(office, day).spans)
    return day
