"""Workers are killed, Redis is wiped, the aggregator hangs: nothing is lost, nothing is doubled, doubt is justified."""

import signal
import threading
from collections import Counter
from collections.abc import Iterator

import pytest
from sqlalchemy import select, update

from gateway.aggregators.sms import Sms
from gateway.simulator.aggregator import Fault, PretendAggregator
from immigration.applications.states import Status
from immigration.clock import utc_now
from immigration.database import Database
from immigration.keys import load_vault
from immigration.messages.outbox import body_of
from immigration.messages.tables import Message
from immigration.vault import KeyRing
from tests.conftest import DATA_KEY
from tests.support.processes import wait_until
from tests.support.sms import SmsOffice, channel_to, phone_of, sending
from tests.support.workers import Crew, crew_of


@pytest.fixture
def office(database: Database, key_ring: KeyRing) -> SmsOffice:
    # Real processes keep the real clock.
    return SmsOffice(database, load_vault(database, key_ring), utc_now)


@pytest.fixture
def crew(office: SmsOffice, redis_url: str, aggregator: PretendAggregator) -> Iterator[Crew]:
    with crew_of(office, redis_url, aggregator, DATA_KEY) as crew:
        yield crew


def write(office: SmsOffice, places: range) -> None:
    """Have each of these told that the passport is printed."""
    office.greeted(*places)
    for place in places:
        office.record(place)
        office.change(place, Status.CETAK)


def in_ledger(aggregator: PretendAggregator) -> Counter[str]:
    return Counter(accepted.phone for accepted in aggregator.ledger.accepted())


def phones(office: SmsOffice, state: str) -> set[str]:
    by_hash = {office.vault.lookup("phone", phone_of(place)): phone_of(place) for place in range(1, 200)}
    return {by_hash[message.phone_hash or b""] for message in office.messages() if message.state == state}


def test_a_worker_killed_in_each_state_loses_and_doubles_nothing(office: SmsOffice, crew: Crew) -> None:
    """Some are out, some on the wire with and without being accepted, the rest is only claimed, when it dies."""
    crew.aggregator.fail(Fault.parse("accept-hang"), Fault.parse("hang"))
    write(office, range(1, 21))
    worker = crew.start(SMS_RATE_PER_SECOND="6", SMS_THREADS="3")
    crew.ring()
    wait_until(lambda: office.states()["submitted"] >= 2, "some to be out", within_s=20)
    wait_until(lambda: office.states()["claimed"] >= 1, "some to be claimed", within_s=20)
    crew.kill(worker)
    crew.start()
    write(office, range(21, 22))
    crew.ring()
    wait_until(lambda: in_ledger(crew.aggregator)[phone_of(21)] == 1, "a new message to go out", within_s=20)
    crew.settle()
    ledger = in_ledger(crew.aggregator)
    assert set(ledger.values()) == {1}, "somebody got a message twice"
    doubtful = phones(office, "unknown")
    assert 2 <= len(doubtful) <= 3, "the two that hung, and no more than were on the wire"
    assert phones(office, "submitted") | doubtful == {phone_of(place) for place in range(1, 22)}
    assert phones(office, "submitted") <= set(ledger)
    assert office.open_tasks().count("unknown_result") == len(doubtful)


def test_a_wiped_redis_loses_and_doubles_nothing_whenever_it_happens(office: SmsOffice, crew: Crew) -> None:
    write(office, range(1, 11))
    crew.ring()
    crew.redis.flushall()
    crew.start()
    crew.start()
    crew.tick()
    wait_until(lambda: office.states()["submitted"] >= 2, "some to be out", within_s=20)
    crew.redis.flushall()
    write(office, range(11, 31))
    crew.tick()
    wait_until(lambda: office.states()["submitted"] >= 12, "some more to be out", within_s=20)
    crew.redis.flushall()
    crew.settle()
    assert in_ledger(crew.aggregator) == {phone_of(place): 1 for place in range(1, 31)}
    assert office.states() == {"submitted": 30}


def test_a_worker_asked_to_end_finishes_what_is_on_the_wire_and_gives_the_rest_back(
    office: SmsOffice, crew: Crew
) -> None:
    crew.aggregator.fail(*[Fault.parse("slow:1")] * 4)
    write(office, range(1, 13))
    worker = crew.start(SMS_THREADS="4")
    crew.ring()
    wait_until(lambda: len(in_ledger(crew.aggregator)) == 4, "four to be on the wire", within_s=20)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(20) == 0
    assert office.states() == {"submitted": 4, "queued": 8}
    crew.start()
    crew.settle()
    assert in_ledger(crew.aggregator) == {phone_of(place): 1 for place in range(1, 13)}


def test_many_that_drain_at_once_send_each_message_once(office: SmsOffice, aggregator: PretendAggregator) -> None:
    write(office, range(1, 61))
    begin = threading.Barrier(4)

    def drain() -> None:
        with sending(office, channel_to(aggregator), threads=4) as sender:
            begin.wait()
            sender.drain()

    racers = [threading.Thread(target=drain) for _ in range(4)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join(60)
    assert in_ledger(aggregator) == {phone_of(place): 1 for place in range(1, 61)}


def test_without_the_claim_the_same_race_does_double_messages(office: SmsOffice, aggregator: PretendAggregator) -> None:
    """The control: looked up, sent and marked, as one would without a lease."""
    write(office, range(1, 21))
    begin = threading.Barrier(2)
    channel = channel_to(aggregator)

    def drain() -> None:
        with office.database.reading() as session:
            due = session.scalars(select(Message).where(Message.state == "queued").order_by(Message.id)).all()
        begin.wait()
        for message in due:
            channel.send(Sms(phone_of(message.id), body_of(office.vault, message) or "", message.uid.hex()))
            with office.database.writing() as session:
                session.execute(update(Message).where(Message.id == message.id).values(state="submitted"))

    racers = [threading.Thread(target=drain) for _ in range(2)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join(60)
    assert max(in_ledger(aggregator).values()) == 2
