"""A drain among privacy texts that wait, leases that run out, two channels that refuse, and people who ask to go."""

from collections import Counter
from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from gateway.simulator.aggregator import Accepted, Fault, PretendAggregator
from immigration import privacy
from immigration.applications.record import Billing
from immigration.applications.states import Status
from immigration.messages import channels, sweeping
from immigration.messages.reports import Report, take
from immigration.messages.tables import Message
from tests.support.clock import MovedClock
from tests.support.sms import SmsOffice, channel_to, phone_of, second_channel_to, sending

on_sqlite_alone = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)


def billing(clock: MovedClock, place: int) -> Billing:
    return Billing(f"8202{place:011d}", 950_000, clock() + timedelta(hours=2))


def urgent(office: SmsOffice, clock: MovedClock, place: int, phone: str) -> None:
    """News that cannot wait, about another application of this phone."""
    office.record(place, phone=phone, status=Status.MENUNGGU_BAYAR, payment=billing(clock, place), notify=True)


def in_ledger(aggregator: PretendAggregator) -> Counter[str]:
    return Counter(accepted.phone for accepted in aggregator.ledger.accepted())


def test_urgent_news_to_many_new_phones_is_not_stuck_behind_their_privacy_texts(
    office: SmsOffice, aggregator: PretendAggregator, clock: MovedClock
) -> None:
    for place in range(1, 13):
        office.record(place, notify=True)
        urgent(office, clock, 100 + place, phone_of(place))
    with sending(office, channel_to(aggregator), threads=3) as sender:
        sender.drain()
    assert office.states() == {"submitted": 36}
    first = {}
    for accepted in aggregator.ledger.accepted():
        first.setdefault(accepted.phone, accepted.text)
    assert all("Kami kantor imigrasi" in text for text in first.values())


@on_sqlite_alone
def test_one_thread_is_enough_for_a_first_contact(
    office: SmsOffice, aggregator: PretendAggregator, clock: MovedClock
) -> None:
    office.record(1, notify=True)
    urgent(office, clock, 2, phone_of(1))
    with sending(office, channel_to(aggregator), threads=1) as sender:
        sender.drain()
    assert office.states() == {"submitted": 3}


@on_sqlite_alone
def test_a_first_contact_at_night_does_not_make_urgent_news_wait_for_morning(
    office: SmsOffice, aggregator: PretendAggregator, clock: MovedClock
) -> None:
    quiet = office.with_settings(quiet_hours="20:00-07:00")
    clock.move_to(datetime.fromisoformat("2026-12-01T21:00:00+07:00"))
    quiet.record(1, notify=True)
    urgent(quiet, clock, 2, phone_of(1))
    with sending(quiet, channel_to(aggregator)) as sender:
        sender.drain()
    assert [(message.reason, message.state) for message in quiet.messages()] == [
        ("BERKAS_DIPERIKSA", "queued"),
        ("first contact", "submitted"),
        ("MENUNGGU_BAYAR", "submitted"),
    ]


def test_a_lease_that_runs_out_under_a_living_drain_doubles_nothing(office: SmsOffice, clock: MovedClock) -> None:
    office.greeted(*range(1, 25))
    for place in range(1, 25):
        office.record(place, notify=True)

    def lose_the_lease(accepted: Accepted) -> None:
        if accepted.phone in (phone_of(3), phone_of(9)):
            with office.database.writing() as session:
                sweeping.release_dead(session, clock() + timedelta(seconds=31))

    with (
        PretendAggregator(on_accept=lose_the_lease) as aggregator,
        sending(office, channel_to(aggregator), threads=4) as sender,
    ):
        sender.drain()
        # What the sweep had in hand when the drain looked last.
        sender.drain()
        assert in_ledger(aggregator) == {phone_of(place): 1 for place in range(1, 25)}
    assert office.states() == {"submitted": 24}


@on_sqlite_alone
def test_two_channels_that_both_refuse_are_asked_with_patience(
    office: SmsOffice, aggregator: PretendAggregator
) -> None:
    office.greeted(1)
    office.record(1, notify=True)
    aggregator.fail(*[Fault.parse("500")] * 20)
    with PretendAggregator() as second, sending(office, channel_to(aggregator), second_channel_to(second)) as sender:
        second.fail(*[Fault.parse("500")] * 20)
        sender.drain()
        assert (aggregator.ledger.requests, second.ledger.requests) == (1, 1)
    assert office.messages()[0].due_at > office.clock()


@on_sqlite_alone
def test_news_that_was_refused_gives_way_to_newer_news(office: SmsOffice, clock: MovedClock) -> None:
    office.greeted(1)
    office.record(1, notify=True)

    def overtake(phone: str, text: str) -> Fault | None:
        if "Berkas diterima" not in text:
            return None
        office.change(1, Status.CETAK)
        return Fault.parse("500")

    with PretendAggregator(decide=overtake) as aggregator, sending(office, channel_to(aggregator)) as sender:
        sender.drain()
        clock.move(seconds=10)
        sender.drain()
        assert len(aggregator.ledger.accepted()) == 1
    assert [(message.reason, message.state, message.fault) for message in office.messages()] == [
        ("BERKAS_DIPERIKSA", "cancelled", "superseded"),
        ("CETAK", "submitted", None),
    ]


@on_sqlite_alone
def test_a_report_that_was_quicker_than_a_lost_answer_leaves_no_task(office: SmsOffice) -> None:
    office.greeted(1)
    office.record(1, notify=True)

    def tell(accepted: Accepted) -> None:
        client_id = bytes.fromhex(accepted.client_id)
        with office.database.writing() as session:
            take(session, Report("8x8", accepted.id, "delivered", "delivered", client_id=client_id), office.clock())

    with PretendAggregator(on_accept=tell) as aggregator, sending(office, second_channel_to(aggregator)) as sender:
        aggregator.fail(Fault.parse("accept-reset"))
        sender.drain()
    assert office.states() == {"delivered": 1}
    assert office.open_tasks() == []


def test_whoever_asks_to_go_takes_nobody_elses_news_along(office: SmsOffice, aggregator: PretendAggregator) -> None:
    office.greeted(1, 77)
    office.record(1)
    office.change(1, Status.CETAK)
    office.record(1, status=Status.CETAK, phone=phone_of(77))
    with office.database.writing() as session:
        privacy.erase(session, office.vault, office.vault.lookup("phone", phone_of(1)), "test", "cli", office.clock())
    with sending(office, channel_to(aggregator)) as sender:
        sender.drain()
    assert in_ledger(aggregator) == {phone_of(77): 1}


@on_sqlite_alone
def test_a_message_whose_text_was_let_go_ends_and_holds_up_nobody(
    office: SmsOffice, aggregator: PretendAggregator
) -> None:
    office.greeted(1, 2)
    for place in (1, 2):
        office.record(place, notify=True)
    with office.database.writing() as session:
        first = office.messages()[0].id
        session.execute(update(Message).where(Message.id == first).values(body_sealed=None))
    with sending(office, channel_to(aggregator)) as sender:
        sender.drain()
    assert office.states() == {"cancelled": 1, "submitted": 1}


@on_sqlite_alone
def test_what_a_pause_outlasts_expires_and_the_privacy_text_comes_with_the_next_news(
    office: SmsOffice, aggregator: PretendAggregator, clock: MovedClock
) -> None:
    office.record(1, notify=True)
    with office.database.writing() as session:
        channels.pause(session, "africastalking", "no credit", clock())
    clock.move(days=4)
    with office.database.writing() as session:
        assert sweeping.expire(session, clock()) == 2
        channels.resume(session, "africastalking", "test", clock())
    assert office.states() == {"expired": 2}
    assert office.open_tasks() == ["message_failed", "message_failed"]
    office.change(1, Status.CETAK)
    with sending(office, channel_to(aggregator)) as sender:
        sender.drain()
    assert [accepted.text[20:24] for accepted in aggregator.ledger.accepted()] == ["Kami", "No ."]


@on_sqlite_alone
def test_news_that_follows_to_a_new_phone_is_preceded_by_the_privacy_text_there(
    office: SmsOffice, aggregator: PretendAggregator, clock: MovedClock
) -> None:
    office.greeted(1)
    office.record(1)
    office.change(1, Status.CETAK)
    office.record(1, status=Status.CETAK, phone=phone_of(77))
    with sending(office, channel_to(aggregator)) as sender:
        sender.drain()
        clock.move(seconds=2)
        sender.drain()
    assert [(accepted.phone, accepted.text[20:24]) for accepted in aggregator.ledger.accepted()] == [
        (phone_of(77), "Kami"),
        (phone_of(77), "No ."),
    ]
