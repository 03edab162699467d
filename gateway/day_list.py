"""How is a day at the office put on paper? As a page to print (A4, Indonesian) or a table, without whole numbers."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from io import StringIO
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from immigration import written
from immigration.appointments.codes import spoken
from immigration.appointments.office_day import Entry, queue_name
from immigration.offices.catalogue import OfficeFacts, ServiceFacts
from immigration.offices.hours import day_hours, zone_label

LANES: Final = {"general": "umum", "priority": "prioritas", "far": "daerah jauh"}
STATES: Final = {
    "booked": "terjadwal",
    "arrived": "hadir",
    "called": "dipanggil",
    "done": "selesai",
    "absent": "tidak hadir",
    "cancelled": "batal",
}
_TEMPLATES: Final = Path(__file__).parent / "templates"
_COLUMNS: Final = ("tanggal", "jam", "kode", "antrean", "jalur", "layanan", "permohonan", "hp", "keadaan", "loket")
# What a spreadsheet would take for a formula (OWASP, CSV injection).
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class DayList:
    """The visits of an office's day, as of a moment."""

    office: OfficeFacts
    day: date
    entries: Sequence[Entry]
    services: Mapping[str, ServiceFacts]
    now: datetime


@dataclass(frozen=True)
class Line:
    """A visit in words."""

    time: str
    code: str
    queue: str
    lane: str
    service: str
    application: str
    phone: str
    state: str
    counter: str
    is_off: bool


def lines(listed: DayList) -> Iterator[Line]:
    """The visits in order. A walk-in's time is that of coming."""
    for entry in listed.entries:
        visit = entry.visit
        at = visit.starts_at or visit.arrived_at or visit.booked_at
        service = listed.services.get(visit.service or "")
        yield Line(
            time=written.time_of_day(at.astimezone(listed.office.zone)) + ("" if visit.starts_at else " datang"),
            code=spoken(visit.code),
            queue=queue_name(visit),
            lane=LANES[visit.lane],
            service="" if service is None else service.names["id"],
            application=_ending(entry.application_last4),
            phone=_ending(entry.phone_last4),
            state=STATES[visit.state],
            counter="" if visit.counter is None else str(visit.counter),
            is_off=visit.state == "cancelled",
        )


def as_html(listed: DayList) -> str:
    """The page, whole in itself."""
    hours = day_hours(listed.office, listed.day)
    local = listed.now.astimezone(listed.office.zone)
    coming = [line for line in lines(listed) if not line.is_off]
    return _template().render(
        office=listed.office.name,
        day=f"{written.weekday(listed.day.weekday(), 'id')}, {written.day(listed.day, 'id')}",
        zone=zone_label(listed.office.zone),
        printed=f"{written.day(local.date(), 'id')} {written.time_of_day(local)} {zone_label(listed.office.zone)}",
        closed=None if hours.spans else (hours.reason or {}).get("id", "libur"),
        count=len(coming),
        priority=sum(line.lane == LANES["priority"] for line in coming),
        lines=list(lines(listed)),
    )


def as_csv(listed: DayList) -> str:
    """The table: RFC 4180, safe to open in a spreadsheet."""
    file = StringIO()
    writer = csv.writer(file)
    writer.writerow(_COLUMNS)
    for line in lines(listed):
        cells = (line.time, line.code, line.queue, line.lane, line.service, line.application, line.phone, line.state)
        writer.writerow(_safe(cell) for cell in (listed.day.isoformat(), *cells, line.counter))
    return file.getvalue()


def _safe(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _ending(last4: str | None) -> str:
    return "" if last4 is None else f"..{last4}"


@lru_cache(maxsize=1)
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("day_list.html")
