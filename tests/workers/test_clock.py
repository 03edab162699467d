"""The clock puts upkeep on the queue once a minute, however many clocks there are, and says that it lives."""

from threading import Event, Thread

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq import SimpleWorker
from rq.job import Job

from immigration.database import Database
from immigration.keys import load_vault
from immigration.vault import KeyRing
from tests.support.clock import MovedClock
from workers import clock as ticking
from workers.jobs import configure
from workers.queues import UPKEEP, queue
from workers.upkeep import UPKEEP as UPKEEP_RULES


def test_upkeep_is_queued_once_a_minute_by_any_number_of_clocks(redis_client: Redis, clock: MovedClock) -> None:
    for _ in range(2):
        ticking.tick(redis_client, clock())
    clock.move(seconds=15)
    assert ticking.tick(redis_client, clock()) == {"upkeep_jobs": 0}
    assert queue(redis_client, UPKEEP).count == 1
    clock.move(minutes=1)
    assert ticking.tick(redis_client, clock()) == {"upkeep_jobs": 1}
    assert queue(redis_client, UPKEEP).count == 2


def test_a_minute_that_was_worked_off_is_not_queued_again(
    redis_client: Redis, clock: MovedClock, database: Database, key_ring: KeyRing
) -> None:
    configure(database, load_vault(database, key_ring), clock)
    ticking.tick(redis_client, clock())
    waiting = queue(redis_client, UPKEEP)
    (job_id,) = waiting.job_ids
    SimpleWorker([waiting], connection=redis_client, serializer="json").work(burst=True)
    counts = Job.fetch(job_id, connection=redis_client, serializer="json").return_value()
    assert counts == dict.fromkeys(UPKEEP_RULES, 0)
    assert ticking.tick(redis_client, clock()) == {"upkeep_jobs": 0}


def test_a_payload_holds_a_name_and_nothing_else(redis_client: Redis, clock: MovedClock) -> None:
    ticking.tick(redis_client, clock())
    (job,) = queue(redis_client, UPKEEP).jobs
    assert (job.func_name, job.args, job.kwargs, job.meta) == ("workers.jobs.run_upkeep", [], {}, {})


def test_every_key_that_a_tick_writes_of_its_own_ends_by_itself(redis_client: Redis, clock: MovedClock) -> None:
    ticking.tick(redis_client, clock())
    assert ticking.is_present(redis_client)
    assert 0 < redis_client.ttl("clock:alive") <= 60


def test_a_clock_without_redis_goes_on_until_it_is_told_to_stop(clock: MovedClock) -> None:
    nowhere = Redis(unix_socket_path="/nonexistent", retry=Retry(NoBackoff(), 0))
    stop = Event()
    running = Thread(target=ticking.run, args=(nowhere, clock, stop))
    running.start()
    stop.set()
    running.join(5)
    assert not running.is_alive()
