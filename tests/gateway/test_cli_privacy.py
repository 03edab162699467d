"""Does a person get what is kept of them, is it let go when they ask, and who must be told of a breach?"""

import csv
import io
import json
from datetime import timedelta
from pathlib import Path

import pytest

from immigration import audit
from immigration.clock import utc_now
from immigration.contacts import Contact, choices_of
from immigration.database import Database
from immigration.inbox.retention import forget_people
from immigration.messages.states import State
from immigration.vault import KeyRing
from tests.support.office_desk import OfficeDesk
from tests.support.sms import number, phone_of

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"])


@pytest.fixture
def desk(database: Database, key_ring: KeyRing, tmp_path: Path) -> OfficeDesk:
    return OfficeDesk.over(database, key_ring, tmp_path)


def hash_of(desk: OfficeDesk, place: int) -> bytes:
    return desk.sms.vault.lookup("phone", phone_of(place))


def test_a_choice_about_reminders_is_made_at_the_counter_and_shown_with_its_proof(desk: OfficeDesk) -> None:
    phone = ("--phone", "0812-0000-0005")
    assert "never asked" in desk.run("optout", "show", *phone).stdout
    assert desk.run("optout", "stop", *phone).stdout == "reminders: not wanted\n"
    assert desk.run("optout", "start", *phone).exit_code == 0
    assert desk.run("optout", "stop", *phone).exit_code == 0
    shown = desk.run("optout", "show", *phone).stdout
    assert shown.startswith("reminders: not wanted\n")
    assert shown.count("at the counter") == 3
    with desk.sms.database.reading() as session:
        assert session.get_one(Contact, hash_of(desk, 5)).reminders is False
        assert [one.agreed for one in choices_of(session, hash_of(desk, 5))] == [False, True, False]
    assert [action for action, _, _ in desk.audited()] == ["read", "changed", "changed", "changed", "read"]


def test_everything_about_a_phone_or_an_application_is_given_out_in_clear_and_noted(
    desk: OfficeDesk, tmp_path: Path
) -> None:
    desk.sent(1, State.FAILED, "invalid number")
    desk.wrote(1, "Boleh diwakilkan?")
    told = json.loads(desk.run("privacy", "export", "--phone", phone_of(1)).stdout)
    assert told["phone"] == phone_of(1)
    [application] = told["applications"]
    assert (application["number"], application["name"]) == (number(1), "Siti Rahmah")
    assert told["messages_from_them"][0]["text"] == "Boleh diwakilkan?"
    assert told["messages_to_them"][0]["text"].startswith("IMIGRASI")
    file = tmp_path / "export.json"
    assert desk.run("privacy", "export", "--number", number(1), "--output", file).exit_code == 0
    kept = json.loads(file.read_text())
    assert (kept["application"], kept["about_its_phone"]) == (application, told)
    assert file.stat().st_mode & 0o777 == 0o600
    again = desk.run("privacy", "export", "--number", number(1), "--output", file)
    assert (again.exit_code, "is there already" in again.stderr) == (1, True)
    nowhere = desk.run("privacy", "export", "--number", number(1), "--output", tmp_path / "none" / "x")
    assert (nowhere.exit_code, "cannot be written" in nowhere.stderr) == (1, True)
    assert desk.audited()[:2] == [("exported", True, None), ("exported", True, "0001")]
    assert desk.run("privacy", "export").exit_code == 2
    assert desk.run("privacy", "export", "--phone", phone_of(1), "--number", number(1)).exit_code == 2
    assert "no application" in desk.run("privacy", "export", "--number", number(9)).stderr


def test_a_person_is_let_go_only_when_that_is_confirmed_and_then_nothing_names_them(desk: OfficeDesk) -> None:
    desk.sent(1, State.QUEUED)
    desk.wrote(1, "Boleh diwakilkan?")
    phone = ("--phone", phone_of(1))
    assert desk.run("privacy", "erase", *phone, input="n\n").exit_code == 1
    assert json.loads(desk.run("privacy", "export", *phone).stdout)["applications"]
    done = desk.run("privacy", "erase", *phone, input="y\n")
    assert (done.exit_code, "..0001" in done.stdout) == (0, True)
    assert set(desk.sms.states()) == {State.CANCELLED}
    with desk.sms.database.writing() as session:
        assert forget_people(session, utc_now()) == 1
    told = json.loads(desk.run("privacy", "export", *phone).stdout)
    assert [name for name, value in told.items() if value] == []
    kept = json.loads(desk.run("privacy", "export", "--number", number(1)).stdout)
    assert (kept["about_its_phone"], kept["application"]["name"]) == (None, None)
    assert desk.run("privacy", "erase", "--yes", "--phone", phone_of(7)).stdout == "let go; its applications: none\n"
    assert [one for one in desk.audited() if one[0] == "erased"] == [("erased", True, "0001"), ("erased", False, None)]


def test_the_notice_of_a_breach_names_each_person_once_whether_by_number_or_by_phone(desk: OfficeDesk) -> None:
    desk.sms.record(1)
    desk.sms.record(2)
    desk.wrote(3, "Halo pak")
    now = utc_now()

    def look(actor: str, at_hours: int, subject: bytes, last4: str | None = None) -> None:
        with desk.sms.database.writing() as session:
            audit.note(
                session,
                at=now + timedelta(hours=at_hours),
                actor=actor,
                action="read",
                through="api",
                subject_hash=subject,
                subject_last4=last4,
            )

    def told(*options: str) -> list[dict[str, str]]:
        since = (now + timedelta(minutes=30)).isoformat()
        return list(csv.DictReader(io.StringIO(desk.run("privacy", "affected", "--since", since, *options).stdout)))

    look("key:stolen", 1, desk.sms.vault.lookup("number", number(1)), "0001")
    look("key:stolen", 2, hash_of(desk, 1))
    look("key:stolen", 1, hash_of(desk, 3))
    look("key:office", 1, desk.sms.vault.lookup("number", number(2)), "0002")
    look("key:stolen", 0, desk.sms.vault.lookup("number", number(2)), "0002")
    look("key:stolen", 1, b"somebody let go ")
    assert sorted((row["number"], row["phone"], row["name"]) for row in told()) == [
        ("", phone_of(3), ""),
        (number(1), phone_of(1), "Siti Rahmah"),
        (number(2), phone_of(2), "Siti Rahmah"),
    ]
    [unnamed, first] = told("--actor", "key:stolen")
    assert (unnamed["phone"], first["number"], first["actions"]) == (phone_of(3), number(1), "read")
    assert first["last_at"] == f"{now + timedelta(hours=2):%Y-%m-%dT%H:%M:%SZ}"
    assert told("--actor", "key:nobody") == []
    assert [action for action, about, _ in desk.audited() if not about] == ["exported"] * 3
    assert desk.run("privacy", "affected", "--since", "2026-11-24").exit_code == 2
