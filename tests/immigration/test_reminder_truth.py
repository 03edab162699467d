"""Does a reminder say what is true when it leaves, and stay here where its reason is gone?"""

from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import update

from immigration.applications.record import Details
from immigration.applications.states import Status
from immigration.applications.tables import Application
from immigration.contacts import choose
from immigration.messages.outbox import body_of
from immigration.payments.paying import Paid, pay
from immigration.people import choose_language
from tests.support.clock import MovedClock
from tests.support.reminders import Times, billing
from tests.support.sms import SmsOffice, phone_of

on_sqlite_alone = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
PAPERS = Details(missing="KTP", due_on=date(2026, 11, 27))


@pytest.fixture
def times(office: SmsOffice, clock: MovedClock) -> Times:
    """A billing with an hour left, papers due in three days; both reminders are written and have not left."""
    office.greeted(1, 2, 3)
    office.record(1, status=Status.MENUNGGU_BAYAR, payment=billing(1, clock() + timedelta(hours=1)))
    office.record(2, status=Status.PERLU_LENGKAPI, details=PAPERS)
    times = Times(office, clock)
    assert times.look()["reminders_written"] == 2
    return times


def paid(times: Times) -> None:
    with times.office.database.writing() as session:
        pay(
            session,
            times.office.outbox,
            Paid(billing(1, times.clock()).billing, times.clock(), "N1"),
            "x",
            times.clock(),
        )


def rebilled(times: Times) -> None:
    times.office.record(1, status=Status.MENUNGGU_BAYAR, payment=billing(9, times.clock() + timedelta(days=1)))


def prolonged(times: Times) -> None:
    times.office.record(1, status=Status.MENUNGGU_BAYAR, payment=billing(1, times.clock() + timedelta(days=1)))


def moved_on(times: Times) -> None:
    times.office.record(1, status=Status.BERKAS_DIPERIKSA)


def brought(times: Times) -> None:
    times.office.record(2, status=Status.BERKAS_DIPERIKSA)


def postponed(times: Times) -> None:
    times.office.record(2, status=Status.PERLU_LENGKAPI, details=Details(missing="KTP", due_on=date(2026, 12, 24)))


def _all_without_a_phone(times: Times) -> None:
    with times.office.database.writing() as session:
        session.execute(update(Application).values(phone_hash=None, phone_sealed=None))


def stopped(times: Times) -> None:
    with times.office.database.writing() as session:
        for place in (1, 2):
            phone_hash = times.office.vault.lookup("phone", phone_of(place))
            choose(session, phone_hash, "reminders", False, "sms", "STOP", times.clock())


@pytest.mark.parametrize(
    ("happens", "about", "fault"),
    [
        (paid, 1, "nothing is due"),
        (rebilled, 1, "nothing is due"),
        (prolonged, 1, "date changed"),
        (moved_on, 1, "nothing is due"),
        (brought, 2, "state changed"),
        (postponed, 2, "date changed"),
        (_all_without_a_phone, 2, "no phone"),
        (stopped, 2, "opted out"),
    ],
)
def test_what_lost_its_reason_does_not_leave_and_says_why(
    times: Times, happens: Callable[[Times], None], about: int, fault: str
) -> None:
    times.clock.move(minutes=2)
    happens(times)
    times.drain()
    by_case = {one.application_id: one for one in times.office.messages() if one.category == "reminder"}
    assert by_case[about].fault == fault
    assert by_case[about].state == ("suppressed" if fault == "opted out" else "cancelled")
    assert all("Sisa" not in one.text for one in times.ear.heard if one.phone == phone_of(about))


def test_without_such_a_change_both_leave(times: Times) -> None:
    times.clock.move(minutes=2)
    times.drain()
    assert {one.phone for one in times.ear.heard} == {phone_of(1), phone_of(2)}


def test_the_time_left_is_that_of_sending_and_the_text_is_kept_as_it_was_sent(times: Times) -> None:
    (written, _) = times.office.messages()
    assert "Sisa 60 menit" in (body_of(times.office.vault, written) or "")
    times.clock.move(minutes=18)
    times.drain()
    (heard,) = [one for one in times.ear.heard if one.phone == phone_of(1)]
    assert "Sisa 42 menit" in heard.text
    (sent, _) = times.office.messages()
    assert body_of(times.office.vault, sent) == heard.text


def test_a_list_that_grew_meanwhile_is_told_as_it_is_now(times: Times) -> None:
    more = Details(missing="KTP, akta lahir", due_on=PAPERS.due_on)
    times.office.record(2, status=Status.PERLU_LENGKAPI, details=more)
    times.drain()
    assert ["KTP, akta lahir" in one.text for one in times.ear.heard if one.phone == phone_of(2)] == [True]


@on_sqlite_alone
def test_one_that_is_written_keeps_its_language(times: Times) -> None:
    with times.office.database.writing() as session:
        phone_hash = times.office.vault.lookup("phone", phone_of(1))
        choose_language(session, phone_hash, "en", times.clock(), "sms")
    times.clock.move(minutes=18)
    times.drain()
    assert ["Sisa 42 menit" in one.text for one in times.ear.heard if one.phone == phone_of(1)] == [True]


def test_it_goes_to_the_phone_on_record_now(times: Times) -> None:
    times.office.record(2, status=Status.PERLU_LENGKAPI, details=PAPERS, phone=phone_of(3))
    times.drain()
    assert {one.phone for one in times.ear.heard} == {phone_of(1), phone_of(3)}


def test_past_its_time_it_does_not_leave_and_the_next_one_does(times: Times) -> None:
    times.clock.move(minutes=31)
    assert times.look()["reminders_written"] == 1
    times.drain()
    assert ["Sisa 29 menit" in one.text for one in times.ear.heard if one.phone == phone_of(1)] == [True]
    assert [one.state for one in times.office.messages() if one.application_id == 1] == ["expired", "submitted"]


def test_quiet_hours_hold_what_can_wait_and_nothing_else(office: SmsOffice, clock: MovedClock) -> None:
    """At night a pass writes no more than what cannot wait: in the morning it finds what is still true."""
    office.greeted(1, 2, 3)
    quiet = Times(office.with_settings(quiet_hours="20:00-07:00"), clock)
    office.record(2, status=Status.PERLU_LENGKAPI, details=PAPERS)
    office.record(3, status=Status.PERLU_LENGKAPI, details=PAPERS)
    clock.move_to(datetime.fromisoformat("2026-11-24T20:30:00+07:00"))
    office.record(1, status=Status.MENUNGGU_BAYAR, payment=billing(1, clock() + timedelta(hours=1)))
    assert [one.phone for one in quiet.minutes(55)] == [phone_of(1)] * 3
    office.record(3, status=Status.BERKAS_DIPERIKSA)
    clock.move_to(datetime.fromisoformat("2026-11-25T06:55:00+07:00"))
    heard = quiet.minutes(10)
    assert [(one.phone, one.here) for one in heard if "KTP" in one.text] == [(phone_of(2), "11-25 07:00")]
