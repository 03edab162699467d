"""Which day and which time did somebody write? What the words say; which date that is, today's date tells.

Texts come in folded (`keywords.parse`). Whatever may mean two things is not read: no seat is booked on a guess.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final, NamedTuple, TypeVar

from immigration.inputs import MONTHS

_T = TypeVar("_T")

PASSED_LATELY: Final = timedelta(days=90)
"""A day without its year that passed so short a time ago is that one, and not next year's."""

_AHEAD: Final = {
    0: ("hari ini", "hari ko", "hari iko", "harini", "today"),
    1: ("besok", "bsk", "besuk", "bisuak", "bisuk", "tomorrow", "tmrw"),
    2: ("besok lusa", "bisuak lusa", "lusa", "day after tomorrow"),
}
# "Min" is no Sunday here: so people call an admin, and the Minang tongue.
_WEEKDAYS: Final = (
    ("senin", "sen", "sinayan", "sinin", "sin", "monday", "mon"),
    ("selasa", "sel", "salasa", "sal", "tuesday", "tues", "tue"),
    ("rabu", "rab", "raba", "rabaa", "wednesday", "wed"),
    ("kamis", "kam", "kamih", "thursday", "thurs", "thur", "thu"),
    ("jumat", "jum", "jum at", "jumaik", "jumahat", "friday", "fri"),
    ("sabtu", "sab", "saturday", "sat"),
    ("minggu", "ahad", "akad", "akaik", "aka", "sunday", "sun"),
)
_AHEAD_OF: Final = {words: ahead for ahead, all_words in _AHEAD.items() for words in all_words}
_WEEKDAY_OF: Final = {word: number for number, words in enumerate(_WEEKDAYS) for word in words}

_D: Final = "[0-9OolI]"
_N: Final = f"{_D}{{1,2}}"
_FREE_BEFORE: Final = r"(?<![^\W_])"
_FREE_AFTER: Final = r"(?![^\W_])"
_ORDINAL: Final = "(?:st|nd|rd|th)?"
_LONG_YEAR: Final = f"2[0Oo]{_D}{{2}}"
# "1 Des 20.00" has a time behind it, "1/12/26. 09.00" a year.
_YEAR: Final = f"(?:{_LONG_YEAR}|[2-9]{_D}(?![.:]{_D}))"
_BETWEEN: Final = r"(?:\s?[-/.,#]\s?|\s)"
_MINUTES: Final = f"({_D}{{2}})"
# What was read of the day leaves this sign, which no folded text holds: a bare hour stands behind the day.
_MARK: Final = "\x01"


def _either(words: Iterable[str]) -> str:
    """A pattern for one of these, the longest first, however the words of one are kept apart."""
    longest = sorted(words, key=len, reverse=True)
    return "(?:" + "|".join(word.replace(" ", r"[\W_]{1,3}") for word in longest) + ")"


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(f"{_FREE_BEFORE}{text}{_FREE_AFTER}", re.IGNORECASE)


_MONTH: Final = _either(MONTHS)
_WEEKDAY: Final = _either(_WEEKDAY_OF)
_GAP: Final = r"[\W_]{0,3}"
_AHEAD_WORDS: Final = _pattern(f"({_either(_AHEAD_OF)})")
_WEEKDAY_WORDS: Final = _pattern(f"({_WEEKDAY})")
# "Senin depan" is the coming one or that of the week after; "minggu" is a Sunday or a week.
_UNSURE: Final = _pattern(
    rf"(?:(?:{_WEEKDAY}|pekan)\W{{1,3}}(?:depan|muko)|(?:minggu|pekan)\W{{1,3}}(?:ini|ko|iko)"
    rf"|(?:next|this)\W{{1,3}}(?:week|{_WEEKDAY}))"
)
# Groups are day, month and year by their names; a year may be missing.
_DATES: Final = tuple(
    _pattern(re.sub("<(?=[a-z])", "(?P<", text))
    for text in (
        f"<year>{_LONG_YEAR})[-/.]<month>{_N})[-/.]<day>{_N})",
        # Not out of the middle of "1/1/27 2000", where 2000 is a time of day.
        f"(?<![0-9][-/.])<day>{_N}){_BETWEEN}<month>{_N}){_BETWEEN}<year>{_LONG_YEAR})",
        rf"<day>{_N})\s?<sign>[-/.])\s?<month>{_N})\s?(?P=sign)\s?<year>[2-9]{_D})(?![.:]{_D})",
        f"<day>{_D}{{2}})<month>{_D}{{2}})<year>{_LONG_YEAR}|[2-9]{_D})",
        f"<day>{_N}){_ORDINAL}{_GAP}(?:of )?<month>{_MONTH})(?:{_GAP}<year>{_YEAR}))?",
        f"<month>{_MONTH}){_GAP}<day>{_N}){_ORDINAL}(?:{_GAP}<year>{_LONG_YEAR}))?",
        rf"<day>{_N})\s?[-/]\s?<month>{_N})",
    )
)
_LOOSE_DATE: Final = _pattern(rf"(?P<day>{_N})(?:\s?[.,#]\s?|\s)(?P<month>{_N})")
_DAY_ALONE: Final = _pattern(rf"(?:tanggal|tgl|tg|date)\W{{0,2}}(?P<day>{_N}){_ORDINAL}")
_TIME_WORD: Final = r"(?:jam|pukul|pkl|pk|at|@)"
_OF_A_TIME: Final = re.compile(rf"(?:{_TIME_WORD}|sesi|session)[\W_]{{0,3}}$", re.IGNORECASE)
_HALF: Final = r"(?:\s?(am|pm))"
_TIMES: Final = (
    _pattern(rf"{_TIME_WORD}\W{{0,2}}({_N})(?:\s?[.:,]?\s?{_MINUTES})?{_HALF}?"),
    _pattern(rf"({_N}):{_MINUTES}{_HALF}?"),
    _pattern(rf"({_N})(?:\.{_MINUTES})?{_HALF}"),
    _pattern(rf"({_N})[.,]{_MINUTES}()"),
)
_TIMES_BEHIND: Final = (_pattern(rf"({_D}{{2}}){_MINUTES}()"), _pattern(rf"({_N})()()"))
_SESSION: Final = _pattern(r"(?:s|(?:sesi|session)\W{0,2})([1-9])")
_LOOKALIKES: Final = str.maketrans("OolLiI", "001111")


class BadDay(Exception):
    """There is no such day, or its parts do not agree."""


@dataclass(frozen=True)
class WrittenDay:
    """A day as it was written: so many days ahead, a weekday (0 is Monday), parts of a date. None: not said."""

    ahead: int | None = None
    weekday: int | None = None
    day: int | None = None
    month: int | None = None
    year: int | None = None


@dataclass(frozen=True)
class WrittenTime:
    """A time of day as it was written, or the number of a session of the day."""

    hour: int = 0
    minute: int = 0
    session: int | None = None


class Read(NamedTuple):
    """What was read out of a text, and what else stands in it. `unsure`: a day that may be either of two."""

    day: WrittenDay | None
    time: WrittenTime | None
    rest: str
    unsure: bool


def read(text: str) -> Read:
    """The day and the time that the text names."""
    scan = _Scan(text)
    unsure = scan.take(_UNSURE, lambda found: True, "") is not None
    ahead = scan.take(_AHEAD_WORDS, lambda found: _AHEAD_OF[_plain(found[1])])
    day = scan.first(_DATES, _as_date)
    if day is None and ahead is None:
        day = scan.take(_LOOSE_DATE, _as_likely_date) or scan.take(_DAY_ALONE, _as_date)
    weekday = scan.take(_WEEKDAY_WORDS, lambda found: _WEEKDAY_OF[_plain(found[1])])
    time = scan.take(_SESSION, lambda found: WrittenTime(session=int(found[1])), "") or scan.first(_TIMES, _as_time, "")
    behind = scan.text.rfind(_MARK)
    if time is None and behind >= 0:
        time = scan.first(_TIMES_BEHIND, _as_time, "", behind)
    if (ahead, weekday) != (None, None):
        day = replace(day or WrittenDay(), ahead=ahead, weekday=weekday)
    return Read(day, time, scan.text.replace(_MARK, " "), unsure)


def day_meant(written: WrittenDay, today: date, *, today_is_over: bool = False) -> date:
    """Which date that is. A weekday is the next such day; today only while it is not over. Raises `BadDay`."""
    told = None if written.day is None else _dated(written.day, written.month, written.year, today)
    if written.ahead is not None:
        counted = today + timedelta(days=written.ahead)
        if told not in (None, counted):
            raise BadDay
        told = counted
    if written.weekday is not None:
        if told is None:
            first = today + timedelta(days=int(today_is_over))
            told = first + timedelta(days=(written.weekday - first.weekday()) % 7)
        if told.weekday() != written.weekday:
            raise BadDay
    if told is None:
        raise BadDay
    return told


def _dated(day: int, month: int | None, year: int | None, today: date) -> date:
    """The date of these parts; of what is left out, the next that fits. Raises `BadDay`."""
    if month is None:
        months = (
            (today.year + (today.month + ahead - 1) // 12, (today.month + ahead - 1) % 12 + 1) for ahead in (0, 1)
        )
        fitting = [found for found in (_date(year, month, day) for year, month in months) if found and found >= today]
    elif year is not None:
        fitting = [found for found in (_date(year, month, day),) if found]
    else:
        years = (_date(today.year + ahead, month, day) for ahead in (-1, 0, 1))
        fitting = [found for found in years if found and found >= today - PASSED_LATELY]
    if not fitting:
        raise BadDay
    return fitting[0]


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


class _Scan:
    """A text out of which one thing after the other is read."""

    def __init__(self, text: str) -> None:
        self.text = text

    def take(
        self, pattern: re.Pattern[str], accept: Callable[[re.Match[str]], _T | None], sign: str = _MARK, start: int = 0
    ) -> _T | None:
        """The first that is accepted, taken out of the text."""
        found = pattern.search(self.text, start)
        while found:
            value = accept(found)
            if value is not None:
                self.text = f"{self.text[: found.start()]} ;{sign} {self.text[found.end() :]}"
                return value
            found = pattern.search(self.text, found.start() + 1)
        return None

    def first(
        self,
        patterns: tuple[re.Pattern[str], ...],
        accept: Callable[[re.Match[str]], _T | None],
        sign: str = _MARK,
        start: int = 0,
    ) -> _T | None:
        """What the first of these patterns finds that finds anything."""
        taken = (self.take(pattern, accept, sign, start) for pattern in patterns)
        return next((value for value in taken if value is not None), None)


def _as_date(found: re.Match[str]) -> WrittenDay | None:
    if not re.search("[0-9]", found[0]):
        return None
    parts = found.groupdict()
    month, year = parts.get("month"), parts.get("year")
    return WrittenDay(
        day=_number(found["day"]),
        month=None if month is None else MONTHS.get(month.lower()) or _number(month),
        year=None if year is None else _number(year) + (2000 if len(year) == 2 else 0),
    )


def _as_likely_date(found: re.Match[str]) -> WrittenDay | None:
    """`1.12` or `1 12`, unless that is a time."""
    written = _as_date(found)
    before = found.string[max(0, found.start() - 12) : found.start()]
    if written is None or written.day is None or written.month is None or _OF_A_TIME.search(before):
        return None
    return written if 1 <= written.day <= 31 and 1 <= written.month <= 12 else None


def _as_time(found: re.Match[str]) -> WrittenTime | None:
    if not re.search("[0-9]", found[0]):
        return None
    hour, minute, half = _number(found[1]), _number(found[2] or "0"), (found[3] or "").lower()
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "pm" else 0)
    return WrittenTime(hour, minute) if hour < 24 and minute < 60 else None


def _number(text: str) -> int:
    return int(text.translate(_LOOKALIKES))


def _plain(text: str) -> str:
    return " ".join(re.findall(r"[^\W_]+", text.lower()))
