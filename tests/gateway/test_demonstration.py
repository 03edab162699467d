"""Does the demonstration show every kind of thing, and does loading it again change nothing but what time changes?"""

from datetime import timedelta

from sqlalchemy import func, select

from gateway.demo import load
from gateway.wiring import Wiring
from immigration.applications.tables import Application, Payment
from immigration.appointments import ledger
from immigration.appointments.tables import Visit
from immigration.messages.tables import Message
from immigration.tasks import Task
from tests.support.clock import MovedClock


def loaded(wiring: Wiring) -> None:
    with wiring.database.writing() as session:
        load(session, wiring.outbox, wiring.clock())


def shown(wiring: Wiring) -> dict[str, list[str]]:
    """Payments, visits, tasks and messages, by what they are."""
    with wiring.database.reading() as session:
        assert ledger.faults(session) == []
        return {
            "payments": list(session.scalars(select(Payment.state).order_by(Payment.id))),
            "visits": list(session.scalars(select(Visit.state).order_by(Visit.id))),
            "tasks": list(session.scalars(select(Task.kind).order_by(Task.id))),
            "messages": sorted(session.scalars(select(Message.template))),
            "applications": [str(session.scalar(select(func.count()).select_from(Application)))],
        }


def test_it_shows_what_an_officer_meets_and_again_the_same(wiring: Wiring, clock: MovedClock) -> None:
    loaded(wiring)
    before = shown(wiring)
    assert before["payments"] == ["waiting", "expired", "paid", "paid", "disputed", "waiting"]
    assert before["visits"] == ["booked"]
    assert before["tasks"] == ["payment_disputed"]
    loaded(wiring)
    assert shown(wiring) == before
    clock.move(hours=5)
    loaded(wiring)
    assert shown(wiring) == before


def test_loaded_after_the_visit_it_shows_another(wiring: Wiring, clock: MovedClock) -> None:
    loaded(wiring)
    before = shown(wiring)
    with wiring.database.writing() as session:
        visit = session.scalars(select(Visit)).one()
        visit.state = "done"
        day = visit.day
    clock.move(days=1)
    loaded(wiring)
    after = shown(wiring)
    assert after["visits"] == ["done", "booked"]
    assert {name: after[name] for name in ("payments", "tasks", "applications")} == {
        name: before[name] for name in ("payments", "tasks", "applications")
    }
    with wiring.database.reading() as session:
        assert session.scalars(select(Visit.day).where(Visit.state == "booked")).one() >= day + timedelta(days=1)
