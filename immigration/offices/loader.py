"""How do the reference files get into the database? Checked whole, then brought up to date; again changes nothing."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from immigration.database import Base
from immigration.offices.pay_places import BadPlaces, places_from
from immigration.offices.tables import SMS_CHANNELS, Fee, LocalException, Office, OfficeHours, Service
from immigration.offices.visit_rules import BadRules, as_told, rules_from
from immigration.people import LANGUAGES

FOLDER: Final = Path(__file__).parent.parent / "reference"
_NO_REASON: Final = dict.fromkeys(LANGUAGES, "")


class BadReference(Exception):
    """A reference file cannot be used; the message names file, entry, field and fix."""


@dataclass(frozen=True)
class _Entry:
    """One table of a file, whose faults name file and entry."""

    where: str
    values: Mapping[str, Any]

    def need(self, field: str, kind: type) -> Any:
        value = self.values.get(field)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise BadReference(f"{self.where}: {field}: write a {kind.__name__}")
        return value

    def texts(self, field: str) -> dict[str, str]:
        value = self.need(field, dict)
        for language in LANGUAGES:
            if not isinstance(value.get(language), str):
                raise BadReference(f"{self.where}: {field}: the text in `{language}` is missing")
        return {language: value[language] for language in LANGUAGES}


def load_reference(session: Session, *, folder: Path = FOLDER) -> dict[str, int]:
    """Bring offices, hours, services and fees up to date, in a writing session; how many rows changed, by table.

    A service that the files no longer name is made inactive. Raises `BadReference`.
    """
    rows = [*_offices(folder), *_services(folder)]
    _require_distinct(rows)
    changed: dict[str, int] = {}
    kept: dict[type[Base], set[Any]] = {}
    for row in rows:
        table = type(row)
        identity = _identity(row)
        kept.setdefault(table, set()).add(identity)
        if _differs(session.get(table, identity), row):
            session.merge(row)
            # Parents before children: an office names its parent, hours their office.
            session.flush()
            changed[table.__tablename__] = changed.get(table.__tablename__, 0) + 1
    for code in set(session.scalars(select(Service.code).where(Service.active))) - kept.get(Service, set()):
        session.get_one(Service, code).active = False
        changed[Service.__tablename__] = changed.get(Service.__tablename__, 0) + 1
    for table in (OfficeHours, LocalException, Fee):
        for gone in [row for row in session.scalars(select(table)) if _identity(row) not in kept.get(table, set())]:
            keys = [column == getattr(gone, column.key) for column in table.__table__.primary_key]
            session.execute(delete(table).where(*keys))
            changed[table.__tablename__] = changed.get(table.__tablename__, 0) + 1
    return changed


def _require_distinct(rows: Sequence[Base]) -> None:
    seen: set[tuple[type[Base], Any]] = set()
    for row in rows:
        if (type(row), _identity(row)) in seen:
            raise BadReference(f"{row.__tablename__}: {_identity(row)} stands twice in the files")
        seen.add((type(row), _identity(row)))


def _identity(row: Base) -> Any:
    keys = tuple(getattr(row, column.key) for column in row.__table__.primary_key)
    return keys if len(keys) > 1 else keys[0]


def _differs(old: Base | None, new: Base) -> bool:
    if old is None:
        return True
    return any(getattr(old, column.key) != getattr(new, column.key) for column in new.__table__.columns)


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise BadReference(f"{file.name}: cannot be read ({type(error).__name__})") from error
    except tomllib.TOMLDecodeError as error:
        raise BadReference(f"{file.name}: {error}") from error


def _offices(folder: Path) -> list[Base]:
    files = sorted((folder / "offices").glob("*.toml"))
    entries = [_Entry(file.name, _read(file)) for file in files]
    codes = {entry.need("code", str) for entry in entries}
    if not codes:
        raise BadReference("offices: there is no office file")
    rows: list[Base] = []
    # Offices without a parent first, so that each parent is there before its children.
    for entry in sorted(entries, key=lambda entry: "parent" in entry.values):
        parent = entry.values.get("parent")
        if parent is not None and parent not in codes:
            raise BadReference(f"{entry.where}: parent: there is no office {parent}")
        try:
            ZoneInfo(entry.need("zone", str))
        except (ZoneInfoNotFoundError, ValueError):
            raise BadReference(f"{entry.where}: zone: write a zone such as Asia/Jakarta") from None
        if entry.need("language", str) not in LANGUAGES:
            raise BadReference(f"{entry.where}: language: write one of {', '.join(LANGUAGES)}")
        code = entry.need("code", str)
        rows.append(
            Office(
                code=code,
                name=entry.need("name", str),
                trial=entry.need("trial", bool),
                parent=parent,
                zone=entry.need("zone", str),
                language=entry.need("language", str),
                address=entry.need("address", str),
                telephone=entry.need("telephone", str),
                collection=entry.texts("collection"),
                sms_channels=_channels(entry),
                visits=_visits(entry),
                reminders=_reminders(entry),
                pay_at=_pay_at(entry),
            )
        )
        rows += _hours(entry, code)
        rows += _exceptions(entry, code)
    return rows


def _pay_at(entry: _Entry) -> list[dict[str, Any]]:
    try:
        places = places_from(entry.values.get("pay_at", []))
    except BadPlaces as fault:
        raise BadReference(f"{entry.where}: pay_at: {fault}") from None
    return [{"kind": place.kind, "names": list(place.names)} for place in places]


def _channels(entry: _Entry) -> list[str]:
    told = entry.values.get("sms_channels", [])
    if not isinstance(told, list) or not all(name in SMS_CHANNELS for name in told):
        raise BadReference(f"{entry.where}: sms_channels: write some of {', '.join(SMS_CHANNELS)}, first choice first")
    return list(told)


def _visits(entry: _Entry) -> dict[str, Any] | None:
    if "visits" not in entry.values:
        return None
    try:
        return as_told(rules_from(entry.need("visits", dict)))
    except BadRules as fault:
        raise BadReference(f"{entry.where}: visits: {fault}") from None


def _reminders(entry: _Entry) -> dict[str, list[int]]:
    """Which rules there are is the reminders' business; that a name is one is checked by `reminders rules`."""
    told = entry.values.get("reminders", {})
    for name, offsets in told.items():
        if not isinstance(offsets, list) or not offsets or any(type(offset) is not int for offset in offsets):
            raise BadReference(f"{entry.where}: reminders: {name}: write whole numbers such as [7, 20, 27]")
    return dict(told)


def _hours(entry: _Entry, code: str) -> Iterator[OfficeHours]:
    for values in entry.need("hours", list):
        span = _Entry(f"{entry.where} hours", values)
        opens, closes = span.need("opens", time), span.need("closes", time)
        begins, ends = _break(span)
        if not opens < closes or (begins and ends and not opens < begins < ends < closes):
            raise BadReference(f"{span.where}: opens, break and closes must follow each other")
        for weekday in span.need("weekdays", list):
            if weekday not in range(7):
                raise BadReference(f"{span.where}: weekdays: write 0 (Monday) to 6 (Sunday)")
            yield OfficeHours(
                office=code, weekday=weekday, opens=opens, closes=closes, break_begins=begins, break_ends=ends
            )


def _break(span: _Entry) -> tuple[time | None, time | None]:
    told = span.values.get("break")
    if told is None:
        return None, None
    if not isinstance(told, list) or len(told) != 2 or not all(isinstance(moment, time) for moment in told):
        raise BadReference(f"{span.where}: break: write two times such as [12:00:00, 13:00:00]")
    return told[0], told[1]


def _exceptions(entry: _Entry, code: str) -> Iterator[LocalException]:
    for values in entry.values.get("exception", []):
        told = _Entry(f"{entry.where} exception", values)
        opens, closes = (told.need(name, time) if name in values else None for name in ("opens", "closes"))
        if (opens is None) != (closes is None) or (opens is not None and not opens < closes):
            raise BadReference(f"{told.where}: give opens before closes, or neither for a closed day")
        reason = told.texts("reason") if "reason" in values else dict(_NO_REASON)
        yield LocalException(office=code, day=told.need("day", date), opens=opens, closes=closes, reason=reason)


def _services(folder: Path) -> list[Base]:
    content = _Entry("services.toml", _read(folder / "services.toml"))
    rows: list[Base] = []
    seen: set[str] = set()
    for place, values in enumerate(content.need("service", list)):
        entry = _Entry(f"services.toml: {values.get('code', f'entry {place + 1}')}", values)
        code = entry.need("code", str)
        if code in seen:
            raise BadReference(f"{entry.where}: code: stands twice")
        seen.add(code)
        if entry.need("group", str) not in ("passport", "permit"):
            raise BadReference(f"{entry.where}: group: write passport or permit")
        rows.append(
            Service(
                code=code,
                place=place,
                group=entry.need("group", str),
                names=entry.texts("names"),
                short_names=entry.texts("short_names"),
                papers=entry.texts("papers"),
                days=entry.texts("days"),
                same_data=entry.need("same_data", bool),
                how=entry.texts("how"),
                active=entry.need("active", bool),
            )
        )
        labels: list[dict[str, str]] = []
        for number, told in enumerate(entry.need("fee", list)):
            fee = _Entry(f"{entry.where} fee {number + 1}", told)
            if fee.need("amount", int) <= 0:
                raise BadReference(f"{fee.where}: amount: write whole rupiah above 0")
            label = fee.texts("label")
            if label not in labels:
                labels.append(label)
            rows.append(
                Fee(
                    service=code,
                    # Tariffs of one label follow each other in time: a coming one stands beside the one in force.
                    place=labels.index(label),
                    valid_from=told.get("valid_from", content.need("valid_from", date)),
                    amount=told["amount"],
                    label=label,
                    basis=told.get("basis", content.need("basis", str)),
                )
            )
    return rows
