"""Which sessions are there? The week, holidays, closures, horizon and lead time, in each of the three zones."""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from immigration.appointments import availability, closures
from immigration.appointments.calendar import last_open_day, planned
from immigration.appointments.closures import BadClosure
from immigration.appointments.seats import SlotGone
from tests.support.clock import MovedClock
from tests.support.sms import SmsOffice
from tests.support.visits import OfficeFile, VisitOffice, bring

ZONES = {"AAA": ("Asia/Jakarta", 7), "BBB": ("Asia/Makassar", 8), "CCC": ("Asia/Jayapura", 9)}
NEW_YEAR = date(2027, 1, 1)
on_sqlite_alone = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)


@pytest.fixture
def visits(office: SmsOffice) -> VisitOffice:
    made = VisitOffice(office)
    made.renew()
    return made


@pytest.fixture
def three(office: SmsOffice, tmp_path: Path) -> list[VisitOffice]:
    """An office in each zone, all of one deployment, open every day with a session before midnight and one after."""
    night = (("00:15", "01:00", 2, 0), ("08:00", "09:00", 2, 0), ("23:00", "23:45", 2, 0))
    bring(
        office,
        tmp_path,
        *(OfficeFile(code, zone, night, opens="00:00", closes="23:59") for code, (zone, _) in ZONES.items()),
    )
    offices = [VisitOffice(office, code) for code in ZONES]
    for one in offices:
        one.renew()
    return offices


def local(code: str, *moment: int) -> datetime:
    """A moment of this office's own time, in UTC."""
    return datetime(*moment, tzinfo=UTC) - timedelta(hours=ZONES[code][1])  # type: ignore[arg-type]


def starts(visits: VisitOffice, day: date) -> list[str]:
    """When the sessions of a day begin that can be booked, in the office's own time."""
    return [f"{one.starts_at.astimezone(visits.facts.zone):%H:%M}" for one in visits.free(day)]


@on_sqlite_alone
def test_a_week_has_the_sessions_of_the_office_with_the_longer_break_of_friday(visits: VisitOffice) -> None:
    thursday, friday = date(2026, 12, 3), date(2026, 12, 4)
    assert starts(visits, thursday) == ["08:00", "09:00", "10:00", "11:00", "13:00", "14:00"]
    assert starts(visits, friday) == ["08:00", "09:00", "10:00", "11:00", "13:30", "14:30"]
    assert starts(visits, date(2026, 12, 5)) == []
    assert sum(one.free for one in visits.free(thursday)) == 18
    assert sum(one.free for one in visits.free(thursday, "priority")) == 2
    assert visits.free(thursday, "far") == []


@on_sqlite_alone
def test_national_holidays_and_joint_leave_have_no_sessions(visits: VisitOffice, clock: MovedClock) -> None:
    clock.move_to(datetime(2026, 12, 11, 11, 0, tzinfo=UTC))
    visits.generate()
    christmas, joint_leave = date(2026, 12, 25), date(2026, 12, 24)
    assert visits.slots(christmas) == []
    assert visits.slots(joint_leave) == []
    assert visits.slots(NEW_YEAR) == []
    assert len(visits.slots(date(2026, 12, 23))) == 6
    assert len(visits.slots(date(2026, 12, 31))) == 6


def test_generating_again_changes_nothing(visits: VisitOffice) -> None:
    before = [(slot.id, slot.capacity, slot.is_open) for slot in visits.slots()]
    again = visits.generate()
    assert (again.made, again.changed, again.closed, again.refused) == (0, 0, 0, [])
    assert [(slot.id, slot.capacity, slot.is_open) for slot in visits.slots()] == before
    assert visits.tick() == {}


def test_the_clock_keeps_the_horizon_filled_and_a_stopped_one_catches_up(
    visits: VisitOffice, clock: MovedClock
) -> None:
    for _ in range(3):
        clock.move(days=7)
        assert visits.tick()["slots_changed"] > 0
        assert visits.tick() == {}
    clock.move(days=21)
    visits.tick()
    assert visits.slots()[-1].day > last_open_day(visits.facts, clock()), "the week that opens next is there already"
    assert all(day.free for day in days(visits) if day.day > clock().date())


def days(visits: VisitOffice) -> list[availability.FreeDay]:
    with visits.database.reading() as session:
        return availability.free_days(session, visits.facts, "general", visits.now)


@on_sqlite_alone
@pytest.mark.parametrize("code", ZONES)
def test_new_weeks_open_on_friday_at_five_by_the_offices_own_clock(
    three: list[VisitOffice], clock: MovedClock, code: str
) -> None:
    visits = next(one for one in three if one.code == code)
    sunday = date(2026, 12, 20)
    clock.move_to(local(code, 2026, 11, 27, 16, 59))
    assert last_open_day(visits.facts, clock()) == sunday
    assert days(visits)[-1].day == sunday
    clock.move(minutes=1)
    assert last_open_day(visits.facts, clock()) == sunday + timedelta(days=7)
    assert days(visits)[-1].day == sunday + timedelta(days=7), "there already, before the clock has come by"
    clock.move(days=3)
    assert last_open_day(visits.facts, clock()) == sunday + timedelta(days=7), "a new week by itself opens nothing"


@on_sqlite_alone
def test_one_moment_opens_new_weeks_in_the_east_and_not_yet_in_the_west(
    three: list[VisitOffice], clock: MovedClock
) -> None:
    clock.move_to(local("BBB", 2026, 11, 27, 17, 0))
    assert [last_open_day(one.facts, clock()).day for one in three] == [20, 27, 27]


@on_sqlite_alone
@pytest.mark.parametrize("code", ZONES)
def test_a_session_belongs_to_the_offices_own_day_also_around_midnight_and_new_year(
    three: list[VisitOffice], clock: MovedClock, code: str
) -> None:
    visits = next(one for one in three if one.code == code)
    clock.move_to(local(code, 2026, 12, 30, 12, 0))
    visits.generate()
    assert starts(visits, date(2026, 12, 31)) == ["00:15", "08:00", "23:00"]
    assert starts(visits, NEW_YEAR) == [], "a holiday, of which the first hours are the old year's in UTC"
    assert starts(visits, date(2027, 1, 2)) == ["00:15", "08:00", "23:00"]
    last, first = visits.slots(date(2026, 12, 31))[-1], visits.slots(date(2027, 1, 2))[0]
    assert last.starts_at == local(code, 2026, 12, 31, 23, 0)
    assert first.starts_at == local(code, 2027, 1, 2, 0, 15)
    clock.move_to(local(code, 2026, 12, 31, 23, 50))
    assert next(day.day for day in days(visits)) == date(2027, 1, 2)


@on_sqlite_alone
@pytest.mark.parametrize("code", ZONES)
def test_a_session_that_begins_within_the_hour_is_not_booked_any_more(
    three: list[VisitOffice], clock: MovedClock, code: str
) -> None:
    visits = next(one for one in three if one.code == code)
    wednesday = date(2026, 11, 25)
    (eight,) = [one for one in visits.free(wednesday) if one.starts_at == local(code, 2026, 11, 25, 8, 0)]
    clock.move_to(local(code, 2026, 11, 25, 6, 59))
    assert eight.id in [one.id for one in visits.free(wednesday)]
    visits.hold(1, eight.id)
    clock.move(minutes=1)
    assert eight.id not in [one.id for one in visits.free(wednesday)]
    with pytest.raises(SlotGone):
        visits.book(2, eight.id)
    # Whoever was shown it in time and holds it may still say yes.
    assert visits.confirm(1).slot_id == eight.id
    assert visits.wrong() == []


def test_a_closed_day_has_no_sessions_and_a_reopened_one_has_them_again(visits: VisitOffice) -> None:
    day = date(2026, 12, 1)
    ids = [slot.id for slot in visits.slots(day)]
    assert visits.close(day) == 8
    assert visits.free(day) == []
    assert day not in [one.day for one in days(visits)]
    with pytest.raises(SlotGone):
        visits.book(1, ids[0])
    assert visits.close(day) == 0
    assert visits.generate().changed == 0
    assert visits.reopen(day) == 1
    assert [one.id for one in visits.free(day)] == ids
    assert visits.reopen(day) == 0


def test_in_ramadan_the_office_keeps_the_sessions_that_fit_into_its_shorter_hours(visits: VisitOffice) -> None:
    first, last = date(2026, 12, 1), date(2026, 12, 3)
    assert visits.close(first, last, opens=time(8), closes=time(12)) == 6
    for day in (first, date(2026, 12, 2), last):
        assert starts(visits, day) == ["08:00", "09:00", "10:00", "11:00"]
    assert len(visits.free(date(2026, 12, 4))) == 6
    assert visits.close(first, opens=time(9), closes=time(14, 30)) == 1 + 1 + 0
    assert starts(visits, first) == ["09:00", "10:00", "11:00", "13:00"], "half a session is none"
    visits.reopen(first, last)
    assert starts(visits, first) == ["08:00", "09:00", "10:00", "11:00", "13:00", "14:00"]


def test_an_extra_saturday_and_a_holiday_that_is_worked_have_their_sessions(
    office: SmsOffice, tmp_path: Path, clock: MovedClock
) -> None:
    bring(office, tmp_path, OfficeFile("AAA", days="0, 1, 2, 3, 4"))
    visits = VisitOffice(office, "AAA")
    clock.move_to(datetime(2026, 12, 11, 11, 0, tzinfo=UTC))
    visits.renew()
    christmas = date(2026, 12, 25)
    assert visits.slots(christmas) == []
    visits.close(christmas, opens=time(8), closes=time(16))
    assert len(visits.slots(christmas)) == 2


@on_sqlite_alone
@pytest.mark.parametrize(
    ("first", "last", "hours", "words"),
    [
        (date(2026, 12, 2), date(2026, 12, 1), {}, "until: must not be before"),
        (date(2026, 11, 23), date(2026, 12, 1), {}, "day: has passed"),
        (date(2026, 12, 1), date(2027, 3, 1), {}, "at most 60 days"),
        (date(2026, 12, 1), date(2026, 12, 1), {"opens": time(8)}, "give both"),
        (date(2026, 12, 1), date(2026, 12, 1), {"opens": time(12), "closes": time(8)}, "opens first"),
    ],
)
def test_a_closure_that_cannot_be_says_what_to_write(
    visits: VisitOffice, first: date, last: date, hours: dict[str, time], words: str
) -> None:
    with pytest.raises(BadClosure, match=words):
        visits.close(first, last, **hours)


def seats(general: int) -> OfficeFile:
    return OfficeFile("AAA", sessions=(("08:00", "09:00", general, 1), ("09:00", "10:00", 3, 0)))


def test_seats_follow_the_file_but_never_fall_below_what_is_booked(office: SmsOffice, tmp_path: Path) -> None:
    bring(office, tmp_path, seats(3))
    visits = VisitOffice(office, "AAA")
    visits.renew()
    day = date(2026, 12, 1)
    slot_id = visits.slots(day)[0].id
    for place in (1, 2):
        visits.book(place, slot_id)
    bring(office, tmp_path, seats(1))
    would = visits.generate(dry_run=True)
    assert visits.slots(day)[0].capacity == 3, "a look changes nothing"
    did = visits.generate()
    for outcome in (would, did):
        assert [(one.slot_id, one.booked, one.seats) for one in outcome.refused] == [(slot_id, 2, 1)]
    assert (would.changed, would.made) == (did.changed, did.made)
    assert [slot.capacity for slot in visits.slots(day)] == [3, 3]
    assert visits.slots(date(2026, 12, 2))[0].capacity == 1
    bring(office, tmp_path, seats(2))
    assert visits.generate().refused == []
    assert visits.slots(day)[0].capacity == 2
    assert visits.wrong() == []


def test_a_seat_that_somebody_is_deciding_about_is_not_taken_away_and_a_lapsed_one_is(
    office: SmsOffice, tmp_path: Path, clock: MovedClock
) -> None:
    bring(office, tmp_path, seats(2))
    visits = VisitOffice(office, "AAA")
    visits.renew()
    slot_id = visits.slots(date(2026, 12, 1))[0].id
    visits.hold(1, slot_id)
    visits.hold(2, slot_id)
    bring(office, tmp_path, seats(1))
    assert [one.slot_id for one in visits.generate().refused] == [slot_id]
    clock.move(minutes=11)
    assert visits.generate().refused == []
    assert visits.slots(date(2026, 12, 1))[0].capacity == 1
    assert visits.wrong() == []


def test_a_closure_moves_who_is_booked_in_the_order_of_booking_and_tells_each_once(visits: VisitOffice) -> None:
    day, next_day = date(2026, 12, 1), date(2026, 12, 2)
    booked = visits.fill(day, 1, but=16)
    assert [visit.starts_at for visit in booked] == [visits.slots(day)[0].starts_at] * 2
    visits.fill(next_day, 100, but=1)
    foreseen = plan(visits, day)
    visits.close(day)
    assert visits.tick()["visits_moved"] == 2
    assert visits.tick() == {}
    after = [visits.visit(visit.id) for visit in booked]
    assert [visit.day for visit in after] == [next_day, date(2026, 12, 3)]
    assert [starts_at for _, starts_at in foreseen.moved] == [visit.starts_at for visit in after]
    assert [visit.moves for visit in after] == [0, 0], "the office's doing is none of theirs"
    for place in (1, 2):
        assert visits.told(place) == ["R_TUTUP"]
        assert visits.told(place, all_of_them=True) == ["V_BUKTI", "R_TUTUP"]
    assert "Kantor tutup Sel 1 Des" in visits.texts(1, "R_TUTUP")[0]
    assert visits.wrong() == []


def plan(visits: VisitOffice, day: date) -> closures.Plan:
    with visits.database.reading() as session:
        return closures.foresee(session, visits.look_again(), day, day, visits.now)


def test_for_whom_nothing_is_free_an_officer_has_one_task_and_they_move_once_there_is(
    visits: VisitOffice, clock: MovedClock
) -> None:
    last = last_open_day(visits.facts, clock())
    friday = last - timedelta(days=2)
    (visit,) = visits.fill(friday, 1, but=17)
    assert plan(visits, friday).stranded[0].id == visit.id
    visits.close(friday)
    for _ in range(3):
        visits.tick()
    assert visits.sms.open_tasks() == ["visit_stranded"]
    assert visits.told(1) == ["V_BUKTI", "R_TUTUP-penuh"] or visits.told(1) == ["R_TUTUP-penuh"]
    clock.move_to(datetime(2026, 11, 27, 10, 0, tzinfo=UTC))
    assert visits.tick()["visits_moved"] == 1
    assert visits.visit(visit.id).day == friday + timedelta(days=3)
    assert visits.told(1)[-1] == "R_TUTUP"
    assert visits.sms.open_tasks() == []
    assert visits.wrong() == []


@on_sqlite_alone
def test_the_calendar_alone_answers_without_a_database(visits: VisitOffice) -> None:
    sessions = list(planned(visits.facts, date(2026, 12, 1)))
    assert {session.lane for session in sessions} == {"general", "priority"}
    assert sum(session.seats for session in sessions) == 20
