"""Does a rotation bring everything under the newest key, however often broken off and whoever writes meanwhile?"""

import os
import threading
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from immigration import api_keys, rotation
from immigration.api_keys import Answer, IdempotentAnswer
from immigration.applications.keeping import change_status, find, put
from immigration.applications.record import Billing, Details, Record
from immigration.applications.rows import kept_of, note_about
from immigration.applications.states import Status
from immigration.applications.tables import ApplicationEvent
from immigration.contacts import Contact, phone_of
from immigration.database import Database
from immigration.inbox.tables import Inbound, text_about
from immigration.keys import load_vault
from immigration.messages.outbox import body_of
from immigration.messages.tables import Message
from immigration.vault import BadKeyRing, KeyRing, Vault
from tests.support.sms import SmsOffice

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
OLD_KEY = bytes(range(32))
ROWS = 40
ANSWERED = 9


def told(place: int, name: str) -> Record:
    return Record(
        number=f"99{place:014d}",
        office="SJJ",
        service="P10",
        status=Status.MENUNGGU_BAYAR,
        phone=f"+62812{place:08d}",
        name=name,
        birth_date=date(1990, 11, 24),
        details=Details(missing="KK"),
        payment=Billing(f"82026112{place:07d}", 650_000, NOW + timedelta(days=1)),
    )


def keep(database: Database, vault: Vault, place: int, name: str) -> None:
    with database.writing() as session:
        put(session, vault, told(place, name), "passport", "test", NOW)


@pytest.fixture
def new_key() -> bytes:
    return os.urandom(32)


@pytest.fixture
def old(database: Database, key_ring: KeyRing, monkeypatch: pytest.MonkeyPatch) -> Vault:
    """The vault before the rotation; something of every kind lies under its key, and a batch holds few of it."""
    monkeypatch.setattr(rotation, "BATCH", 7)
    vault = load_vault(database, key_ring)
    for place in range(ROWS):
        keep(database, vault, place, "before")
    with database.writing() as session:
        api_keys.create(session, "office", ["applications:write"], "test", NOW)
        change_status(
            session,
            vault,
            told(0, "").number,
            Status.CETAK,
            Details(),
            None,
            lambda _: "passport",
            "test",
            NOW,
            note="paper was found",
        )
    office = SmsOffice(database, vault, lambda: NOW)
    for place in range(ANSWERED):
        number = office.inbox.store("africastalking", f"id {place}", f"+62812{place:08d}", "STOP")
        assert number is not None
        assert office.inbox.answer(number)
    caller = api_keys.Caller(1, "office", frozenset())
    for place in range(10):
        with database.writing() as session:
            assert api_keys.claim(session, vault, caller, f"key {place}", "request", NOW) is None
            api_keys.keep_answer(session, vault, caller, f"key {place}", Answer(200, f"answer {place}"))
    return vault


def assert_all_there(database: Database, vault: Vault, names: set[str]) -> None:
    """Everything opens under this vault, and is found by number."""
    caller = api_keys.Caller(1, "office", frozenset())
    with database.writing() as session:
        for place in range(ROWS):
            record = kept_of(vault, *find(session, vault, told(place, "").number)).record
            assert record.name in names
            assert (record.phone, record.payment) == (told(place, "").phone, told(place, "").payment)
        for contact in session.scalars(select(Contact)):
            assert phone_of(vault, contact).startswith("+62812")
        for message in session.scalars(select(Message)):
            assert "Pengingat berhenti" in (body_of(vault, message) or "")
        for row in session.scalars(select(Inbound)):
            assert vault.unseal(row.text_sealed or b"", text_about(row.uid)) == "STOP"
        for place in range(10):
            answer = api_keys.claim(session, vault, caller, f"key {place}", "request", NOW)
            assert answer == Answer(200, f"answer {place}")
        noted = session.scalars(select(ApplicationEvent).where(ApplicationEvent.note_sealed.is_not(None))).one()
        assert noted.note_sealed is not None
        assert vault.unseal(noted.note_sealed, note_about(noted.uid)) == "paper was found"


def test_broken_off_after_any_batch_everything_still_opens_and_the_rotation_goes_on(
    database: Database, old: Vault, new_key: bytes
) -> None:
    both = load_vault(database, KeyRing([new_key, OLD_KEY]))
    before = rotation.remaining(database, both)
    assert before == {
        "applications": ROWS,
        "payments": ROWS,
        "application_events": 1,
        "contacts": ANSWERED,
        "messages": ANSWERED,
        "inbound_messages": ANSWERED,
        "idempotent_answers": 10,
    }
    left = sum(before.values())
    while left:
        next(rotation.rotate(database, both))
        assert_all_there(database, both, {"before"})
        now_left = sum(rotation.remaining(database, both).values())
        assert left - 7 <= now_left < left
        left = now_left
    assert list(rotation.rotate(database, both)) == []
    assert_all_there(database, load_vault(database, KeyRing([new_key])), {"before"})


def test_progress_counts_every_row_of_every_table(database: Database, old: Vault, new_key: bytes) -> None:
    progress = list(rotation.rotate(database, load_vault(database, KeyRing([new_key, OLD_KEY]))))
    ends = {step.table: (step.done, step.total) for step in progress}
    assert ends == {
        "applications": (ROWS, ROWS),
        "payments": (ROWS, ROWS),
        "application_events": (1, 1),
        "contacts": (ANSWERED, ANSWERED),
        "messages": (ANSWERED, ANSWERED),
        "inbound_messages": (ANSWERED, ANSWERED),
        "idempotent_answers": (10, 10),
    }


def test_processes_that_know_both_keys_write_on_and_no_change_is_lost(
    database: Database, old: Vault, new_key: bytes
) -> None:
    ring = KeyRing([new_key, OLD_KEY])
    both = load_vault(database, ring)
    faults: list[Exception] = []

    def write(first: int) -> None:
        try:
            mine = load_vault(database, ring)
            for place in range(first, ROWS, 3):
                keep(database, mine, place, "during")
        except Exception as fault:
            faults.append(fault)

    writers = [threading.Thread(target=write, args=(first,)) for first in range(3)]
    for writer in writers:
        writer.start()
    list(rotation.rotate(database, both))
    for writer in writers:
        writer.join()
    assert faults == []
    assert sum(rotation.remaining(database, both).values()) == 0
    assert_all_there(database, load_vault(database, KeyRing([new_key])), {"during"})


def test_a_straggler_under_the_old_key_is_seen_and_brought_over_by_the_next_rotation(
    database: Database, old: Vault, new_key: bytes
) -> None:
    both = load_vault(database, KeyRing([new_key, OLD_KEY]))
    list(rotation.rotate(database, both))
    keep(database, both, 1, "after")
    assert sum(rotation.remaining(database, both).values()) == 0
    with database.writing() as session:
        session.query(IdempotentAnswer).delete()
        caller = api_keys.Caller(1, "office", frozenset())
        api_keys.claim(session, old, caller, "late", "request", NOW)
        api_keys.keep_answer(session, old, caller, "late", Answer(201, "late"))
    assert rotation.remaining(database, both)["idempotent_answers"] == 1
    list(rotation.rotate(database, both))
    assert sum(rotation.remaining(database, both).values()) == 0


def test_the_old_key_alone_opens_nothing_after_the_rotation(database: Database, old: Vault, new_key: bytes) -> None:
    list(rotation.rotate(database, load_vault(database, KeyRing([new_key, OLD_KEY]))))
    with pytest.raises(BadKeyRing):
        load_vault(database, KeyRing([OLD_KEY]))
