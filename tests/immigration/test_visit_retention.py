"""How long are visits kept? The person for 90 days, that somebody came for a year; and the numbers stay right."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import func, select

from immigration.appointments import retention
from immigration.appointments.tables import Hold, HoldDay, QuotaAlert, SeatEvent, Slot, Visit, Waiting
from tests.support.clock import MovedClock
from tests.support.sms import SmsOffice
from tests.support.visits import VisitOffice
from workers import upkeep

TUESDAY = date(2026, 12, 1)


@pytest.fixture
def visits(office: SmsOffice) -> VisitOffice:
    made = VisitOffice(office)
    made.renew()
    return made


def count(visits: VisitOffice, table: type, *conditions: object) -> int:
    with visits.database.reading() as session:
        return session.scalar(select(func.count()).select_from(table).where(*conditions)) or 0


def test_after_90_days_nobody_can_tell_who_came_and_after_a_year_not_that_anybody_did(
    visits: VisitOffice, clock: MovedClock
) -> None:
    later = visits.book(1, visits.free(date(2026, 12, 15))[0].id)
    visits.hold(2, visits.free(TUESDAY)[0].id)
    visits.confirm(2)
    # Held and taken on a later day, and moved before it: its events lie on both.
    visits.move(1, later.id, visits.free(TUESDAY)[1].id)
    visits.join(3, TUESDAY, TUESDAY)
    clock.move_to(visits.now + timedelta(days=10))
    visits.tick()
    # Ninety days after the first of December, and a day later.
    for day, phones in ((date(2027, 3, 1), 2), (date(2027, 3, 2), 0)):
        clock.move_to(datetime(day.year, day.month, day.day, 12, tzinfo=UTC))
        upkeep.run(visits.database, visits.now)
        assert count(visits, Visit, Visit.phone_hash.is_not(None)) == phones
    assert count(visits, Visit) == 2
    assert count(visits, Waiting) == 0
    assert visits.wrong() == []
    clock.move_to(datetime(2027, 12, 6, 12, tzinfo=UTC))
    upkeep.run(visits.database, visits.now)
    assert visits.wrong() == []
    clock.move(days=30)
    upkeep.run(visits.database, visits.now)
    for table in (Visit, Hold):
        assert count(visits, table) == 0
    assert count(visits, Slot, Slot.day < date(2026, 12, 20)) == 0
    assert count(visits, SeatEvent) == 0
    assert visits.wrong() == []


def test_between_two_passes_of_the_purge_the_numbers_add_up(visits: VisitOffice, clock: MovedClock) -> None:
    far = visits.free(date(2026, 12, 15))[0].id
    visits.hold(1, far)
    visit = visits.confirm(1)
    visits.move(1, visit.id, visits.free(TUESDAY)[0].id)
    clock.move_to(visits.now + timedelta(days=8))
    visits.tick()
    # A year after the first day, not yet after the second.
    clock.move_to(visits.now + timedelta(days=366))
    passes = 0
    while True:
        with visits.database.writing() as session:
            if retention.purge(session, visits.now) == 0:
                break
        passes += 1
        assert visits.wrong() == []
    assert passes >= 1
    assert count(visits, Visit) == 0
    assert count(visits, Slot, Slot.id == far) == 1


def test_whoever_asks_to_be_forgotten_holds_and_awaits_nothing_any_more_and_their_visit_stands(
    visits: VisitOffice,
) -> None:
    booked = visits.fill(TUESDAY, 100)
    mine = visits.book(1, visits.free(date(2026, 12, 2))[0].id)
    visits.hold(1, visits.free(date(2026, 12, 3))[0].id, "case:7")
    with visits.database.writing() as session:
        retention.let_go(session, visits.phone_hash(1), visits.now)
    visits.join(2, TUESDAY, TUESDAY)
    visits.cancel(100, booked[0].id)
    visits.tick()
    assert visits.told(2) == ["V_TAWARAN"]
    with visits.database.writing() as session:
        retention.let_go(session, visits.phone_hash(2), visits.now)
    assert [one.id for one in visits.free(TUESDAY)] == [booked[0].slot_id]
    assert (visits.visit(mine.id).state, visits.visit(mine.id).phone_hash) == ("booked", None)
    for table in (Hold, Waiting, QuotaAlert, HoldDay):
        assert count(visits, table, table.phone_hash.in_([visits.phone_hash(1), visits.phone_hash(2)])) == 0
    assert visits.wrong() == []
