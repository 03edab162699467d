"""Does what nobody paid run out by the clock, with its seat, and only that?"""

from datetime import timedelta

import pytest
from sqlalchemy import select

from immigration.applications.keeping import find
from immigration.applications.states import Status
from immigration.appointments import booking, seats
from immigration.appointments.generating import generate
from immigration.appointments.tables import Slot
from immigration.database import Database
from immigration.keys import load_vault
from immigration.vault import KeyRing
from tests.support.clock import MovedClock
from tests.support.payments import PayDesk
from tests.support.sms import number, phone_of


@pytest.fixture
def desk(database: Database, key_ring: KeyRing, clock: MovedClock) -> PayDesk:
    return PayDesk.over(database, load_vault(database, key_ring), clock)


def seated(desk: PayDesk, place: int, *, booked: bool) -> int:
    """A seat that is held or booked for the application; its slot."""
    office = desk.sms.catalogue().office("SJJ")
    by = seats.By("citizen", "ussd")
    with desk.sms.database.writing() as session:
        generate(session, office, desk.now, by)
        slot_id = session.scalars(
            select(Slot.id).where(Slot.starts_at > desk.now + timedelta(days=2), Slot.lane == "general").limit(1)
        ).one()
        row, _ = find(session, desk.sms.vault, number(place))
        wish = booking.Wish(f"visit:{place}", office, phone_of(place), "general", row.service, row.id)
        if booked:
            booking.book(session, desk.sms.outbox, wish, slot_id, desk.now, by)
        else:
            assert office.visits is not None
            assert row.phone_hash is not None
            soon = desk.now + timedelta(hours=1)
            seats.hold(session, row.phone_hash, wish.about, slot_id, office.visits, desk.now, soon, by)
    return slot_id


def taken(desk: PayDesk, slot_id: int) -> tuple[int, int]:
    with desk.sms.database.reading() as session:
        slot = session.get_one(Slot, slot_id)
        return slot.held, slot.booked


def test_nothing_runs_out_before_its_time_and_everything_once_after_it(desk: PayDesk, clock: MovedClock) -> None:
    desk.billed(1)
    desk.billed(2, within=timedelta(hours=3))
    clock.move(minutes=119)
    assert desk.lets_run_out() == 0
    clock.move(minutes=1)
    assert [desk.lets_run_out(), desk.lets_run_out()] == [1, 0]
    assert (desk.status(1), desk.status(2)) == ("KEDALUWARSA", "MENUNGGU_BAYAR")
    assert desk.texts() == ["KEDALUWARSA"]
    assert desk.events(1) == ["made", "expired"]


@pytest.mark.parametrize("booked", [True, False], ids=["booked", "held"])
def test_the_seat_of_what_ran_out_is_free_again_and_no_sms_more_than_the_states_is_written(
    desk: PayDesk, clock: MovedClock, booked: bool
) -> None:
    desk.billed(1)
    slot_id = seated(desk, 1, booked=booked)
    assert sum(taken(desk, slot_id)) == 1
    before = len(desk.texts())
    clock.move(minutes=121)
    desk.lets_run_out()
    assert taken(desk, slot_id) == (0, 0)
    assert desk.texts()[before:] == ["KEDALUWARSA"]


def test_a_seat_stays_with_what_was_paid(desk: PayDesk, clock: MovedClock) -> None:
    desk.billed(1)
    slot_id = seated(desk, 1, booked=True)
    desk.pays(1)
    clock.move(minutes=121)
    assert desk.lets_run_out() == 0
    assert taken(desk, slot_id) == (0, 1)


def test_where_the_office_moved_on_without_a_payment_the_billing_alone_ends(desk: PayDesk, clock: MovedClock) -> None:
    desk.billed(1)
    desk.sms.change(1, Status.LUNAS_TERJADWAL)
    clock.move(minutes=121)
    assert desk.lets_run_out() == 1
    assert (desk.status(1), desk.payment(1).state) == ("LUNAS_TERJADWAL", "cancelled")
    assert desk.texts() == ["LUNAS_TERJADWAL"]
