"""Can the back office book, move and cancel for citizens, run the day at the office, and print its list?"""

import csv
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from gateway.wiring import Wiring
from immigration.applications.states import Status
from immigration.appointments.codes import new_code
from immigration.appointments.tables import SeatEvent, Visit
from tests.support.back_office import BackOffice, changed, faults
from tests.support.clock import MovedClock
from tests.support.sms import SmsOffice, number, phone_of
from tests.support.visits import VisitOffice

TUESDAY = date(2026, 12, 1)
LIST = "/appointments?office=SJJ&date=2026-12-01"
WISH: dict[str, Any] = {
    "office": "SJJ",
    "starts_at": "2026-12-01T09:00:00+07:00",
    "service": "P10",
    "phone": "0812 0000 0001",
}


@pytest.fixture
def visits(wiring: Wiring) -> VisitOffice:
    made = VisitOffice(SmsOffice(wiring.database, wiring.vault, wiring.clock))
    made.renew()
    return made


def book(office: BackOffice, wish: dict[str, Any] = WISH, **headers: str) -> TestResponse:
    return office.call("POST", "/appointments", wish, headers=headers)


def code_of(answer: TestResponse) -> str:
    assert answer.status_code == 201, answer.text
    return str(answer.get_json()["code"])


def step(office: BackOffice, code: str, name: str, body: Any = None) -> TestResponse:
    return office.call("POST", f"/appointments/{code}/{name}", body if body is not None else {})


def kind(answer: TestResponse) -> tuple[int, str]:
    return answer.status_code, answer.get_json()["type"].rpartition(":")[2]


def for_phone(place: int, **more: Any) -> dict[str, Any]:
    return changed(WISH, phone=phone_of(place), **more)


def test_a_booking_takes_a_seat_tells_the_citizen_and_is_on_the_list(office: BackOffice, visits: VisitOffice) -> None:
    code = code_of(book(office))
    assert visits.slots(TUESDAY)[1].booked == 1
    assert visits.told(1) == ["V_BUKTI"]
    assert f"{code[:3]} {code[3:]}" in visits.texts(1, "V_BUKTI")[0]
    [item] = office.call("GET", LIST).get_json()["items"]
    assert item == {
        "code": code,
        "office": "SJJ",
        "lane": "general",
        "service": "P10",
        "day": "2026-12-01",
        "starts_at": "2026-12-01T09:00:00+07:00",
        "state": "booked",
        "queue": None,
        "counter": None,
        "through": "api",
        "moves": 0,
        "booked_at": "2026-11-24T10:00:00+07:00",
        "arrived_at": None,
        "called_at": None,
        "ended_at": None,
        "application_last4": None,
        "phone_last4": "0001",
    }
    assert visits.wrong() == []


def test_an_application_is_booked_for_with_its_own_phone_and_comes_back_from_absence(
    office: BackOffice, visits: VisitOffice
) -> None:
    row = visits.application(1, Status.TIDAK_HADIR)
    slot = visits.slots(TUESDAY)[0].id
    code_of(book(office, {"office": "SJJ", "slot": slot, "application": number(1)}))
    assert visits.told(1) == ["V_BUKTI"]
    assert visits.status(row) == "LUNAS_TERJADWAL"
    [item] = office.call("GET", LIST).get_json()["items"]
    assert (item["application_last4"], item["phone_last4"], item["service"]) == ("0001", "0001", "P10")
    assert ("key:simkim", "changed", "api", "0001") in office.audited()


def test_an_idempotency_key_books_once_and_answers_alike(office: BackOffice, visits: VisitOffice) -> None:
    with ThreadPoolExecutor(5) as threads:
        answers = list(threads.map(lambda _: book(office, **{"Idempotency-Key": "one"}), range(5)))
    assert {(answer.status_code, answer.data) for answer in answers} == {(201, answers[0].data)}
    assert len(visits.booked()) == 1
    assert kind(book(office, for_phone(2), **{"Idempotency-Key": "one"})) == (409, "idempotency-key-reused")


def test_an_idempotency_key_may_be_used_anew_after_a_day(
    office: BackOffice, visits: VisitOffice, clock: MovedClock
) -> None:
    first = code_of(book(office, **{"Idempotency-Key": "one"}))
    clock.move(hours=24)
    assert code_of(book(office, for_phone(2), **{"Idempotency-Key": "one"})) != first


def test_the_last_seat_goes_to_one_of_many(office: BackOffice, visits: VisitOffice) -> None:
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda place: book(office, for_phone(place)), range(1, 9)))
    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [409] * 5
    assert {kind(answer)[1] for answer in answers if answer.status_code == 409} == {"slot-full"}
    assert visits.wrong() == []


def test_a_second_open_visit_is_refused_with_its_code(office: BackOffice, visits: VisitOffice) -> None:
    code = code_of(book(office))
    again = book(office, changed(WISH, starts_at="2026-12-01T10:00:00+07:00"))
    assert kind(again) == (409, "already-booked")
    assert code in again.get_json()["detail"]
    writer = office.new_key("writer", "records:write")
    blind = office.call("POST", "/appointments", WISH, key=writer)
    assert kind(blind) == (409, "already-booked")
    assert code not in blind.text


def test_a_move_frees_the_old_seat_tells_the_citizen_and_is_none_of_theirs(
    office: BackOffice, visits: VisitOffice
) -> None:
    code = code_of(book(office))
    told = step(office, code, "move", {"starts_at": "2026-12-02T10:00:00+07:00"}).get_json()
    assert (told["starts_at"], told["moves"]) == ("2026-12-02T10:00:00+07:00", 0)
    assert visits.slots(TUESDAY)[1].booked == 0
    assert visits.told(1) == ["V_PINDAH"]
    assert step(office, code, "move", {"starts_at": "2026-12-02T10:00:00+07:00"}).status_code == 200
    assert visits.told(1) == ["V_PINDAH"]
    assert visits.wrong() == []


def test_a_move_into_a_full_session_changes_nothing(office: BackOffice, visits: VisitOffice) -> None:
    code = code_of(book(office))
    full = visits.slots(TUESDAY)[3]
    for place in (11, 12, 13):
        visits.book(place, full.id)
    assert kind(step(office, code, "move", {"slot": full.id})) == (409, "slot-full")
    assert visits.booked()[0].slot_id == visits.slots(TUESDAY)[1].id
    assert visits.wrong() == []


def test_a_cancelled_visit_gives_its_seat_back_once_and_may_be_silent(office: BackOffice, visits: VisitOffice) -> None:
    code = code_of(book(office))
    for _ in range(2):
        assert step(office, code, "cancel", {"notify": False}).get_json()["state"] == "cancelled"
    assert visits.slots(TUESDAY)[1].booked == 0
    assert visits.told(1) == []
    assert kind(step(office, code, "move", {"slot": visits.slots(TUESDAY)[0].id})) == (409, "wrong-state")
    assert kind(step(office, code, "check-in")) == (409, "wrong-state")
    assert visits.wrong() == []


def test_a_day_at_the_office_from_the_door_to_the_end(
    office: BackOffice, visits: VisitOffice, clock: MovedClock
) -> None:
    codes = [code_of(book(office, for_phone(place))) for place in (1, 2)]
    assert kind(step(office, codes[0], "check-in")) == (409, "wrong-state"), "it is for another day"
    clock.move(days=7, hours=-1)
    assert step(office, codes[0], "check-in").get_json()["queue"] == "A001"
    assert step(office, codes[0], "check-in").get_json()["queue"] == "A001"
    walk_in = office.call("POST", "/appointments/walk-in", {"office": "SJJ", "lane": "priority", "service": "P5"})
    assert (walk_in.status_code, walk_in.get_json()["queue"]) == (201, "P001")
    called = [
        office.call("POST", "/appointments/call-next", {"office": "SJJ", "counter": counter}).get_json()["called"]
        for counter in (1, 2, 1)
    ]
    assert [one and (one["queue"], one["counter"]) for one in called] == [("P001", 1), ("A001", 2), None]
    assert step(office, codes[0], "done").get_json()["state"] == "done"
    assert step(office, codes[1], "no-show").get_json()["state"] == "absent"
    assert kind(step(office, codes[1], "done")) == (409, "wrong-state")
    assert kind(step(office, codes[0], "no-show")) == (409, "wrong-state")
    states = [item["state"] for item in office.call("GET", LIST).get_json()["items"]]
    assert states == ["done", "absent", "called"]
    with visits.database.reading() as session:
        query = select(SeatEvent.kind, SeatEvent.actor, SeatEvent.through).join(Visit).where(Visit.code == codes[0])
        events = [tuple(row) for row in session.execute(query.order_by(SeatEvent.id))]
    assert events == [(name, "key:simkim", "api") for name in ("booked", "arrived", "called", "done")]


def test_priority_walks_in_until_its_hour_and_nobody_into_a_closed_office(
    office: BackOffice, visits: VisitOffice, clock: MovedClock
) -> None:
    def walk_in(lane: str) -> TestResponse:
        return office.call("POST", "/appointments/walk-in", {"office": "SJJ", "lane": lane})

    clock.move(hours=1)
    assert kind(walk_in("priority")) == (409, "no-walk-in")
    assert walk_in("general").status_code == 201
    clock.move(hours=5)
    assert kind(walk_in("general")) == (409, "no-walk-in")


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
class TestRefusals:
    """What is refused is the same on either database."""

    @pytest.mark.parametrize(
        ("wish", "named"),
        [
            ({"starts_at": "2026-12-01T09:00:00+07:00"}, {"office", "service"}),
            (changed(WISH, slot=1), {"starts_at"}),
            (changed(WISH, application="1" * 16), {"service"}),
            ({key: value for key, value in WISH.items() if key != "starts_at"}, {"starts_at"}),
            ({key: value for key, value in WISH.items() if key != "phone"}, {"phone"}),
            (changed(WISH, office="XXX"), {"office"}),
            (changed(WISH, office="PDG"), {"office"}),
            (changed(WISH, service="P99"), {"service"}),
            (changed(WISH, phone="12"), {"phone"}),
            (changed(WISH, starts_at="2026-12-01T09:30:00+07:00"), {"starts_at"}),
            (changed(WISH, starts_at="2026-12-01 09:00"), {"starts_at"}),
            (changed(WISH, lane="fast"), {"lane"}),
            (changed(WISH, nik="1"), {"nik"}),
        ],
    )
    def test_what_cannot_be_taken_names_the_field(
        self, office: BackOffice, visits: VisitOffice, wish: dict[str, Any], named: set[str]
    ) -> None:
        answer = book(office, wish)
        assert (answer.status_code, set(faults(answer))) == (422, named)
        assert visits.booked() == []

    def test_a_slot_of_nobody_a_week_that_is_not_open_and_a_session_about_to_begin(
        self, office: BackOffice, visits: VisitOffice, clock: MovedClock
    ) -> None:
        wish = {key: value for key, value in WISH.items() if key != "starts_at"}
        assert faults(book(office, wish | {"slot": 2**63 - 1})).keys() == {"slot"}
        last = visits.slots()[-1]
        assert kind(book(office, wish | {"slot": last.id})) == (409, "not-open-yet")
        assert kind(book(office, changed(WISH, starts_at="2026-11-24T11:00:00+07:00"))) == (409, "slot-full")

    def test_an_application_that_waits_for_no_visit_or_is_not_there(
        self, office: BackOffice, visits: VisitOffice
    ) -> None:
        visits.application(1, Status.CETAK)
        wish = {"office": "SJJ", "starts_at": WISH["starts_at"], "application": number(1)}
        assert kind(book(office, wish)) == (409, "not-needed")
        assert book(office, wish | {"application": number(2)}).status_code == 404

    def test_a_code_that_is_mistyped_and_one_that_is_nobodys(self, office: BackOffice, visits: VisitOffice) -> None:
        code = code_of(book(office))
        wrong = code[:-1] + ("3" if code[-1] != "3" else "4")
        assert faults(step(office, wrong, "check-in")).keys() == {"code"}
        assert faults(step(office, "K7M", "check-in")).keys() == {"code"}
        assert step(office, new_code(), "cancel").status_code == 404
        assert step(office, code.lower(), "cancel").status_code == 200

    def test_scopes_separate_reading_from_writing(self, office: BackOffice, visits: VisitOffice) -> None:
        reader, writer = office.new_key("reader", "records:read"), office.new_key("writer", "records:write")
        assert office.call("POST", "/appointments", WISH, key=reader).status_code == 403
        assert office.call("GET", LIST, key=writer).status_code == 403
        made = office.call("POST", "/appointments", WISH, key=writer)
        assert made.status_code == 201
        assert not {"phone_last4", "application_last4"} & made.get_json().keys()


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
class TestDayList:
    """On paper and in a spreadsheet."""

    @pytest.fixture
    def filled(self, office: BackOffice, visits: VisitOffice, clock: MovedClock) -> Callable[[str], TestResponse]:
        visits.application(1)
        code_of(book(office, {"office": "SJJ", "starts_at": WISH["starts_at"], "application": number(1)}))
        code_of(book(office, for_phone(2, lane="priority", service="PANAK")))
        step(office, code_of(book(office, for_phone(3))), "cancel")
        return lambda shape: office.call("GET", f"{LIST}&format={shape}")

    def test_the_page_is_indonesian_whole_in_itself_and_shows_no_whole_number(
        self, filled: Callable[[str], TestResponse]
    ) -> None:
        answer = filled("html")
        assert answer.content_type == "text/html; charset=utf-8"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Cache-Control"] == "no-store"
        page = answer.text
        for words in ("Sel, 1 Des 2026", "2 kunjungan, 1 di antaranya prioritas", "09.00", "..0001", "batal", "WIB"):
            assert words in page, words
        assert page.count('class="box"') == 2, "nobody ticks off who cancelled"
        assert "//" not in page
        for place in (1, 2, 3):
            assert number(place) not in page
            assert phone_of(place)[3:] not in page

    def test_the_table_has_a_row_for_each_visit_and_no_whole_number(
        self, filled: Callable[[str], TestResponse]
    ) -> None:
        answer = filled("csv")
        assert answer.content_type == "text/csv; charset=utf-8"
        rows = list(csv.DictReader(answer.text.splitlines()))
        assert [(row["jam"], row["jalur"], row["hp"], row["keadaan"]) for row in rows] == [
            ("09.00", "umum", "..0001", "terjadwal"),
            ("09.00", "prioritas", "..0002", "terjadwal"),
            ("09.00", "umum", "..0003", "batal"),
        ]
        assert rows[0]["permohonan"] == "..0001"
        assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())

    def test_an_empty_day_and_a_closed_one_say_so(self, office: BackOffice, visits: VisitOffice) -> None:
        christmas = office.call("GET", "/appointments?office=SJJ&date=2026-12-25&format=html").text
        assert "Tidak ada kunjungan" in christmas
        assert "Kantor tutup: Hari Raya Natal" in christmas

    def test_a_look_is_in_the_audit_and_what_cannot_be_taken_is_named(
        self, office: BackOffice, visits: VisitOffice
    ) -> None:
        office.call("GET", "/appointments?office=SJJ")
        assert [action for _, action, *_ in office.audited()].count("listed") == 1
        for query, field in (
            ("", "office"),
            ("?office=SJJ&format=pdf", "format"),
            ("?office=SJJ&date=2026-13-01", "date"),
        ):
            assert list(faults(office.call("GET", f"/appointments{query}"))) == [field]
