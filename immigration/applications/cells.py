"""What does a cell of an export mean? One reader per column, for all that spreadsheets make of dates and numbers."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

from immigration.applications.record import Billing, Details, Record
from immigration.applications.states import Status, belongs
from immigration.offices.catalogue import Catalogue
from immigration.payments.paying import REFERENCE, Paid
from immigration.people import LANGUAGES, Language, as_language
from immigration.phones import InvalidPhone, parse_phone

# Day 1 of Excel's calendar is 1900-01-01, and it believes in 29 February 1900 (ECMA-376 part 1, 18.17.4.1).
_EXCEL_DAY_ZERO: Final = date(1899, 12, 30)
_DUE_WITHIN: Final = timedelta(days=7)
_CLOCKS_APART: Final = timedelta(minutes=5)
_OLDEST_YEARS: Final = 130
_MOST_RUPIAH: Final = 1_000_000_000
# The API's bounds: what lies outside is a slip, and at the calendar's own edge no zone can be applied.
_YEARS: Final = range(2000, 2100)
_DAY_FIRST: Final = re.compile(r"([0-9]{1,2})[-/.]([0-9]{1,2})[-/.]([0-9]{4})")
_MOMENT: Final = re.compile(r"(.+?)[ T]([0-9]{1,2})[:.]([0-9]{2})(?:[:.]([0-9]{2}))?")
_AMOUNT: Final = re.compile(r"(?:rp\.?\s*)?([0-9]{1,3}(?:[.,][0-9]{3})+|[0-9]+)(?:[.,]00?)?", re.IGNORECASE)
_Day = TypeVar("_Day", bound=date)
_LANGUAGE_NAMES: Final[dict[str, Language]] = {
    "indonesia": "id",
    "bahasa indonesia": "id",
    "minang": "min",
    "minangkabau": "min",
    "english": "en",
    "inggris": "en",
}
# What real channels call the states (domain.md 9.2).
_STATUS_NAMES: Final = {
    "MENUNGGU_PEMBAYARAN": Status.MENUNGGU_BAYAR,
    "TERBAYAR": Status.LUNAS_TERJADWAL,
    "BERKAS_MASUK": Status.BERKAS_DIPERIKSA,
    "WAWANCARA": Status.FOTO_WAWANCARA,
    "ALOKASI": Status.VERIFIKASI,
    "PROSES_CETAK": Status.CETAK,
    "AKTIF": Status.SIAP_DIAMBIL,
    "SERAH": Status.DISERAHKAN,
    "SELESAI": Status.DISERAHKAN,
}


class BadCell(Exception):
    """A cell cannot be used: `field` and what to write instead. What stands in it is not repeated."""

    def __init__(self, field: str, fix: str) -> None:
        super().__init__(f"{field}: {fix}")


@dataclass(frozen=True)
class Reading:
    """What a cell is read against: the catalogue, the present moment, and the zone of a time without one."""

    catalogue: Catalogue
    now: datetime


def application_number(cells: Mapping[str, str]) -> str:
    """The number that a row is about. Raises `BadCell`."""
    return _digits("number", _bare(cells.get("number", "")), 16)


def record(cells: Mapping[str, str], reading: Reading) -> Record:
    """The application that a row tells. Raises `BadCell`."""
    told = {name: _bare(text) for name, text in cells.items() if text}

    def cell(name: str, read: Callable[[str], Any]) -> Any:
        text = told.get(name, "")
        return read(text) if text else None

    office = _known("office", told.get("office", "").upper(), reading.catalogue.offices)
    service = _known("service", told.get("service", "").upper(), reading.catalogue.services)
    zone = reading.catalogue.office(office).zone

    def moment(name: str) -> datetime | None:
        text = told.get(name, "")
        return _near(name, _moment(name, text, zone)) if text else None

    def day(name: str) -> date | None:
        text = told.get(name, "")
        return _near(name, _day(name, text)) if text else None

    occurred_at = moment("occurred_at")
    if occurred_at is not None:
        _past("occurred_at", occurred_at, reading.now)
    return Record(
        number=application_number(told),
        office=office,
        service=service,
        status=_status(told.get("status", ""), reading.catalogue.service(service).group),
        phone=cell("phone", _phone),
        name=cell("name", lambda text: _text("name", text, 200)),
        birth_date=_birth_date(
            cell("birth_date", lambda text: _day("birth_date", text)), reading.now.astimezone(zone).date()
        ),
        language=cell("language", _language),
        consent=bool(cell("consent", _consent)),
        details=Details(
            missing=cell("missing", lambda text: _text("missing", text, 200)),
            receipt=cell("receipt", lambda text: _text("receipt", text, 40)),
            due_on=day("due_on"),
            ready_on=day("ready_on"),
            valid_until=day("valid_until"),
        ),
        payment=_payment(told, moment, reading.now),
        occurred_at=occurred_at,
    )


def paid(cells: Mapping[str, str], now: datetime, zone: ZoneInfo) -> Paid:
    """The payment that a row of a bank's or the treasury's list tells. Raises `BadCell`."""
    told = {name: _bare(text) for name, text in cells.items()}
    reference = told["reference"].upper()
    if not REFERENCE.fullmatch(reference):
        raise BadCell("reference", "write the NTPN, 16 letters and digits")
    return Paid(
        billing=_digits("billing", told["billing"], 15),
        amount=_amount(told["amount"]),
        paid_at=_past("paid_at", _near("paid_at", _moment("paid_at", told["paid_at"], zone)), now),
        reference=reference,
    )


def _bare(text: str) -> str:
    """The cell without what a spreadsheet puts around text: spaces, a leading ', ="..."."""
    if text.isalnum():
        return text
    text = text.strip()
    if text.startswith('="') and text.endswith('"'):
        text = text[2:-1]
    return text.removeprefix("'").strip()


def _known(field: str, code: str, codes: Mapping[str, object]) -> str:
    if code not in codes:
        raise BadCell(field, f"write one of {', '.join(codes)}")
    return code


def _digits(field: str, text: str, length: int) -> str:
    number = text.replace(" ", "").replace("-", "")
    if len(number) == length and number.isascii() and number.isdigit():
        return number
    if re.fullmatch(r"[0-9][.,][0-9]+E\+?[0-9]+", number, re.IGNORECASE):
        raise BadCell(field, "the spreadsheet rounded it: format the column as text and export again")
    if not re.fullmatch(r"[0-9]+", number):
        raise BadCell(field, f"write {length} digits")
    if len(number) != length:
        raise BadCell(field, f"has {len(number)} digits, {length} are needed (a lost 0 in front: format it as text)")
    return number


def _status(text: str, group: Any) -> Status:
    name = text.upper().replace(" ", "_").replace("-", "_")
    status = _STATUS_NAMES.get(name)
    if status is None:
        try:
            status = Status(name)
        except ValueError:
            raise BadCell("status", f"write one of {', '.join(Status)}") from None
    if not belongs(status, group):
        raise BadCell("status", f"{status} is no state of a {group} application")
    return status


def _phone(text: str) -> str:
    try:
        return parse_phone(text)
    except InvalidPhone as fault:
        raise BadCell("phone", fault.fix) from None


def _text(field: str, text: str, longest: int) -> str:
    plain = " ".join(text.split())
    # U+FFFD stands where a byte was no character of the file's encoding: a name is not kept mangled.
    if len(plain) > longest or not plain.isprintable() or "\ufffd" in plain:
        raise BadCell(field, f"write plain text of at most {longest} characters")
    return plain


def _language(text: str) -> Language:
    code = text.lower()
    if code in _LANGUAGE_NAMES:
        return _LANGUAGE_NAMES[code]
    try:
        return as_language(code)
    except ValueError:
        raise BadCell("language", f"write one of {', '.join(LANGUAGES)}") from None


def _consent(text: str) -> bool:
    answer = text.lower()
    if answer in ("ya", "yes", "y", "true", "1", "benar"):
        return True
    if answer in ("tidak", "no", "n", "false", "0", "salah"):
        return False
    raise BadCell("consent", "write ya or tidak")


def _day(field: str, text: str) -> date:
    try:
        if found := _DAY_FIRST.fullmatch(text):
            return date(int(found[3]), int(found[2]), int(found[1]))
        if re.fullmatch(r"[0-9]{5}", text):
            # Five digits begin in 1927: a bare year (1990) or an empty cell's 0 must not pass for a day.
            return _EXCEL_DAY_ZERO + timedelta(days=int(text))
        return date.fromisoformat(text)
    except ValueError:
        raise BadCell(field, "write a date as 2026-11-24 or 24/11/2026") from None


def _near(field: str, day: _Day) -> _Day:
    if day.year not in _YEARS:
        raise BadCell(field, f"write a year from {_YEARS[0]} to {_YEARS[-1]}")
    return day


def _moment(field: str, text: str, zone: ZoneInfo) -> datetime:
    if found := _MOMENT.fullmatch(text):
        try:
            at = time(int(found[2]), int(found[3]), int(found[4] or 0))
        except ValueError:
            raise BadCell(field, "write a time as 24/11/2026 08:30") from None
        return datetime.combine(_day(field, found[1]), at, tzinfo=zone)
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            return moment
    except ValueError:
        pass
    return datetime.combine(_day(field, text), time(), tzinfo=zone)


def _birth_date(born: date | None, today: date) -> date | None:
    if born is not None and (born > today or today.year - born.year > _OLDEST_YEARS):
        raise BadCell("birth_date", "is not the birth date of a living person")
    return born


def _payment(told: Mapping[str, str], moment: Callable[[str], datetime | None], now: datetime) -> Billing | None:
    if not told.get("billing"):
        return None
    amount = _amount(told.get("amount", ""))
    due_at = moment("due_at")
    if due_at is None:
        raise BadCell("due_at", "a billing needs the time until which it can be paid")
    if due_at > now + _DUE_WITHIN:
        raise BadCell("due_at", "lies more than 7 days ahead")
    paid_at = moment("paid_at")
    if paid_at is not None:
        _past("paid_at", paid_at, now)
    return Billing(_digits("billing", told["billing"], 15), amount, due_at, paid_at)


def _amount(text: str) -> int:
    found = _AMOUNT.fullmatch(text)
    amount = int(found[1].replace(".", "").replace(",", "")) if found else 0
    if not 0 < amount <= _MOST_RUPIAH:
        raise BadCell("amount", "write whole rupiah such as 650000")
    return amount


def _past(field: str, moment: datetime, now: datetime) -> datetime:
    if moment > now + _CLOCKS_APART:
        raise BadCell(field, "lies in the future")
    return moment
