"""How are days, times and amounts written? The same on a screen and in an SMS (domain.md 4.4)."""

from datetime import date, datetime, timedelta
from typing import Final

from immigration.people import Language

_MONTHS: Final[dict[Language, tuple[str, ...]]] = {
    "id": ("Jan", "Feb", "Mar", "Apr", "Mei", "Jun", "Jul", "Agu", "Sep", "Okt", "Nov", "Des"),
    "min": ("Jan", "Feb", "Mar", "Apr", "Mei", "Jun", "Jul", "Agu", "Sep", "Okt", "Nov", "Des"),
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
}
_WEEKDAYS: Final[dict[Language, tuple[str, ...]]] = {
    "id": ("Sen", "Sel", "Rab", "Kam", "Jum", "Sab", "Min"),
    "min": ("Sin", "Sal", "Rab", "Kam", "Jum", "Sab", "Aka"),
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
}
_DAYS_HOURS_MINUTES: Final[dict[Language, tuple[str, str, str]]] = {
    "id": ("hari", "jam", "menit"),
    "min": ("hari", "jam", "menit"),
    "en": ("d", "h", "min"),
}


def rupiah(amount: int) -> str:
    """Whole rupiah: `Rp650.000` (EYD spelling)."""
    return "Rp" + f"{amount:,}".replace(",", ".")


def day(date_: date, language: Language) -> str:
    """A date: `24 Nov 2026`."""
    return f"{short_day(date_, language)} {date_.year}"


def short_day(date_: date, language: Language) -> str:
    """A date without its year: `24 Nov`."""
    return f"{date_.day} {_MONTHS[language][date_.month - 1]}"


def time_of_day(local: datetime) -> str:
    """A time in the office's zone: `08.00`."""
    return f"{local:%H.%M}"


def weekday_and_day(date_: date, language: Language) -> str:
    """A day within weeks: `Kam 24 Des`."""
    return f"{weekday(date_.weekday(), language)} {short_day(date_, language)}"


def weekday(number: int, language: Language) -> str:
    """A weekday's short name; 0 is Monday."""
    return _WEEKDAYS[language][number]


def time_left(left: timedelta, language: Language) -> str:
    """How long is left, in the two largest units, rounded down to minutes: `1 jam 42 menit`, `2 hari 3 jam`."""
    minutes = int(left.total_seconds()) // 60
    days, hours = divmod(minutes // 60, 24)
    in_days, in_hours, in_minutes = _DAYS_HOURS_MINUTES[language]
    largest = ((days, in_days), (hours, in_hours)) if days else ((hours, in_hours), (minutes % 60, in_minutes))
    return " ".join(f"{number} {unit}" for number, unit in largest if number) or f"0 {in_minutes}"
