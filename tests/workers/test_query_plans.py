"""Does the outbox find its rows by indexes? What is finished may grow for years, and nothing may look through it."""

import re
from collections.abc import Callable
from datetime import datetime
from itertools import count

import pytest
from sqlalchemy.orm import Session

from gateway.aggregators.sms import Outcome, Sms
from immigration.applications.states import Status
from immigration.database import Database
from immigration.messages import delivery, reading, reports, retention, sweeping, watching
from immigration.messages.delivery import Result
from tests.support.filling import add_finished, fill
from tests.support.plans import noted
from tests.support.sms import SmsOffice, sending

LARGE = ("messages", "message_events", "applications", "contacts")
LEASE = bytes(16)
HASH = bytes(range(16))


class Instant:
    """Accepts at once."""

    name = "africastalking"
    ids = count()

    def send(self, sms: Sms) -> Outcome:
        return Outcome("accepted", aggregator_id=f"ATXid_{next(self.ids)}")

    def balance(self) -> str | None:
        return None


@pytest.fixture
def busy(office: SmsOffice) -> SmsOffice:
    """An office with some thousand messages behind it, and a few to send."""
    now = office.clock()
    add_finished(office.database, 10_000, 13_000, now)
    fill(office.database, office.vault, 1, 41, now)
    return office


def drain(office: SmsOffice) -> None:
    with sending(office, Instant(), threads=8) as sender:
        sender.drain()


def written(office: SmsOffice, step: Callable[[Session, datetime], object]) -> None:
    with office.database.writing() as session:
        step(session, office.clock())


def report(id_: str) -> reports.Report:
    return reports.Report("africastalking", id_, "delivered", "Success", HASH)


# By step: what looks, and the index by which it has to.
STEPS: dict[str, tuple[Callable[[Session, datetime], object], str]] = {
    "claim": (lambda s, now: delivery.claim(s, LEASE, 10, now, now), "ix_messages_queued"),
    "claim of some offices": (lambda s, now: delivery.claim(s, LEASE, 9, now, now, ["SJJ"]), "ix_messages_queued"),
    "is due": (sweeping.is_due, "ix_messages_queued"),
    "age of the oldest": (watching.waiting_s, "ix_messages_queued"),
    "anything lost": (sweeping.anything_lost, "ix_messages_leased"),
    "what the dead left": (sweeping.release_dead, "ix_messages_leased"),
    "early reports": (
        lambda s, now: reports.match_answered(s, "africastalking", ["a", "b"], now),
        "ix_message_events_unmatched",
    ),
    "a report": (lambda s, now: reports.take(s, report("x"), now), "ix_messages_aggregator_id"),
    "a report by phone": (lambda s, now: reports.take(s, report("x"), now), "ix_messages_phone_hash_submitting_at"),
    "a day's messages": (watching.totals, "ix_messages_created_at"),
    "texts to forget": (retention.forget_texts, "ix_messages_texts"),
    "a phone's messages": (lambda s, now: reading.sent(s, phone_hash=HASH), "ix_messages_phone_hash_id"),
}


def test_each_step_finds_its_rows_by_the_index_made_for_it(busy: SmsOffice) -> None:
    wrong = {}
    for name, (step, index) in STEPS.items():
        with noted(busy.database) as statements:
            written(busy, step)
        plans = statements.plans()
        if not any(index in plan for plan in plans.values()):
            wrong[name] = plans
    assert wrong == {}


def test_nothing_that_happens_all_the_time_looks_through_a_whole_table(busy: SmsOffice) -> None:
    def settle(session: Session, now: datetime) -> None:
        kinds = ("accepted", "retry", "permanent", "channel", "unknown")
        results = [Result(place, "africastalking", kind, "x") for place, kind in enumerate(kinds, start=1)]
        delivery.settle(session, LEASE, results, now)
        delivery.put_off(session, LEASE, [1, 2, 3], now)

    with noted(busy.database) as statements:
        drain(busy)
        written(busy, settle)
        busy.change(5, Status.SIAP_DIAMBIL)
        for step, _ in STEPS.values():
            written(busy, step)
        for step in (reports.match_waiting, retention.purge, retention.purge_unmatched, watching.seconds_taken):
            written(busy, step)
    plans = statements.plans(costs_aside=True)
    assert len(plans) > 30
    assert {statement: plan for statement, plan in plans.items() if looks_through(busy.database, plan)} == {}


def looks_through(database: Database, plan: str) -> bool:
    """Whether all of a large table is read, be it in the order of an index."""
    tables = "|".join(LARGE)
    if database.dialect == "sqlite":
        return re.search(rf"SCAN ({tables})\b", plan) is not None
    # What is unsettled or unknown is little, and an index of that alone may be read from end to end.
    by_index = rf"using (?!ix_messages_unknown|ix_message_events_unmatched)\w+ on ({tables})\b.*\n(?!\s+Index Cond)"
    return re.search(rf"Seq Scan on ({tables})\b|{by_index}", plan + "\n") is not None
