"""What is tidied up, again and again? Old rows deleted in their time, calls that are over rolled into the funnel."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from immigration import api_keys, audit, calls, identity
from immigration.applications import retention
from immigration.database import Database

UPKEEP: Final[dict[str, Callable[[Session, datetime], int]]] = {
    # Rolled up before deleted: a call that nobody closed still counts.
    "calls_closed": calls.close_silent,
    "calls_deleted": calls.purge,
    "identity_tries_deleted": identity.purge,
    "api_answers_deleted": api_keys.purge_answers,
    "applications_forgotten": retention.purge,
    "audit_rows_deleted": audit.purge,
}
"""By the name of its count. Each does one batch, looks for "older than", and may run twice at once."""

_MOST_BATCHES: Final = 20


def run(database: Database, now: datetime) -> dict[str, int]:
    """All of it, as of `now`; how many rows each dealt with. Raises the database's errors.

    Each batch is a short transaction of its own, so that hops and imports get their turn in between.
    """
    return {name: _in_batches(database, tidy, now) for name, tidy in UPKEEP.items()}


def _in_batches(database: Database, tidy: Callable[[Session, datetime], int], now: datetime) -> int:
    total = 0
    for _ in range(_MOST_BATCHES):
        with database.writing() as session:
            done = tidy(session, now)
        total += done
        if done == 0:
            break
    return total
