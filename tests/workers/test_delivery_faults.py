"""What each fault of an aggregator does to a message: what its ledger holds, what we say, and what happens next."""

from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import update

from gateway.aggregators import transport
from gateway.simulator.aggregator import Fault, PretendAggregator
from immigration.applications.states import Status
from immigration.messages import channels
from immigration.messages.reports import Report, take
from immigration.messages.spending import Caps
from immigration.messages.tables import Channel
from tests.support.clock import MovedClock
from tests.support.sms import SmsOffice, channel_to, number, phone_of, second_channel_to, sending

# A reading deadline that a test can wait for.
PATIENCE_S = 0.3

on_sqlite_alone = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
"""For rules that no database has a part in."""


@dataclass(frozen=True)
class Case:
    """What a fault leads to at once, and in the end, once hours have passed and a paused channel was resumed."""

    fault: str
    state: str
    accepted: int
    finally_: str = ""
    finally_accepted: int = 0
    task: str = ""


CASES = (
    Case("string", "submitted", 1),
    Case("slow:0.05", "submitted", 1),
    Case("no-id", "submitted", 1),
    # Surely not accepted: tried again.
    Case("500", "queued", 0, "submitted", 1),
    Case("503", "queued", 0, "submitted", 1),
    Case("429:30", "queued", 0, "submitted", 1),
    Case("refuse:500", "queued", 0, "submitted", 1),
    Case("refuse:502", "queued", 0, "submitted", 1),
    Case("could-not-send", "queued", 0, "submitted", 1),
    Case("dnd", "queued", 0, "submitted", 1),
    # The message's own fault: never accepted.
    Case("400", "failed", 0, task="message_failed"),
    Case("refuse:401", "failed", 0, task="message_failed"),
    Case("refuse:403", "failed", 0, task="message_failed"),
    Case("refuse:404", "failed", 0, task="message_failed"),
    Case("refuse:406", "failed", 0, task="message_failed"),
    Case("refuse:407", "failed", 0, task="message_failed"),
    # The channel's fault: the message waits, nothing is burnt.
    Case("401", "queued", 0, "submitted", 1, "channel_paused"),
    Case("404", "queued", 0, "submitted", 1, "channel_paused"),
    Case("redirect", "queued", 0, "submitted", 1, "channel_paused"),
    Case("invalid-sender", "queued", 0, "submitted", 1, "channel_paused"),
    Case("no-credit", "queued", 0, "submitted", 1, "channel_paused"),
    Case("refuse:402", "queued", 0, "submitted", 1, "channel_paused"),
    Case("refuse:405", "queued", 0, "submitted", 1, "channel_paused"),
    # Nobody can tell: never again by itself.
    Case("502", "unknown", 0, task="unknown_result"),
    Case("502-accepted", "unknown", 1, task="unknown_result"),
    Case("504-accepted", "unknown", 1, task="unknown_result"),
    Case("garbage", "unknown", 1, task="unknown_result"),
    Case("empty", "unknown", 1, task="unknown_result"),
    Case("html", "unknown", 0, task="unknown_result"),
    Case("reset", "unknown", 0, task="unknown_result"),
    Case("accept-reset", "unknown", 1, task="unknown_result"),
    Case("hang", "unknown", 0, task="unknown_result"),
    Case("accept-hang", "unknown", 1, task="unknown_result"),
)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "READ_S", PATIENCE_S)


def test_each_fault_of_an_aggregator_has_its_own_end(
    office: SmsOffice, aggregator: PretendAggregator, clock: MovedClock
) -> None:
    office.greeted(*range(len(CASES)))
    for place in range(len(CASES)):
        office.record(place)
    with sending(office, channel_to(aggregator)) as sender:
        for place, case in enumerate(CASES):
            before, tasks = len(aggregator.ledger.accepted()), len(office.open_tasks())
            office.change(place, Status.CETAK)
            aggregator.fail(Fault.parse(case.fault))
            sender.drain()
            [message] = office.messages()[place:]
            told = (message.state, len(aggregator.ledger.accepted()) - before)
            assert told == (case.state, case.accepted), case.fault
            assert office.open_tasks()[tasks:] == ([case.task] if case.task else []), case.fault
            assert [event.source for event in office.events(message.id)] == ["answer"], case.fault
            clock.move(hours=2)
            with office.database.writing() as session:
                channels.resume(session, "africastalking", "test", clock())
            sender.drain()
            [message] = office.messages()[place:]
            told = (message.state, len(aggregator.ledger.accepted()) - before)
            assert told == (case.finally_ or case.state, case.finally_accepted or case.accepted), case.fault
    phones = [accepted.phone for accepted in aggregator.ledger.accepted()]
    assert len(phones) == len(set(phones)), "somebody got a message twice"


@on_sqlite_alone
def test_a_drip_of_bytes_is_not_waited_for_longer_than_ten_seconds(
    office: SmsOffice, aggregator: PretendAggregator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "TOTAL_S", 0.1)
    office.greeted(1)
    office.record(1)
    office.change(1, Status.CETAK)
    aggregator.fail(Fault.parse("drip:0.05"))
    with sending(office, channel_to(aggregator)) as sender:
        sender.drain()
    assert office.states() == {"unknown": 1}


@on_sqlite_alone
def test_what_is_refused_before_it_left_goes_out_once_the_aggregator_is_back(
    office: SmsOffice, aggregator: PretendAggregator, clock: MovedClock
) -> None:
    office.greeted(1)
    office.record(1)
    office.change(1, Status.CETAK)
    aggregator.stop()
    with sending(office, channel_to(aggregator)) as sender:
        for _ in range(5):
            sender.drain()
            clock.move(minutes=6)
        assert office.states() == {"queued": 1}
        assert len(office.events(office.messages()[0].id)) == 5
        aggregator.start()
        sender.drain()
    assert office.states() == {"submitted": 1}
    assert len(aggregator.ledger.accepted()) == 1


@on_sqlite_alone
def test_the_delay_between_tries_grows_and_ends_with_the_message_itself(
    office: SmsOffice, aggregator: PretendAggregator, clock: MovedClock
) -> None:
    office.greeted(1)
    office.record(1)
    office.change(1, Status.CETAK)
    aggregator.stop()
    delays: list[timedelta] = []
    with sending(office, channel_to(aggregator)) as sender:
        while office.states() == {"queued": 1}:
            sender.drain()
            [message] = office.messages()
            if message.state == "queued":
                delays.append(message.due_at - clock())
                clock.move(seconds=max(1.0, (message.due_at - clock()).total_seconds()))
                if len(delays) == 10:
                    clock.move(days=3)
    [message] = office.messages()
    assert (message.state, message.fault) == ("expired", "not reached")
    assert delays[0] < timedelta(seconds=3)
    assert timedelta(minutes=3) < delays[9] < timedelta(minutes=7)
    assert office.open_tasks() == ["message_failed"]


@on_sqlite_alone
def test_a_rejection_by_the_carriers_gateway_is_tried_once_more_and_then_believed(
    office: SmsOffice, aggregator: PretendAggregator, clock: MovedClock
) -> None:
    office.greeted(1)
    office.record(1)
    office.change(1, Status.CETAK)
    aggregator.fail(Fault.parse("refuse:502"), Fault.parse("refuse:502"))
    with sending(office, channel_to(aggregator)) as sender:
        sender.drain()
        assert office.states() == {"queued": 1}
        clock.move(minutes=1)
        sender.drain()
    assert office.states() == {"failed": 1}


@on_sqlite_alone
def test_throttling_holds_the_whole_channel_for_as_long_as_it_was_asked(
    office: SmsOffice, aggregator: PretendAggregator, clock: MovedClock
) -> None:
    office.greeted(1, 2)
    for place in (1, 2):
        office.record(place)
    office.change(1, Status.CETAK)
    aggregator.fail(Fault.parse("429:30"))
    with sending(office, channel_to(aggregator)) as sender:
        sender.drain()
        office.change(2, Status.CETAK)
        clock.move(seconds=29)
        sender.drain()
        assert aggregator.ledger.requests == 1
        clock.move(seconds=2)
        sender.drain()
    assert office.states() == {"submitted": 2}


@on_sqlite_alone
def test_a_phone_that_is_not_to_be_disturbed_holds_up_nobody_else(
    office: SmsOffice, aggregator: PretendAggregator, clock: MovedClock
) -> None:
    office.greeted(1, 2)
    for place in (1, 2):
        office.record(place)
    aggregator.fail(Fault.parse("dnd"))
    with sending(office, channel_to(aggregator)) as sender:
        for place in (1, 2):
            office.change(place, Status.CETAK)
            sender.drain()
        assert [message.state for message in office.messages()] == ["queued", "submitted"]
        clock.move(hours=1)
        sender.drain()
    assert office.states() == {"submitted": 2}


def test_a_paused_channel_burns_nothing_and_an_officer_opens_it_again(office: SmsOffice, clock: MovedClock) -> None:
    places = range(1, 9)
    office.greeted(*places)
    for place in places:
        office.record(place)
        office.change(place, Status.CETAK)
    faults = [Fault.parse("invalid-sender")]
    with (
        PretendAggregator(decide=lambda phone, text: faults[0] if faults else None) as aggregator,
        sending(office, channel_to(aggregator), threads=2) as sender,
    ):
        sender.drain()
        asked = aggregator.ledger.requests
        assert asked <= 4, "those on the wire, and no more"
        assert office.states() == {"queued": 8}
        clock.move(minutes=30)
        sender.drain()
        assert aggregator.ledger.requests == asked
        faults.clear()
        with office.database.writing() as session:
            assert channels.resume(session, "africastalking", "test", clock())
        assert office.open_tasks() == []
        sender.drain()
        assert len(aggregator.ledger.accepted()) == 8
    assert office.states() == {"submitted": 8}


@on_sqlite_alone
def test_another_channel_takes_over_only_what_the_first_surely_did_not_accept(
    office: SmsOffice, aggregator: PretendAggregator
) -> None:
    office.greeted(1, 2, 3, 4)
    for place in (1, 2, 3, 4):
        office.record(place)
    with PretendAggregator() as second, sending(office, channel_to(aggregator), second_channel_to(second)) as sender:
        aggregator.fail(*map(Fault.parse, ("500", "accept-hang", "429:600", "no-credit")))
        for place in (1, 2, 3, 4):
            office.change(place, Status.CETAK)
            sender.drain()
            with office.database.writing() as session:
                # The first channel is asked again each time.
                session.execute(update(Channel).values(held_until=None))
        assert [message.state for message in office.messages()] == ["submitted", "unknown", "submitted", "submitted"]
        assert [accepted.phone for accepted in second.ledger.accepted()] == [phone_of(1), phone_of(3), phone_of(4)]
        assert [accepted.phone for accepted in aggregator.ledger.accepted()] == [phone_of(2)]
        ids = {message.uid.hex() for message in office.messages()}
        assert {accepted.client_id for accepted in second.ledger.accepted()} <= ids


def test_caps_hold_a_loop_that_runs_away_and_lose_nothing(
    office: SmsOffice, aggregator: PretendAggregator, clock: MovedClock
) -> None:
    office.greeted(1)
    office.record(1)
    caps = Caps(per_phone=2, spend=4 * 350, price=350)
    statuses = (Status.FOTO_WAWANCARA, Status.VERIFIKASI, Status.ADJUDIKASI, Status.CETAK)
    with sending(office, channel_to(aggregator), caps=caps) as sender:
        for status in statuses:
            office.change(1, status)
            clock.move(minutes=2)
            sender.drain()
        assert office.states() == {"submitted": 2, "queued": 2}
        assert office.open_tasks() == ["cap_reached"]
        clock.move(days=1, hours=1)
        sender.drain()
        assert office.states() == {"submitted": 4}
        office.greeted(*range(2, 8))
        for place in range(2, 8):
            office.record(place)
            office.change(place, Status.CETAK)
        sender.drain()
    assert office.states() == {"submitted": 6, "queued": 4}, "two of today's four were spent"


def test_a_late_report_settles_what_nobody_could_tell(office: SmsOffice, aggregator: PretendAggregator) -> None:
    office.greeted(1)
    office.record(1)
    office.change(1, Status.CETAK)
    aggregator.fail(Fault.parse("accept-hang"))
    with sending(office, channel_to(aggregator)) as sender:
        sender.drain()
    [accepted] = aggregator.ledger.accepted()
    report = Report("africastalking", accepted.id, "delivered", "Success", office.vault.lookup("phone", phone_of(1)))
    with office.database.writing() as session:
        assert take(session, report, office.clock()) is not None
    assert office.states() == {"delivered": 1}
    assert office.open_tasks() == []


@on_sqlite_alone
def test_a_number_that_nobody_has_is_told_to_an_officer_without_asking_the_aggregator(
    office: SmsOffice, aggregator: PretendAggregator
) -> None:
    office.record(1, phone="+62812000000001234")
    office.change(1, Status.CETAK)
    with sending(office, channel_to(aggregator)) as sender:
        sender.drain()
    assert aggregator.ledger.requests == 0
    assert set(office.states()) == {"failed"}
    assert number(1)[-4:] == "0001"
