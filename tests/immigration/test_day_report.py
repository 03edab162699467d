"""Does a day's report count what happened, on its own day and in its own office, and only what followed in time?"""

from datetime import date, timedelta

import pytest
from sqlalchemy import update

from immigration.database import Database
from immigration.keys import load_vault
from immigration.messages.notices import send_status
from immigration.messages.tables import Message
from immigration.payments.reporting import OfficeDay, office_day
from immigration.payments.settling import settle
from immigration.vault import KeyRing
from tests.support.clock import MovedClock
from tests.support.payments import PayDesk, billing_of
from tests.support.sms import phone_of
from workers import reminders

DAY = date(2026, 11, 24)


@pytest.fixture
def desk(database: Database, key_ring: KeyRing, clock: MovedClock) -> PayDesk:
    return PayDesk.over(database, load_vault(database, key_ring), clock)


def counted(desk: PayDesk, day: date = DAY, office: str = "SJJ") -> OfficeDay:
    with desk.sms.database.reading() as session:
        return office_day(session, desk.sms.catalogue().office(office), day)


def handed_over(desk: PayDesk) -> None:
    """As if an aggregator had taken all that was written."""
    with desk.sms.database.writing() as session:
        session.execute(
            update(Message).where(Message.state == "queued").values(state="submitted", submitted_at=desk.now)
        )


def test_payments_are_counted_by_what_became_of_them_on_the_day(desk: PayDesk, clock: MovedClock) -> None:
    for place in range(1, 5):
        desk.billed(place)
    desk.billed(5, office="PDG")
    desk.pays(1)
    desk.pays(5)
    clock.move(minutes=121)
    desk.lets_run_out()
    desk.pays(2)
    desk.pays(3)
    told = counted(desk)
    assert (told.paid, told.amount, told.expired, told.disputed) == (1, 950_000, 3, 2)
    assert counted(desk, office="PDG").paid == 1
    clock.move(days=1)
    with desk.sms.database.writing() as session:
        settle(session, desk.sms.outbox, billing_of(2), "paid", "officer", desk.now)
        settle(session, desk.sms.outbox, billing_of(3), "cancelled", "officer", desk.now)
    assert counted(desk).paid == 1
    assert counted(desk, DAY + timedelta(days=1)).paid == 1
    assert counted(desk, DAY + timedelta(days=1)).disputed == 0


def test_reminders_are_counted_and_who_did_something_within_a_day_of_theirs(desk: PayDesk, clock: MovedClock) -> None:
    for place in range(1, 6):
        desk.billed(place)
    clock.move(minutes=95)
    reminders.run(desk.sms.database, desk.sms.outbox, desk.now)
    handed_over(desk)
    clock.move(minutes=5)
    desk.pays(1)
    desk.sms.inbox.store("simulated", "one", phone_of(2), "STATUS")
    with desk.sms.database.writing() as session:
        row_id = desk.payment(3).application_id
        send_status(session, desk.sms.outbox, row_id, phone_of(3), "call:1", desk.now)
    clock.move(hours=25)
    desk.sms.inbox.store("simulated", "two", phone_of(4), "STATUS")
    told = counted(desk).reminders["R_BAYAR"]
    assert (told.written, told.skipped, told.sent, told.opened) == (5, 5, 5, 3)
    assert counted(desk).reminders["R_AMBIL"].written == 0
    assert counted(desk, DAY + timedelta(days=1)).reminders["R_BAYAR"].sent == 0
