"""What is due? Indexed ranges around each offset, so that a pass costs what is due and not what exists."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any, Final

from sqlalchemy import Select, exists, select
from sqlalchemy.orm import Session

from immigration.applications.tables import Application, Payment
from immigration.offices.catalogue import OfficeFacts
from immigration.reminders.rules import Rule
from immigration.reminders.tables import Reminder

_DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class Due:
    """A reminder to be written: what it is about, what it counts from, how long it makes sense."""

    rule: Rule
    about: int
    target: datetime
    offset: timedelta
    until: datetime


def due(session: Session, rule: Rule, offices: Sequence[OfficeFacts], now: datetime, limit: int) -> Iterator[Due]:
    """What is due by this rule in these offices, which share a zone and the rule's offsets."""
    for offset, following in zip(rule.offsets, (*rule.offsets[1:], None), strict=True):
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
    codes = [office.code for office in offices]
    if rule.source == "payment due":
        query = _unwritten(rule, offset, Payment.id, Payment.due_at).join(
            Application, Application.id == Payment.application_id
        )
        query = query.where(
            Payment.state == "waiting",
            Payment.due_at <= now - offset,
            Payment.due_at > now - offset - valid,
            Application.office.in_(codes),
        ).order_by(Payment.due_at)
        for row in session.execute(query.limit(limit)):
            yield Due(rule, row.about, row.target, offset, row.target + offset + valid)
        return
    zone = offices[0].zone
    assert rule.at is not None, "all but payments count in days"
    local = now.astimezone(zone)
    # The newest day whose reminder is due by now, and how many days back one still makes sense.
    newest = local.date() - offset if local.time() >= rule.at else local.date() - offset - _DAY
    oldest = newest - valid + _DAY
    # A deadline is a day, kept as its beginning in UTC.
    counted_in = zone if rule.source == "state since" else UTC
    column = Application.status_at if rule.source == "state since" else Application.deadline
    query = _unwritten(rule, offset, Application.id, column).where(
        Application.status == rule.status,
        column >= _midnight(oldest, counted_in),
        column < _midnight(newest + _DAY, counted_in),
        Application.office.in_(codes),
    )
    for row in session.execute(query.order_by(column).limit(limit)):
        day = row.target.astimezone(counted_in).date()
        until = datetime.combine(day + offset, rule.at, tzinfo=zone) + valid
        yield Due(rule, row.about, row.target, offset, until)


def _unwritten(rule: Rule, offset: timedelta, about: Any, target: Any) -> Select[Any]:
    """Rows of about and target for which there is no reminder of this offset."""
    written = exists().where(
        Reminder.rule == rule.code,
        Reminder.about == about,
        Reminder.target == target,
        Reminder.offset_minutes == in_minutes(offset),
    )
    return select(about.label("about"), target.label("target")).where(~written)


def in_minutes(offset: timedelta) -> int:
    """An offset in whole minutes, as it is kept."""
    return offset // timedelta(minutes=1)


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), tzinfo=zone)
