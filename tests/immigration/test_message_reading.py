"""Is every message of a conversation read once, newest first, whichever pages it comes in?"""

import os
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from sqlalchemy import event, insert
from sqlalchemy.orm import Session

from immigration.applications.keeping import put
from immigration.applications.record import Record
from immigration.applications.states import Status
from immigration.applications.tables import Application
from immigration.contacts import know
from immigration.database import Database
from immigration.inbox.tables import Inbound
from immigration.keys import load_vault
from immigration.messages.reading import BadPlace, NoSuchMessage, Place, Sent, conversation, one, sent
from immigration.messages.states import RANK, State
from immigration.messages.tables import Message, MessageEvent
from immigration.vault import KeyRing, Vault

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
PHONE, OTHER = "+6281234567890", "+6281234567891"


@pytest.fixture
def vault(database: Database, key_ring: KeyRing) -> Vault:
    return load_vault(database, key_ring)


def write(
    session: Session,
    phone_hash: bytes | None,
    minute: int,
    *,
    application_id: int | None = None,
    state: State = State.DELIVERED,
    events: int = 0,
) -> int:
    """A message of ours at this minute; its id."""
    at = NOW + timedelta(minutes=minute)
    made = session.scalar(
        insert(Message)
        .values(
            uid=os.urandom(16),
            occasion=os.urandom(16).hex(),
            application_id=application_id,
            phone_hash=phone_hash,
            office="SJJ",
            lane=1,
            category="case",
            reason="CETAK",
            waits=True,
            template="CETAK",
            template_version="12345678",
            language="id",
            segments=1,
            state=state,
            rank=RANK[state],
            created_at=at,
            due_at=at,
            expires_at=at + timedelta(days=1),
            attempts=1,
        )
        .returning(Message.id)
    )
    assert made is not None
    for place in range(events):
        session.execute(insert(MessageEvent).values(message_id=made, at=at, source="report", word=str(place)))
    return made


def receive(session: Session, phone_hash: bytes | None, minute: int) -> int:
    """A message of theirs at this minute; its id."""
    made = session.scalar(
        insert(Inbound)
        .values(
            uid=os.urandom(16),
            dedupe=os.urandom(16),
            channel="simulated",
            phone_hash=phone_hash,
            office="SJJ",
            segments=1,
            received_at=NOW + timedelta(minutes=minute),
            state="answered",
            tries=0,
        )
        .returning(Inbound.id)
    )
    assert made is not None
    return made


def moment(entry: Sent | Inbound) -> datetime:
    return entry.message.created_at if isinstance(entry, Sent) else entry.received_at


@pytest.mark.parametrize("limit", [1, 2, 3, 50])
def test_a_conversation_comes_whole_and_once_in_pages_of_any_size(database: Database, vault: Vault, limit: int) -> None:
    with database.writing() as session:
        mine, theirs = know(session, vault, PHONE, NOW), know(session, vault, OTHER, NOW)
        # The first two are of one moment, and the last of theirs came before the last but one of ours.
        expected = [write(session, mine, 0), *(write(session, mine, minute) for minute in (2, 4, 9))]
        received = [receive(session, mine, minute) for minute in (0, 3, 8)]
        write(session, theirs, 5)
        receive(session, theirs, 5)
    seen: list[Sent | Inbound] = []
    place: Place | None = Place()
    with database.reading() as session:
        while place is not None:
            page = conversation(session, phone_hash=mine, before=Place.parse(str(place)), limit=limit)
            assert len(page.entries) <= limit
            seen += page.entries
            place = page.end
    assert sorted(entry.message.id for entry in seen if isinstance(entry, Sent)) == expected
    assert sorted(entry.id for entry in seen if isinstance(entry, Inbound)) == received
    assert all(moment(newer) >= moment(older) for newer, older in pairwise(seen))


def test_an_application_brings_what_was_sent_about_it_and_what_its_phone_wrote(
    database: Database, vault: Vault
) -> None:
    record = Record(number="9900000000000001", office="SJJ", service="P10", status=Status.CETAK, phone=PHONE)
    with database.writing() as session:
        application_id = put(session, vault, record, "passport", "test", NOW).id
        unlinked = put(
            session,
            vault,
            Record(number="9900000000000002", office="SJJ", service="P10", status=Status.CETAK),
            "passport",
            "test",
            NOW,
        ).id
        mine, former = know(session, vault, PHONE, NOW), know(session, vault, OTHER, NOW)
        about = {write(session, mine, 1, application_id=application_id)}
        about.add(write(session, former, 2, application_id=application_id))
        other = write(session, mine, 3)
        wrote = receive(session, mine, 4)
        receive(session, former, 5)
        receive(session, None, 6)
    with database.reading() as session:
        entries = conversation(session, application_id=application_id).entries
        assert {entry.message.id for entry in entries if isinstance(entry, Sent)} == about
        assert [entry.id for entry in entries if isinstance(entry, Inbound)] == [wrote]
        both = conversation(session, application_id=application_id, phone_hash=mine).entries
        assert [type(entry).__name__ for entry in both] == ["Inbound", "Sent"]
        assert conversation(session, application_id=unlinked).entries == []
        everything = conversation(session).entries
        assert len(everything) == 6
        assert other in {entry.message.id for entry in everything if isinstance(entry, Sent)}
        assert session.get_one(Application, unlinked).phone_hash is None


def test_messages_are_found_by_state_with_their_events_in_two_queries_however_many(
    database: Database, vault: Vault
) -> None:
    with database.writing() as session:
        mine = know(session, vault, PHONE, NOW)
        lost = [write(session, mine, minute, state=State.UNKNOWN, events=minute) for minute in range(5)]
        write(session, mine, 9, events=1)
    statements: list[str] = []
    with database.reading() as session:
        session.connection()
        event.listen(database.engine, "before_cursor_execute", lambda *told: statements.append(told[2]))
        found = sent(session, phone_hash=mine, state=State.UNKNOWN, limit=4)
        assert len(statements) == 2
        assert [one.message.id for one in found] == lost[:0:-1]
        assert [[event.word for event in one.events] for one in found][-1] == ["0"]
        older = sent(session, state=State.UNKNOWN, before=found[-1].message.id)
        assert [(one.message.id, one.events) for one in older] == [(lost[0], [])]
        assert [event.word for event in one(session, lost[3]).events] == ["0", "1", "2"]
        with pytest.raises(NoSuchMessage):
            one(session, 10**6)


@pytest.mark.parametrize("text", ["", "1", "1.2.3", "-1.2", "a.b", "1 .2", f"{10**18}.1"])
def test_what_is_no_end_of_a_page_is_refused(text: str) -> None:
    with pytest.raises(BadPlace):
        Place.parse(text)
