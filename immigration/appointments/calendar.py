"""Which sessions are there, and which may be booked now? Pure: the week, closures, the horizon and the lead time."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from immigration.offices.catalogue import OfficeFacts, Span
from immigration.offices.hours import day_hours
from immigration.offices.visit_rules import LANES, Lane, VisitRules


@dataclass(frozen=True)
class Planned:
    """A session as it should be there: aware times in the office's zone, and its seats in one lane."""

    lane: Lane
    day: date
    starts_at: datetime
    ends_at: datetime
    seats: int


def rules_of(office: OfficeFacts) -> VisitRules:
    """The office's rules. Raises `TakesNoVisits`."""
    if office.visits is None:
        raise TakesNoVisits(office.code)
    return office.visits


class TakesNoVisits(Exception):
    """This office takes no visits by phone."""


def planned(office: OfficeFacts, day: date) -> Iterator[Planned]:
    """The sessions of a day: those of its weekday that lie within its open hours, closures and holidays included.

    A session that shortened hours cut is left out whole: half a session would need half of its seats.
    """
    rules = rules_of(office)
    spans = day_hours(office, day).spans
    for plan in rules.sessions:
        if day.weekday() not in plan.weekdays or not _within(plan.starts, plan.ends, spans):
            continue
        starts = datetime.combine(day, plan.starts, tzinfo=office.zone)
        ends = datetime.combine(day, plan.ends, tzinfo=office.zone)
        for lane in LANES:
            if plan.seats(lane):
                yield Planned(lane, day, starts, ends, plan.seats(lane))


def _within(starts: time, ends: time, spans: tuple[Span, ...]) -> bool:
    return any(span.opens <= starts and ends <= span.closes for span in spans)


def today(office: OfficeFacts, now: datetime) -> date:
    """The office's own day."""
    return now.astimezone(office.zone).date()


def last_open_day(office: OfficeFacts, now: datetime) -> date:
    """The last day that may be booked: weeks open whole, each at the same moment of the week."""
    rules = rules_of(office)
    local = now.astimezone(office.zone)
    monday = local.date() - timedelta(days=local.weekday())
    opening = datetime.combine(monday + timedelta(days=rules.opens_weekday), rules.opens_at, tzinfo=office.zone)
    weeks = rules.weeks_ahead + (1 if local >= opening else 0)
    return monday + timedelta(days=7 * weeks - 1)


def earliest_start(office: OfficeFacts, now: datetime) -> datetime:
    """The first moment at which a session that may still be booked begins."""
    return now + timedelta(minutes=rules_of(office).lead_minutes)
