"""Which queue is there, and how is a job put on it?"""

from typing import Final

from redis import Redis
from rq import Queue, Retry
from rq.exceptions import DuplicateJobError

WORK: Final = "work"
"""The one queue: only a worker on a single queue takes a job without a moment in which its death would lose it (RQ's
intermediate queue). What is urgent among messages is the outbox's order, not a queue's."""

JOB_TIMEOUT_S: Final = 60
_TRIES_AGAIN: Final = 3
# A job that waited this long has had successors: nothing is lost, and a queue without a worker stays short.
_WAITS_S: Final = 600
_RESULT_S: Final = 600
_FAILURE_S: Final = 86_400

_WANTED: Final = "drain:wanted"
# How long a drain that was asked for and never came holds up the next one.
_WANTED_S: Final = 5
_DRAIN_RESULT_S: Final = 5


def queue(redis: Redis) -> Queue:
    """The queue. Its payloads are JSON: what unpickles, runs what was written into Redis."""
    return Queue(WORK, connection=redis, serializer="json")


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


def want_drain(redis: Redis, job: str) -> bool:
    """Have a worker look into the outbox; whether it had to be asked. Raises `RedisError`.

    One waiting job is enough for any number of messages, and one that runs, here or on a machine that died, never
    stands in the way of the next: so a job has no name by which RQ would refuse another.
    """
    if not redis.set(_WANTED, "1", nx=True, ex=_WANTED_S):
        return False
    queue(redis).enqueue_call(
        job, timeout=JOB_TIMEOUT_S, ttl=_WAITS_S, result_ttl=_DRAIN_RESULT_S, failure_ttl=_FAILURE_S
    )
    return True


def drain_begins(redis: Redis) -> None:
    """Whatever is written from now on asks for another drain: this one may not see it. Raises `RedisError`."""
    redis.delete(_WANTED)
