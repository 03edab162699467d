"""Is a seat ever sold twice or lost? Processes and threads that want the same ones at the same moment."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import func, select, text, update

from immigration.appointments import waiting
from immigration.appointments.booking import AlreadyBooked
from immigration.appointments.changing import NoSuchVisit, NotMovable
from immigration.appointments.seats import SlotGone, TooManyHolds
from immigration.appointments.tables import Slot, Visit, Waiting
from tests.support.clock import MovedClock
from tests.support.sms import SmsOffice
from tests.support.visits import VisitOffice, patient

TUESDAY = date(2026, 12, 1)
WEDNESDAY = date(2026, 12, 2)
REFUSED = (SlotGone, AlreadyBooked, NotMovable, NoSuchVisit)


@pytest.fixture
def visits(office: SmsOffice) -> VisitOffice:
    made = VisitOffice(office)
    made.renew()
    return made


def at_once(*doings: Callable[[], object]) -> list[object]:
    """What each came to that all began at the same moment; a refusal counts as none."""
    begin = threading.Barrier(len(doings))
    came: list[object] = [None] * len(doings)
    broken: list[BaseException] = []

    def run(place: int) -> None:
        begin.wait()
        try:
            came[place] = doings[place]()
        except REFUSED:
            pass
        except BaseException as fault:
            broken.append(fault)

    racers = [threading.Thread(target=run, args=(place,)) for place in range(len(doings))]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join(100)
    assert broken == []
    return came


CALLERS = ("-X", "faulthandler", "-m", "tests.support.callers")


def others(office: VisitOffice, *roles: tuple[object, ...]) -> list[list[object]]:
    """What other processes did, all told to begin at the same moment."""
    url = office.database.engine.url.render_as_string(hide_password=False)
    started = [
        subprocess.Popen(
            [sys.executable, *CALLERS, url, office.now.isoformat(), *map(str, role)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for role in roles
    ]
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.communicate(timeout=100)[0] for process in started]
    assert [process.returncode for process in started] == [0] * len(started)
    return [json.loads(words) for words in said]


def test_200_callers_from_two_processes_get_the_18_seats_of_a_day_and_no_more(visits: VisitOffice) -> None:
    booked = others(visits, ("call", 1, 101, TUESDAY), ("call", 101, 201, TUESDAY))
    assert sum(map(len, booked)) == 18
    assert sorted(visit.id for visit in visits.booked()) == sorted(booked[0] + booked[1])
    assert [(slot.held, slot.booked) for slot in visits.slots(TUESDAY)] == [(0, 3)] * 6
    assert visits.wrong() == []


def overbook(office: VisitOffice, table: str, slot_id: int) -> Callable[[], bool]:
    """The control: look how many are taken, then take one."""

    def take() -> bool:
        with office.database.reading() as session:
            row = session.execute(text(f"SELECT booked, capacity FROM {table} WHERE id = :id"), {"id": slot_id}).one()
        looked.wait()
        if row.booked >= row.capacity:
            return False
        with office.database.writing() as session:
            session.execute(text(f"UPDATE {table} SET booked = booked + 1 WHERE id = :id"), {"id": slot_id})
        return True

    looked = threading.Barrier(4)
    return take


def test_without_the_condition_and_the_check_the_same_crowd_does_overbook(visits: VisitOffice) -> None:
    slot_id = visits.slots(TUESDAY)[0].id
    with visits.database.writing() as session:
        # A copy has no CHECK.
        session.execute(text("CREATE TABLE unguarded AS SELECT * FROM slots"))
        session.execute(text("UPDATE unguarded SET capacity = 1 WHERE id = :id"), {"id": slot_id})
    with patient(visits) as crowd:
        take = overbook(crowd, "unguarded", slot_id)
        assert at_once(*[take] * 4) == [True] * 4
    with visits.database.reading() as session:
        booked, capacity = session.execute(
            text("SELECT booked, capacity FROM unguarded WHERE id = :id"), {"id": slot_id}
        ).one()
    assert booked > capacity


def test_the_check_stands_behind_a_statement_that_forgets_the_condition(visits: VisitOffice) -> None:
    slot_id = visits.slots(TUESDAY)[0].id
    with pytest.raises(Exception, match=r"ck_slots_seats|CHECK constraint"), visits.database.writing() as session:
        session.execute(update(Slot).where(Slot.id == slot_id).values(booked=Slot.capacity + 1))


def test_holds_that_run_out_while_they_are_confirmed_leave_each_seat_to_one(
    visits: VisitOffice, clock: MovedClock
) -> None:
    """One seat is left; whoever holds it confirms at the moment at which eleven others may take it."""
    booked = visits.fill(TUESDAY, 500)
    slot_id = booked[0].slot_id
    assert slot_id == visits.slots(TUESDAY)[0].id
    visits.cancel(500, booked[0].id)
    visits.hold(1, slot_id)
    clock.move(minutes=10)
    with patient(visits) as crowd:

        def confirm() -> object:
            return crowd.confirm(1)

        def take_over(place: int) -> Callable[[], object]:
            return lambda: crowd.book(place, slot_id)

        came = at_once(confirm, *[take_over(place) for place in range(2, 13)], crowd.tick)
    assert len([visit for visit in came[:-1] if visit is not None]) == 1
    assert visits.slots(TUESDAY)[0].booked == 3
    assert visits.wrong() == []
    assert visits.holds() == 0


def test_a_phone_that_holds_the_same_seat_anew_and_a_sweep_do_not_wait_for_each_other(
    visits: VisitOffice, clock: MovedClock
) -> None:
    """Both want the hold that ran out and its slot; taken in different orders, PostgreSQL would end one of them."""
    ids = [slot.id for slot in visits.slots(TUESDAY)]
    with patient(visits) as crowd:
        for _ in range(6):
            for place in range(1, 13):
                visits.hold(place, ids[place % len(ids)])
            clock.move(minutes=11)
            again = [lambda place=place: crowd.hold(place, ids[place % len(ids)]) for place in range(1, 13)]
            at_once(*again, crowd.tick, crowd.tick)
            clock.move(hours=1)
    assert visits.wrong() == []


def test_a_move_and_a_cancellation_of_the_same_visit_leave_it_once_or_not_at_all(visits: VisitOffice) -> None:
    ids = [slot.id for slot in visits.slots(TUESDAY)]
    with patient(visits) as crowd:
        for place in range(1, 13):
            visit = visits.book(place, ids[place % 2])
            at_once(
                lambda: crowd.cancel(place, visit.id),  # noqa: B023
                lambda: crowd.move(place, visit.id, ids[2 + place % 3], f"m{place}"),  # noqa: B023
                lambda: crowd.move(place, visit.id, ids[2 + place % 3], f"m{place}"),  # noqa: B023
                lambda: crowd.cancel(place, visit.id),  # noqa: B023
            )
            assert visits.visit(visit.id).state == "cancelled"
    assert [slot.booked for slot in visits.slots(TUESDAY)] == [0] * 6
    assert visits.wrong() == []


def test_visits_that_change_places_with_each_other_do_not_wait_for_each_other(visits: VisitOffice) -> None:
    ids = [slot.id for slot in visits.slots(TUESDAY)]
    first, second = visits.book(1, ids[0]), visits.book(2, ids[5])
    with patient(visits) as crowd:
        # As often as a citizen may move.
        for turn in range(3):
            there, back = (ids[5], ids[0]) if turn % 2 == 0 else (ids[0], ids[5])
            swaps = (
                lambda: crowd.move(1, first.id, there, f"1-{turn}"),  # noqa: B023
                lambda: crowd.move(2, second.id, back, f"2-{turn}"),  # noqa: B023
            )
            assert at_once(*swaps) == [True, True]
    assert visits.wrong() == []


def test_whoever_books_when_the_office_closes_is_moved_out_or_refused(visits: VisitOffice) -> None:
    ids = [slot.id for slot in visits.slots(TUESDAY)]

    for place in range(1, 4):
        visits.book(place, ids[0])
    with patient(visits) as crowd:
        callers = [lambda place=place: crowd.book(place, ids[place % 6]) for place in range(4, 16)]
        at_once(*callers, lambda: crowd.close(TUESDAY), crowd.tick)
        visits.tick()
    closed = visits.slots(TUESDAY)
    assert [(slot.is_open, slot.booked) for slot in closed] == [(False, 0)] * 6
    assert all(visit.day > TUESDAY for visit in visits.booked())
    assert len(visits.booked()) >= 3
    for visit in visits.booked():
        (place,) = [place for place in range(1, 16) if visits.phone_hash(place) == visit.phone_hash]
        assert visits.told(place) == ["R_TUTUP"], "told once, and only of the time that holds"
    assert visits.wrong() == []


def test_two_clocks_do_everything_once(visits: VisitOffice, clock: MovedClock) -> None:
    """Holds that ran out, offers to be made, reminders and a closed day, all at one moment."""
    booked = visits.fill(TUESDAY, 100)
    for place in range(1, 7):
        visits.join(place, TUESDAY, TUESDAY)
    for after, visit in enumerate(booked[:4]):
        visits.cancel(100 + after, visit.id)
    tomorrow = date(2026, 11, 25)
    for place in range(20, 26):
        visits.book(place, visits.free(tomorrow)[0].id)
    closed = visits.fill(WEDNESDAY, 200, but=10)
    visits.close(WEDNESDAY)
    visits.hold(60, visits.free(date(2026, 12, 3))[0].id)
    clock.move(hours=6, minutes=30)
    did = others(visits, ("tick", 2), ("tick", 2))
    total: dict[str, int] = {}
    for counts in [*did[0], *did[1]]:
        for name, count in counts.items():
            total[name] = total.get(name, 0) + count
    assert total["holds_lapsed"] == 5, "one of a phone, four kept for the list that nobody had come to offer"
    assert total["offers_made"] == 4
    assert total["visits_moved"] == len(closed)
    assert total["visits_reminded"] == 6
    for place in range(20, 26):
        assert visits.told(place).count("R_JADWAL") == 1
    for place in range(200, 200 + len(closed)):
        assert visits.told(place) == ["R_TUTUP"]
    assert [visits.told(place) for place in range(1, 7)] == [["V_TAWARAN"]] * 4 + [[]] * 2
    assert visits.wrong() == []


def test_offers_and_whoever_dials_never_get_the_same_seat(visits: VisitOffice) -> None:
    booked = visits.fill(TUESDAY, 100)
    for place in range(1, 13):
        visits.join(place, TUESDAY, TUESDAY)
    with patient(visits) as crowd:

        def give_up(visit: Visit) -> Callable[[], object]:
            return lambda: crowd.cancel(100 + booked.index(visit), visit.id)

        def dial(place: int) -> Callable[[], object]:
            return lambda: crowd.book(place, booked[place % 6].slot_id or 0)

        at_once(*map(give_up, booked[:6]), *map(dial, range(300, 306)), crowd.tick, crowd.tick)
        visits.tick()
        # Every freed seat was kept for the list, so nobody who dialled had one.
        assert [visits.told(place) for place in range(1, 7)] == [["V_TAWARAN"]] * 6
        answers = [lambda place=place: crowd.accept(place) for place in range(1, 7)]
        twice = [lambda place=place: crowd.accept(place) for place in range(1, 7)]
        at_once(*answers, *twice, *map(dial, range(300, 306)), crowd.tick)
    with visits.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Waiting).where(Waiting.state == "taken")) == 6
    assert [slot.booked for slot in visits.slots(TUESDAY)] == [3] * 6
    assert visits.wrong() == []


def test_people_who_book_each_others_offered_session_do_not_wait_for_each_other(visits: VisitOffice) -> None:
    """Each gives the offered seat up in the transaction that takes the other session's."""
    ids = [slot.id for slot in visits.slots(TUESDAY)]
    with patient(visits) as crowd:
        for turn in range(12):
            first, second = 10 * turn + 1, 10 * turn + 2
            one, two = visits.join(first, TUESDAY, TUESDAY), visits.join(second, TUESDAY, TUESDAY)
            with visits.database.writing() as session:
                assert waiting.offer(session, visits.sms.outbox, one, ids[0], visits.now)
                assert waiting.offer(session, visits.sms.outbox, two, ids[5], visits.now)
            made = at_once(lambda: crowd.book(first, ids[5]), lambda: crowd.book(second, ids[0]))  # noqa: B023
            assert None not in made
            for place, visit in zip((first, second), made, strict=True):
                assert isinstance(visit, Visit)
                visits.cancel(place, visit.id)
    assert visits.wrong() == []


def test_one_application_gets_one_visit_whoever_books_it_from_whatever_phone(visits: VisitOffice) -> None:
    application = visits.application(1)
    ids = [slot.id for slot in visits.slots(TUESDAY)]
    with patient(visits) as crowd:
        family = [
            lambda place=place: crowd.book(place, ids[place % 6], application=application) for place in range(1, 9)
        ]
        made = at_once(*family)
    assert len([visit for visit in made if visit is not None]) == 1
    assert [slot.booked for slot in visits.slots(TUESDAY)].count(1) == 1
    assert visits.wrong() == []


def test_the_same_confirmation_from_eight_at_once_is_one_visit(visits: VisitOffice) -> None:
    slot_id = visits.slots(TUESDAY)[0].id
    visits.hold(1, slot_id)
    with patient(visits) as crowd:
        made = at_once(*[lambda: crowd.confirm(1)] * 8)
    assert all(isinstance(visit, Visit) for visit in made)
    assert len({visit.code for visit in made if isinstance(visit, Visit)}) == 1
    assert visits.slots(TUESDAY)[0].booked == 1
    assert visits.wrong() == []


def test_hoarders_hold_two_seats_at_once_and_no_more(visits: VisitOffice) -> None:
    ids = [slot.id for slot in visits.slots(TUESDAY)]
    refused = []

    def hoard(crowd: VisitOffice, about: int) -> Callable[[], object]:
        def hold() -> None:
            try:
                crowd.hold(1, ids[about % 6], f"case:{about}")
            except TooManyHolds:
                refused.append(about)

        return hold

    with patient(visits) as crowd:
        at_once(*[hoard(crowd, about) for about in range(8)])
    assert len(refused) == 6
    assert visits.holds() == 2
    assert visits.wrong() == []
