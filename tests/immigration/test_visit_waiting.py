"""Who waits for a seat, who is offered one, and for how long? In order of joining, one person for one seat."""

from datetime import UTC, date, datetime, timedelta

import pytest

from immigration.appointments import waiting
from immigration.appointments.booking import AlreadyBooked
from immigration.appointments.seats import KEPT_FOR_LIST, SlotGone
from immigration.appointments.tables import Visit
from immigration.contacts import Contact
from tests.support.clock import MovedClock
from tests.support.sms import SmsOffice, phone_of
from tests.support.visits import CITIZEN, VisitOffice

TUESDAY = date(2026, 12, 1)
WEDNESDAY = date(2026, 12, 2)
on_sqlite_alone = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)


@pytest.fixture
def visits(office: SmsOffice) -> VisitOffice:
    made = VisitOffice(office)
    made.renew()
    return made


@pytest.fixture
def full(visits: VisitOffice) -> list[Visit]:
    """The visits of a full Tuesday, of people from 100 on."""
    return visits.fill(TUESDAY, 100)


def free_one(visits: VisitOffice, full: list[Visit], which: int = 0) -> int:
    """Somebody cancels; the slot."""
    visits.cancel(100 + which, full[which].id)
    return full[which].slot_id or 0


def wib(*moment: int) -> datetime:
    return datetime(*moment, tzinfo=UTC) - timedelta(hours=7)  # type: ignore[arg-type]


def test_the_first_in_line_is_offered_the_freed_seat_and_has_it_by_saying_yes(
    visits: VisitOffice, full: list[Visit]
) -> None:
    first, second = visits.join(1, TUESDAY, TUESDAY), visits.join(2, TUESDAY, TUESDAY)
    assert visits.tick() == {}
    slot_id = free_one(visits, full)
    assert visits.tick() == {"offers_made": 1}
    assert visits.tick() == {}
    assert visits.told(1) == ["V_TAWARAN"]
    assert visits.told(2) == []
    visit = visits.accept(1, "yes")
    assert visit is not None
    assert visit.slot_id == slot_id
    assert visits.accept(1, "yes") is None, "there is nothing to answer any more"
    assert (visits.entry(first).state, visits.entry(second).state) == ("taken", "waiting")
    assert visits.holds() == 0
    assert visits.wrong() == []


def test_a_freed_seat_is_kept_for_the_list_from_the_moment_on_against_whoever_dials(
    visits: VisitOffice, full: list[Visit], clock: MovedClock
) -> None:
    visits.join(1, TUESDAY, TUESDAY)
    slot_id = free_one(visits, full)
    assert visits.free(TUESDAY) == []
    with pytest.raises(SlotGone):
        visits.book(50, slot_id)
    # Were there no clock, nobody would be kept from it for long.
    clock.move(minutes=4)
    assert [one.id for one in visits.free(TUESDAY)] == [slot_id]
    visits.tick()
    assert visits.told(1) == ["V_TAWARAN"]
    assert visits.wrong() == []


def test_without_anybody_in_line_a_freed_seat_is_everybodys_at_once(visits: VisitOffice, full: list[Visit]) -> None:
    visits.join(1, WEDNESDAY, WEDNESDAY)
    visits.join(2, TUESDAY, TUESDAY, lane="priority")
    slot_id = free_one(visits, full)
    assert visits.book(50, slot_id).slot_id == slot_id


def test_a_seat_that_is_moved_out_of_is_offered_too(visits: VisitOffice, full: list[Visit]) -> None:
    visits.join(1, TUESDAY, TUESDAY)
    assert visits.move(100, full[0].id, visits.free(WEDNESDAY)[0].id)
    visits.tick()
    assert visits.told(1) == ["V_TAWARAN"]
    assert visits.wrong() == []


def test_added_seats_are_offered_in_line_and_the_rest_is_everybodys(visits: VisitOffice) -> None:
    for place in (1, 2):
        visits.join(place, TUESDAY, TUESDAY)
    assert visits.tick() == {"offers_made": 2}
    assert sum(one.free for one in visits.free(TUESDAY)) == 16


def test_no_goes_to_the_next_and_whoever_said_it_waits_on_for_another_seat(
    visits: VisitOffice, full: list[Visit]
) -> None:
    first = visits.join(1, TUESDAY, TUESDAY)
    visits.join(2, TUESDAY, TUESDAY)
    slot_id = free_one(visits, full)
    visits.tick()
    assert visits.decline(1)
    assert not visits.decline(1)
    with pytest.raises(SlotGone):
        visits.book(50, slot_id)
    visits.tick()
    assert visits.told(2) == ["V_TAWARAN"]
    visits.accept(2)
    assert visits.tick() == {}, "the refused seat does not come back to whoever refused it"
    free_one(visits, full, 5)
    visits.tick()
    assert visits.told(1) == ["V_TAWARAN", "V_TAWARAN"]
    assert visits.entry(first).state == "offered"
    assert visits.wrong() == []


def test_silence_for_two_hours_goes_to_the_next_whoever_dials_in_between(
    visits: VisitOffice, full: list[Visit], clock: MovedClock
) -> None:
    entry = visits.join(1, TUESDAY, TUESDAY)
    visits.join(2, TUESDAY, TUESDAY)
    slot_id = free_one(visits, full)
    visits.tick()
    assert visits.entry(entry).offered_until == clock() + timedelta(hours=2)
    clock.move(minutes=119)
    assert visits.tick() == {}
    clock.move(minutes=1)
    assert visits.accept(1) is None, "too late"
    with pytest.raises(SlotGone):
        visits.book(50, slot_id)
    assert visits.tick() == {"offers_ended": 1, "offers_made": 1}
    assert visits.told(2) == ["V_TAWARAN"]
    assert visits.entry(entry).state == "waiting"
    assert visits.wrong() == []


def test_a_late_yes_to_an_offer_that_is_somebody_elses_now_books_nothing(
    visits: VisitOffice, full: list[Visit], clock: MovedClock
) -> None:
    entry = visits.join(1, TUESDAY, TUESDAY)
    free_one(visits, full)
    visits.tick()
    clock.move(hours=2)
    with visits.database.writing() as session, pytest.raises(SlotGone):
        waiting.accept(session, visits.sms.outbox, visits.entry(entry), phone_of(1), "late", visits.now, CITIZEN)
    assert len(visits.booked()) == 17


def test_three_offers_in_a_row_that_nobody_answers_end_the_waiting_and_a_no_is_an_answer(
    visits: VisitOffice, full: list[Visit], clock: MovedClock
) -> None:
    silent, speaks = visits.join(1, TUESDAY, TUESDAY), visits.join(2, WEDNESDAY, WEDNESDAY)
    wednesday = visits.fill(WEDNESDAY, 200)
    clock.move_to(wib(2026, 11, 25, 8, 0))
    for offer in range(4):
        free_one(visits, full, 4 * offer)
        visits.cancel(200 + 4 * offer, wednesday[4 * offer].id)
        visits.tick()
        if offer == 1:
            assert visits.decline(2)
        clock.move(hours=2, minutes=5)
        visits.tick()
    assert visits.entry(silent).state == "over"
    assert visits.told(1) == ["V_TAWARAN"] * 3
    assert visits.entry(speaks).state == "offered", "only two in a row, after an answer"
    assert visits.wrong() == []


@on_sqlite_alone
@pytest.mark.parametrize(
    ("made", "until"),
    [
        (wib(2026, 11, 24, 10, 0), wib(2026, 11, 24, 12, 0)),
        (wib(2026, 11, 24, 18, 0), wib(2026, 11, 24, 20, 0)),
        (wib(2026, 11, 24, 18, 30), wib(2026, 11, 25, 7, 30)),
        (wib(2026, 11, 24, 19, 59), wib(2026, 11, 25, 8, 59)),
        (wib(2026, 11, 24, 20, 0), wib(2026, 11, 25, 9, 0)),
        (wib(2026, 11, 24, 23, 59), wib(2026, 11, 25, 9, 0)),
        (wib(2026, 11, 25, 0, 0), wib(2026, 11, 25, 9, 0)),
        (wib(2026, 11, 25, 6, 59), wib(2026, 11, 25, 9, 0)),
        (wib(2026, 12, 31, 19, 0), wib(2027, 1, 1, 8, 0)),
    ],
)
def test_an_offer_waits_two_hours_of_those_in_which_people_read(
    visits: VisitOffice, made: datetime, until: datetime
) -> None:
    rules = visits.facts.visits
    assert rules is not None
    assert waiting.answer_by(made, visits.facts, rules) == until


def test_an_offer_ends_before_its_session_can_no_longer_be_reached(visits: VisitOffice, clock: MovedClock) -> None:
    today = clock().date()
    booked = visits.fill(today, 100)
    visits.join(1, today, today)
    clock.move_to(wib(2026, 11, 24, 11, 30))
    visits.cancel(100, booked[0].id)
    visits.tick()
    (entry,) = visits_waiting(visits, 1)
    assert visits.entry(entry).offered_until == wib(2026, 11, 24, 12, 0)
    assert "sebelum jam 12.00" in visits.texts(1, "V_TAWARAN")[0]


def visits_waiting(visits: VisitOffice, place: int) -> list[int]:
    with visits.database.reading() as session:
        return [entry.id for entry in waiting.entries_of(session, visits.phone_hash(place))]


def test_a_clock_that_stood_still_for_a_day_goes_on_with_the_line_where_it_was(
    visits: VisitOffice, full: list[Visit], clock: MovedClock
) -> None:
    entries = [visits.join(place, TUESDAY, TUESDAY) for place in (1, 2, 3)]
    free_one(visits, full)
    visits.tick()
    clock.move(days=1)
    assert visits.accept(1) is None
    visits.tick()
    assert [visits.entry(id_).state for id_ in entries] == ["waiting", "offered", "waiting"]
    assert visits.wrong() == []
    clock.move_to(wib(2026, 12, 2, 9, 0))
    visits.tick()
    visits.tick()
    assert [visits.entry(id_).state for id_ in entries] == ["over"] * 3
    assert visits.holds() == 0
    assert visits.wrong() == []


def test_whoever_books_otherwise_waits_no_longer_and_their_offer_goes_to_the_next(
    visits: VisitOffice, full: list[Visit]
) -> None:
    first = visits.join(1, TUESDAY, TUESDAY)
    visits.join(2, TUESDAY, TUESDAY)
    slot_id = free_one(visits, full)
    visits.tick()
    assert visits.book(1, visits.free(WEDNESDAY)[0].id).day == WEDNESDAY
    assert visits.entry(first).state == "taken"
    with pytest.raises(SlotGone):
        visits.book(50, slot_id)
    visits.tick()
    assert visits.told(2) == ["V_TAWARAN"]
    assert visits.wrong() == []


def test_whoever_has_an_open_visit_is_not_given_a_second_one_by_the_list(
    visits: VisitOffice, full: list[Visit]
) -> None:
    visits.book(1, visits.free(WEDNESDAY)[0].id)
    visits.join(1, TUESDAY, TUESDAY)
    free_one(visits, full)
    visits.tick()
    with pytest.raises(AlreadyBooked):
        visits.accept(1)
    assert visits.wrong() == []


def test_whoever_joins_twice_keeps_their_place_and_whoever_leaves_gives_up_their_offer(
    visits: VisitOffice, full: list[Visit]
) -> None:
    first = visits.join(1, TUESDAY, TUESDAY)
    second = visits.join(2, TUESDAY, TUESDAY)
    assert visits.join(1, TUESDAY, WEDNESDAY) == first
    free_one(visits, full)
    visits.tick()
    with visits.database.writing() as session:
        (entry,) = waiting.entries_of(session, visits.phone_hash(1))
        waiting.leave(session, entry, visits.now, CITIZEN)
    visits.tick()
    assert (visits.entry(first).state, visits.entry(second).state) == ("left", "offered")
    assert visits.wrong() == []


def test_a_line_is_of_its_lane_and_range_and_everybody_gets_the_nearest_that_fits(
    visits: VisitOffice, full: list[Visit]
) -> None:
    wednesday = visits.fill(WEDNESDAY, 200)
    visits.join(1, WEDNESDAY, WEDNESDAY)
    visits.join(2, TUESDAY, WEDNESDAY)
    visits.join(3, TUESDAY, TUESDAY)
    visits.cancel(200, wednesday[0].id)
    visits.tick()
    assert [visits.told(place) for place in (1, 2, 3)] == [["V_TAWARAN"], [], []]
    free_one(visits, full)
    visits.tick()
    assert [visits.told(place) for place in (1, 2, 3)] == [["V_TAWARAN"], ["V_TAWARAN"], []]
    visits.cancel(201, wednesday[1].id)
    assert visits.tick() == {}, "the third wants Tuesday alone"
    assert visits.wrong() == []


def test_a_phone_that_was_forgotten_is_offered_nothing_and_holds_nobody_up(
    visits: VisitOffice, full: list[Visit]
) -> None:
    gone = visits.join(1, TUESDAY, TUESDAY)
    visits.join(2, TUESDAY, TUESDAY)
    with visits.database.writing() as session:
        session.delete(session.get_one(Contact, visits.phone_hash(1)))
    free_one(visits, full)
    visits.tick()
    visits.tick()
    assert visits.entry(gone).state == "over"
    assert visits.told(2) == ["V_TAWARAN"]


@on_sqlite_alone
def test_the_keeping_for_the_list_outlasts_a_pass_of_the_clock(visits: VisitOffice) -> None:
    """The clock has the workers look once a minute; two passes may be lost."""
    assert timedelta(minutes=2) < KEPT_FOR_LIST
