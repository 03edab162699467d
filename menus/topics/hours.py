"""When is the office open, and where is it? Today first, then the week, the next closure and the place."""

from collections.abc import Iterator
from datetime import date, datetime, time

from immigration.offices.catalogue import OfficeFacts, Span
from immigration.offices.hours import next_closure, state_at, zone_label
from menus.description import Day, Lines, Menu, Moment, Say, Text, Verbatim, View
from menus.desk import Caller, Desk
from menus.topics import screen


@screen()
def hours(caller: Caller, desk: Desk) -> View:
    """Open now or not, until when; the week; the next day off; the address; the parent office."""
    office = desk.catalogue.office(desk.office_code)
    words = [_now(office, caller.now), *_week(office), *_closure(office, caller.now), *_place(office, desk)]
    return Menu(Lines(tuple(words)))


def _now(office: OfficeFacts, now: datetime) -> Text:
    state = state_at(office, now)
    if state.until is None:
        return Say("hours.closed")
    until = Lines((Moment(state.until), Verbatim(zone_label(office.zone))), joint=" ")
    if state.is_open:
        return Say("hours.open", {"time": until})
    today = now.astimezone(office.zone).date()
    if state.until.date() == today:
        return Say("hours.opens_today", {"time": until})
    return Say("hours.opens", {"day": _weekday(state.until.date()), "date": Day(state.until.date()), "time": until})


def _weekday(day: date) -> Text:
    return Say(f"weekday.{day.weekday()}")


def _at(moment: time) -> str:
    return f"{moment:%H.%M}"


def _spans(spans: tuple[Span, ...]) -> Text:
    """The day from opening to closing, with its break."""
    whole = Verbatim(f"{_at(spans[0].opens)}-{_at(spans[-1].closes)}")
    if len(spans) == 1:
        return whole
    rest = Verbatim(f"{_at(spans[0].closes)}-{_at(spans[1].opens)}")
    return Say("hours.break", {"hours": whole, "break": rest})


def _week(office: OfficeFacts) -> Iterator[Text]:
    """Weekdays with the same hours stand together: Monday to Thursday, Friday."""
    days = sorted(office.week.items())
    first = 0
    while first < len(days):
        last = first
        while last + 1 < len(days) and days[last + 1] == (days[last][0] + 1, days[first][1]):
            last += 1
        begin, end = days[first][0], days[last][0]
        named = (Say(f"weekday.short.{begin}"), Say(f"weekday.short.{end}"))
        yield Lines((Lines(named if begin != end else named[:1], joint="-"), _spans(days[first][1])), joint=" ")
        first = last + 1


def _closure(office: OfficeFacts, now: datetime) -> Iterator[Text]:
    closed = next_closure(office, now.astimezone(office.zone).date())
    if closed is not None:
        yield Say("hours.closure", {"day": _weekday(closed.day), "date": Day(closed.day)})


def _place(office: OfficeFacts, desk: Desk) -> Iterator[Text]:
    where = Lines((Verbatim(office.name), Verbatim(office.address)), joint=", ")
    yield Say("hours.trial", {"office": where}) if office.trial else Say("hours.office", {"office": where})
    if office.telephone:
        yield Say("hours.phone", {"phone": Verbatim(office.telephone)})
    if office.parent is not None:
        parent = desk.catalogue.office(office.parent)
        yield Say(
            "hours.parent",
            {"office": Lines((Verbatim(parent.name), Verbatim(parent.address)), joint=", ")},
        )
        if parent.telephone:
            yield Say("hours.phone", {"phone": Verbatim(parent.telephone)})
