"""Can officers run a day at the office from a terminal: list, queue, booking, closures, fewer seats?"""

import csv
import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from click.testing import Result

from immigration.applications.states import Status
from immigration.database import Database
from immigration.vault import KeyRing
from tests.support.clock import MovedClock
from tests.support.office_desk import OfficeDesk
from tests.support.sms import number, phone_of
from tests.support.visits import OfficeFile, VisitOffice, bring

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"])

TUESDAY = date(2026, 12, 1)
_COMMANDS = ("visits", "visit_booking", "visiting", "slots", "closures")


@pytest.fixture
def desk(
    database: Database, key_ring: KeyRing, tmp_path: Path, clock: MovedClock, monkeypatch: pytest.MonkeyPatch
) -> OfficeDesk:
    for command in _COMMANDS:
        monkeypatch.setattr(f"gateway.cli.{command}.utc_now", clock)
    made = OfficeDesk.over(database, key_ring, tmp_path)
    made.sms.clock = made.sms.inbox.clock = clock
    return made


@pytest.fixture
def visits(desk: OfficeDesk) -> Iterator[VisitOffice]:
    made = VisitOffice(desk.sms)
    made.renew()
    yield made
    assert made.wrong() == []


def fault(ran: Result) -> str:
    assert (ran.exit_code, ran.stderr.count("\n")) == (1, 1), ran.output
    return ran.stderr.removeprefix("Error: ")


def code(ran: Result) -> str:
    assert ran.exit_code == 0, ran.output
    return ran.stdout.split("  ")[0].replace(" ", "")


def test_a_day_from_booking_to_the_end_with_each_step_in_the_audit(
    desk: OfficeDesk, visits: VisitOffice, clock: MovedClock
) -> None:
    visits.application(1)
    first = code(desk.run("visits", "book", "--at", "2026-12-01 09:00", "--application", number(1)))
    second = code(desk.run("visits", "book", "--at", "2026-12-01 09:00", "--service", "P5", "--phone", phone_of(2)))
    assert visits.told(1) == visits.told(2) == ["V_BUKTI"]
    assert f"{first[:3]} {first[3:]}" in fault(
        desk.run("visits", "book", "--at", "2026-12-01 10:00", "--application", number(1))
    )
    clock.move(days=7, hours=-1)
    assert desk.run("visits", "check-in", first).stdout.startswith("A001  ")
    assert desk.run("visits", "check-in", "0002").stdout.startswith("A002  ")
    assert desk.run("visits", "check-in", "0002").stdout.startswith("A002  ")
    assert desk.run("visits", "walk-in", "--lane", "priority").stdout.startswith("P001  ")
    called = [desk.run("visits", "call-next", "--counter", counter).stdout for counter in (1, 2, 1, 2)]
    assert [line.split("  ")[0].strip() for line in called] == [
        "P001 to counter 1",
        "A001 to counter 2",
        "A002 to counter 1",
        "nobody waits.",
    ]
    assert "is done" in desk.run("visits", "done", "A001").stdout
    assert "nothing changed" in desk.run("visits", "done", first).stdout
    assert "nobody came" in desk.run("visits", "no-show", second).stdout
    shown = desk.run("visits", "show", first).stdout
    assert [word for word in ("booked", "arrived", "called", "done") if f"   {word} " not in shown] == []
    assert "..0001" in shown
    assert number(1) not in shown
    states = [one["state"] for one in json.loads(desk.run("visits", "today", "--format", "json").stdout)]
    assert states == ["done", "absent", "called"]
    audited = desk.audited()
    assert audited[0] == ("changed", True, "0001")
    assert audited[-2:] == [("read", True, "0001"), ("listed", False, None)]


def test_the_list_comes_as_table_page_and_spreadsheet_without_a_whole_number(
    desk: OfficeDesk, visits: VisitOffice
) -> None:
    visits.application(1)
    desk.run("visits", "book", "--at", "2026-12-01 09:00", "--application", number(1))
    listed = {
        shape: desk.run("visits", "today", "--date", "2026-12-01", "--format", shape).stdout
        for shape in ("table", "html", "csv", "json")
    }
    for shape, text in listed.items():
        assert "0001" in text, shape
        assert number(1) not in text, shape
        assert phone_of(1)[3:] not in text, shape
    [row] = csv.DictReader(listed["csv"].splitlines())
    assert (row["tanggal"], row["jam"], row["keadaan"]) == ("2026-12-01", "09.00", "terjadwal")
    assert "Daftar kunjungan UKK Sijunjung" in listed["html"]


def test_last_digits_of_several_name_their_codes_and_a_mistyped_code_finds_nobody(
    desk: OfficeDesk, visits: VisitOffice, clock: MovedClock
) -> None:
    session = visits.slots(TUESDAY)[1].id
    made = [visits.book(place, session) for place in (1234, 51234)]
    clock.move(days=7, hours=-1)
    told = fault(desk.run("visits", "check-in", "1234"))
    assert all(f"{one.code[:3]} {one.code[3:]}" in told for one in made)
    assert "`visits today`" in fault(desk.run("visits", "check-in", "XY1234A"))
    assert "`visits today`" in fault(desk.run("visits", "check-in", "34"))
    assert visits.visit(made[0].id).state == "booked"


def test_a_visit_moves_and_ends_with_the_citizen_told(desk: OfficeDesk, visits: VisitOffice) -> None:
    visit = visits.book(1, visits.slots(TUESDAY)[1].id)
    assert "2026-12-02 10:00" in desk.run("visits", "move", visit.code, "--at", "2026-12-02 10:00").stdout
    assert "nothing changed" in desk.run("visits", "move", visit.code, "--at", "2026-12-02 10:00").stdout
    assert visits.visit(visit.id).moves == 0
    assert visits.told(1) == ["V_PINDAH"]
    assert desk.run("visits", "cancel", visit.code, input="n\n").exit_code == 1
    assert visits.visit(visit.id).state == "booked"
    assert "is off" in desk.run("visits", "cancel", visit.code, "--yes").stdout
    assert "was off before" in desk.run("visits", "cancel", visit.code, "--yes").stdout
    assert "is cancelled" in fault(desk.run("visits", "move", visit.code, "--at", "2026-12-03 10:00"))


def test_what_cannot_be_booked_is_said_in_a_line_with_the_fix(desk: OfficeDesk, visits: VisitOffice) -> None:
    visits.application(1, Status.CETAK)
    full = visits.slots(TUESDAY)[0].id
    for place in (11, 12, 13):
        visits.book(place, full)
    service = ("--service", "P10", "--phone", phone_of(2))
    for words, told in (
        (("--at", "2026-12-01 08:00", *service), "slots list"),
        (("--at", "2026-12-01 08:20", *service), "slots list"),
        (("--at", "2026-12-01 09:00", "--application", number(1)), "CETAK"),
        (("--at", "2026-12-01 09:00", "--application", number(9)), "no application"),
        (("--at", "2026-12-01 09:00", "--service", "P10"), "--phone"),
        (("--at", "2026-12-01 09:00", "--service", "P99", "--phone", phone_of(2)), "but for P5"),
        (("--at", "2026-12-01 09:00", *service, "--office", "PDG"), "write one of SJJ"),
    ):
        assert told in fault(desk.run("visits", "book", *words)), words
    assert desk.run("visits", "book", "--at", "2026-12-01 09:00").exit_code == 2


def test_priority_walks_in_until_its_hour(desk: OfficeDesk, visits: VisitOffice, clock: MovedClock) -> None:
    clock.move(hours=1)
    assert "until 11.00" in fault(desk.run("visits", "walk-in", "--lane", "priority"))
    assert desk.run("visits", "walk-in").stdout.startswith("A001  ")
    clock.move(hours=5)
    assert "closed" in fault(desk.run("visits", "walk-in"))


def test_a_closure_says_first_who_would_move_then_moves_them_and_is_listed_and_taken_back(
    desk: OfficeDesk, visits: VisitOffice
) -> None:
    made = [visits.book(place, visits.slots(TUESDAY)[1].id) for place in (1, 2)]
    would = desk.run("closures", "add", "SJJ", "2026-12-01", "--dry-run").stdout
    assert would.startswith("would move=2 stranded=0\n")
    assert all(slot.is_open for slot in visits.slots(TUESDAY))
    done = desk.run("closures", "add", "SJJ", "2026-12-01", "--reason", "Listrik padam").stdout
    assert done.startswith("closed=8\nmoved=2 stranded=0\n")
    assert would.splitlines()[2:] == done.splitlines()[3:], "what was foretold came about"
    assert {visits.visit(one.id).day for one in made} == {TUESDAY + timedelta(days=1)}
    assert visits.told(1) == visits.told(2) == ["R_TUTUP"]
    listed = desk.run("closures", "list").stdout
    for words in ("closure", "Listrik padam", "cuti bersama", "Cuti Bersama Hari Raya Natal", "national holiday"):
        assert words in listed, words
    assert desk.run("closures", "add", "SJJ", "2026-12-01").stdout.startswith("closed=0\nmoved=0 stranded=0\n")
    assert desk.run("closures", "remove", "SJJ", "2026-12-01").stdout == "removed=1\n"
    assert all(slot.is_open for slot in visits.slots(TUESDAY))
    assert "closures list" in fault(desk.run("closures", "remove", "SJJ", "2026-12-01"))


def test_a_closure_with_nothing_free_later_leaves_a_task_and_cannot_be_nonsense(
    desk: OfficeDesk, visits: VisitOffice
) -> None:
    last = visits.free()[-1]
    visits.book(1, last.id)
    day = last.starts_at.date()
    assert "stranded=1" in desk.run("closures", "add", "SJJ", str(day), "--dry-run").stdout
    assert "moved=0 stranded=1" in desk.run("closures", "add", "SJJ", str(day)).stdout
    assert desk.sms.open_tasks() == ["visit_stranded"]
    for words, told in (
        (("SJJ", "2026-11-20"), "day:"),
        (("SJJ", "2026-12-01", "--until", "2026-11-30"), "until:"),
        (("SJJ", "2026-12-01", "--opens", "08:00"), "opens, closes:"),
        (("SJJ", "2026-12-01", "--reason", " "), "reason:"),
        (("XXX", "2026-12-01"), "write one of PDG, SJJ"),
    ):
        assert told in fault(desk.run("closures", "add", *words)), words
    assert desk.run("closures", "add", "SJJ", "tomorrow").exit_code == 2
    assert "would move=0" in desk.run("closures", "add", "PDG", "2026-12-01", "--dry-run").stdout


def test_shorter_hours_close_only_the_sessions_outside_them(desk: OfficeDesk, visits: VisitOffice) -> None:
    desk.run("closures", "add", "SJJ", "2026-12-01", "--opens", "08:00", "--closes", "12:00")
    assert [slot.is_open for slot in visits.slots(TUESDAY)] == [True] * 4 + [False] * 2


def test_slots_are_generated_once_and_listed_with_what_is_held_and_booked(
    desk: OfficeDesk, visits: VisitOffice
) -> None:
    assert desk.run("slots", "generate").stdout == "SJJ: made=0 changed=0 closed=0\n"
    told = desk.run("slots", "generate", "--until", "2027-02-26", "--dry-run").stdout
    assert "made=0" not in told
    assert desk.run("slots", "generate", "--until", "2027-02-26").stdout == told
    assert desk.run("slots", "generate", "--until", "2027-02-26").stdout == "SJJ: made=0 changed=0 closed=0\n"
    assert "--until" in fault(desk.run("slots", "generate", "--until", "2026-11-01"))
    visits.book(1, visits.slots(TUESDAY)[0].id)
    visits.hold(2, visits.slots(TUESDAY)[0].id)
    days = ("--from", "2026-12-01", "--until", "2026-12-01", "--lane", "general")
    first = json.loads(desk.run("slots", "list", *days, "--json").stdout)[0]
    assert (first["capacity"], first["held"], first["booked"], first["free"]) == (3, 1, 1, 1)
    assert "2026-12-01 08:00 WIB" in desk.run("slots", "list", *days).stdout


class TestFewerSeats:
    """An office whose file gives a session fewer seats than are booked."""

    @pytest.fixture
    def fewer(self, desk: OfficeDesk, visits: VisitOffice, tmp_path: Path) -> VisitOffice:
        office = VisitOffice(desk.sms, "UJI")
        bring(desk.sms, tmp_path / "before", OfficeFile("UJI"))
        office.renew()
        for place in (1, 2, 3):
            office.book(place, office.slots(TUESDAY)[0].id)
        fewer = (("08:00", "09:00", 1, 1), ("09:00", "10:00", 3, 0))
        bring(desk.sms, tmp_path / "after", OfficeFile("UJI", sessions=fewer))
        return office

    def test_is_refused_with_the_list_of_who_is_affected(self, desk: OfficeDesk, fewer: VisitOffice) -> None:
        ran = desk.run("slots", "generate", "--office", "UJI")
        assert ran.exit_code == 1
        assert "2026-12-01 08:00 WIB   general   3        1" in ran.stdout
        assert "--move" in ran.stderr
        first = fewer.slots(TUESDAY)[0]
        assert (first.capacity, first.booked) == (3, 3)
        assert desk.run("slots", "generate", "--office", "UJI", "--dry-run").exit_code == 1

    def test_moves_those_who_booked_last_and_tells_them(self, desk: OfficeDesk, fewer: VisitOffice) -> None:
        ran = desk.run("slots", "generate", "--office", "UJI", "--move")
        assert ran.exit_code == 0, ran.output
        assert "moved=2 stranded=0" in ran.stdout
        first, second = fewer.slots(TUESDAY)
        assert (first.capacity, first.booked, first.is_open) == (1, 1, True)
        assert second.booked == 2
        assert [fewer.told(place) for place in (1, 2, 3)] == [["V_BUKTI"], ["V_PINDAH"], ["V_PINDAH"]]
        assert fewer.wrong() == []
        assert desk.run("slots", "generate", "--office", "UJI", "--move").stdout == "UJI: made=0 changed=0 closed=0\n"
