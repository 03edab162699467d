"""Which queues are there, and how is a job put on one?"""

from typing import Final

from redis import Redis
from rq import Queue, Retry
from rq.exceptions import DuplicateJobError

UPKEEP: Final = "upkeep"
QUEUES: Final = (UPKEEP,)
"""A worker process serves one of them: only a worker on a single queue takes a job without a moment in which its
death would lose it (RQ's intermediate queue)."""

JOB_TIMEOUT_S: Final = 60
_TRIES_AGAIN: Final = 3
# A job that waited this long has had successors: nothing is lost, and a queue without a worker stays short.
_WAITS_S: Final = 600
_RESULT_S: Final = 600
_FAILURE_S: Final = 86_400


def queue(redis: Redis, name: str) -> Queue:
    """A queue whose payloads are JSON: what unpickles, runs what was written into Redis."""
    return Queue(name, connection=redis, serializer="json")


def enqueue_once(queue: Queue, job: str, job_id: str) -> bool:
    """Put a job on the queue unless one of this id was there within ten minutes; whether it was put.

    `job` is the dotted name of a function without arguments: payloads hold nothing, so nothing personal either.
    """
    try:
        queue.enqueue_call(
            job,
            job_id=job_id,
            unique=True,
            # Without one, RQ fails a job whose worker was killed instead of running it again.
            retry=Retry(max=_TRIES_AGAIN),
            timeout=JOB_TIMEOUT_S,
            ttl=_WAITS_S,
            result_ttl=_RESULT_S,
            failure_ttl=_FAILURE_S,
        )
    except DuplicateJobError:
        return False
    return True
