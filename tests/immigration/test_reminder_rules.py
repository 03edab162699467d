"""Does each rule remind when it should, in words that are true, and of nothing else?"""

import shutil
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from immigration.applications.record import Details
from immigration.applications.states import Status
from immigration.applications.tables import Application, Payment
from immigration.contacts import choose, know
from immigration.offices.loader import FOLDER, load_reference
from immigration.people import LANGUAGES, choose_language
from immigration.tasks import Task, finish
from tests.support.clock import MovedClock
from tests.support.reminders import MORNING, Heard, Times, billing
from tests.support.sms import SmsOffice, phone_of

on_sqlite_alone = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)


@pytest.fixture
def times(office: SmsOffice, clock: MovedClock) -> Times:
    office.greeted(1, 2, 3)
    return Times(office, clock)


def told(heard: list[Heard], *words: str) -> list[tuple[str, bool]]:
    """When each was heard, and whether it has its words."""
    assert len(heard) == len(words), heard
    return [(one.here, expected in one.text) for one, expected in zip(heard, words, strict=True)]


def tasks(office: SmsOffice) -> list[Task]:
    with office.database.reading() as session:
        return list(session.scalars(select(Task).where(Task.kind == "reminder").order_by(Task.id)))


def status(office: SmsOffice) -> str | None:
    with office.database.reading() as session:
        return session.scalar(select(Application.status))


def test_a_billing_is_reminded_of_60_30_and_10_minutes_before_it_runs_out(times: Times) -> None:
    due = times.clock() + timedelta(hours=2)
    times.office.record(1, status=Status.MENUNGGU_BAYAR, payment=billing(1, due))
    heard = times.minutes(121, every=1)
    assert told(heard, "Sisa 60 menit", "Sisa 30 menit", "Sisa 10 menit", "Billing lewat waktu") == [
        ("11-24 11:00", True),
        ("11-24 11:30", True),
        ("11-24 11:50", True),
        ("11-24 12:00", True),
    ]
    assert "Rp950.000" in heard[0].text
    assert "12.00 WIB" in heard[0].text
    assert status(times.office) == Status.KEDALUWARSA


def test_a_billing_with_45_minutes_left_is_told_once_at_once_then_at_30_and_10(times: Times) -> None:
    times.office.record(1, status=Status.MENUNGGU_BAYAR, payment=billing(1, times.clock() + timedelta(minutes=45)))
    heard = times.minutes(44)
    assert told(heard, "Sisa 45 menit", "Sisa 30 menit", "Sisa 10 menit") == [
        ("11-24 10:00", True),
        ("11-24 10:15", True),
        ("11-24 10:35", True),
    ]


def test_a_passport_is_reminded_of_on_day_7_20_and_27_and_handed_to_an_officer_on_day_30(times: Times) -> None:
    times.office.record(1, status=Status.SIAP_DIAMBIL)
    heard = times.mornings(29)
    assert told(heard, "24 Des 2026 (sisa 23 hari)", "(sisa 10 hari)", "(sisa 3 hari)") == [
        ("12-01 09:00", True),
        ("12-14 09:00", True),
        ("12-21 09:00", True),
    ]
    assert tasks(times.office) == []
    times.mornings(1)
    (task,) = tasks(times.office)
    with times.office.database.writing() as session:
        finish(session, task.id, "officer", times.clock())
    assert times.mornings(20) == []
    assert len(tasks(times.office)) == 1, "asked again what was answered"
    assert status(times.office) == Status.SIAP_DIAMBIL, "only a person cancels"


def test_a_permits_card_that_waits_is_neither_called_a_passport_nor_to_be_cancelled(times: Times) -> None:
    times.office.record(1, service="ITAS1", status=Status.SIAP_DIAMBIL)
    assert times.mornings(40) == []
    assert tasks(times.office) == []


def test_a_permit_is_reminded_of_30_14_7_and_3_days_before_it_ends(times: Times) -> None:
    ends = date(2026, 12, 26)
    times.office.record(1, service="ITAS1", status=Status.IT_TERBIT, details=Details(valid_until=ends))
    heard = times.mornings(40)
    assert told(heard, "26 Des 2026 (sisa 30 hari)", "(sisa 14 hari)", "(sisa 7 hari)", "(sisa 3 hari)") == [
        ("11-26 09:00", True),
        ("12-12 09:00", True),
        ("12-19 09:00", True),
        ("12-23 09:00", True),
    ]


def test_a_permit_without_consent_or_end_is_not_reminded_of_until_its_holder_agrees(times: Times) -> None:
    ends = Details(valid_until=date(2026, 12, 26))
    times.office.record(1, service="ITAS1", status=Status.IT_TERBIT, details=ends, consent=False)
    times.office.record(2, service="ITAS1", status=Status.IT_TERBIT)
    times.office.record(3, service="ITAS1", status=Status.IT_TERBIT, details=ends)
    assert [one.phone for one in times.mornings(3)] == [phone_of(3)]
    for place, agrees in ((1, True), (3, False)):
        with times.office.database.writing() as session:
            phone_hash = know(session, times.office.vault, phone_of(place), times.clock())
            choose(session, phone_hash, "reminders", agrees, "sms", "", times.clock())
    assert {one.phone for one in times.mornings(40)} == {phone_of(1)}
    ends_of = {(message.application_id, message.fault) for message in times.office.messages() if message.fault}
    assert ends_of == {(1, "no consent"), (3, "opted out")}


def test_missing_papers_are_reminded_of_3_days_and_1_day_before_with_and_without_a_list(times: Times) -> None:
    due = date(2026, 12, 4)
    times.office.record(1, status=Status.PERLU_LENGKAPI, details=Details(missing="KTP ayah", due_on=due))
    times.office.record(2, status=Status.PERLU_LENGKAPI, details=Details(due_on=due))
    heard = times.mornings(14)
    with_list = [one for one in heard if one.phone == phone_of(1)]
    without = [one for one in heard if one.phone == phone_of(2)]
    assert told(with_list, "KTP ayah. Bawa", "4 Des 2026 (sisa 1 hari)") == [
        ("12-01 09:00", True),
        ("12-03 09:00", True),
    ]
    assert told(without, "(sisa 3 hari)", "Tanya petugas") == [("12-01 09:00", True), ("12-03 09:00", True)]


def test_a_no_show_is_reminded_once_and_handed_to_an_officer_when_it_lapses(times: Times) -> None:
    times.office.record(1, status=Status.TIDAK_HADIR, details=Details(due_on=date(2026, 12, 10)))
    assert told(times.mornings(16), "10 Des 2026 (sisa 3 hari)") == [("12-07 09:00", True)]
    assert tasks(times.office) == []
    assert times.mornings(30) == []
    assert [task.application_id for task in tasks(times.office)] == [1]
    assert status(times.office) == Status.TIDAK_HADIR, "only a person cancels"


@pytest.mark.parametrize(
    ("state", "details"),
    [
        (Status.PERLU_LENGKAPI, Details(missing="KTP")),
        (Status.TIDAK_HADIR, Details()),
        (Status.CETAK, Details()),
        (Status.DISERAHKAN, Details(due_on=date(2026, 12, 1))),
        (Status.MENUNGGU_BAYAR, Details()),
    ],
)
@on_sqlite_alone
def test_what_has_no_date_or_is_over_is_reminded_of_by_nobody(times: Times, state: Status, details: Details) -> None:
    times.office.record(1, status=state, details=details)
    assert times.mornings(40) == []
    assert tasks(times.office) == []


def test_an_offices_own_file_says_other_days(times: Times, tmp_path: Path) -> None:
    folder = tmp_path / "reference"
    shutil.copytree(FOLDER, folder)
    file = next(file for file in (folder / "offices").glob("*.toml") if 'code = "SJJ"' in file.read_text())
    file.write_text(file.read_text() + "\n[reminders]\nR_AMBIL = [25, 5]\n")
    with times.office.database.writing() as session:
        load_reference(session, folder=folder)
    changed = Times(times.office.with_settings(), times.clock)
    changed.office.record(1, status=Status.SIAP_DIAMBIL)
    changed.office.record(2, status=Status.SIAP_DIAMBIL, office="PDG")
    by_phone: dict[str, list[str]] = {phone_of(1): [], phone_of(2): []}
    for one in changed.mornings(29):
        by_phone[one.phone].append(one.here[:5])
    assert by_phone == {phone_of(1): ["11-29", "12-19"], phone_of(2): ["12-01", "12-14", "12-21"]}


@on_sqlite_alone
def test_days_are_counted_by_the_offices_wall_and_begin_at_nine(times: Times) -> None:
    """The passport was ready half an hour before midnight, UTC's day before."""
    times.clock.move_to(datetime.fromisoformat("2026-11-25T00:30:00+07:00"))
    times.office.record(1, status=Status.SIAP_DIAMBIL)
    assert [one.here for one in times.mornings(8, time(8, 59), MORNING)] == ["12-02 09:00"]


def test_a_new_date_starts_the_offsets_anew_and_an_old_one_says_no_more(times: Times) -> None:
    times.office.record(1, status=Status.PERLU_LENGKAPI, details=Details(missing="KTP", due_on=date(2026, 12, 4)))
    assert [one.here for one in times.mornings(8)] == ["12-01 09:00"]
    times.office.record(1, status=Status.PERLU_LENGKAPI, details=Details(missing="KTP", due_on=date(2026, 12, 10)))
    assert told(times.mornings(20), "10 Des 2026 (sisa 3 hari)", "(sisa 1 hari)") == [
        ("12-07 09:00", True),
        ("12-09 09:00", True),
    ]


def test_a_new_billing_brings_its_own_reminders_and_silences_the_old_ones(times: Times) -> None:
    begin = times.clock()
    times.office.record(1, status=Status.MENUNGGU_BAYAR, payment=billing(1, begin + timedelta(hours=2)))
    assert [one.here for one in times.minutes(70)] == ["11-24 11:00"]
    times.office.record(1, status=Status.MENUNGGU_BAYAR, payment=billing(2, begin + timedelta(hours=3)))
    heard = times.minutes(105)
    assert [one.here for one in heard] == ["11-24 12:00", "11-24 12:30", "11-24 12:50"]
    assert all(f"{2:011d}" in one.text.replace(" ", "") for one in heard)


@on_sqlite_alone
def test_a_billing_that_the_office_moved_past_runs_out_without_a_word(times: Times) -> None:
    times.office.record(1, status=Status.MENUNGGU_BAYAR, payment=billing(1, times.clock() + timedelta(hours=1)))
    times.office.record(1, status=Status.BERKAS_DIPERIKSA)
    assert times.minutes(90) == []
    assert status(times.office) == Status.BERKAS_DIPERIKSA
    with times.office.database.reading() as session:
        assert session.scalars(select(Payment.state)).all() == ["cancelled"]


@pytest.mark.parametrize("language", LANGUAGES)
@on_sqlite_alone
def test_each_is_reminded_in_their_language(times: Times, language: str) -> None:
    words = {"id": "Paspor belum diambil", "min": "Paspor alun diambiak", "en": "Passport not collected"}
    times.office.record(1, status=Status.SIAP_DIAMBIL, language=language)
    times.office.record(2, status=Status.SIAP_DIAMBIL)
    with times.office.database.writing() as session:
        choose_language(session, times.office.vault.lookup("phone", phone_of(2)), language, times.clock(), "sms")
    heard = times.mornings(7)
    assert sorted(one.phone for one in heard) == [phone_of(1), phone_of(2)]
    assert all(words[language] in one.text for one in heard)


def test_cases_without_a_phone_do_not_hold_up_the_others(times: Times) -> None:
    """More of them than one transaction takes, and older."""
    places = range(10, 131)
    for place in places:
        times.office.record(place, status=Status.SIAP_DIAMBIL)
    with times.office.database.writing() as session:
        session.execute(update(Application).values(phone_hash=None, phone_sealed=None))
    times.clock.move(minutes=1)
    times.office.record(1, status=Status.SIAP_DIAMBIL)
    assert [one.phone for one in times.mornings(7)] == [phone_of(1)]
