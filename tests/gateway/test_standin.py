"""Do simulated phones receive what the real channel sends, does every process obey a fault, and is Redis unreadable?"""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from queue import Queue
from threading import Thread
from urllib.parse import parse_qs

import pytest
from redis import Redis

from gateway.aggregators.africastalking_sms import AfricasTalkingSms
from gateway.aggregators.sms import Outcome, Sms
from gateway.settings import Settings
from gateway.simulator.aggregator import PretendAggregator
from gateway.simulator.faults import Fault
from gateway.simulator.inbox import KEPT, SimulatorInbox
from gateway.simulator.standin import stand_in
from gateway.wiring import connect_redis
from immigration.vault import KeyRing, Vault
from tests.support.clock import MovedClock

PHONE = "+6281200000001"
OTHER = "+6281200000002"
TEXT = "Paspor Siti siap diambil."


@pytest.fixture
def vault(key_ring: KeyRing) -> Vault:
    return Vault(key_ring, bytes(range(32)))


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    client = connect_redis(redis_url, timeout_s=0.5)
    yield client
    client.close()


@pytest.fixture
def inbox(redis: Redis, vault: Vault) -> SimulatorInbox:
    return SimulatorInbox(redis, vault)


@pytest.fixture
def nowhere() -> Redis:
    """A Redis that is away."""
    return connect_redis("redis://127.0.0.1:1", timeout_s=0.1)


@pytest.fixture
def unheard(settings: Settings) -> Settings:
    """Nobody listens for reports."""
    return settings.model_copy(update={"port": 1})


@pytest.fixture
def standing(unheard: Settings, vault: Vault, redis: Redis) -> Iterator[PretendAggregator]:
    pretend = stand_in(unheard, vault, redis, report_after_s=0.0)
    yield pretend
    pretend.stop()


def sent(pretend: PretendAggregator, phone: str = PHONE, text: str = TEXT) -> Outcome:
    """What the product's own channel makes of the answer."""
    channel = AfricasTalkingSms("simulated", "simulated", "IMIGRASI", pretend.url, name="simulated")
    return channel.send(Sms(phone, text, "0" * 32))


def test_an_sms_of_the_real_channel_arrives_on_its_phone_alone(
    standing: PretendAggregator, inbox: SimulatorInbox
) -> None:
    assert sent(standing).kind == "accepted"
    [received] = inbox.received(PHONE)
    assert (received.sender, received.text) == ("IMIGRASI", TEXT)
    assert received.at.tzinfo is not None
    assert inbox.received(OTHER) == []


def test_the_account_has_credit(standing: PretendAggregator) -> None:
    channel = AfricasTalkingSms("simulated", "simulated", "IMIGRASI", standing.url, name="simulated")
    assert channel.balance() == "IDR 1000000.00"


def test_nothing_personal_can_be_read_in_redis(standing: PretendAggregator, redis: Redis) -> None:
    sent(standing)
    [key] = redis.keys("*")
    kept = f"{key!r} {redis.lrange(key, 0, -1)!r}"
    for canary in (PHONE[1:], PHONE[-8:], "Siti", "Paspor", "IMIGRASI"):
        assert canary not in kept
    assert 0 < redis.ttl(key) <= 24 * 3600


def test_a_phone_keeps_the_newest_in_order(inbox: SimulatorInbox, clock: MovedClock) -> None:
    for number in range(KEPT + 3):
        inbox.deliver(PHONE, "IMIGRASI", str(number), clock())
    assert [one.text for one in inbox.received(PHONE)] == [str(number) for number in range(3, KEPT + 3)]


def test_what_another_key_sealed_is_passed_over(redis: Redis, inbox: SimulatorInbox, clock: MovedClock) -> None:
    stranger = SimulatorInbox(redis, Vault(KeyRing([bytes(range(1, 33))]), bytes(range(32))))
    stranger.deliver(PHONE, "IMIGRASI", "of yesterday", clock())
    inbox.deliver(PHONE, "IMIGRASI", "of today", clock())
    assert [one.text for one in inbox.received(PHONE)] == ["of today"]


def test_a_fault_that_comes_once_meets_one_process_and_one_answer(
    unheard: Settings, vault: Vault, redis: Redis, standing: PretendAggregator, inbox: SimulatorInbox
) -> None:
    inbox.set_fault("429:30")
    second = stand_in(unheard, vault, redis)
    try:
        outcomes = [sent(second), sent(standing), sent(second)]
    finally:
        second.stop()
    assert [(one.kind, one.retry_after_s) for one in outcomes] == [
        ("retry", 30.0),
        ("accepted", None),
        ("accepted", None),
    ]
    assert len(inbox.received(PHONE)) == 2


def test_a_sticky_fault_stays_until_it_is_ended(standing: PretendAggregator, inbox: SimulatorInbox) -> None:
    inbox.set_fault("accept-reset", sticky=True)
    assert [sent(standing).kind for _ in range(2)] == ["unknown", "unknown"]
    told = inbox.fault()
    assert told is not None
    assert (told.fault, told.text, told.sticky) == (Fault("accept-reset"), "accept-reset", True)
    inbox.set_fault(None)
    assert inbox.fault() is None
    assert sent(standing).kind == "accepted"
    # What was accepted without an answer arrived all the same.
    assert len(inbox.received(PHONE)) == 3


def test_a_fault_replaces_the_one_before(inbox: SimulatorInbox) -> None:
    inbox.set_fault("hang", sticky=True)
    inbox.set_fault("500")
    told = inbox.fault()
    assert told is not None
    assert (told.text, told.sticky) == ("500", False)
    assert inbox.take_fault() == Fault("500")
    assert inbox.take_fault() is None


def test_without_redis_it_accepts_and_keeps_nothing(unheard: Settings, vault: Vault, nowhere: Redis) -> None:
    for store in (None, nowhere):
        pretend = stand_in(unheard, vault, store)
        try:
            assert sent(pretend).kind == "accepted"
        finally:
            pretend.stop()


def test_a_delivery_is_reported_and_a_refusal_of_the_report_is_survived(
    settings: Settings, vault: Vault, redis: Redis
) -> None:
    reports: Queue[tuple[str, dict[str, list[str]]]] = Queue()

    class Gateway(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            reports.put((self.path, parse_qs(body.decode())))
            self.send_error(404)

        def log_message(self, format: str, *args: object) -> None:
            """The queue says what came."""

    gateway = HTTPServer(("127.0.0.1", 0), Gateway)
    Thread(target=gateway.serve_forever, args=(0.02,), daemon=True).start()
    here = settings.model_copy(update={"port": gateway.server_port})
    pretend = stand_in(here, vault, redis, report_after_s=0.0)
    try:
        ids = [sent(pretend).aggregator_id, sent(pretend).aggregator_id]
        told = [reports.get(timeout=10), reports.get(timeout=10)]
    finally:
        pretend.stop()
        gateway.shutdown()
        gateway.server_close()
    assert {path for path, _ in told} == {"/webhooks/demo/simulated/sms/reports"}
    assert [form["id"] for _, form in told] == [[id_] for id_ in ids]
    for _, form in told:
        assert (form["status"], form["phoneNumber"], form["networkCode"]) == (["Success"], [PHONE], ["99999"])
