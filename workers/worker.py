"""How does a worker process work? RQ's worker on one queue, set so that a killed one is replaced within seconds."""

from datetime import datetime, timedelta
from typing import Any, Final

from redis import Redis
from rq import Queue, Worker
from rq.job import Job
from rq.utils import as_text, utcparse
from rq.worker_registration import get_keys

from workers.jobs import forget_inherited_connections
from workers.queues import queue

WORKER_TTL_S: Final = 20
CHECK_EVERY_S: Final = 5
PRESENT_WITHIN: Final = timedelta(seconds=WORKER_TTL_S)
"""An idle worker gives a sign of life every `WORKER_TTL_S` - 15 seconds, a busy one every `CHECK_EVERY_S`."""


class GatewayWorker(Worker):
    """A job of a worker that was killed runs again after some 15 s.

    By RQ's defaults that takes 13 minutes: an idle worker looks for orphaned jobs only between waits of 405 s, and
    a dead one's heartbeat counts for a minute more than it need.
    """

    log_result_lifespan = False

    def __init__(self, name: str, redis: Redis) -> None:
        super().__init__(
            [queue(redis, name)],
            connection=redis,
            serializer="json",
            worker_ttl=WORKER_TTL_S,
            maintenance_interval=CHECK_EVERY_S,
            job_monitoring_interval=CHECK_EVERY_S,
        )

    def get_heartbeat_ttl(self, job: Job, working_time: float = 0.0) -> int:
        """Three missed heartbeats make a worker dead (RQ: a minute and one)."""
        return 3 * CHECK_EVERY_S

    def main_work_horse(self, job: Job, queue: Queue) -> Any:
        forget_inherited_connections()
        return super().main_work_horse(job, queue)


def workers_present(redis: Redis, name: str, now: datetime) -> int:
    """How many workers of this queue gave a sign of life lately. Raises `RedisError`."""
    keys = sorted(get_keys(queue(redis, name)))
    with redis.pipeline(transaction=False) as pipeline:
        for key in keys:
            pipeline.hget(key, "last_heartbeat")
        signs = [utcparse(as_text(sign)) for sign in pipeline.execute() if sign is not None]
    return sum(now - sign < PRESENT_WITHIN for sign in signs)
