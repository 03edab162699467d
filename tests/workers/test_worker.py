"""A worker finishes what it has when it is asked to end, and what a killed one had is done by another."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from redis import Redis
from rq.job import Job, JobStatus
from rq.utils import as_text
from rq.worker_registration import get_keys

from immigration.clock import utc_now
from tests.support.processes import wait_until
from tests.workers.jobs_for_tests import GO_ON, STARTED
from workers.queues import enqueue_once, queue
from workers.worker import GatewayWorker, workers_present

LASTING = "tests.workers.jobs_for_tests.last_until_told"
StartWorker = Callable[[], subprocess.Popen[bytes]]


@pytest.fixture
def start_worker(redis_url: str, redis_client: Redis) -> Iterator[StartWorker]:
    """Starts worker processes, which end with the test."""
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tests.workers.jobs_for_tests", redis_url]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def _started(redis: Redis, count: int, *, within_s: float = 10) -> list[int]:
    """The process of each time that the lasting job was begun, once there are `count`."""
    wait_until(lambda: redis.llen(STARTED) >= count, f"start {count} of the job", within_s=within_s)
    return [int(pid) for pid in redis.lrange(STARTED, 0, -1)]


def _states(redis: Redis) -> list[str]:
    """What each worker says it does: one that is idle has heard of signals."""
    return [as_text(redis.hget(key, "state") or b"") for key in get_keys(queue(redis))]


def test_a_worker_asked_to_end_finishes_its_job_first(redis_client: Redis, start_worker: StartWorker) -> None:
    enqueue_once(queue(redis_client), LASTING, "lasting")
    worker = start_worker()
    assert _started(redis_client, 1) == [worker.pid]
    worker.send_signal(signal.SIGTERM)
    redis_client.rpush(GO_ON, "go on")
    assert worker.wait(10) == 0
    job = Job.fetch("lasting", connection=redis_client, serializer="json")
    assert job.get_status() is JobStatus.FINISHED


def test_an_idle_worker_asked_to_end_ends_at_once_and_is_missed(redis_client: Redis, start_worker: StartWorker) -> None:
    worker = start_worker()
    wait_until(lambda: _states(redis_client) == ["idle"], "the worker's sign of life")
    assert workers_present(redis_client, utc_now()) == 1
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(3) == 0
    assert workers_present(redis_client, utc_now()) == 0


def test_the_job_of_a_killed_worker_is_done_by_another_within_half_a_minute(
    redis_client: Redis, start_worker: StartWorker
) -> None:
    enqueue_once(queue(redis_client), LASTING, "lasting")
    killed = start_worker()
    assert _started(redis_client, 1) == [killed.pid]
    successor = start_worker()
    killed.kill()
    assert _started(redis_client, 2, within_s=30) == [killed.pid, successor.pid]


def test_a_worker_that_a_wiped_redis_forgot_is_seen_again_at_its_next_sign_of_life(redis_client: Redis) -> None:
    worker = GatewayWorker(redis_client)
    worker.register_birth()
    redis_client.flushall()
    assert workers_present(redis_client, utc_now()) == 0
    worker.heartbeat()
    assert workers_present(redis_client, utc_now()) == 1
