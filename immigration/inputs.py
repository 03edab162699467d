"""What did a person mean who typed this? Choices, application numbers and birth dates out of sloppy input.

Every reader either is sure or says that it is not; none guesses.
"""

import re
import unicodedata
from collections.abc import Collection
from datetime import date
from typing import Final, Literal

NumberFault = Literal["length", "not_digits"]
DateFault = Literal["shape", "no_such_day", "future", "too_old"]

APPLICATION_NUMBER_LENGTH: Final = 16
RECEIPT_ENDING: Final = 4
OLDEST_YEARS: Final = 130
# Nobody types this much to answer a question; what is longer is noise and is not looked at.
_LONGEST: Final = 100

_SEPARATORS: Final = r"\s\-./"
# A run of digits and what looks like them, standing free of other letters: "O" in "1O" is a zero, in "24 Oct"
# or "no 1" it is not.
_NUMBER_LIKE: Final = re.compile(rf"(?<![^\W_])[0-9OolI|{_SEPARATORS}]+(?![^\W_])")
_LOOKALIKES: Final = str.maketrans("OolI|", "00111")
_STRIPPED: Final = re.compile(f"[{_SEPARATORS}]")
_MINUS: Final = "\u2212"

_ASKED_FOR: Final = (
    r"(?:(?:nomor|nomer|number|nmr|no|pilihan|pilih|piliah|opsi|option|choose|angka|tekan|takan|press|ketik)"
    r"(?:[\s.:#(]+|(?=[0-9])))"
)
_CHOICE: Final = re.compile(
    rf"[\s#(\[\"']*{_ASKED_FOR}{{0,2}}(?P<core>[0-9OolI|]+|[a-z]+)[\s.,:;!#)\]\"']*", re.IGNORECASE | re.ASCII
)
_AS_NUMBER: Final = re.compile(r"(?=.*[0-9])[0-9OolI|]+|[Oo]{1,2}|[lI|]")
_NUMBER_WORDS: Final = {
    word: str(value)
    for value, words in enumerate(
        (
            "nol kosong zero",
            "satu ciek one",
            "dua duo two",
            "tiga tigo three",
            "empat ampek four",
            "lima limo five",
            "enam anam six",
            "tujuh tujuah seven",
            "delapan salapan eight",
            "sembilan sambilan nine",
            "sepuluh sapuluah ten",
        )
    )
    for word in words.split()
}
_LABEL: Final = re.compile(rf"[\s#(]*{_ASKED_FOR}*", re.IGNORECASE | re.ASCII)

_BETWEEN: Final = r"[\s\-./,]"
_DATES: Final = (
    re.compile(rf"(\d\d){_BETWEEN}*(\d\d){_BETWEEN}*(\d{{4}})", re.ASCII),
    re.compile(rf"(\d\d?){_BETWEEN}+(\d\d?){_BETWEEN}+(\d{{4}})", re.ASCII),
    re.compile(rf"(\d\d?){_BETWEEN}*([a-z]+){_BETWEEN}*(\d{{4}})", re.ASCII),
)
MONTHS: Final = {
    name: number
    for number, names in enumerate(
        (
            "januari january jan",
            "februari pebruari february feb peb",
            "maret march mar mrt",
            "april apr",
            "mei may",
            "juni june jun",
            "juli july jul",
            "agustus agustuih august agu agt ags agust aug",
            "september sept sep",
            "oktober october okt oct",
            "november nopember nov nop",
            "desember december des dec",
        ),
        start=1,
    )
    for name in names.split()
}
"""The names of months, short and long, as people write them, with their numbers."""

# Receipts of banks and shops go up to some twenty characters, a treasury's number (NTPN) has 16. More than four letters
# without a figure are words.
_RECEIPT: Final = re.compile("(?=.*[0-9])[0-9A-Z]{4,30}|[A-Z]{4}")

# Province codes of the interior ministry as a NIK can carry them (domain.md 4.1).
_PROVINCES: Final = frozenset(
    str(code)
    for first, last in ((11, 19), (21, 21), (31, 36), (51, 53), (61, 65), (71, 76), (81, 82), (91, 97))
    for code in range(first, last + 1)
)
_WOMENS_DAY_OFFSET: Final = 40


class BadNumber(Exception):
    """What was typed is no application number; `reason` says why."""

    def __init__(self, reason: NumberFault) -> None:
        super().__init__(reason)
        self.reason: NumberFault = reason


class BadDate(Exception):
    """What was typed is no birth date; `reason` says why."""

    def __init__(self, reason: DateFault) -> None:
        super().__init__(reason)
        self.reason: DateFault = reason


def digits(text: str) -> str:
    """Digits of every script as ASCII, look-alikes read as digits within numbers, separators removed."""
    return _STRIPPED.sub("", _read_lookalikes(_folded(text)))


def choice(text: str, numbers: Collection[str]) -> str | None:
    """Which of the offered option numbers is meant, or `None` where that is not clear.

    A leading zero is forgiven ("01" for "1") unless that number is itself offered; "0" and "00" are never
    taken for each other, nor are two numbers for one.
    """
    found = _CHOICE.fullmatch(_folded(text)) if len(text) <= _LONGEST else None
    if found is None:
        return None
    core = found["core"]
    number = core.translate(_LOOKALIKES) if _AS_NUMBER.fullmatch(core) else _NUMBER_WORDS.get(core.lower())
    if number is None or number in numbers:
        return number
    shorter = number.lstrip("0")
    return shorter if shorter and shorter in numbers else None


def application_number(text: str) -> str:
    """The 16 digits of an application number (domain.md 1.6). Raises `BadNumber`."""
    if len(text) > _LONGEST:
        raise BadNumber("length")
    number = digits(_LABEL.sub("", _folded(text), count=1).rstrip(" #)"))
    if number and not (number.isascii() and number.isdecimal()):
        raise BadNumber("not_digits")
    if len(number) != APPLICATION_NUMBER_LENGTH:
        raise BadNumber("length")
    return number


def birth_date(text: str, today: date) -> date:
    """A birth date typed as DDMMYYYY, with separators or the month's name (Indonesian, Minangkabau, English).

    The day always comes first. A year of two digits is refused as `shape`: it may be either century's.
    `today` is the date at the office. Raises `BadDate`.
    """
    typed = _read_lookalikes(_folded(text)).strip(" \t\r\n.,#").lower() if len(text) <= _LONGEST else ""
    found = next(filter(None, (pattern.fullmatch(typed) for pattern in _DATES)), None)
    if found is None:
        raise BadDate("shape")
    day, month, year = found.groups()
    if month.isdecimal():
        month_number = int(month)
    elif month in MONTHS:
        month_number = MONTHS[month]
    else:
        raise BadDate("shape")
    try:
        born = date(int(year), month_number, int(day))
    except ValueError as error:
        raise BadDate("no_such_day") from error
    if born > today:
        raise BadDate("future")
    if (born.year + OLDEST_YEARS, born.month, born.day) < (today.year, today.month, today.day):
        raise BadDate("too_old")
    return born


def receipt_ending(text: str) -> str | None:
    """The last four letters or digits of a receipt's number, typed whole or from its end; none where unclear."""
    typed = _STRIPPED.sub("", _folded(text)).upper() if len(text) <= _LONGEST else ""
    return typed[-RECEIPT_ENDING:] if _RECEIPT.fullmatch(typed) else None


def looks_like_nik(number: str) -> bool:
    """Whether 16 digits are shaped like a NIK, the number of an identity card (domain.md 4.1).

    A random number is in about 3 of 100 cases, so this only explains a look-up that failed.
    """
    if not re.fullmatch(r"[0-9]{16}", number) or number[:2] not in _PROVINCES or number[12:] == "0000":
        return False
    day, month, year = int(number[6:8]), int(number[8:10]), int(number[10:12])
    if day > _WOMENS_DAY_OFFSET:
        day -= _WOMENS_DAY_OFFSET
    return any(_is_day(century + year, month, day) for century in (1900, 2000))


def _is_day(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def _folded(text: str) -> str:
    """The text with digits, full-width forms, dashes and spaces as ASCII, without what is invisible."""
    return text if text.isascii() and text.isprintable() else "".join(map(_folded_character, text))


def _folded_character(character: str) -> str:
    digit = unicodedata.digit(character, None)
    if digit is not None:
        return str(digit)
    if "\uff01" <= character <= "\uff5e":
        # Full-width forms stand in the order of ASCII.
        return chr(ord(character) - 0xFEE0)
    if character.isspace():
        return " "
    category = unicodedata.category(character)
    if category == "Pd" or character == _MINUS:
        return "-"
    return "" if category in ("Cc", "Cf") else character


def _read_lookalikes(text: str) -> str:
    return _NUMBER_LIKE.sub(
        lambda run: run[0].translate(_LOOKALIKES) if re.search("[0-9]", run[0]) else run[0],
        text,
    )
