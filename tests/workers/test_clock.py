"""The clock has due things done once, however many clocks there are, and says that it lives."""

from threading import Event, Thread

import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from immigration.applications.states import Status
from immigration.database import Database
from immigration.messages import delivery
from tests.support.clock import MovedClock
from tests.support.sms import SmsOffice
from workers import clock as ticking
from workers.jobs import CREDIT_JOB, DRAIN_JOB, UPKEEP_JOB
from workers.queues import drain_begins, queue

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)


def names(redis: Redis) -> list[str]:
    """The jobs that wait, in order."""
    return [job.func_name for job in queue(redis).jobs]


def test_upkeep_is_queued_once_a_minute_by_any_number_of_clocks(
    redis_client: Redis, database: Database, clock: MovedClock
) -> None:
    for _ in range(2):
        ticking.tick(redis_client, database, clock())
    clock.move(seconds=15)
    ticking.tick(redis_client, database, clock())
    assert names(redis_client) == [UPKEEP_JOB, CREDIT_JOB]
    clock.move(minutes=1)
    ticking.tick(redis_client, database, clock())
    assert names(redis_client) == [UPKEEP_JOB, CREDIT_JOB, UPKEEP_JOB]


def test_a_message_whose_job_was_lost_gets_another_and_one_is_enough(
    redis_client: Redis, office: SmsOffice, clock: MovedClock
) -> None:
    office.greeted(1, 2)
    for place in (1, 2):
        office.record(place)
        office.change(place, Status.CETAK)
    for _ in range(3):
        ticking.tick(redis_client, office.database, clock())
    assert names(redis_client).count(DRAIN_JOB) == 1
    redis_client.flushall()
    assert ticking.tick(redis_client, office.database, clock())["drain_jobs"] == 1
    # A drain that runs, or died, does not stand in the way of the next.
    drain_begins(redis_client)
    assert ticking.tick(redis_client, office.database, clock())["drain_jobs"] == 1


def test_nothing_due_asks_for_no_drain(redis_client: Redis, office: SmsOffice, clock: MovedClock) -> None:
    assert ticking.tick(redis_client, office.database, clock())["drain_jobs"] == 0


def test_what_a_dead_worker_held_goes_back_at_the_next_tick(
    redis_client: Redis, office: SmsOffice, clock: MovedClock
) -> None:
    office.greeted(1)
    office.record(1)
    office.change(1, Status.CETAK)
    with office.database.writing() as session:
        delivery.claim(session, b"x" * 16, 10, clock(), clock.now)
    clock.move(seconds=1)
    counts = ticking.tick(redis_client, office.database, clock())
    assert (counts["messages_given_back"], counts["drain_jobs"]) == (1, 1)


def test_a_payload_holds_a_name_and_nothing_else(redis_client: Redis, database: Database, clock: MovedClock) -> None:
    ticking.tick(redis_client, database, clock())
    for job in queue(redis_client).jobs:
        assert (job.args, job.kwargs, job.meta) == ([], {}, {})


def test_every_key_that_a_tick_writes_of_its_own_ends_by_itself(
    redis_client: Redis, office: SmsOffice, clock: MovedClock
) -> None:
    office.record(1)
    office.change(1, Status.CETAK)
    ticking.tick(redis_client, office.database, clock())
    assert ticking.is_present(redis_client)
    for key in ("clock:alive", "drain:wanted"):
        assert 0 < redis_client.ttl(key) <= 60


def test_a_clock_without_redis_goes_on_until_it_is_told_to_stop(database: Database, clock: MovedClock) -> None:
    nowhere = Redis(unix_socket_path="/nonexistent", retry=Retry(NoBackoff(), 0))
    stop = Event()
    running = Thread(target=ticking.run, args=(nowhere, database, clock, stop))
    running.start()
    stop.set()
    running.join(5)
    assert not running.is_alive()
