"""Does a word of theirs stop, start, consent, refuse, erase or turn away another's messages, and does it hold?"""

from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import LargeBinary, select

from gateway.simulator.aggregator import PretendAggregator
from immigration.applications.cells import Reading
from immigration.applications.importing import Counts, run
from immigration.applications.keeping import find
from immigration.applications.reading import examine
from immigration.applications.states import Status
from immigration.applications.tables import Application
from immigration.audit import AuditRow
from immigration.contacts import choices_of
from immigration.database import Base
from immigration.offices.catalogue import load_catalogue
from immigration.people import LANGUAGES
from tests.support.citizen import Citizen
from tests.support.clock import MovedClock
from tests.support.sms import SmsOffice, channel_to, number, phone_of, sending
from workers import upkeep

on_sqlite_alone = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
AGAIN, ANOTHER = phone_of(1), phone_of(7)


@dataclass
class Export:
    """The back office's file, read in again and again."""

    office: SmsOffice
    file: Path

    def tells(self, place: int, status: Status, phone: str, name: str = "Siti Rahmah") -> Counts:
        header = "number;service;office;status;name;birth_date;phone;language;consent;occurred_at"
        row = f"{number(place)};P10;SJJ;{status};{name};24/11/1990;{phone};en;ya;2026-11-24"
        self.file.write_text(f"{header}\n{row}\n")
        with self.office.database.reading() as session:
            reading = Reading(load_catalogue(session), self.office.clock())
        counts = Counts()
        for progress in run(examine(self.file), self.office.database, self.office.vault, reading, "import:test"):
            counts = progress.counts
        assert counts.rejected == 0
        return counts


@pytest.fixture
def export(office: SmsOffice, tmp_path: Path) -> Export:
    return Export(office, tmp_path / "export.csv")


def application(office: SmsOffice, place: int) -> Application:
    with office.database.reading() as session:
        return find(session, office.vault, number(place))[0]


def send_all(office: SmsOffice) -> None:
    with PretendAggregator() as aggregator, sending(office, channel_to(aggregator), threads=1) as sender:
        sender.drain()


def tidy_up(office: SmsOffice, clock: MovedClock) -> dict[str, int]:
    return upkeep.run(office.database, clock.move(minutes=1))


def places_of(office: SmsOffice, phone_hash: bytes) -> set[str]:
    """The columns that still hold a phone's keyed hash."""
    found = set()
    with office.database.reading() as session:
        for table in Base.metadata.sorted_tables:
            for column in table.columns:
                if isinstance(column.type, LargeBinary) and session.scalar(
                    select(column).where(column == phone_hash).limit(1)
                ):
                    found.add(f"{table.name}.{column.name}")
    return found


@on_sqlite_alone
def test_stop_and_start_hold_at_once_with_time_channel_and_wording(office: SmsOffice, clock: MovedClock) -> None:
    citizen = Citizen(office, 1)
    for text, template in (("STOP", "A_STOP"), ("mulai lagi", "A_MULAI"), ("stop kirim sms", "A_STOP")):
        assert citizen.asks(text).template == template
        clock.move(minutes=1)
    versions = {code: office.outbox.texts.template(code, "id").version for code in ("A_STOP", "A_MULAI")}
    with office.database.reading() as session:
        kept = [(one.agreed, one.channel, one.wording) for one in choices_of(session, citizen.phone_hash)]
    stopped = (False, "sms", f"A_STOP:{versions['A_STOP']}")
    assert kept == [stopped, (True, "sms", f"A_MULAI:{versions['A_MULAI']}"), stopped]
    contact = citizen.contact()
    assert contact is not None
    assert contact.reminders is False


@on_sqlite_alone
@pytest.mark.parametrize(("text", "template"), [("STOP", "A_STOP"), ("HAPUS", "A_HAPUS"), ("HAPUS YA", "A_HAPUS_OK")])
def test_nobody_who_wants_us_gone_is_greeted_first(office: SmsOffice, text: str, template: str) -> None:
    assert Citizen(office, 1, greeted=False).asks(text).template == template


@on_sqlite_alone
def test_yes_and_no_answer_the_privacy_question_alone_and_only_while_it_is_open(office: SmsOffice) -> None:
    for place, (text, template, agreed) in enumerate((("YA", "A_YA", True), ("indak", "A_TIDAK", False))):
        citizen = Citizen(office, 10 + place, greeted=False)
        assert "R_PRIVASI" in {said.template for said in citizen.write("JAM")}
        assert citizen.asks("HAPUS").template == "A_HAPUS"
        assert citizen.asks(text).template == template
        assert citizen.asks(text).template == "A_YA_KOSONG", "it has been answered"
        with office.database.reading() as session:
            [choice] = choices_of(session, citizen.phone_hash)
        assert (choice.agreed, choice.channel, choice.wording[:10]) == (agreed, "sms", "R_PRIVASI:")
    citizen = Citizen(office, 12, greeted=False)
    assert citizen.asks("STOP").template == "A_STOP"
    assert "A_YA_KOSONG" in {said.template for said in citizen.write("YA")}, "nothing was asked yet"
    assert citizen.asks("YA").template == "A_YA", "what came with the last answer asks"


@on_sqlite_alone
def test_a_choice_outlives_the_contact_that_nobody_needs_any_more(office: SmsOffice, clock: MovedClock) -> None:
    citizen = Citizen(office, 1)
    citizen.asks("STOP")
    send_all(office)
    clock.move(days=91)
    assert tidy_up(office, clock)["contacts_deleted"] == 1
    office.record(1, notify=True)
    contact = citizen.contact()
    assert contact is not None
    assert contact.reminders is False


def test_whoever_says_so_twice_is_forgotten(office: SmsOffice, clock: MovedClock) -> None:
    citizen, other = Citizen(office, 1), Citizen(office, 2)
    office.record(1, language="en", notify=True)
    office.record(2, notify=True)
    office.record(3, phone=citizen.phone, status=Status.DISERAHKAN)
    citizen.write("BAHASA EN")
    citizen.write("Boleh diwakilkan suami?")
    citizen.write("STATUS")
    other.write("STOP")
    send_all(office)
    office.change(1, Status.CETAK)
    assert citizen.asks("HAPUS").template == "A_HAPUS"
    assert citizen.asks("YA").template == "A_YA", "that is another question"
    assert application(office, 1).phone_hash == citizen.phone_hash
    assert citizen.asks("HAPUS YA", "one").template == "A_HAPUS_OK"
    assert office.messages()[-1].language == "en", "in the language that was theirs"

    waiting = [message for message in office.messages() if message.state == "queued"]
    assert [message.template for message in waiting] == ["A_HAPUS_OK"]
    assert {message.fault for message in office.messages() if message.state == "cancelled"} == {"erased"}
    assert tidy_up(office, clock)["people_forgotten"] == 0, "the last answer is still to go out"
    assert citizen.write("HAPUS YA", "one") == [], "the aggregator tells it again"
    send_all(office)
    assert tidy_up(office, clock)["people_forgotten"] == 1

    assert places_of(office, citizen.phone_hash) == {"applications.refused_phone_hash"}
    assert citizen.contact() is None
    assert other.contact() is not None
    theirs = [message for message in office.messages() if message.phone_hash is None]
    assert [message.template for message in theirs if message.body_sealed] == ["A_HAPUS_OK"]
    assert {row.text_sealed for row in citizen.inbox() if row.phone_hash is None} == {None}
    running, ended = application(office, 1), application(office, 3)
    assert (running.status, running.number_last4) == (Status.CETAK, "0001")
    assert (running.birth_date_sealed is None, ended.birth_date_sealed) == (False, None)
    for row in (running, ended):
        assert (row.phone_sealed, row.name_sealed, row.language, row.consent) == (None, None, None, False)
    with office.database.reading() as session:
        noted = session.scalars(select(AuditRow).where(AuditRow.action == "erased")).all()
    assert [(row.actor, row.through, row.subject_last4) for row in noted] == [
        ("citizen", "sms", "0001"),
        ("citizen", "sms", "0003"),
    ]
    assert Citizen(office, 2).asks(f"STATUS {number(1)} 24111990").template == "CETAK", "the applicant can still ask"


@on_sqlite_alone
def test_a_phone_without_applications_is_forgotten_and_that_is_noted_too(office: SmsOffice, clock: MovedClock) -> None:
    citizen = Citizen(office, 5)
    citizen.write("Halo pak")
    assert citizen.asks("hapus data ya").template == "A_HAPUS_OK"
    send_all(office)
    tidy_up(office, clock)
    assert places_of(office, citizen.phone_hash) == set()
    with office.database.reading() as session:
        [noted] = session.scalars(select(AuditRow).where(AuditRow.action == "erased")).all()
    assert (noted.actor, noted.subject_hash, noted.subject_last4) == ("citizen", None, None)
    fresh = {said.template for said in citizen.write("JAM")}
    assert fresh == {"R_PRIVASI", "A_JAM"}, "whoever comes back is a stranger"


def test_no_repeat_of_what_the_office_knows_brings_back_whom_it_let_go(office: SmsOffice, export: Export) -> None:
    export.tells(1, Status.CETAK, AGAIN)
    export.tells(2, Status.DISERAHKAN, AGAIN)
    assert Citizen(office, 1).asks("HAPUS YA").template == "A_HAPUS_OK"

    for _ in range(2):
        export.tells(1, Status.SIAP_DIAMBIL, AGAIN)
        export.tells(2, Status.DISERAHKAN, AGAIN, "Siti R.")
        export.tells(2, Status.DISERAHKAN, "", "Siti Rahmah")
        office.record(1, status=Status.SIAP_DIAMBIL, phone=AGAIN, notify=True)
        office.record(2, status=Status.DISERAHKAN, phone=AGAIN)
    for place in (1, 2):
        row = application(office, place)
        assert (row.phone_hash, row.name_sealed, row.language, row.consent) == (None, None, None, False)
    assert application(office, 1).status == Status.SIAP_DIAMBIL, "the case itself goes on"
    assert application(office, 1).birth_date_sealed is not None
    assert application(office, 2).birth_date_sealed is None
    assert {message.template for message in office.messages()} == {"A_HAPUS_OK"}

    office.record(1, status=Status.SIAP_DIAMBIL, phone=ANOTHER)
    export.tells(2, Status.DISERAHKAN, ANOTHER)
    for place in (1, 2):
        row = application(office, place)
        assert row.phone_hash == office.vault.lookup("phone", ANOTHER), "another phone is news"
        assert (row.name_sealed is None, row.refused_phone_hash, row.erased_at) == (False, None, None)


@on_sqlite_alone
def test_not_me_takes_the_phone_out_at_once_and_for_good(office: SmsOffice, export: Export) -> None:
    citizen = Citizen(office, 1)
    office.record(1)
    office.record(2, phone=citizen.phone)
    office.change(1, Status.CETAK)
    assert citizen.asks("Bukan saya").words.startswith("HP ini tidak akan menerima SMS tentang No ..0001 lagi.")
    [about_it, answer] = office.messages()
    assert (about_it.state, about_it.fault, answer.state) == ("cancelled", "wrong phone", "queued")
    assert office.open_tasks() == ["wrong_phone"]
    row = application(office, 1)
    assert (row.phone_hash, row.refused_phone_hash) == (None, citizen.phone_hash)
    assert (row.name_sealed is None, row.birth_date_sealed is None) == (False, False), "the applicant stays known"
    assert application(office, 2).phone_hash == citizen.phone_hash, "of that one nothing was said"
    office.change(1, Status.SIAP_DIAMBIL)
    assert len(office.messages()) == 2

    export.tells(1, Status.SIAP_DIAMBIL, citizen.phone, "Siti R.")
    office.record(1, status=Status.SIAP_DIAMBIL, phone=citizen.phone, notify=True)
    assert application(office, 1).phone_hash is None
    export.tells(1, Status.SIAP_DIAMBIL, ANOTHER)
    assert application(office, 1).phone_hash == office.vault.lookup("phone", ANOTHER)


@on_sqlite_alone
def test_not_me_takes_the_digits_that_it_names_or_else_the_newest(office: SmsOffice) -> None:
    citizen = Citizen(office, 1)
    for place in (1, 2, 3):
        office.record(place, phone=citizen.phone)
    assert "..0001 " in citizen.asks("SALAH 0001").words
    assert citizen.asks("salah 0001").template == "A_SALAH_KOSONG"
    assert "..0003 " in citizen.asks("wrong number").words
    assert "..0002 " in citizen.asks("salah nomor").words
    assert citizen.asks("SALAH").template == "A_SALAH_KOSONG"
    assert office.open_tasks() == ["wrong_phone"] * 3


@on_sqlite_alone
def test_each_word_that_binds_is_answered_in_each_language(office: SmsOffice) -> None:
    words = {"STOP": "A_STOP", "MULAI": "A_MULAI", "YA": "A_YA_KOSONG", "HAPUS": "A_HAPUS", "HAPUS YA": "A_HAPUS_OK"}
    for place, language in enumerate(LANGUAGES):
        citizen = Citizen(office, 20 + place).speaks(language)
        assert {text: citizen.asks(text).template for text in words} == words
    assert {(message.language, message.segments) for message in office.messages()} == {
        (language, 1) for language in LANGUAGES
    }
