"""Does the back office tell of payments, look at them and decide, and is each call's fault named?"""

from datetime import timedelta
from typing import Any

import pytest
from werkzeug.test import TestResponse

from gateway.messaging import build_outbox
from gateway.settings import Settings
from immigration.contacts import know
from immigration.offices.snapshot import CatalogueSnapshot
from immigration.payments.tickets import Claim, open_ticket
from tests.support.back_office import NUMBER, RECORD, BackOffice, changed, faults
from tests.support.clock import MovedClock
from tests.support.payments import NTPN, OTHER_NTPN

BILLING = "820200000000001"
PAYMENT = {"billing": BILLING, "amount": 950_000, "due_at": "2026-11-24T12:00:00+07:00"}
WAITING = changed(RECORD, status="MENUNGGU_BAYAR", payment=PAYMENT)
PAID = {"paid_at": "2026-11-24T10:00:00+07:00", "reference": NTPN}


def post(office: BackOffice, what: str, body: Any, billing: str = BILLING, **options: Any) -> TestResponse:
    return office.call("POST", f"/payments/{billing}/{what}", body, **options)


def templates(office: BackOffice) -> list[str]:
    told = office.call("GET", f"/messages?application={NUMBER}").get_json()["items"]
    return [one["template"] for one in reversed(told) if one["template"] != "R_PRIVASI"]


def open_tasks(office: BackOffice) -> list[str]:
    return [task["kind"] for task in office.call("GET", "/tasks").get_json()["items"]]


def test_a_payment_is_recorded_once_with_one_sms_and_another_reference_is_refused(office: BackOffice) -> None:
    office.put(WAITING)
    answers = [post(office, "paid", PAID), post(office, "paid", changed(PAID, reference=NTPN.lower()))]
    assert [(one.status_code, one.get_json()["state"]) for one in answers] == [(200, "paid")] * 2
    told = answers[0].get_json()
    assert (told["billing"], told["number"], told["reference"]) == (BILLING, NUMBER, f"..{NTPN[-4:]}")
    assert [event["kind"] for event in told["events"]] == ["made", "paid"]
    assert office.get().get_json()["status"] == "LUNAS_TERJADWAL"
    assert templates(office) == ["LUNAS_TERJADWAL"]
    refused = post(office, "paid", changed(PAID, reference=OTHER_NTPN))
    assert (refused.status_code, refused.get_json()["type"]) == (409, "urn:problem-type:other-reference")
    assert post(office, "paid", PAID, "820200000000002").status_code == 404
    assert office.audited()[1:3] == [("key:simkim", "changed", "api", NUMBER[-4:])] * 2


def test_paid_late_is_taken_and_disputed_until_an_officer_settles_it(office: BackOffice, clock: MovedClock) -> None:
    office.put(WAITING)
    clock.move(hours=3)
    late = post(office, "paid", changed(PAID, paid_at="2026-11-24T12:30:00+07:00"))
    assert (late.status_code, late.get_json()["state"]) == (200, "disputed")
    assert open_tasks(office) == ["payment_disputed"]
    clock.move(minutes=5)
    settled = post(office, "settle", {"outcome": "paid"})
    assert (settled.status_code, settled.get_json()["state"]) == (200, "paid")
    assert (open_tasks(office), templates(office)) == ([], ["P_SENGKETA", "LUNAS_TERJADWAL"])
    assert post(office, "settle", {"outcome": "paid"}).status_code == 200
    again = post(office, "settle", {"outcome": "cancelled"})
    assert (again.status_code, again.get_json()["type"]) == (409, "urn:problem-type:not-disputed")


def test_a_doubt_is_kept_with_its_note_in_the_applications_history(office: BackOffice) -> None:
    office.put(WAITING)
    doubted = post(office, "dispute", {"note": "the receipt is another's"})
    assert (doubted.status_code, doubted.get_json()["state"]) == (200, "disputed")
    [noted] = [event for event in office.get().get_json()["history"] if event["note"]]
    assert (noted["kind"], noted["note"], noted["changed"]) == ("payment", "the receipt is another's", ["state"])
    assert post(office, "dispute", {"note": "again"}).status_code == 200
    assert open_tasks(office) == ["payment_disputed"]
    assert post(office, "dispute", {"note": "?"}, "820200000000002").status_code == 404
    assert post(office, "settle", {"outcome": "paid"}, "820200000000002").status_code == 404


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
class TestOnOneDatabase:
    """What is checked before the database, or the same on either."""

    @pytest.mark.parametrize(
        ("body", "field", "words"),
        [
            (changed(PAID, paid_at="2026-11-24T10:00:00"), "paid_at", "offset"),
            (changed(PAID, paid_at="2026-11-24T10:06:00+07:00"), "paid_at", "future"),
            (changed(PAID, paid_at=1), "paid_at", "RFC 3339"),
            (changed(PAID, reference=NTPN[1:]), "reference", "NTPN"),
            (changed(PAID, reference=NTPN[1:] + "-"), "reference", "NTPN"),
            (changed(PAID, reference="ß" + NTPN[2:]), "reference", "NTPN"),
            ({"paid_at": PAID["paid_at"]}, "reference", "missing"),
            (changed(PAID, amount=1), "amount", "no field"),
        ],
    )
    def test_a_payment_that_cannot_be_taken_names_the_field(
        self, office: BackOffice, body: Any, field: str, words: str
    ) -> None:
        office.put(WAITING)
        answer = post(office, "paid", body)
        assert answer.status_code == 422
        assert words in faults(answer)[field]
        assert templates(office) == []

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("amount", 0),
            ("amount", -950_000),
            ("amount", "950000"),
            ("amount", 950_000.5),
            ("billing", "82020000000000"),
            ("billing", "8202000000000001"),
            ("due_at", "2026-11-24T12:00:00"),
            ("due_at", "2026-12-01T10:00:01+07:00"),
            ("currency", "USD"),
        ],
    )
    def test_a_billing_that_cannot_be_taken_names_the_field(self, office: BackOffice, field: str, value: Any) -> None:
        answer = office.put(changed(WAITING, **{f"payment__{field}": value}))
        assert answer.status_code == 422
        assert list(faults(answer)) == [f"payment.{field}"]

    @pytest.mark.parametrize(
        ("service", "amount", "is_odd"),
        [
            ("P10", 950_000, False),
            ("P10", 650_000, True),
            ("PGANTI", 650_000, False),
            ("PHILANG", 1_000_000, False),
            ("PHILANG", 1_650_000, False),
            ("PRUSAK", 1_450_000, False),
            ("PRUSAK", 950_000, True),
            ("ITAS1", 4_500_000, False),
            ("ITAS1", 1_500_000, True),
            ("IMK1", 3_000_000, True),
            ("OVS", 7_000_000, False),
            ("OVS", 1_500_000, True),
        ],
    )
    def test_an_amount_that_is_no_tariff_is_taken_and_an_officer_looks(
        self, office: BackOffice, service: str, amount: int, is_odd: bool
    ) -> None:
        told = changed(WAITING, service=service, payment__amount=amount)
        assert office.put(told).status_code == 201
        assert open_tasks(office) == ["payment_odd"] * is_odd
        office.put(told)
        assert open_tasks(office) == ["payment_odd"] * is_odd

    def test_an_amount_that_was_put_right_needs_no_officer(self, office: BackOffice) -> None:
        office.put(changed(WAITING, payment__amount=1))
        office.put(WAITING)
        assert open_tasks(office) == []

    def test_payments_are_listed_by_office_state_and_application_in_pages(self, office: BackOffice) -> None:
        for place in range(1, 4):
            billing = f"82020000000000{place}"
            office.put(changed(WAITING, payment__billing=billing), number=f"123456789012345{place}")
        post(office, "paid", PAID, "820200000000002")
        first = office.call("GET", "/payments?limit=2").get_json()
        rest = office.call("GET", f"/payments?limit=2&cursor={first['next']}").get_json()
        assert rest["next"] is None
        assert [one["billing"][-1] for one in first["items"] + rest["items"]] == ["3", "2", "1"]

        def listed(query: str) -> list[str]:
            return [one["billing"][-1] for one in office.call("GET", f"/payments?{query}").get_json()["items"]]

        assert listed("state=paid") == ["2"]
        assert listed("office=PDG") == []
        assert listed("office=SJJ&state=waiting") == ["3", "1"]
        assert listed("application=1234567890123453") == ["3"]
        assert office.call("GET", f"/payments?application={NUMBER}").status_code == 404
        assert list(faults(office.call("GET", "/payments?state=gone"))) == ["state"]
        assert office.audited()[-1][1:3] == ("listed", "api")

    def test_a_key_that_may_only_write_sees_neither_billing_nor_number(self, office: BackOffice) -> None:
        office.put(WAITING)
        key = office.new_key("writer", "records:write")
        told = post(office, "paid", PAID, key=key).get_json()
        assert told["state"] == "paid"
        assert not {"billing", "number"} & told.keys()
        for path in ("/payments", f"/payments/{BILLING}", "/tickets", f"/reminders/plan/{NUMBER}", "/reports/day"):
            assert office.call("GET", path, key=key).status_code == 403, path

    def test_a_payment_is_read_with_what_became_of_it_and_the_look_is_noted(self, office: BackOffice) -> None:
        office.put(WAITING)
        told = office.call("GET", f"/payments/{BILLING}").get_json()
        assert (told["state"], told["current"], told["paid_at"]) == ("waiting", True, None)
        assert [(event["kind"], event["actor"]) for event in told["events"]] == [("made", "key:simkim")]
        assert office.audited()[-1] == ("key:simkim", "read", "api", NUMBER[-4:])
        assert office.call("GET", "/payments/820200000000002").status_code == 404

    def test_a_ticket_is_answered_once_with_the_officers_words(self, office: BackOffice) -> None:
        office.put(WAITING)
        wiring, phone = office.wiring, "+6281234567890"
        outbox = build_outbox(Settings(), wiring.vault, CatalogueSnapshot(wiring.database))
        with wiring.database.writing() as session:
            know(session, wiring.vault, phone, wiring.clock())
            claim = Claim(phone, outbox.catalogue().office("SJJ"), 1, "1234", "citizen ussd")
            number = open_ticket(session, outbox, claim, wiring.clock()).number
        [ticket] = office.call("GET", "/tickets").get_json()["items"]
        assert ticket["number"] == number
        path = f"/tickets/{ticket['id']}/answer"
        long = office.call("POST", path, {"text": "x" * 200})
        assert "too long" in faults(long)["text"]
        done = office.call("POST", path, {"text": "Pembayaran Anda sudah kami terima."})
        assert (done.status_code, done.get_json()["done_by"]) == (200, "key:simkim")
        assert templates(office) == ["A_PETUGAS"]
        assert office.call("GET", "/tickets").get_json()["items"] == []
        assert office.call("GET", "/tickets?done=true").get_json()["items"][0]["id"] == ticket["id"]
        again = office.call("POST", path, {"text": "Ya"})
        assert (again.status_code, again.get_json()["type"]) == (409, "urn:problem-type:ticket-done")
        assert office.call("POST", "/tickets/999/answer", {"text": "Ya"}).status_code == 404

    def test_the_plan_says_what_comes_and_why_not(self, office: BackOffice) -> None:
        office.put(WAITING)
        planned = office.call("GET", f"/reminders/plan/{NUMBER}").get_json()["items"]
        due = [(one["offset"], one["outlook"]) for one in planned if one["rule"] == "R_BAYAR"]
        assert due == [("-60 min", "will come"), ("-30 min", "will come"), ("-10 min", "will come")]
        office.put(changed(WAITING, applicant__consent=False))
        planned = office.call("GET", f"/reminders/plan/{NUMBER}").get_json()["items"]
        assert {one["why"] for one in planned if one["rule"] == "R_BAYAR"} == {"no consent"}
        assert office.call("GET", "/reminders/plan/1234567890123450").status_code == 404
        rules = office.call("GET", "/reminders/rules").get_json()["items"]
        assert rules[0]["rule"] == "R_BAYAR"
        assert rules[0]["offsets"] == [-60, -30, -10]

    def test_a_day_is_counted_in_the_offices_own_time_as_json_and_as_csv(
        self, office: BackOffice, clock: MovedClock
    ) -> None:
        office.put(WAITING)
        post(office, "paid", PAID)
        [day] = office.call("GET", "/reports/day?office=SJJ&date=2026-11-24").get_json()["items"]
        assert (day["paid"], day["amount"], day["expired"], day["disputed"]) == (1, 950_000, 0, 0)
        table = office.call("GET", "/reports/day?office=SJJ&date=2026-11-24&format=csv")
        assert table.content_type.startswith("text/csv")
        assert "2026-11-24,SJJ,paid,1" in table.text.splitlines()
        [empty] = office.call("GET", "/reports/day?office=SJJ&date=2026-11-23").get_json()["items"]
        assert empty["paid"] == 0
        clock.move_to(clock.now + timedelta(hours=15))
        [today] = office.call("GET", "/reports/day?office=SJJ").get_json()["items"]
        assert (today["day"], today["paid"]) == ("2026-11-25", 0)
        assert list(faults(office.call("GET", "/reports/day?office=XXX"))) == ["office"]
        assert list(faults(office.call("GET", "/reports/day?date=2026-02-30"))) == ["date"]
