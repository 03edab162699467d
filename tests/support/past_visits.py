"""Visits of the last months, as many as are asked for: what has passed must slow down nothing."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import text

from immigration.database import Database

_SESSION_SEATS: Final = 20
_RANDOM: Final = {"sqlite": "randomblob(16)", "postgresql": "uuid_send(gen_random_uuid())"}
_DAYS: Final = {
    "sqlite": "date(:first, '-' || (1 + n % 60) || ' days')",
    "postgresql": "CAST(:first AS DATE) - CAST(1 + n % 60 AS INTEGER)",
}
_MOMENTS: Final = {
    "sqlite": "datetime({day}, '+' || (n / 60) || ' seconds') || '.000000'",
    "postgresql": "CAST({day} AS TIMESTAMP) AT TIME ZONE 'UTC' + n / 60 * INTERVAL '1 second'",
}
_FILL: Final = """
INSERT INTO {table} ({names})
WITH RECURSIVE place(n) AS (
    SELECT CAST(:start AS BIGINT) UNION ALL SELECT n + 1 FROM place WHERE n + 1 < :start + :count
)
SELECT {values} FROM place
"""


def add_past(database: Database, office: str, visits: int, now: datetime) -> None:
    """So many visits that are over, in full sessions of the last sixty days, each with its event."""
    with database.writing() as session:
        highest = (
            "SELECT max(COALESCE((SELECT max(id) FROM slots), 0), COALESCE((SELECT max(id) FROM visits), 0)) + 1000"
        )
        start = session.scalar(
            text(highest if database.dialect == "sqlite" else highest.replace("max(C", "greatest(C"))
        )
        first = now.date().isoformat()
        day = _DAYS[database.dialect]
        moment = _MOMENTS[database.dialect].format(day=day)
        chance = _RANDOM[database.dialect]
        given = {"start": start, "first": first, "office": office, "count": -(-visits // _SESSION_SEATS)}
        slots = {
            "id": "n",
            "office": ":office",
            "lane": "'general'",
            "day": day,
            "starts_at": moment,
            "ends_at": moment,
            "capacity": str(_SESSION_SEATS),
            "held": "0",
            "booked": str(_SESSION_SEATS),
            "is_open": "true",
        }
        session.execute(_fill("slots", slots), given)
        of_slot = f":start + (n - :start) / {_SESSION_SEATS}"
        found = f"(SELECT {{0}} FROM slots WHERE slots.id = {of_slot})"
        rows = {
            "id": "n",
            "uid": chance,
            "code": "'-' || n",
            "occasion": "'past:' || n",
            "office": ":office",
            "lane": "'general'",
            "phone_hash": chance,
            "slot_id": of_slot,
            "day": found.format("day"),
            "starts_at": found.format("starts_at"),
            "state": "'done'",
            "through": "'ussd'",
            "booked_at": found.format("starts_at"),
            "set_at": found.format("starts_at"),
            "moves": "0",
        }
        given["count"] = visits
        session.execute(_fill("visits", rows), given)
        events = {
            "at": found.format("starts_at"),
            "slot_id": of_slot,
            "visit_id": "n",
            "kind": "'booked'",
            "held_by": "0",
            "booked_by": "1",
            "actor": "'citizen'",
            "through": "'ussd'",
        }
        session.execute(_fill("seat_events", events), given)
        if database.dialect == "postgresql":
            for table in ("slots", "visits", "seat_events"):
                last = f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}"
                session.execute(text(last))
            session.execute(text("ANALYZE"))


def _fill(table: str, values: dict[str, str]) -> Any:
    return text(_FILL.format(table=table, names=", ".join(values), values=", ".join(values.values())))
