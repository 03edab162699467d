"""What is tidied up, again and again? Old rows deleted in their time, calls that are over rolled into the funnel."""

import math
import time
from collections.abc import Callable
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from immigration import api_keys, audit, calls, contacts, identity, tasks
from immigration.applications import retention
from immigration.appointments import retention as visits_retention
from immigration.database import Database
from immigration.inbox import retention as inbox_retention
from immigration.messages import reports, sweeping
from immigration.messages import retention as message_retention
from immigration.reminders import retention as reminders_retention

UPKEEP: Final[dict[str, Callable[[Session, datetime], int]]] = {
    # Rolled up before deleted: a call that nobody closed still counts.
    "calls_closed": calls.close_silent,
    "calls_deleted": calls.purge,
    "identity_tries_deleted": identity.purge,
    "api_answers_deleted": api_keys.purge_answers,
    "applications_forgotten": retention.purge,
    "reports_matched": reports.match_waiting,
    "messages_expired": sweeping.expire,
    "people_forgotten": inbox_retention.forget_people,
    "message_texts_forgotten": message_retention.forget_texts,
    "messages_deleted": message_retention.purge,
    "reports_deleted": message_retention.purge_unmatched,
    "inbound_deleted": inbox_retention.purge,
    "contacts_deleted": inbox_retention.purge_contacts,
    "choices_deleted": contacts.purge_choices,
    "tasks_deleted": tasks.purge,
    "visits_forgotten": visits_retention.forget,
    "visits_deleted": visits_retention.purge,
    "reminders_deleted": reminders_retention.purge,
    "audit_rows_deleted": audit.purge,
}
"""By the name of its count. Each does one batch, looks for "older than", and may run twice at once."""

_MOST_BATCHES: Final = 20


def run(database: Database, now: datetime, *, within_s: float = math.inf) -> dict[str, int]:
    """All of it, as of `now`; how many rows each dealt with. Raises the database's errors.

    Each batch is a short transaction of its own, so that hops and imports get their turn in between; past `within_s`
    no further batch is begun, and the next pass goes on.
    """
    until = time.monotonic() + within_s
    return {name: _in_batches(database, tidy, now, until) for name, tidy in UPKEEP.items()}


def _in_batches(database: Database, tidy: Callable[[Session, datetime], int], now: datetime, until: float) -> int:
    total = 0
    for _ in range(_MOST_BATCHES):
        if time.monotonic() > until:
            break
        with database.writing() as session:
            done = tidy(session, now)
        total += done
        if done == 0:
            break
    return total
