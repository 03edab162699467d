"""Does the office know who comes? Check-in, queue numbers, fair turns, and what becomes of those who stayed away."""

import threading
from datetime import UTC, date, datetime, timedelta

import pytest

from immigration.applications.states import Status
from immigration.appointments import finding, office_day
from immigration.appointments.codes import spoken
from immigration.appointments.finding import NotFound, Several
from immigration.appointments.office_day import WrongState, queue_name
from immigration.appointments.tables import Visit
from immigration.offices.visit_rules import Lane
from tests.support.clock import MovedClock
from tests.support.sms import SmsOffice, number, phone_of
from tests.support.visits import OFFICER, VisitOffice, patient

TODAY = date(2026, 12, 1)


def wib(hour: int, minute: int = 0, day: int = 1) -> datetime:
    return datetime(2026, 12, day, hour, minute, tzinfo=UTC) - timedelta(hours=7)


@pytest.fixture
def visits(office: SmsOffice) -> VisitOffice:
    made = VisitOffice(office)
    made.renew()
    return made


def find(visits: VisitOffice, told: str) -> Visit:
    with visits.database.writing() as session:
        return finding.find(session, visits.sms.vault, visits.facts, told, visits.now)


def check_in(visits: VisitOffice, told: str) -> str:
    """The queue number that this came to."""
    with visits.database.writing() as session:
        found = finding.find(session, visits.sms.vault, visits.facts, told, visits.now)
        visit = finding.locked(session, visits.sms.outbox, found.id, visits.now)
        return queue_name(office_day.check_in(session, visits.sms.outbox, visit, visits.now, OFFICER))


def walk_in(visits: VisitOffice, lane: Lane = "general", occasion: str | None = None) -> str:
    with visits.database.writing() as session:
        told = occasion or f"walk-{visits.now.timestamp()}-{lane}"
        return queue_name(office_day.walk_in(session, visits.facts, lane, None, told, visits.now, OFFICER))


def call_next(visits: VisitOffice, counter: int = 1) -> str | None:
    with visits.database.writing() as session:
        visit = office_day.call_next(session, visits.facts, counter, visits.now, OFFICER)
        return None if visit is None else queue_name(visit)


def test_whoever_booked_checks_in_by_their_code_once(visits: VisitOffice, clock: MovedClock) -> None:
    visit = visits.book(1, visits.free(TODAY)[0].id)
    with pytest.raises(WrongState):
        check_in(visits, visit.code)
    clock.move_to(wib(7, 50))
    assert check_in(visits, spoken(visit.code).lower()) == "A001"
    assert check_in(visits, visit.code) == "A001"
    assert visits.visit(visit.id).state == "arrived"
    with pytest.raises(NotFound):
        find(visits, "3334449")
    assert visits.wrong() == []


def test_the_last_digits_of_application_or_phone_find_them_too_unless_they_fit_several(
    visits: VisitOffice, clock: MovedClock
) -> None:
    application = visits.application(1234)
    by_number = visits.book(77, visits.free(TODAY)[0].id, application=application)
    by_phone = visits.book(5678, visits.free(TODAY)[0].id)
    # Another day's are not of this day.
    visits.book(91234, visits.free(date(2026, 12, 2))[0].id)
    clock.move_to(wib(8))
    assert find(visits, number(1234)[-4:]).id == by_number.id
    assert find(visits, phone_of(77)[-4:]).id == by_number.id
    assert find(visits, "678").id == by_phone.id
    assert find(visits, phone_of(5678)).id == by_phone.id
    for told in ("99", "", "abc", "9999"):
        with pytest.raises(NotFound):
            find(visits, told)


def test_digits_that_fit_several_name_their_codes_to_choose_from(visits: VisitOffice, clock: MovedClock) -> None:
    fits = [visits.book(place, visits.free(TODAY)[0].id) for place in (11234, 21234)]
    gone = visits.book(31234, visits.free(TODAY)[0].id)
    visits.cancel(31234, gone.id)
    clock.move_to(wib(8))
    with pytest.raises(Several) as several:
        find(visits, "1234")
    assert sorted(several.value.codes) == sorted(visit.code for visit in fits)
    assert find(visits, fits[0].code).id == fits[0].id


def test_a_visit_that_was_cancelled_or_is_of_another_day_gets_no_number(visits: VisitOffice, clock: MovedClock) -> None:
    gone = visits.book(1, visits.free(TODAY)[0].id)
    later = visits.book(2, visits.free(date(2026, 12, 2))[0].id)
    visits.cancel(1, gone.id)
    clock.move_to(wib(8))
    for visit in (gone, later):
        with pytest.raises(WrongState):
            check_in(visits, visit.code)


def test_priority_and_the_others_have_numbers_of_their_own_and_take_turns(
    visits: VisitOffice, clock: MovedClock
) -> None:
    first = visits.free(TODAY)[0].id
    general = [visits.book(place, first) for place in (1, 2, 3)]
    priority = visits.book(4, visits.free(TODAY, "priority")[0].id, lane="priority")
    clock.move_to(wib(8, 5))
    assert [check_in(visits, visit.code) for visit in general] == ["A001", "A002", "A003"]
    assert check_in(visits, priority.code) == "P001"
    clock.move(minutes=1)
    assert [walk_in(visits, "priority", f"w{turn}") for turn in range(2)] == ["P002", "P003"]
    assert walk_in(visits, "priority", "w0") == "P002", "the same request again"
    called = []
    while (one := call_next(visits)) is not None:
        clock.move(minutes=20)
        called.append(one)
    assert called == ["P001", "A001", "P002", "A002", "P003", "A003"]
    assert visits.wrong() == []


def test_within_a_queue_whoever_is_due_first_is_called_and_coming_late_gains_nothing(
    visits: VisitOffice, clock: MovedClock
) -> None:
    at_eight, at_nine, at_ten = (visits.book(place, visits.free(TODAY)[place - 1].id) for place in (1, 2, 3))
    ids = [slot.id for slot in visits.slots(TODAY)]
    assert [visit.slot_id for visit in (at_eight, at_nine, at_ten)] == ids[:3]
    clock.move_to(wib(8, 30))
    assert check_in(visits, at_ten.code) == "A001"
    clock.move_to(wib(8, 55))
    assert check_in(visits, at_nine.code) == "A002"
    clock.move_to(wib(9, 10))
    assert walk_in(visits) == "A003"
    clock.move_to(wib(9, 40))
    assert check_in(visits, at_eight.code) == "A004"
    called = [call_next(visits) for _ in range(5)]
    assert called == ["A002", "A003", "A004", "A001", None], "due at 9.00, come at 9.10 and at 9.40, due at 10.00"


def test_two_counters_that_call_at_once_never_get_the_same_person(visits: VisitOffice, clock: MovedClock) -> None:
    clock.move_to(wib(8))
    for turn in range(12):
        walk_in(visits, "priority" if turn % 3 == 0 else "general", f"w{turn}")
    called: list[str] = []
    with patient(visits) as crowd:
        begin = threading.Barrier(4)

        def work(counter: int) -> None:
            begin.wait()
            while (one := call_next(crowd, counter)) is not None:
                called.append(one)

        counters = [threading.Thread(target=work, args=(counter,)) for counter in range(1, 5)]
        for counter in counters:
            counter.start()
        for counter in counters:
            counter.join(60)
    assert sorted(called) == [f"A{n:03d}" for n in range(1, 9)] + [f"P{n:03d}" for n in range(1, 5)]


def test_many_who_check_in_at_once_get_numbers_without_a_gap(visits: VisitOffice, clock: MovedClock) -> None:
    booked = visits.fill(TODAY, 1)
    clock.move_to(wib(8))
    names: list[str] = []
    with patient(visits) as crowd:
        racers = [
            threading.Thread(target=lambda visit=visit: names.append(check_in(crowd, visit.code)))
            for visit in (*booked[:9], *booked[:9])
        ]
        for racer in racers:
            racer.start()
        for racer in racers:
            racer.join(60)
    assert sorted(names) == sorted([f"A{n:03d}" for n in range(1, 10)] * 2)
    assert visits.wrong() == []


def test_each_day_and_each_office_counts_from_one(visits: VisitOffice, clock: MovedClock) -> None:
    clock.move_to(wib(8))
    assert [walk_in(visits, occasion=f"a{n}") for n in range(2)] == ["A001", "A002"]
    clock.move_to(wib(8, day=2))
    assert walk_in(visits) == "A001"
    assert call_next(visits) == "A001"
    assert call_next(visits) is None, "yesterday's are gone"


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_priority_walks_in_until_eleven_and_everybody_while_the_office_is_open(
    visits: VisitOffice, clock: MovedClock
) -> None:
    told = {}
    for hour, minute in ((7, 0), (10, 59), (11, 0), (15, 59), (16, 0)):
        now = clock.move_to(wib(hour, minute))
        told[hour, minute] = tuple(office_day.may_walk_in(visits.facts, lane, now) for lane in ("priority", "general"))
    assert told == {
        (7, 0): (True, True),
        (10, 59): (True, True),
        (11, 0): (False, True),
        (15, 59): (False, True),
        (16, 0): (False, False),
    }
    clock.move_to(wib(9, day=5))
    assert not office_day.may_walk_in(visits.facts, "priority", clock())


def test_a_visit_goes_its_way_and_not_backwards(visits: VisitOffice, clock: MovedClock) -> None:
    visit = visits.book(1, visits.free(TODAY)[0].id)
    clock.move_to(wib(8, 5))

    def done() -> bool:
        with visits.database.writing() as session:
            return office_day.done(session, session.get_one(Visit, visit.id), visits.now, OFFICER)

    with pytest.raises(WrongState):
        done()
    check_in(visits, visit.code)
    call_next(visits)
    assert done()
    assert not done()
    with pytest.raises(WrongState), visits.database.writing() as session:
        office_day.no_show(session, visits.sms.outbox, session.get_one(Visit, visit.id), visits.now, OFFICER)
    clock.move_to(wib(17))
    assert "no_shows" not in visits.tick(), "nobody is absent who was there"
    assert visits.wrong() == []


def test_whoever_stayed_away_is_absent_after_closing_and_not_before_and_frees_nothing(
    visits: VisitOffice, clock: MovedClock
) -> None:
    application = visits.application(1)
    visits.sms.greeted(1)
    visit = visits.book(1, visits.free(TODAY)[0].id, application=application)
    clock.move_to(wib(15, 59))
    assert "no_shows" not in visits.tick()
    clock.move_to(wib(16))
    assert visits.tick() == {"no_shows": 1}
    assert visits.tick() == {}
    assert visits.visit(visit.id).state == "absent"
    assert visits.status(application) == Status.TIDAK_HADIR
    assert [row.reason for row in visits.sms.messages() if row.category == "case"] == ["TIDAK_HADIR"]
    assert visits.slots(TODAY)[0].booked == 1
    assert visits.wrong() == []


def test_a_new_visit_or_coming_late_brings_an_application_back(visits: VisitOffice, clock: MovedClock) -> None:
    again, late = visits.application(1), visits.application(2)
    first = visits.free(TODAY)[0].id
    visits.book(1, first, application=again)
    missed = visits.book(2, first, application=late)
    clock.move_to(wib(13))
    with visits.database.writing() as session:
        for visit in visits.booked():
            office_day.no_show(session, visits.sms.outbox, session.get_one(Visit, visit.id), visits.now, OFFICER)
    assert [visits.status(one) for one in (again, late)] == [Status.TIDAK_HADIR] * 2
    visits.book(1, visits.free(date(2026, 12, 2))[0].id, "again", application=again)
    assert visits.status(again) == Status.LUNAS_TERJADWAL
    clock.move_to(wib(14))
    assert check_in(visits, missed.code) == "A001"
    assert visits.status(late) == Status.LUNAS_TERJADWAL
    assert visits.wrong() == []


def test_nobody_is_absent_on_a_day_that_was_closed_or_from_a_state_that_says_they_came(
    visits: VisitOffice, clock: MovedClock
) -> None:
    came, closed = visits.application(1), visits.application(2)
    there = visits.book(1, visits.free(TODAY)[0].id, application=came)
    visits.sms.change(1, Status.BERKAS_DIPERIKSA)
    shut = visits.book(2, visits.free(date(2026, 12, 2))[0].id, application=closed)
    clock.move_to(wib(17))
    visits.tick()
    assert (visits.visit(there.id).state, visits.status(came)) == ("done", Status.BERKAS_DIPERIKSA)
    # The office closes in the morning, and the clock comes by when the session is over.
    clock.move_to(wib(7, day=2))
    visits.close(date(2026, 12, 2))
    clock.move_to(wib(17, day=2))
    visits.tick()
    assert (visits.visit(shut.id).state, visits.status(closed)) == ("cancelled", Status.LUNAS_TERJADWAL)
    assert visits.wrong() == []


def test_a_clock_that_stood_still_for_days_still_ends_them(visits: VisitOffice, clock: MovedClock) -> None:
    visit = visits.book(1, visits.free(TODAY)[0].id)
    clock.move_to(wib(7, day=4))
    assert visits.tick()["no_shows"] == 1
    assert visits.visit(visit.id).state == "absent"


def test_the_day_list_names_nobody_whole(visits: VisitOffice, clock: MovedClock) -> None:
    visits.book(4321, visits.free(TODAY)[1].id, application=visits.application(8765))
    visits.book(2, visits.free(TODAY)[0].id)
    clock.move_to(wib(8))
    walk_in(visits)
    with visits.database.reading() as session:
        entries = office_day.day_list(session, visits.sms.vault, "SJJ", TODAY)
    assert [(entry.application_last4, entry.phone_last4) for entry in entries] == [
        (None, "0002"),
        ("8765", "4321"),
        (None, None),
    ]
