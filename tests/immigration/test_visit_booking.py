"""Is a visit booked, moved and cancelled once, by the rules, and told once? One caller after the other."""

from datetime import UTC, date, datetime, timedelta

import pytest

from immigration.applications.record import Billing
from immigration.applications.states import Status
from immigration.appointments.booking import AlreadyBooked
from immigration.appointments.changing import NoSuchVisit, NotMovable
from immigration.appointments.seats import SlotGone, TooManyHolds
from tests.support.clock import MovedClock
from tests.support.sms import SmsOffice
from tests.support.visits import VisitOffice

TUESDAY = date(2026, 12, 1)
WEDNESDAY = date(2026, 12, 2)


@pytest.fixture
def visits(office: SmsOffice) -> VisitOffice:
    made = VisitOffice(office)
    made.renew()
    return made


def test_a_held_seat_is_nobody_elses_until_it_runs_out_and_free_then_without_a_sweep(
    visits: VisitOffice, clock: MovedClock
) -> None:
    visits.fill(TUESDAY, 100, but=1)
    (last,) = visits.free(TUESDAY)
    visits.hold(1, last.id)
    assert visits.free(TUESDAY) == []
    with pytest.raises(SlotGone):
        visits.book(2, last.id)
    clock.move(minutes=10)
    assert [one.id for one in visits.free(TUESDAY)] == [last.id]
    assert visits.book(2, last.id).slot_id == last.id
    with pytest.raises(SlotGone):
        visits.confirm(1)
    assert visits.wrong() == []


def test_a_hold_that_ran_out_still_books_if_nobody_came(visits: VisitOffice, clock: MovedClock) -> None:
    slot_id = visits.free(TUESDAY)[0].id
    visits.hold(1, slot_id)
    clock.move(hours=3)
    assert visits.confirm(1).slot_id == slot_id
    assert visits.holds() == 0
    assert visits.wrong() == []


def test_another_seat_held_for_the_same_gives_the_first_one_back(visits: VisitOffice) -> None:
    for slot in reversed(visits.slots(TUESDAY)):
        visits.hold(1, slot.id)
    for slot in visits.slots(TUESDAY):
        visits.hold(1, slot.id)
    assert visits.holds() == 1
    assert [slot.held for slot in visits.slots(TUESDAY)] == [0, 0, 0, 0, 0, 1]
    assert visits.wrong() == []


def test_whoever_books_another_session_than_they_hold_keeps_no_hold(visits: VisitOffice) -> None:
    first, *_, last = visits.free(TUESDAY)
    for place, held, booked in ((1, first.id, last.id), (2, last.id, first.id)):
        visits.hold(place, held)
        visits.book(place, booked)
    assert visits.holds() == 0
    assert visits.wrong() == []


def test_whoever_accepts_an_offer_keeps_no_hold_either(visits: VisitOffice) -> None:
    booked = visits.fill(TUESDAY, 100)
    visits.join(1, TUESDAY, TUESDAY)
    visits.cancel(100, booked[0].id)
    visits.tick()
    visits.hold(1, visits.free(WEDNESDAY)[0].id)
    assert visits.accept(1) is not None
    assert visits.holds() == 0
    assert visits.wrong() == []


def test_a_phone_holds_so_many_seats_at_once_and_so_often_a_day(visits: VisitOffice, clock: MovedClock) -> None:
    ids = [slot.id for slot in visits.slots(TUESDAY)]
    for about in ("case:1", "case:2"):
        visits.hold(1, ids[0], about)
    with pytest.raises(TooManyHolds):
        visits.hold(1, ids[1], "case:3")
    for turn in range(18):
        visits.hold(2, ids[turn % 2])
    visits.hold(2, ids[0])
    visits.hold(2, ids[1])
    with pytest.raises(TooManyHolds):
        visits.hold(2, ids[0])
    assert visits.holds() == 3, "what was refused changed nothing"
    clock.move(days=1)
    visits.hold(2, ids[0])
    assert visits.wrong() == []


def test_the_same_confirmation_again_is_the_same_visit_and_one_message(visits: VisitOffice) -> None:
    visits.hold(1, visits.free(TUESDAY)[0].id)
    first = visits.confirm(1, "call:7")
    assert visits.confirm(1, "call:7").code == first.code
    assert visits.book(1, visits.free(TUESDAY)[1].id, "call:7").code == first.code
    assert visits.told(1) == ["V_BUKTI"]
    assert visits.wrong() == []


def test_one_open_visit_for_a_phone_and_one_for_each_application(visits: VisitOffice) -> None:
    slot_id = visits.free(TUESDAY)[0].id
    mine = visits.book(1, slot_id)
    with pytest.raises(AlreadyBooked):
        visits.book(1, slot_id, "again")
    application = visits.application(1)
    visits.book(1, slot_id, "own", application=application)
    with pytest.raises(AlreadyBooked):
        visits.book(2, visits.free(WEDNESDAY)[0].id, "theirs", application=application)
    visits.cancel(1, mine.id)
    assert visits.book(1, slot_id, "once more").id != mine.id
    assert visits.wrong() == []


def test_a_move_frees_the_old_seat_in_the_same_moment_and_says_so_once(visits: VisitOffice) -> None:
    visits.fill(TUESDAY, 100)
    visit = visits.booked()[0]
    there = visits.free(WEDNESDAY)[0].id
    assert visits.move(100, visit.id, there, "m1")
    assert not visits.move(100, visit.id, visits.free(WEDNESDAY)[-1].id, "m1"), "told before"
    assert not visits.move(100, visit.id, there, "m2"), "there already"
    assert [one.id for one in visits.free(TUESDAY)] == [visit.slot_id]
    assert visits.told(100, all_of_them=True) == ["V_BUKTI", "V_PINDAH"]
    assert visits.told(100) == ["V_PINDAH"], "the old time is not told any more"
    assert visits.visit(visit.id).moves == 1
    assert visits.wrong() == []


def test_a_move_to_a_full_session_changes_nothing(visits: VisitOffice) -> None:
    full = visits.fill(TUESDAY, 100)
    visit = visits.book(1, visits.free(WEDNESDAY)[0].id)
    with pytest.raises(SlotGone):
        visits.move(1, visit.id, full[0].slot_id or 0)
    assert visits.visit(visit.id).day == WEDNESDAY
    assert visits.wrong() == []


def test_a_free_visit_moves_three_times_and_not_on_its_day(visits: VisitOffice, clock: MovedClock) -> None:
    ids = [one.id for one in visits.free(TUESDAY)]
    visit = visits.book(1, ids[0])
    for turn in (1, 2, 3):
        assert visits.move(1, visit.id, ids[turn])
    with pytest.raises(NotMovable, match="moved-out"):
        visits.move(1, visit.id, ids[4])
    other = visits.book(2, ids[0])
    clock.move_to(datetime(2026, 11, 30, 17, 0, tzinfo=UTC))
    with pytest.raises(NotMovable, match="today"):
        visits.move(2, other.id, visits.free(WEDNESDAY)[0].id)


def test_a_paid_schedule_moves_once_to_another_day_within_thirty_days_of_payment(
    visits: VisitOffice, clock: MovedClock
) -> None:
    application = {
        place: visits.application(
            place,
            Status.LUNAS_TERJADWAL,
            payment=Billing(
                f"8202{place:011d}",
                950_000,
                clock() + timedelta(hours=2),
                paid_at=clock() - timedelta(days=ago),
            ),
        )
        for place, ago in ((1, 0), (2, 31))
    }
    first, second, *_ = visits.free(TUESDAY)
    once, late = (visits.book(place, first.id, application=application[place]) for place in (1, 2))
    with pytest.raises(NotMovable, match="same-day"):
        visits.move(1, once.id, second.id)
    assert visits.move(1, once.id, visits.free(WEDNESDAY)[0].id)
    with pytest.raises(NotMovable, match="moved-out"):
        visits.move(1, once.id, visits.free(date(2026, 12, 3))[0].id)
    with pytest.raises(NotMovable, match="late"):
        visits.move(2, late.id, visits.free(WEDNESDAY)[0].id)
    assert visits.wrong() == []


def test_a_cancelled_visit_frees_its_seat_once_and_nobody_touches_anothers(visits: VisitOffice) -> None:
    visit = visits.book(1, visits.free(TUESDAY)[0].id)
    for act in (visits.cancel, lambda place, id_: visits.move(place, id_, visits.free(WEDNESDAY)[0].id)):
        with pytest.raises(NoSuchVisit):
            act(2, visit.id)
    assert visits.cancel(1, visit.id)
    assert not visits.cancel(1, visit.id)
    assert visits.slots(TUESDAY)[0].booked == 0
    assert visits.told(1) == ["V_BATAL"]
    assert visits.wrong() == []


def test_the_seat_of_an_application_that_has_ended_is_somebody_elses(visits: VisitOffice) -> None:
    application = visits.application(1)
    visit = visits.book(1, visits.free(TUESDAY)[0].id, application=application)
    visits.sms.record(1, status=Status.DIBATALKAN)
    assert visits.tick()["visits_dropped"] == 1
    assert visits.visit(visit.id).state == "cancelled"
    assert visits.wrong() == []
