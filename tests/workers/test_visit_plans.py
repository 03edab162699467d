"""Do visits find their rows by indexes? Years of them may lie behind, and nothing may look through all of it."""

import re
from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from immigration.appointments import (
    alerts,
    availability,
    booking,
    closures,
    office_day,
    reminding,
    retention,
    seats,
    waiting,
)
from immigration.database import Database
from tests.support.filling import fill
from tests.support.past_visits import add_past
from tests.support.plans import noted
from tests.support.sms import SmsOffice
from tests.support.visits import VisitOffice

LARGE = ("visits", "seat_events", "slots", "waiting", "applications", "contacts", "messages")
# What is open is little, and an index of that alone may be read from end to end.
OPEN = "ix_visits_booked|ix_visits_slot_id_booked|ux_visits_application_open|ix_waiting_|ux_waiting_open"
TUESDAY = date(2026, 12, 1)


@pytest.fixture
def busy(office: SmsOffice) -> VisitOffice:
    """An office with some thousand visits behind it and a few to come."""
    visits = VisitOffice(office)
    visits.renew()
    add_past(office.database, "SJJ", 4000, office.clock())
    fill(office.database, office.vault, 1000, 2000, office.clock())
    for place in range(1, 4):
        visits.book(place, visits.free(TUESDAY)[0].id)
    visits.join(9, TUESDAY, TUESDAY)
    return visits


# By step: what looks, and the index by which it has to.
STEPS: dict[str, tuple[Callable[[Session, VisitOffice], object], str]] = {
    "free days": (lambda s, v: availability.free_days(s, v.facts, "general", v.now), "slots"),
    "free sessions": (lambda s, v: availability.free_sessions(s, v.facts, "general", v.now), "slots"),
    "own visits": (lambda s, v: booking.open_visits(s, v.phone_hash(1)), "ix_visits_phone_hash|_booked"),
    "reminders": (lambda s, v: reminding.due(s, v.facts, v.now), "_booked|ux_visits_queue"),
    "no-shows": (lambda s, v: office_day.overdue(s, v.facts, v.now), "_booked"),
    "of a closed day": (lambda s, v: closures.stranded(s, v.now), "_booked"),
    "offers to end": (lambda s, v: waiting.offers_due(s, v.now), "ix_waiting_offered"),
    "holds that ran out": (lambda s, v: seats.sweep_lapsed(s, v.now), "ix_holds_"),
    "day list": (lambda s, v: office_day.day_list(s, v.sms.vault, "SJJ", TUESDAY), "ux_visits_queue"),
}


def test_each_step_finds_its_rows_by_an_index(busy: VisitOffice) -> None:
    wrong = {}
    for name, (step, index) in STEPS.items():
        with noted(busy.database) as statements, busy.database.writing() as session:
            step(session, busy)
        plans = statements.plans(costs_aside=True)
        if not any(re.search(index, plan) for plan in plans.values()):
            wrong[name] = plans
    assert wrong == {}


def test_nothing_that_happens_all_the_time_looks_through_a_whole_table(busy: VisitOffice) -> None:
    busy.look_again()
    with noted(busy.database) as statements:
        busy.hold(5, busy.free(TUESDAY)[0].id)
        visit = busy.confirm(5)
        busy.move(5, visit.id, busy.free(TUESDAY)[2].id)
        busy.cancel(5, visit.id)
        busy.tick()
        busy.accept(9)
        with busy.database.writing() as session:
            for step, _ in STEPS.values():
                step(session, busy)
            alerts.due(session, busy.facts, busy.now)
            retention.forget(session, busy.now)
            retention.purge(session, busy.now)
    plans = {
        statement: plan
        for statement, plan in statements.plans(costs_aside=True).items()
        # Once a day, and by a minute's snapshot.
        if "offices" not in statement
    }
    assert len(plans) > 30
    assert {statement: plan for statement, plan in plans.items() if looks_through(busy.database, plan)} == {}


def looks_through(database: Database, plan: str) -> bool:
    tables = "|".join(LARGE)
    if database.dialect == "sqlite":
        return re.search(rf"SCAN ({tables})\b(?! USING (COVERING )?INDEX ({OPEN}))", plan) is not None
    by_index = rf"using (?!{OPEN})\w+ on ({tables})\b.*\n(?!\s+Index Cond)"
    return re.search(rf"Seq Scan on ({tables})\b|{by_index}", plan + "\n") is not None


def test_the_statements_of_a_booking_do_not_grow_with_what_lies_behind_or_who_else_books(busy: VisitOffice) -> None:
    counted = [statements_of(busy, 11)]
    add_past(busy.database, "SJJ", 2000, busy.now)
    for place in range(12, 16):
        busy.join(place, TUESDAY, TUESDAY)
    counted += [statements_of(busy, place) for place in (21, 22)]
    assert counted[0] == counted[1] == counted[2]
    assert counted[0] <= 16


def statements_of(busy: VisitOffice, place: int) -> int:
    """How many statements the booking of a greeted phone is."""
    busy.sms.greeted(place)
    free = busy.free(date(2026, 12, 2))[0].id
    busy.facts  # noqa: B018
    ran: list[str] = []

    def note(_one: object, _two: object, statement: str, *_: object) -> None:
        if not statement.startswith(("BEGIN", "SAVEPOINT", "RELEASE")):
            ran.append(statement)

    event.listen(busy.database.engine, "before_cursor_execute", note)
    try:
        busy.book(place, free)
    finally:
        event.remove(busy.database.engine, "before_cursor_execute", note)
    return len(ran)
