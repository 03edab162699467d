"""Do those who booked last leave a session that gets fewer seats, and does nobody slip into what they gave up?"""

from datetime import date

import pytest

from immigration.appointments import reducing
from immigration.appointments.generating import Affected
from immigration.appointments.reducing import Moved
from tests.support.sms import SmsOffice
from tests.support.visits import OFFICER, VisitOffice

TUESDAY = date(2026, 12, 1)


@pytest.fixture
def visits(office: SmsOffice) -> VisitOffice:
    made = VisitOffice(office)
    made.renew()
    return made


def reduce(visits: VisitOffice, seats: int) -> list[Moved]:
    slot = visits.slots(TUESDAY)[0]
    affected = Affected(slot.id, slot.starts_at, slot.lane, slot.booked, seats)
    with visits.database.writing() as session:
        return reducing.reduce(session, visits.sms.outbox, affected, visits.now, OFFICER)


def numbers(visits: VisitOffice) -> tuple[int, int, int, bool]:
    slot = visits.slots(TUESDAY)[0]
    return slot.capacity, slot.held, slot.booked, slot.is_open


def test_those_who_booked_last_move_to_the_next_session_in_the_order_of_booking(visits: VisitOffice) -> None:
    first, second, third = (visits.book(place, visits.slots(TUESDAY)[0].id) for place in (1, 2, 3))
    # One seat is left in the next session: it is for whoever of the two booked first.
    for place in (11, 12):
        visits.book(place, visits.slots(TUESDAY)[1].id)
    moved = reduce(visits, 1)
    assert {one.code for one in moved} == {second.code, third.code}
    later = visits.slots(TUESDAY)
    assert [visits.visit(one.id).slot_id for one in (first, second, third)] == [slot.id for slot in later[:3]]
    assert [visits.visit(one.id).moves for one in (first, second, third)] == [0, 0, 0]
    assert numbers(visits) == (1, 0, 1, True)
    assert [visits.told(place) for place in (1, 2, 3)] == [["V_BUKTI"], ["V_PINDAH"], ["V_PINDAH"]]
    assert visits.wrong() == []


def test_a_seat_that_is_given_up_goes_to_nobody_on_the_waiting_list(visits: VisitOffice) -> None:
    for place in (1, 2, 3):
        visits.book(place, visits.slots(TUESDAY)[0].id)
    visits.join(4, TUESDAY, TUESDAY)
    reduce(visits, 2)
    assert numbers(visits) == (2, 0, 2, True)
    assert visits.wrong() == []


def test_what_is_only_held_gives_way_before_what_is_booked(visits: VisitOffice) -> None:
    slot = visits.slots(TUESDAY)[0].id
    visits.book(1, slot)
    visits.hold(2, slot)
    visits.hold(3, slot)
    assert reduce(visits, 2) == []
    assert numbers(visits) == (2, 1, 1, True)
    assert visits.confirm(2).slot_id == slot, "who held first still has the seat"
    assert reduce(visits, 1) != []
    assert numbers(visits) == (1, 0, 1, True)
    assert visits.wrong() == []


def test_where_nothing_later_is_free_visit_and_seat_stay(visits: VisitOffice) -> None:
    made = [visits.book(place, visits.slots(TUESDAY)[0].id) for place in (1, 2, 3)]
    place = 100
    for one in visits.free():
        for _ in range(one.free if one.starts_at > made[0].starts_at else 0):
            visits.book(place, one.id)
            place += 1
    moved = reduce(visits, 1)
    assert {one.now for one in moved} == {None}
    assert numbers(visits) == (3, 0, 3, True)
    assert visits.told(3) == ["V_BUKTI"]
    assert visits.wrong() == []
