"""A worker finishes what it has when it is asked to end, and what a killed one had is done by another."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from redis import Redis
from rq.job import Job, JobStatus
from rq.utils import as_text

from immigration.clock import utc_now
from tests.support.processes import is_running, wait_until
from tests.workers.jobs_for_tests import GO_ON, STARTED
from workers.queues import UPKEEP, enqueue_once, queue
from workers.worker import workers_present

LASTING = "tests.workers.jobs_for_tests.last_until_told"
StartWorker = Callable[[], subprocess.Popen[bytes]]


@pytest.fixture
def start_worker(redis_url: str, redis_client: Redis) -> Iterator[StartWorker]:
    """Starts worker processes, which end with the test, their children included."""
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tests.workers.jobs_for_tests", redis_url, UPKEEP]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
    for _, child in _started(redis_client, 0):
        # A killed worker's child lives on, and would take the next test's word for its own.
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)


def _started(redis: Redis, count: int, *, within_s: float = 10) -> list[tuple[int, int]]:
    """(worker, its child) of each time that the lasting job was begun, once there are `count`."""
    wait_until(lambda: redis.llen(STARTED) >= count, f"start {count} of the job", within_s=within_s)
    pairs = [as_text(line).split() for line in redis.lrange(STARTED, 0, -1)]
    return [(int(worker), int(child)) for worker, child in pairs]


def test_a_worker_asked_to_end_finishes_its_job_first(redis_client: Redis, start_worker: StartWorker) -> None:
    enqueue_once(queue(redis_client, UPKEEP), LASTING, "lasting")
    worker = start_worker()
    ((_, child),) = _started(redis_client, 1)
    worker.send_signal(signal.SIGTERM)
    redis_client.rpush(GO_ON, "go on")
    assert worker.wait(10) == 0
    assert not is_running(child)
    job = Job.fetch("lasting", connection=redis_client, serializer="json")
    assert job.get_status() is JobStatus.FINISHED


def test_an_idle_worker_asked_to_end_ends_at_once_and_is_missed(redis_client: Redis, start_worker: StartWorker) -> None:
    worker = start_worker()
    wait_until(lambda: workers_present(redis_client, UPKEEP, utc_now()) == 1, "the worker's sign of life")
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(3) == 0
    assert workers_present(redis_client, UPKEEP, utc_now()) == 0


def test_the_job_of_a_killed_worker_is_done_by_another_within_half_a_minute(
    redis_client: Redis, start_worker: StartWorker
) -> None:
    enqueue_once(queue(redis_client, UPKEEP), LASTING, "lasting")
    start_worker()
    ((worker, child),) = _started(redis_client, 1)
    start_worker()
    for pid in (worker, child):
        os.kill(pid, signal.SIGKILL)
    (_, (successor, _)) = _started(redis_client, 2, within_s=30)
    assert successor != worker
