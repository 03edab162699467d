"""When is an office open? The week, the holidays of domain.md 4.3, local exceptions, zones and the turn of the year."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from immigration.offices.catalogue import Exceptional, OfficeFacts, Span
from immigration.offices.hours import (
    OfficeState,
    add_working_days,
    day_hours,
    holiday_name,
    next_closure,
    state_at,
    zone_label,
)
from menus.sample import reference_catalogue

WIB = ZoneInfo("Asia/Jakarta")
OFFICE = reference_catalogue().office("SJJ")
DAY_OFF = Exceptional((), {"id": "Rapat", "min": "Rapek", "en": "Meeting"})

PUBLIC = {
    2026: "1.1 16.1 17.2 19.3 21.3 22.3 3.4 5.4 1.5 14.5 27.5 31.5 1.6 16.6 17.8 25.8 25.12",
    2027: "1.1 5.1 6.2 8.3 10.3 11.3 26.3 28.3 1.5 6.5 17.5 20.5 1.6 6.6 15.8 17.8 25.12 26.12",
}
JOINT_LEAVE = {
    2026: "16.2 18.3 20.3 23.3 24.3 15.5 28.5 24.12",
    2027: "5.2 9.3 12.3 15.3 25.3 18.5 19.5 24.12",
}


def at(moment: str, office: OfficeFacts = OFFICE) -> OfficeState:
    return state_at(office, datetime.fromisoformat(moment).replace(tzinfo=office.zone))


def local(moment: str, zone: ZoneInfo = WIB) -> datetime:
    return datetime.fromisoformat(moment).replace(tzinfo=zone)


def days(year: int, told: str) -> set[date]:
    return {date(year, int(month), int(day)) for day, month in (one.split(".") for one in told.split())}


@pytest.mark.parametrize("year", [2026, 2027])
def test_the_years_holidays_and_joint_leave_are_exactly_those_decreed(year: int) -> None:
    first = date(year, 1, 1)
    known = {day for ahead in range(365) if holiday_name(day := first + timedelta(days=ahead))}
    assert known == days(year, PUBLIC[year]) | days(year, JOINT_LEAVE[year])
    assert all(not day_hours(OFFICE, day).spans for day in known)


def test_no_holiday_bears_the_mark_of_an_estimate() -> None:
    names = [holiday_name(day) for year in (2026, 2027) for day in days(year, PUBLIC[year])]
    assert not [name for name in names if name is None or "perkiraan" in name or "estimated" in name]


@pytest.mark.parametrize(
    ("moment", "is_open", "until"),
    [
        ("2026-11-24T07:59:59", False, "2026-11-24T08:00"),
        ("2026-11-24T08:00", True, "2026-11-24T12:00"),
        ("2026-11-24T11:59:59", True, "2026-11-24T12:00"),
        ("2026-11-24T12:00", False, "2026-11-24T13:00"),
        ("2026-11-24T13:00", True, "2026-11-24T16:00"),
        ("2026-11-24T16:00", False, "2026-11-25T08:00"),
        ("2026-11-27T11:29", True, "2026-11-27T11:30"),
        ("2026-11-27T12:45", False, "2026-11-27T13:30"),
        ("2026-11-27T16:29", True, "2026-11-27T16:30"),
        ("2026-11-27T16:30", False, "2026-11-30T08:00"),
        ("2026-11-29T10:00", False, "2026-11-30T08:00"),
        ("2026-11-30T00:00", False, "2026-11-30T08:00"),
        ("2026-12-23T23:59", False, "2026-12-28T08:00"),
        ("2026-12-31T17:00", False, "2027-01-04T08:00"),
    ],
)
def test_open_until_or_closed_until_at_every_edge_of_a_day(moment: str, is_open: bool, until: str) -> None:
    assert at(moment) == OfficeState(is_open, local(until))


def test_the_day_is_that_of_the_offices_zone() -> None:
    # 18:30 UTC on Sunday is Monday in all of Indonesia; 23:00 UTC is 08:00 in Jayapura alone.
    for name, label, opens in (
        ("Asia/Jakarta", "WIB", "2026-11-30T01:00"),
        ("Asia/Pontianak", "WIB", "2026-11-30T01:00"),
        ("Asia/Makassar", "WITA", "2026-11-30T00:00"),
        ("Asia/Jayapura", "WIT", "2026-11-29T23:00"),
    ):
        office = replace(OFFICE, zone=ZoneInfo(name))
        state = state_at(office, datetime(2026, 11, 29, 18, 30, tzinfo=UTC))
        assert not state.is_open
        assert state.until == datetime.fromisoformat(opens).replace(tzinfo=UTC)
        assert zone_label(office.zone) == label
    assert state_at(replace(OFFICE, zone=ZoneInfo("Asia/Jayapura")), datetime(2026, 11, 29, 23, tzinfo=UTC)).is_open
    assert zone_label(ZoneInfo("UTC")) == "UTC"


def test_a_local_exception_closes_a_working_day() -> None:
    office = replace(OFFICE, exceptions={date(2026, 11, 24): DAY_OFF})
    assert at("2026-11-24T10:00", office) == OfficeState(False, local("2026-11-25T08:00"))
    assert day_hours(office, date(2026, 11, 24)).reason == DAY_OFF.reason


def test_a_local_exception_opens_a_holiday_and_a_sunday_at_its_own_hours() -> None:
    extra = Exceptional((Span(time(9), time(11)),), {})
    office = replace(OFFICE, exceptions={date(2026, 12, 24): extra, date(2026, 11, 29): extra})
    assert at("2026-12-24T10:00", office) == OfficeState(True, local("2026-12-24T11:00"))
    assert at("2026-11-29T08:00", office) == OfficeState(False, local("2026-11-29T09:00"))
    assert next_closure(office, date(2026, 12, 20)).day == date(2026, 12, 25)


def test_the_next_closures_are_those_that_the_calendar_names() -> None:
    found, day = [], date(2026, 11, 24)
    while len(found) < 5:
        closed = next_closure(OFFICE, day)
        assert closed is not None
        found.append(closed.day)
        day = closed.day + timedelta(days=1)
    assert found == [date(2026, 12, 24), date(2026, 12, 25), date(2027, 1, 1), date(2027, 1, 5), date(2027, 2, 5)]


def test_a_closure_is_a_day_that_the_week_would_have_open() -> None:
    # 6 February 2027 is a holiday and a Saturday: nobody misses anything.
    closed = next_closure(OFFICE, date(2027, 2, 6))
    assert closed is not None
    assert closed.day == date(2027, 3, 8)
    assert closed.reason == {"id": holiday_name(date(2027, 3, 8))}


def test_an_office_without_a_week_is_closed_until_nobody_knows() -> None:
    shut = replace(OFFICE, week={})
    assert at("2026-11-24T10:00", shut) == OfficeState(False, None)
    assert next_closure(shut, date(2026, 11, 24)) is None


def test_working_days_pass_over_weekends_holidays_and_joint_leave() -> None:
    assert add_working_days(OFFICE, date(2026, 11, 24), 4) == date(2026, 11, 30)
    assert add_working_days(OFFICE, date(2026, 12, 22), 4) == date(2026, 12, 30)
    assert add_working_days(OFFICE, date(2026, 11, 24), 0) == date(2026, 11, 24)
