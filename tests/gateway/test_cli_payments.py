"""Can an officer record, doubt and settle a payment, answer a ticket, see what will be reminded, and count a day?"""

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from redis import Redis
from sqlalchemy import update

from immigration.applications.record import Details
from immigration.applications.states import Status
from immigration.contacts import choose
from immigration.database import Database
from immigration.offices.tables import Office
from immigration.payments.tickets import Claim, open_ticket
from immigration.tasks import open_task
from immigration.vault import KeyRing
from tests.support.office_desk import OfficeDesk
from tests.support.payments import NTPN, OTHER_NTPN, PayDesk, billing_of
from tests.support.sms import number, phone_of
from workers.queues import queue

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"])


@pytest.fixture
def desk(database: Database, key_ring: KeyRing, tmp_path: Path) -> OfficeDesk:
    return OfficeDesk.over(database, key_ring, tmp_path)


@pytest.fixture
def pay(desk: OfficeDesk) -> PayDesk:
    return PayDesk(desk.sms)


def test_payments_are_listed_by_their_endings_and_shown_in_full_with_each_look_noted(
    desk: OfficeDesk, pay: PayDesk
) -> None:
    pay.billed(1)
    pay.billed(2)
    pay.pays(2)
    everything = desk.run("payments", "list").stdout
    assert "..0001" in everything
    assert "Rp950.000" in everything
    assert billing_of(1) not in everything
    told = json.loads(desk.run("payments", "list", "--state", "paid", "--json").stdout)
    assert [(one["billing"], one["reference"]) for one in told] == [("..0002", f"..{NTPN[-4:]}")]
    assert json.loads(desk.run("payments", "list", "--office", "PDG", "--json").stdout) == []
    assert len(json.loads(desk.run("payments", "list", "--application", number(1), "--json").stdout)) == 1
    shown = desk.run("payments", "show", "8202 0000 0000 002").stdout
    assert "8202 0000 0000 002" in shown
    assert "WIB" in shown
    assert [line.split()[-2] for line in shown.splitlines()[-3:-1]] == ["made", "paid"]
    assert desk.audited() == [
        ("listed", False, None),
        ("listed", False, None),
        ("listed", False, None),
        ("listed", True, "0001"),
        ("read", True, "0002"),
    ]


def test_a_payment_is_recorded_once_and_the_worker_hears_of_its_sms(
    desk: OfficeDesk, pay: PayDesk, redis_url: str, redis_client: Redis
) -> None:
    desk.env["REDIS_URL"] = redis_url
    pay.billed(1)
    at = (pay.now - timedelta(minutes=1)).isoformat()
    words = ("payments", "paid", billing_of(1), "--reference", NTPN.lower(), "--at", at)
    assert desk.run(*words).stdout == "billing ..0001 is paid.\n"
    assert "nothing changed" in desk.run(*words).stdout
    assert pay.texts() == ["LUNAS_TERJADWAL"]
    assert len(queue(redis_client)) == 1
    refused = desk.run("payments", "paid", billing_of(1), "--reference", OTHER_NTPN, "--at", at)
    assert (refused.exit_code, refused.stderr) == (1, "Error: not recorded: it was paid under another reference\n")
    assert desk.audited() == [("changed", True, "0001")] * 2


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("8202", "--reference", NTPN, "--at", "2026-11-24T10:00:00+07:00"), "15 digits"),
        ((billing_of(1), "--reference", "12", "--at", "2026-11-24T10:00:00+07:00"), "NTPN"),
        ((billing_of(1), "--reference", NTPN, "--at", "2026-11-24T10:00:00"), "names no zone"),
        ((billing_of(1), "--reference", NTPN, "--at", "2099-11-24T10:00:00+07:00"), "future"),
    ],
)
def test_what_cannot_be_read_is_wrong_usage_that_names_the_fix(
    desk: OfficeDesk, words: tuple[str, ...], fault: str
) -> None:
    done = desk.run("payments", "paid", *words)
    assert done.exit_code == 2
    assert fault in done.stderr


def test_a_doubt_and_its_end_are_said_in_a_line_each(desk: OfficeDesk, pay: PayDesk) -> None:
    pay.billed(1)
    assert desk.run("payments", "dispute", billing_of(1), "receipt", "of", "another").exit_code == 0
    assert "`payments settle` decides" in desk.run("payments", "show", billing_of(1)).stdout
    assert desk.run("payments", "settle", billing_of(1), "paid").stdout == "billing ..0001 is paid.\n"
    assert "nothing changed" in desk.run("payments", "settle", billing_of(1), "paid").stdout
    refused = desk.run("payments", "settle", billing_of(1), "cancelled")
    assert (refused.exit_code, refused.stderr) == (
        1,
        "Error: not settled: the payment is not disputed: it is paid\n",
    )
    for words in (("show",), ("dispute", "why"), ("settle", "paid")):
        done = desk.run("payments", words[0], billing_of(9), *words[1:])
        assert (done.exit_code, done.stderr) == (1, "Error: no application has this billing\n")


def test_a_ticket_is_answered_in_one_sms_and_is_done(desk: OfficeDesk, pay: PayDesk) -> None:
    pay.billed(1)
    desk.sms.greeted(2)
    office = desk.sms.outbox.catalogue().office("SJJ")
    opened = []
    with desk.sms.database.writing() as session:
        for phone, application, receipt in ((1, 1, "1234"), (2, None, "9876"), (2, 1, None)):
            claim = Claim(phone_of(phone), office, application, receipt, "citizen ussd")
            opened.append(open_ticket(session, desk.sms.outbox, claim, pay.now).number)
        open_task(session, "ticket", "nobody", "receipt ..1111", pay.now, office="SJJ")
    told = json.loads(desk.run("tickets", "list", "--json").stdout)
    assert [one["number"] for one in told[1:]] == list(reversed(opened))
    nobody = told[0]["number"]
    refused = desk.run("tasks", "done", str(told[1]["id"]))
    assert (refused.exit_code, f"tickets answer {opened[-1]} TEXT" in refused.stderr) == (1, True)
    # As the citizen has it, without its year, and by the figures alone.
    for ticket in (opened[0].lower(), opened[1][4:], str(int(opened[2][4:]))):
        assert desk.run("tickets", "answer", ticket, "Pembayaran", "sudah", "masuk.").exit_code == 0
    assert [body.endswith("Pembayaran sudah masuk.") for body in pay.bodies()] == [True, True, True]
    assert [one.phone_hash for one in desk.sms.messages()] == [
        desk.sms.vault.lookup("phone", phone_of(place)) for place in (1, 2, 2)
    ]
    assert "done already" in desk.run("tickets", "answer", opened[0], "Ya").stderr
    assert "no phone number is known" in desk.run("tickets", "answer", nobody, "Ya").stderr
    assert desk.run("tasks", "done", str(told[0]["id"])).exit_code == 0, "whom nobody can answer"
    assert "is not a ticket such as A26-01234" in desk.run("tickets", "answer", "B26-1", "Ya").stderr
    assert "there is no ticket 99" in desk.run("tickets", "answer", "99", "Ya").stderr
    assert "receipt ..1234" in desk.run("tickets", "list", "--done").stdout
    assert [action for action, *_ in desk.audited()] == ["changed", "changed", "changed"]


def test_a_plan_says_what_comes_what_came_and_why_not(desk: OfficeDesk, pay: PayDesk) -> None:
    pay.billed(1)
    until = (pay.now + timedelta(days=20)).date()
    desk.sms.record(2, status=Status.IT_TERBIT, service="ITAS1", details=Details(valid_until=until))
    desk.sms.record(3, status=Status.IT_TERBIT, service="ITAS1", consent=False, details=Details(valid_until=until))
    desk.sms.record(4, status=Status.SIAP_DIAMBIL)
    with desk.sms.database.writing() as session:
        phone_hash = desk.sms.vault.lookup("phone", phone_of(1))
        choose(session, phone_hash, "reminders", False, "sms", "test", pay.now)

    def planned(place: int, rule: str) -> list[tuple[str, str, str]]:
        told = json.loads(desk.run("reminders", "plan", number(place), "--json").stdout)
        return [(one["offset"], one["outlook"], one["why"]) for one in told if one["rule"] == rule]

    assert planned(1, "R_BAYAR") == [(f"{offset} min", "not", "opted out") for offset in (-60, -30, -10)]
    assert planned(2, "R_IZIN") == [
        ("-30 d", "not", "its time is over"),
        ("-14 d", "will come", ""),
        ("-7 d", "will come", ""),
        ("-3 d", "will come", ""),
    ]
    assert planned(2, "R_BAYAR") == [(None, "not", "no billing is on record")]
    assert planned(2, "R_AMBIL") == [], "nothing cancels a permit's card"
    assert {why for _, _, why in planned(3, "R_IZIN")} == {"no consent"}
    assert planned(4, "R_IZIN") == [(None, "not", "it is SIAP_DIAMBIL, not IT_TERBIT")]
    assert planned(4, "collection over") == [("30 d", "will come", "as a task for an officer")]
    assert "WIB" in desk.run("reminders", "plan", number(2)).stdout
    assert desk.run("reminders", "plan", number(9)).exit_code == 1
    assert desk.audited()[0] == ("read", True, "0001")


def test_the_rules_are_a_table_and_an_offices_fault_in_it_is_an_error(desk: OfficeDesk) -> None:
    shown = desk.run("reminders", "rules")
    assert shown.exit_code == 0
    assert "-60 min, -30 min, -10 min" in shown.stdout
    with desk.sms.database.writing() as session:
        session.execute(
            update(Office).where(Office.code == "SJJ").values(reminders={"R_AMBIL": [5, 25], "R_AMBLI": [5]})
        )
    shown = desk.run("reminders", "rules")
    assert shown.exit_code == 1
    assert "5 d, 25 d" in shown.stdout
    assert shown.stderr.startswith("SJJ: reminders: there is no rule R_AMBLI; there are ")


def test_a_day_is_counted_as_table_csv_and_json(desk: OfficeDesk, pay: PayDesk) -> None:
    pay.billed(1)
    pay.pays(1)
    [day] = json.loads(desk.run("report", "day", "--office", "SJJ", "--format", "json").stdout)
    assert (day["paid"], day["amount"], day["reminders"]["R_BAYAR"]["sent"]) == (1, 950_000, 0)
    lines = desk.run("report", "day", "--office", "SJJ", "--format", "csv").stdout.splitlines()
    assert lines[0] == "date,office,what,number"
    assert lines[1].endswith(",SJJ,paid,1")
    assert "R_BAYAR opened" in desk.run("report", "day").stdout
    yesterday = date.fromisoformat(day["day"]) - timedelta(days=1)
    [before] = json.loads(desk.run("report", "day", "--office", "SJJ", "--date", yesterday, "--format", "json").stdout)
    assert before["paid"] == 0
    assert desk.run("report", "day", "--office", "XXX").exit_code == 2


def test_a_treasury_list_comes_in_with_counts_and_rejects_and_again_changes_nothing(
    desk: OfficeDesk, pay: PayDesk, tmp_path: Path
) -> None:
    pay.billed(1)
    at = (pay.now - timedelta(minutes=1)).isoformat()
    file = tmp_path / "list.csv"
    file.write_text(
        f"billing,amount,paid_at,reference\n{billing_of(1)},950000,{at},{NTPN}\n{billing_of(2)},950000,{at},{OTHER_NTPN}\n"
    )
    rest = "late=0 wrong_amount=0 unknown=1 doubled=0"
    done = desk.run("import", "payments", file, "--check")
    assert done.stdout == f"read=2 matched=1 {rest} unchanged=0 rejected=0\n"
    assert pay.texts() == []
    assert desk.run("import", "payments", file).stdout == done.stdout
    assert desk.run("import", "payments", file).stdout == f"read=2 matched=0 {rest} unchanged=1 rejected=0\n"
    assert pay.texts() == ["LUNAS_TERJADWAL"]
    rejects = (tmp_path / "list.csv.rejects.csv").read_text(encoding="utf-8-sig").splitlines()
    assert rejects[1].endswith(f"{OTHER_NTPN},3,billing: no application has it")
    assert desk.run("import", "payments", tmp_path / "list.csv.rejects.csv").exit_code == 1
    file.write_text("number,amount\n1,2\n")
    assert "unknown columns 'number'" in desk.run("import", "payments", file).stderr
