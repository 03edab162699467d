"""The back office has applicants told, and reads what was sent to them, what came back, and what waits for a person."""

import threading

import pytest

from immigration.tasks import open_task
from tests.support.back_office import NUMBER, RECORD, BackOffice, changed
from tests.support.clock import MovedClock
from workers.jobs import DRAIN_JOB
from workers.queues import queue

PHONE = "+6281234567890"
APPLICATION = f"/applications/{NUMBER}"


def bodies(office: BackOffice, query: str = "") -> list[str]:
    """What was sent or received, newest first, without brand and privacy text."""
    answer = office.call("GET", f"/messages{query}")
    assert answer.status_code == 200, answer.text
    return [item["body"].removeprefix("IMIGRASI SIJUNJUNG: ") for item in answer.get_json()["items"]]


def test_a_change_of_state_is_told_unless_the_office_says_no(office: BackOffice, clock: MovedClock) -> None:
    office.call("PUT", APPLICATION, RECORD)
    assert bodies(office) == []
    office.call("POST", f"{APPLICATION}/status", {"status": "FOTO_WAWANCARA", "notify": False})
    assert bodies(office) == []
    office.call("POST", f"{APPLICATION}/status", {"status": "CETAK"})
    assert len(bodies(office)) == 2, "the news and the first contact's privacy text"
    assert [job.func_name for job in queue(office.wiring.redis).jobs] == [DRAIN_JOB]


def test_a_record_tells_nobody_unless_asked_to(office: BackOffice) -> None:
    office.call("PUT", APPLICATION, changed(RECORD, notify=True))
    told = bodies(office, f"?application={NUMBER}")
    assert any(text.startswith("No ..3456 Surek alah ditarimo") for text in told)
    office.call("PUT", APPLICATION, changed(RECORD, notify=True))
    assert len(bodies(office)) == 2, "the same again is no news"


def test_an_idempotency_key_sends_one_message_however_often_it_comes(office: BackOffice) -> None:
    office.call("PUT", APPLICATION, RECORD)

    def post() -> None:
        office.call("POST", f"{APPLICATION}/status", {"status": "CETAK"}, headers={"Idempotency-Key": "one"})

    racers = [threading.Thread(target=post) for _ in range(6)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join(30)
    assert len(bodies(office)) == 2


def test_a_refused_change_tells_nobody(office: BackOffice) -> None:
    office.call("PUT", APPLICATION, RECORD)
    assert office.call("POST", f"{APPLICATION}/status", {"status": "BATAL_30HARI"}).status_code == 409
    assert bodies(office) == []


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
class TestReading:
    """What is read is the same on either database."""

    def test_a_page_has_all_that_the_contract_names_and_leads_to_the_next(
        self, office: BackOffice, clock: MovedClock
    ) -> None:
        office.call("PUT", APPLICATION, RECORD)
        for status in ("FOTO_WAWANCARA", "VERIFIKASI", "CETAK"):
            office.call("POST", f"{APPLICATION}/status", {"status": status})
            clock.move(minutes=5)
        number = office.wiring.inbox.store("africastalking", "1", PHONE, "halo, apa kabar paspor saya")
        assert number is not None
        office.wiring.inbox.answer(number)
        first = office.call("GET", "/messages?phone=0812-3456-7890&limit=4").get_json()
        rest = office.call("GET", f"/messages?phone={PHONE.replace('+', '%2B')}&cursor={first['next']}").get_json()
        assert rest["next"] is None
        items = first["items"] + rest["items"]
        assert [item["reason"] for item in items if item["direction"] == "sent"] == [
            "answer",
            "CETAK",
            "VERIFIKASI",
            "first contact",
            "FOTO_WAWANCARA",
        ]
        [received] = [item for item in items if item["direction"] == "received"]
        assert (received["body"], received["status"]) == ("halo, apa kabar paspor saya", "office")
        wanted = {"id", "direction", "template", "language", "body", "segments", "status", "created_at", "events"}
        assert all(wanted <= item.keys() for item in items)
        assert len({item["id"] for item in items}) == len(items) == 6

    def test_what_cannot_be_taken_names_the_parameter(self, office: BackOffice) -> None:
        for query, field in (
            ("?phone=rahmah", "phone"),
            ("?application=12", "application"),
            ("?cursor=x", "cursor"),
            ("?limit=0", "limit"),
            ("?colour=red", "colour"),
        ):
            answer = office.call("GET", f"/messages{query}")
            assert answer.status_code == 422, query
            assert [fault["field"] for fault in answer.get_json()["errors"]] == [field]
        assert office.call("GET", f"/messages?application={NUMBER}").status_code == 404

    def test_messages_and_tasks_need_their_scopes_and_a_look_is_in_the_audit(self, office: BackOffice) -> None:
        key = office.new_key("reader", "records:read")
        assert office.call("GET", "/messages", key=key).status_code == 403
        assert office.call("GET", "/tasks", key=key).status_code == 200
        office.call("GET", "/messages")
        assert [action for _, action, *_ in office.audited()].count("listed") == 1

    def test_tasks_are_listed_newest_first_and_done_ones_apart(self, office: BackOffice) -> None:
        with office.wiring.database.writing() as session:
            for place in range(3):
                open_task(session, "channel_paused", f"way {place}", f"way {place} is paused", office.wiring.clock())
        first = office.call("GET", "/tasks?limit=2").get_json()
        rest = office.call("GET", f"/tasks?limit=2&cursor={first['next']}").get_json()
        assert [task["words"] for task in first["items"] + rest["items"]] == [
            "way 2 is paused",
            "way 1 is paused",
            "way 0 is paused",
        ]
        assert rest["next"] is None
        assert office.call("GET", "/tasks?done=true").get_json()["items"] == []
