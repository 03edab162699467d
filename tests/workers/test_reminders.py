"""Passes that come late, twice at once or die: nothing twice, nothing missed that is still true, and no storm."""

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from threading import Barrier, Thread

import pytest

from immigration.applications.record import Details
from immigration.applications.states import Status
from immigration.reminders.writing import CEILING_PER_MINUTE
from tests.support.cases import add_idle_cases, fill_cases
from tests.support.clock import MovedClock
from tests.support.plans import noted
from tests.support.reminders import PADANG, Times, billing, killed_at
from tests.support.sms import SmsOffice, phone_of
from workers import reminders

SOON = datetime.combine(date(2026, 11, 27), time(), tzinfo=UTC)


@pytest.fixture
def times(office: SmsOffice, clock: MovedClock) -> Times:
    return Times(office, clock)


def papers(times: Times, places: range) -> None:
    """Papers of all of these are due in three days."""
    case = {"status": Status.PERLU_LENGKAPI.value, "deadline": SOON}
    fill_cases(times.office.database, times.office.vault, places, times.clock(), lambda _: case)


def test_of_several_that_were_missed_only_the_newest_goes_and_the_others_are_counted(times: Times) -> None:
    times.office.greeted(1, 2)
    begin = times.clock()
    times.office.record(1, status=Status.SIAP_DIAMBIL)
    times.office.record(2, status=Status.MENUNGGU_BAYAR, payment=billing(2, begin + timedelta(days=27, hours=1)))
    times.clock.move_to(begin + timedelta(days=27, minutes=55))
    assert times.look() == {
        "payments_expired": 0,
        "reminders_written": 2,
        "reminders_skipped": 4,
        "reminder_tasks": 0,
    }
    times.drain()
    heard = {one.phone: one.text for one in times.ear.heard}
    assert "(sisa 3 hari)" in heard[phone_of(1)]
    assert "Sisa 5 menit" in heard[phone_of(2)]
    assert times.look()["reminders_written"] == 0


def test_what_lost_its_sense_while_the_clock_was_down_is_not_said(times: Times) -> None:
    begin = times.clock()
    times.office.record(1, status=Status.SIAP_DIAMBIL)
    times.office.record(2, status=Status.MENUNGGU_BAYAR, payment=billing(2, begin + timedelta(hours=2)))
    times.clock.move_to(begin + timedelta(days=11))
    assert times.look() == {
        "payments_expired": 1,
        "reminders_written": 0,
        "reminders_skipped": 0,
        "reminder_tasks": 0,
    }


def test_no_more_than_the_ceiling_are_written_in_a_minute_of_the_clock(times: Times) -> None:
    """The passes do not begin at the same second of each minute, and there are two of them in the first."""
    papers(times, range(1, 701))
    written = []
    for seconds in (20, 25, 59, 59, 59):
        times.clock.move(seconds=seconds)
        written.append(times.look()["reminders_written"])
    assert written == [CEILING_PER_MINUTE, 0, CEILING_PER_MINUTE, 100, 0]


def test_one_lanes_backlog_does_not_hold_up_another(times: Times) -> None:
    papers(times, range(1, 401))
    times.office.record(999, status=Status.MENUNGGU_BAYAR, payment=billing(1, times.clock() + timedelta(minutes=60)))
    assert times.look()["reminders_written"] == CEILING_PER_MINUTE + 1


def test_where_not_all_fit_those_with_the_least_time_left_go_first(times: Times) -> None:
    now = times.clock()
    least = {"status": Status.MENUNGGU_BAYAR.value, "due_at": now + timedelta(minutes=5)}
    more = {"status": Status.MENUNGGU_BAYAR.value, "due_at": now + timedelta(minutes=55)}
    fill_cases(
        times.office.database, times.office.vault, range(1, 601), now, lambda place: least if place % 2 else more
    )
    times.look()
    assert Counter(offset for _, _, _, offset in times.kept() if offset != -30)[-10] == CEILING_PER_MINUTE


def test_two_passes_at_once_write_each_reminder_once(times: Times) -> None:
    papers(times, range(1, 251))
    begin = Barrier(2)
    done: list[dict[str, int]] = []

    def look() -> None:
        begin.wait()
        done.append(times.look())

    racers = [Thread(target=look) for _ in range(2)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join(60)
    times.look()
    assert len(done) == 2
    assert Counter(one.application_id for one in times.office.messages()) == dict.fromkeys(range(1, 251), 1)
    assert len(times.kept()) == 250


@pytest.mark.parametrize("batch", [1, 2, 3])
def test_a_pass_that_dies_leaves_each_reminder_with_its_message_or_neither(times: Times, batch: int) -> None:
    papers(times, range(1, 251))
    with killed_at(times.office.database, "UPDATE reminders", batch):
        times.look()
    assert len(times.office.messages()) == len(times.kept()) == 100 * (batch - 1)
    times.look()
    assert len(times.office.messages()) == len(times.kept()) == 250


def test_one_that_does_not_open_holds_up_nobody(times: Times) -> None:
    """Written under a key that is missing: an officer is told, the next one is reminded."""
    sealed = {"status": Status.PERLU_LENGKAPI.value, "deadline": SOON, "phone_sealed": bytes(60)}
    fill_cases(times.office.database, times.office.vault, range(1, 2), times.clock(), lambda _: sealed)
    papers(times, range(2, 3))
    assert times.look()["reminders_written"] == 1
    assert times.office.open_tasks() == ["message_failed"]


def test_an_application_that_does_not_open_keeps_no_other_billing_from_running_out(times: Times) -> None:
    now = times.clock()
    over = {"status": Status.MENUNGGU_BAYAR.value, "due_at": now}
    database, vault = times.office.database, times.office.vault
    fill_cases(database, vault, range(1, 2), now, lambda _: over | {"number_sealed": bytes(60)})
    fill_cases(database, vault, range(2, 3), now, lambda _: over)
    assert times.look()["payments_expired"] == 1


def test_what_is_written_at_one_moment_does_not_leave_twice_by_two_drains(times: Times) -> None:
    papers(times, range(1, 41))
    times.look()
    racers = [Thread(target=times.drain) for _ in range(3)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join(60)
    assert Counter(one.phone for one in times.ear.heard) == {phone_of(place): 1 for place in range(1, 41)}


def test_a_pass_past_its_time_stops_and_the_next_goes_on(times: Times) -> None:
    papers(times, range(1, 11))
    assert not any(reminders.run(times.office.database, times.office.outbox, times.clock(), within_s=-1).values())
    assert times.look()["reminders_written"] == 10


def test_a_pass_asks_no_more_however_many_cases_are_not_due(times: Times) -> None:
    def statements() -> int:
        with noted(times.office.database) as noticed:
            assert not any(times.look().values())
        return noticed.times

    times.look()
    few = statements()
    add_idle_cases(times.office.database, 1000, 4000, times.clock())
    assert statements() == few < 60


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_an_idle_case_is_one_that_becomes_due_in_time(times: Times) -> None:
    """The control: what the counts above are taken among is found as soon as it is due."""
    add_idle_cases(times.office.database, 1000, 1010, times.clock())
    times.clock.move_to(datetime.combine(times.clock().date() + timedelta(days=37), time(9, 30), tzinfo=PADANG))
    assert times.look()["reminders_skipped"] > 0


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_a_clock_that_is_set_back_says_nothing_again(times: Times) -> None:
    times.office.record(1, status=Status.PERLU_LENGKAPI, details=Details(missing="KTP", due_on=SOON.date()))
    assert times.look()["reminders_written"] == 1
    times.clock.move(days=2)
    assert times.look()["reminders_written"] == 1
    times.clock.move(days=-2)
    assert times.look()["reminders_written"] == 0
