"""What is due to be remembered or has run out? Found by range, written in short transactions, within a ceiling."""

import math
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from typing import Final

import structlog

from immigration.database import Database
from immigration.messages.outbox import Outbox
from immigration.offices.catalogue import OfficeFacts
from immigration.payments import expiring
from immigration.reminders.finding import due
from immigration.reminders.rules import RULES, Rule, for_office
from immigration.reminders.writing import room, write
from immigration.vault import Unreadable

BATCH: Final = 100
"""Reminders in one transaction: few enough that a hop gets its turn in between."""

_LOG: Final = structlog.get_logger("clock")

COUNTS: Final = ("payments_expired", "reminders_written", "reminders_skipped", "reminder_tasks")


def run(database: Database, outbox: Outbox, now: datetime, *, within_s: float = math.inf) -> dict[str, int]:
    """One pass as of `now`; how many came to what. Twice at once does no harm; past `within_s` the next goes on.

    Raises the database's errors.
    """
    until = time.monotonic() + within_s
    counts: Counter[str] = Counter()
    with database.reading() as session:
        over = expiring.due(session, now)
    for payment_id in over:
        if time.monotonic() > until:
            break
        try:
            with database.writing() as session:
                counts["payments_expired"] += expiring.expire(session, outbox, payment_id, now)
        except Unreadable:
            # A key may be missing in DATA_KEYS: it waits, and holds up nobody.
            _LOG.error("billing does not open", payment_id=payment_id)
    offices = list(outbox.catalogue().offices.values())
    for rule in RULES:
        for told, together in _together(rule, offices):
            _one_rule(database, outbox, told, together, now, until, counts)
    return {name: counts[name] for name in COUNTS}


def _one_rule(
    database: Database,
    outbox: Outbox,
    rule: Rule,
    offices: list[OfficeFacts],
    now: datetime,
    until: float,
    counts: Counter[str],
) -> None:
    # What is still true in the morning is found then: what was written at night would all leave at once.
    if rule.waits and rule.task is None and outbox.not_quiet(offices[0].code, now) > now:
        return
    while time.monotonic() <= until:
        with database.reading() as session:
            free = BATCH if rule.task is not None else min(BATCH, room(session, int(rule.lane), now))
            found = list(due(session, rule, offices, now, free)) if free else []
        if not found:
            return
        with database.writing() as session:
            done = write(session, outbox, found, now)
        counts["reminders_written"] += done["written"]
        counts["reminders_skipped"] += done["skipped"]
        counts["reminder_tasks"] += done["tasks"]
        if not any(done.values()):
            # All of it changed in between: what is due now, the next pass sees.
            return


def _together(rule: Rule, offices: list[OfficeFacts]) -> Iterator[tuple[Rule, list[OfficeFacts]]]:
    """Offices that share a zone and the rule's offsets are asked about together."""

    def shared(office: OfficeFacts) -> tuple[str, tuple[int, ...]]:
        return office.zone.key, tuple(office.reminders.get(rule.code, ()))

    for _, group in groupby(sorted(offices, key=shared), key=shared):
        together = list(group)
        yield for_office(rule, together[0]), together
