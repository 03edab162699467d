"""How does a table come by many messages? Written straight into it, in the shape that the outbox gives them."""

import os
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Table, insert, text

from immigration.applications.rows import application_about
from immigration.applications.states import Status
from immigration.applications.tables import Application
from immigration.contacts import Contact, phone_about
from immigration.database import Database
from immigration.messages.outbox import Lane, body_about
from immigration.messages.states import RANK, State
from immigration.messages.tables import Message
from immigration.vault import Vault

OFFICE: Final = "SJJ"
_AT_ONCE: Final = 5_000
_SQL_AT_ONCE: Final = 20_000
_TEXT: Final = "Imigrasi Sijunjung: paspor ..1234 sedang dicetak sejak 20 Nov. Kami kabari bila siap diambil."
_DAY: Final = timedelta(days=1)
# Rows that nobody unseals: what matters is their size and their keys, which are as random as real ones.
_FINISHED: Final = """
INSERT INTO {table} ({names})
WITH RECURSIVE place(n) AS (SELECT CAST(:first AS BIGINT) UNION ALL SELECT n + 1 FROM place WHERE n + 1 < :last)
SELECT {values} FROM place
"""
_RANDOM: Final = {"sqlite": "randomblob(16)", "postgresql": "uuid_send(gen_random_uuid())"}


def fill(database: Database, vault: Vault, first: int, last: int, now: datetime) -> None:
    """Due messages, each about an application of its own and to a phone of its own that was greeted long ago."""
    for start in range(first, last, _AT_ONCE):
        people = [_person(vault, place, now) for place in range(start, min(start + _AT_ONCE, last))]
        with database.writing() as session:
            for entity, rows in zip((Contact, Application, Message), zip(*people, strict=True), strict=True):
                assert isinstance(entity.__table__, Table)
                session.connection().execute(insert(entity.__table__), list(rows))
    _known(database)


def add_finished(database: Database, first: int, last: int, now: datetime) -> None:
    """Messages that were delivered over the last months, with what was reported of them."""
    chance = _RANDOM[database.dialect]
    for start in range(first, last, _SQL_AT_ONCE):
        moment = now - _DAY * (1 + 60 * (last - start) / (last - first))
        values = {"first": start, "last": min(start + _SQL_AT_ONCE, last), "sealed": os.urandom(170), "at": moment}
        with database.writing() as session:
            session.execute(_finished("messages", _MESSAGE | {"uid": chance, "phone_hash": chance}), values)
            del values["sealed"]
            session.execute(_finished("message_events", _EVENT), values)
    _known(database)


def _known(database: Database) -> None:
    """PostgreSQL sees in time how much there is, and numbers on from where it was: here it is told both."""
    if database.dialect == "postgresql":
        with database.writing() as session:
            for table in ("applications", "messages"):
                last = f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}"
                session.execute(text(last))
            session.execute(text("ANALYZE"))


def _finished(table: str, values: dict[str, str]) -> Any:
    return text(_FINISHED.format(table=table, names=", ".join(values), values=", ".join(values.values())))


_MESSAGE: Final = {
    "id": "n",
    "uid": "",
    "occasion": "'application:' || n",
    "phone_hash": "",
    "office": f"'{OFFICE}'",
    "lane": "1",
    "category": "'case'",
    "reason": "'CETAK'",
    "waits": "true",
    "template": "'CETAK'",
    "template_version": "'00000000'",
    "language": "'id'",
    "body_sealed": ":sealed",
    "segments": "1",
    "state": "'delivered'",
    "rank": str(RANK[State.DELIVERED]),
    "created_at": ":at",
    "due_at": ":at",
    "expires_at": ":at",
    "attempts": "1",
    "channel": "'africastalking'",
    "aggregator_id": "'ATXid_' || n",
    "submitting_at": ":at",
    "submitted_at": ":at",
    "ended_at": ":at",
}
_EVENT: Final = {
    "message_id": "n",
    "at": ":at",
    "source": "'report'",
    "state": "'delivered'",
    "channel": "'africastalking'",
    "aggregator_id": "'ATXid_' || n",
    "word": "'Success'",
}


def _person(vault: Vault, place: int, now: datetime) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """The rows of a contact, an application and the message about it."""
    phone, number = f"+62812{place:08d}", f"99{place:014d}"
    phone_hash, number_hash = vault.lookup("phone", phone), vault.lookup("number", number)
    key, uid = vault.ring.newest_id, os.urandom(16)
    contact = {
        "phone_hash": phone_hash,
        "phone_sealed": vault.seal(phone, phone_about(phone_hash)),
        "key_id": key,
        "created_at": now,
        "used_at": now,
        "privacy_at": now - 30 * _DAY,
        "privacy_answered": False,
    }
    application = {
        "id": place,
        "number_hash": number_hash,
        "number_sealed": vault.seal(number, application_about("number", number_hash)),
        "number_last4": number[-4:],
        "office": OFFICE,
        "service": "P10",
        "phone_hash": phone_hash,
        "phone_sealed": vault.seal(phone, application_about("phone", number_hash)),
        "consent": True,
        "status": Status.CETAK,
        "status_at": now,
        "key_id": key,
        "created_at": now,
        "updated_at": now,
    }
    message = {
        "id": place,
        "uid": uid,
        "occasion": f"bench:{place}",
        "application_id": place,
        "phone_hash": phone_hash,
        "office": OFFICE,
        "lane": Lane.NORMAL,
        "category": "case",
        "reason": "CETAK",
        "waits": False,
        "template": "CETAK",
        "template_version": "00000000",
        "language": "id",
        "body_sealed": vault.seal(_TEXT, body_about(uid)),
        "key_id": key,
        "segments": 1,
        "state": State.QUEUED,
        "rank": RANK[State.QUEUED],
        "created_at": now,
        "due_at": now,
        "expires_at": now + 3 * _DAY,
        "attempts": 0,
    }
    return contact, application, message
