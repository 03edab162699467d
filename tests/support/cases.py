"""How does a table come by many cases? Those to be reminded as the product writes them, the others by SQL alone."""

import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final

from sqlalchemy import Table, bindparam, insert, text

from immigration.applications.record import Billing
from immigration.applications.rows import application_about, payment_values
from immigration.applications.states import Status
from immigration.applications.tables import Application, Payment
from immigration.contacts import Contact, phone_about
from immigration.database import Database, UtcDateTime
from immigration.vault import Vault
from tests.support.sms import number, phone_of

_AT_ONCE: Final = 5_000
_SQL_AT_ONCE: Final = 20_000
_DAY: Final = timedelta(days=1)
_RANDOM: Final = {"sqlite": "randomblob(16)", "postgresql": "uuid_send(gen_random_uuid())"}
_MOMENTS: Final = ("young", "far", "later", "now", "past")
_PLACES: Final = """
INSERT INTO {table} ({names})
WITH RECURSIVE place(n) AS (SELECT CAST(:first AS BIGINT) UNION ALL SELECT n + 1 FROM place WHERE n + 1 < :last)
SELECT {values} FROM place{where}
"""

Case = dict[str, Any]
"""Columns of an application; `due_at` besides where it has a billing that waits."""


def fill_cases(
    database: Database, vault: Vault, places: Sequence[int], now: datetime, case: Callable[[int], Case]
) -> None:
    """A case for each place, whose applicant agreed to reminders and was greeted long ago."""
    for start in range(0, len(places), _AT_ONCE):
        contacts, applications, payments = [], [], []
        for place in places[start : start + _AT_ONCE]:
            told = dict(case(place))
            due_at = told.pop("due_at", None)
            contacts.append(_contact(vault, place, now))
            applications.append(_application(vault, place, now) | told)
            if due_at is not None:
                billing = Billing(f"8202{place:011d}", 950_000, due_at)
                payments.append(payment_values(vault, billing, now) | {"application_id": place, "state": "waiting"})
        with database.writing() as session:
            for entity, rows in ((Contact, contacts), (Application, applications), (Payment, payments)):
                assert isinstance(entity.__table__, Table)
                if rows:
                    session.connection().execute(insert(entity.__table__), rows)
    known(database)


def add_idle_cases(database: Database, first: int, last: int, now: datetime) -> None:
    """Cases in every state that is reminded of, none of which is due: too young, or with months to go.

    Each was reminded of something else, long ago.
    """
    for start in range(first, last, _SQL_AT_ONCE):
        share = (start - first) / (last - first)
        midnight = datetime.combine(now.date(), time(), tzinfo=UTC)
        values = {
            "first": start,
            "last": min(start + _SQL_AT_ONCE, last),
            "sealed": os.urandom(60),
            "young": now - 6 * _DAY * share,
            "far": midnight + 40 * _DAY + 300 * share // 1 * _DAY,
            "later": now + _DAY + 5 * _DAY * share,
            "now": now,
            "past": now - 300 * _DAY + 200 * _DAY * share,
            "key": b"idle",
        }
        chance = _RANDOM[database.dialect]
        with database.writing() as session:
            session.execute(
                _insert("applications", _APPLICATION | {"number_hash": chance, "phone_hash": chance}), values
            )
            session.execute(_insert("payments", _PAYMENT | {"billing_hash": chance}, " WHERE n % 5 = 4"), values)
            session.execute(_insert("reminders", _REMINDER), values)
    known(database)


def known(database: Database) -> None:
    """PostgreSQL sees in time how much there is, and numbers on from where it was: here it is told both."""
    if database.dialect == "postgresql":
        with database.writing() as session:
            for table in ("applications", "payments"):
                last = f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}"
                session.execute(text(last))
            session.execute(text("ANALYZE"))


def _insert(table: str, values: dict[str, str], where: str = "") -> Any:
    told = _PLACES.format(table=table, names=", ".join(values), values=", ".join(values.values()), where=where)
    return text(told).bindparams(*(bindparam(name, type_=UtcDateTime()) for name in _MOMENTS if f":{name}" in told))


_APPLICATION: Final = {
    "id": "n",
    "number_hash": "",
    "number_sealed": ":sealed",
    "number_last4": "'0000'",
    "office": "'SJJ'",
    "service": "'P10'",
    "phone_hash": "",
    "phone_sealed": ":sealed",
    "consent": "true",
    "status": (
        "CASE n % 5 WHEN 0 THEN 'SIAP_DIAMBIL' WHEN 1 THEN 'IT_TERBIT' WHEN 2 THEN 'PERLU_LENGKAPI'"
        " WHEN 3 THEN 'TIDAK_HADIR' ELSE 'MENUNGGU_BAYAR' END"
    ),
    "status_at": ":young",
    "deadline": "CASE WHEN n % 5 IN (1, 2, 3) THEN :far END",
    "key_id": ":key",
    "created_at": ":now",
    "updated_at": ":now",
}
_PAYMENT: Final = {
    "id": "n",
    "application_id": "n",
    "is_current": "true",
    "billing_hash": "",
    "billing_sealed": ":sealed",
    "amount": "950000",
    "due_at": ":later",
    "state": "'waiting'",
    "key_id": ":key",
    "created_at": ":now",
}
_REMINDER: Final = {
    "rule": (
        "CASE n % 5 WHEN 0 THEN 'R_AMBIL' WHEN 1 THEN 'R_IZIN' WHEN 2 THEN 'R_LENGKAPI'"
        " WHEN 3 THEN 'R_HADIR' ELSE 'R_BAYAR' END"
    ),
    "about": "n",
    "target": ":past",
    "offset_minutes": "CASE n % 5 WHEN 0 THEN 10080 WHEN 1 THEN -43200 WHEN 4 THEN -60 ELSE -4320 END",
    "at": ":past",
    "lane": "2",
    "outcome": "'written'",
}


def _contact(vault: Vault, place: int, now: datetime) -> Case:
    phone_hash = vault.lookup("phone", phone_of(place))
    return {
        "phone_hash": phone_hash,
        "phone_sealed": vault.seal(phone_of(place), phone_about(phone_hash)),
        "key_id": vault.ring.newest_id,
        "created_at": now,
        "used_at": now,
        "privacy_at": now - 30 * _DAY,
        "privacy_answered": False,
    }


def _application(vault: Vault, place: int, now: datetime) -> Case:
    number_hash = vault.lookup("number", number(place))
    return {
        "id": place,
        "number_hash": number_hash,
        "number_sealed": vault.seal(number(place), application_about("number", number_hash)),
        "number_last4": number(place)[-4:],
        "office": "SJJ",
        "service": "P10",
        "phone_hash": vault.lookup("phone", phone_of(place)),
        "phone_sealed": vault.seal(phone_of(place), application_about("phone", number_hash)),
        "consent": True,
        "status": Status.BERKAS_DIPERIKSA.value,
        "status_at": now,
        "deadline": None,
        "key_id": vault.ring.newest_id,
        "created_at": now,
        "updated_at": now,
    }
