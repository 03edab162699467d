"""What is due? Indexed ranges around each offset, so that a pass costs what is due and not what exists."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import cache
from typing import Any, Final

from sqlalchemy import Select, bindparam, exists, func, literal_column, select
from sqlalchemy.orm import Session

from immigration.applications.states import Group, Status
from immigration.applications.tables import Application, Payment
from immigration.offices.catalogue import OfficeFacts
from immigration.offices.tables import Service
from immigration.reminders.rules import Rule, Source
from immigration.reminders.tables import Reminder

_DAY: Final = timedelta(days=1)
# Moments are kept to the microsecond.
_TICK: Final = timedelta(microseconds=1)


@dataclass(frozen=True)
class Due:
    """A reminder to be written: what it is about, what it counts from, how long it makes sense."""

    rule: Rule
    about: int
    target: datetime
    offset: timedelta
    until: datetime


def due(session: Session, rule: Rule, offices: Sequence[OfficeFacts], now: datetime, limit: int) -> Iterator[Due]:
    """What is due by this rule in these offices, which share a zone and the rule's offsets; the last offset first.

    Only what `words.gone` would let pass: what is found again and again and never written would hold up the rest.
    """
    # Where not all can be written at once, those with the least time left go first.
    for offset, following in reversed(list(zip(rule.offsets, (*rule.offsets[1:], None), strict=True))):
        if limit <= 0:
            return
        found = list(_due_at(session, rule, offices, now, offset, following, limit))
        limit -= len(found)
        yield from found


def _due_at(
    session: Session,
    rule: Rule,
    offices: Sequence[OfficeFacts],
    now: datetime,
    offset: timedelta,
    following: timedelta | None,
    limit: int,
) -> Iterator[Due]:
    # Within its time, before the next one's, and (what counts down) before the moment itself.
    valid = rule.valid if following is None else min(rule.valid, following - offset)
    if offset < timedelta():
        valid = min(valid, -offset)
    # A deadline is a day, kept as its beginning in UTC.
    zone = offices[0].zone
    counted_in = zone if rule.source == "state since" else UTC
    if rule.at is None:
        after, upto = now - offset - valid, now - offset
    else:
        # The newest day whose reminder is due by now, and how many days back one still makes sense.
        local = now.astimezone(zone)
        newest = local.date() - offset if local.time() >= rule.at else local.date() - offset - _DAY
        after = _midnight(newest - valid + _DAY, counted_in) - _TICK
        upto = _midnight(newest + _DAY, counted_in) - _TICK
    told = {
        "rule": rule.code,
        "offset": in_minutes(offset),
        "after": after,
        "upto": upto,
        "status": rule.status,
        "offices": [office.code for office in offices],
        "most": limit,
    }
    for row in session.connection().execute(_unwritten(rule.source, rule.group, rule.task is None), told):
        begins = row.target + offset
        if rule.at is not None:
            begins = datetime.combine(row.target.astimezone(counted_in).date() + offset, rule.at, tzinfo=zone)
        yield Due(rule, row.about, row.target, offset, begins + valid)


@cache
def _unwritten(source: Source, group: Group | None, to_a_phone: bool) -> Select[Any]:
    """Rows of about and target for which there is no reminder of this offset.

    Put together once: that costs more than to run it.
    """
    columns: dict[Source, tuple[Any, Any]] = {
        "payment due": (Payment.id, Payment.due_at),
        "state since": (Application.id, Application.status_at),
        "deadline": (Application.id, Application.deadline),
    }
    about, target = columns[source]
    written = exists().where(
        Reminder.rule == bindparam("rule"),
        Reminder.about == about,
        Reminder.target == target,
        Reminder.offset_minutes == bindparam("offset"),
    )
    query = select(about.label("about"), target.label("target")).where(
        target > bindparam("after"),
        target <= bindparam("upto"),
        Application.office.in_(bindparam("offices", expanding=True)),
        ~written,
    )
    if source == "payment due":
        # Written out, for the index holds no others.
        waiting = Payment.state == literal_column("'waiting'")
        # Not by the index of states, which would go through all who wait for a billing, however long it runs.
        unpaid = func.coalesce(Application.status, "") == Status.MENUNGGU_BAYAR
        query = query.join(Application, Application.id == Payment.application_id)
        query = query.where(waiting, unpaid, Payment.is_current)
    else:
        query = query.where(Application.status == bindparam("status"))
    if to_a_phone:
        query = query.where(Application.phone_hash.is_not(None))
    if group is not None:
        query = query.where(Application.service.in_(select(Service.code).where(Service.group == group)))
    # In one order, so that two passes that want the same rows wait for each other one way.
    return query.order_by(target, about).limit(bindparam("most"))


def in_minutes(offset: timedelta) -> int:
    """An offset in whole minutes, as it is kept."""
    return offset // timedelta(minutes=1)


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), tzinfo=zone)
