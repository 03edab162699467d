"""Is money that has arrived recorded once, and is what does not add up looked into by a person?"""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest

from immigration.applications.record import Billing
from immigration.applications.states import Status
from immigration.applications.unlinking import linked_to, unlink
from immigration.database import Database
from immigration.keys import load_vault
from immigration.payments.paying import NoSuchBilling, OtherReference
from immigration.payments.settling import NotDisputed, Outcome, question, settle
from immigration.vault import KeyRing
from tests.support.clock import MovedClock
from tests.support.payments import AMOUNT, NTPN, OTHER_NTPN, PayDesk, billing_of
from tests.support.sms import phone_of


@pytest.fixture
def desk(database: Database, key_ring: KeyRing, clock: MovedClock) -> PayDesk:
    return PayDesk.over(database, load_vault(database, key_ring), clock)


def settles(desk: PayDesk, place: int, outcome: Outcome) -> bool:
    with desk.sms.database.writing() as session:
        return settle(session, desk.sms.outbox, billing_of(place), outcome, "officer", desk.now)[1]


def doubts(desk: PayDesk, place: int) -> None:
    with desk.sms.database.writing() as session:
        question(session, desk.sms.outbox, billing_of(place), "the receipt is of another", "officer", desk.now)


def at_once(*calls: Callable[[], object]) -> None:
    """All of these, each in a thread of its own, behind one gate."""
    gate = threading.Barrier(len(calls))

    def run(call: Callable[[], object]) -> None:
        gate.wait(30)
        call()

    racers = [threading.Thread(target=run, args=(call,)) for call in calls]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join(60)


def test_money_moves_the_application_on_and_is_told_once_however_often_it_is_said(desk: PayDesk) -> None:
    desk.billed(1)
    assert [desk.pays(1), desk.pays(1), desk.pays(1)] == ["paid", "unchanged", "unchanged"]
    assert desk.status(1) == "LUNAS_TERJADWAL"
    assert desk.texts() == ["LUNAS_TERJADWAL"]
    assert desk.events(1) == ["made", "paid"]
    payment = desk.payment(1)
    assert (payment.state, payment.reference_last4) == ("paid", NTPN[-4:])


def test_an_office_whose_clock_runs_ahead_has_its_payments_counted(desk: PayDesk) -> None:
    desk.billed(1, occurred_at=desk.now + timedelta(minutes=4))
    assert desk.pays(1) == "paid"
    assert (desk.status(1), desk.texts()) == ("LUNAS_TERJADWAL", ["LUNAS_TERJADWAL"])


def test_another_reference_for_what_is_paid_is_refused_and_changes_nothing(desk: PayDesk) -> None:
    desk.billed(1)
    desk.pays(1)
    with pytest.raises(OtherReference):
        desk.pays(1, OTHER_NTPN)
    with pytest.raises(NoSuchBilling):
        desk.pays(2)
    assert desk.events(1) == ["made", "paid"]
    assert desk.payment(1).reference_last4 == NTPN[-4:]


def test_a_reference_that_comes_later_is_kept_without_a_second_sms(desk: PayDesk) -> None:
    desk.billed(1)
    assert desk.pays(1, None) == "paid"
    assert desk.pays(1) == "unchanged"
    assert desk.payment(1).reference_last4 == NTPN[-4:]
    assert desk.texts() == ["LUNAS_TERJADWAL"]


def test_paid_in_time_and_told_late_counts(desk: PayDesk, clock: MovedClock) -> None:
    desk.billed(1)
    paid_at = clock.move(minutes=119)
    clock.move(minutes=2)
    assert desk.lets_run_out() == 1
    assert desk.status(1) == "KEDALUWARSA"
    assert desk.pays(1, at=paid_at) == "paid"
    assert desk.status(1) == "LUNAS_TERJADWAL"


@pytest.mark.parametrize("ran_out", [True, False], ids=["after the clock", "before the clock"])
def test_paid_after_its_time_is_disputed_and_officer_and_citizen_learn_of_it(
    desk: PayDesk, clock: MovedClock, ran_out: bool
) -> None:
    desk.billed(1)
    clock.move(minutes=121)
    if ran_out:
        desk.lets_run_out()
    assert desk.pays(1) == "disputed"
    assert desk.pays(1) == "unchanged"
    assert desk.lets_run_out() == 0, "what is looked into does not run out"
    [words] = desk.tasks()
    assert words == "application ..0001: Rp950.000, paid after its time. Check with the bank, then settle it"
    assert desk.bodies()[-1].endswith("kabar paling lambat 25 Nov 2026.")
    assert desk.texts().count("P_SENGKETA") == 1


def test_the_money_for_a_billing_that_another_has_replaced_is_disputed(desk: PayDesk) -> None:
    desk.billed(1)
    desk.billed(1, payment=Billing(billing_of(100), AMOUNT, desk.now + timedelta(hours=2)))
    assert desk.payment(1).state == "cancelled"
    assert desk.pays(1) == "disputed"
    assert desk.status(1) == "MENUNGGU_BAYAR"
    assert "another billing" in desk.tasks()[0]
    assert settles(desk, 1, "paid")
    assert (desk.status(1), desk.payment(1).is_current) == ("LUNAS_TERJADWAL", True)
    assert (desk.payment(100).state, desk.payment(100).is_current) == ("cancelled", False)


@pytest.mark.parametrize("status", [Status.DIBATALKAN, Status.DITOLAK])
def test_the_money_for_what_is_over_is_disputed(desk: PayDesk, status: Status) -> None:
    desk.billed(1, status=status)
    assert desk.pays(1) == "disputed"
    assert desk.status(1) == status


def test_six_at_once_are_one_payment_and_one_sms(desk: PayDesk) -> None:
    desk.billed(1)
    results: list[str] = []
    at_once(*[lambda: results.append(desk.pays(1))] * 6)
    assert sorted(results) == ["paid"] + ["unchanged"] * 5
    assert desk.texts() == ["LUNAS_TERJADWAL"]
    assert desk.events(1) == ["made", "paid"]


def test_of_two_references_at_once_one_is_refused(desk: PayDesk) -> None:
    desk.billed(1)
    results: list[str] = []

    def pays(reference: str) -> None:
        try:
            results.append(desk.pays(1, reference))
        except OtherReference:
            results.append("refused")

    at_once(lambda: pays(NTPN), lambda: pays(OTHER_NTPN))
    assert sorted(results) == ["paid", "refused"]
    assert desk.texts() == ["LUNAS_TERJADWAL"]


def test_a_payment_that_meets_the_clock_counts_whoever_comes_first(desk: PayDesk, clock: MovedClock) -> None:
    for place in range(1, 5):
        desk.billed(place)
    paid_at = clock.move(hours=2)
    at_once(desk.lets_run_out, *(lambda place=place: desk.pays(place, at=paid_at) for place in range(1, 5)))
    for place in range(1, 5):
        assert desk.status(place) == "LUNAS_TERJADWAL"
        assert desk.payment(place).state == "paid"
        assert [kind for kind in desk.events(place) if kind == "paid"] == ["paid"]
    assert desk.tasks() == []


@pytest.mark.parametrize(
    ("outcome", "state", "status", "text"),
    [("paid", "paid", "LUNAS_TERJADWAL", "LUNAS_TERJADWAL"), ("cancelled", "cancelled", "KEDALUWARSA", "P_TOLAK")],
)
def test_an_officers_word_settles_what_was_late_once_and_the_citizen_hears(
    desk: PayDesk, clock: MovedClock, outcome: Outcome, state: str, status: str, text: str
) -> None:
    desk.billed(1)
    clock.move(minutes=121)
    desk.lets_run_out()
    clock.move(minutes=5)
    desk.pays(1)
    clock.move(minutes=5)
    assert [settles(desk, 1, outcome), settles(desk, 1, outcome)] == [True, False]
    assert (desk.payment(1).state, desk.status(1)) == (state, status)
    assert desk.texts() == ["KEDALUWARSA", "P_SENGKETA", text]
    assert desk.events(1) == ["made", "expired", "disputed", "settled"]
    assert desk.tasks() == []
    with pytest.raises(NotDisputed):
        settles(desk, 1, "paid" if outcome == "cancelled" else "cancelled")


def test_of_another_amount_it_is_disputed_and_what_does_not_count_lets_the_application_lapse(desk: PayDesk) -> None:
    desk.billed(1)
    assert desk.pays(1, amount=650_000) == "disputed"
    assert desk.status(1) == "MENUNGGU_BAYAR"
    assert "paid Rp650.000 instead" in desk.tasks()[0]
    assert settles(desk, 1, "cancelled")
    assert (desk.payment(1).state, desk.status(1)) == ("cancelled", "KEDALUWARSA")
    assert "KEDALUWARSA" in desk.texts()
    assert desk.pays(1, amount=650_000) == "unchanged", "told again, it is the same payment"


def test_a_doubt_stops_the_clock_and_ends_with_the_money_or_with_an_officers_word(
    desk: PayDesk, clock: MovedClock
) -> None:
    desk.billed(1)
    desk.billed(2)
    doubts(desk, 1)
    doubts(desk, 1)
    doubts(desk, 2)
    assert len(desk.tasks()) == 2
    assert desk.texts() == [], "nobody has paid anything yet"
    assert desk.pays(1) == "paid"
    assert len(desk.tasks()) == 1
    clock.move(minutes=121)
    assert desk.lets_run_out() == 0
    assert settles(desk, 2, "cancelled")
    assert desk.payment(2).state == "waiting"
    assert desk.lets_run_out() == 1
    assert desk.tasks() == []


def test_who_has_no_phone_on_record_is_written_to_by_nobody(desk: PayDesk, clock: MovedClock) -> None:
    desk.billed(1)
    with desk.sms.database.writing() as session:
        [row] = linked_to(session, desk.sms.vault.lookup("phone", phone_of(1)))
        unlink(session, row, "test", desk.now)
    clock.move(minutes=121)
    assert desk.pays(1) == "disputed"
    assert settles(desk, 1, "paid")
    assert desk.texts() == []
