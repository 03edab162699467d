"""Do passes find what is due by indexes? Cases are kept for years, and nothing may look through all of them."""

import re
from collections.abc import Callable
from datetime import datetime

import pytest
from sqlalchemy.orm import Session

from immigration.payments import expiring
from immigration.reminders.finding import due
from immigration.reminders.rules import RULES
from immigration.reminders.writing import room
from tests.support.cases import add_idle_cases
from tests.support.plans import noted
from tests.support.reminders import Times
from tests.support.sms import SmsOffice

LARGE = "applications|payments|reminders"
INDEX = {
    "payment due": "ix_payments_waiting",
    "state since": "ix_applications_status_status_at",
    "deadline": "ix_applications_status_deadline",
}


@pytest.fixture
def busy(office: SmsOffice) -> SmsOffice:
    """An office with two thousand cases of which none is due."""
    add_idle_cases(office.database, 1, 2001, office.clock())
    return office


def plans_of(office: SmsOffice, step: Callable[[Session, datetime], object]) -> dict[str, str]:
    with office.database.reading() as session, noted(office.database) as statements:
        step(session, office.clock())
    plans = statements.plans(costs_aside=True)
    assert plans
    return plans


def looks_through(plan: str) -> bool:
    """Whether all of a large table is read, be it in the order of an index."""
    by_index = rf"using \w+ on ({LARGE})\b.*\n(?!\s+Index Cond)"
    return re.search(rf"SCAN ({LARGE})\b|Seq Scan on ({LARGE})\b|{by_index}", plan + "\n") is not None


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_each_rule_finds_what_is_due_by_its_range(busy: SmsOffice, rule: object) -> None:
    offices = list(busy.catalogue().offices.values())
    plans = plans_of(busy, lambda session, now: list(due(session, rule, offices, now, 100)))
    for plan in plans.values():
        assert INDEX[rule.source] in plan
        # Both ends of the range, and no more of the index.
        assert re.search(r"(due_at|status_at|deadline)\W* ?>.*(due_at|status_at|deadline)\W* ?<", plan)
        assert not looks_through(plan), plan


def test_billings_that_ran_out_and_the_room_of_a_lane_are_found_by_theirs(busy: SmsOffice) -> None:
    for step, index in (
        (expiring.due, "ix_payments_waiting"),
        (lambda session, now: room(session, 1, now), "ix_reminders_at"),
    ):
        for plan in plans_of(busy, step).values():
            assert index in plan
            assert not looks_through(plan), plan


def test_no_statement_of_a_pass_looks_through_a_large_table(busy: SmsOffice) -> None:
    """With something of each kind to be written."""
    add_idle_cases(busy.database, 10_001, 10_011, busy.clock())
    times = Times(busy, busy.clock)
    with noted(busy.database) as statements:
        times.look()
        times.clock.move(days=7)
        times.look()
        times.clock.move(days=30)
        times.look()
    plans = statements.plans(costs_aside=True)
    assert len(plans) > 8
    assert {statement: plan for statement, plan in plans.items() if looks_through(plan)} == {}
