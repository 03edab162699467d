"""How does a worker process work? RQ's worker on the one queue, without forks: connections live on between jobs."""

import time
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final

from redis import Redis
from redis.client import Pipeline
from redis.exceptions import RedisError
from rq import SimpleWorker
from rq.executions import Execution
from rq.job import Job
from rq.utils import as_text, utcparse
from rq.worker_registration import get_keys, register

from workers.queues import queue

WORKER_TTL_S: Final = 20
CHECK_EVERY_S: Final = 5
PRESENT_WITHIN: Final = timedelta(seconds=WORKER_TTL_S)
"""An idle worker gives a sign of life every `WORKER_TTL_S` - 15 seconds, one that sends every `CHECK_EVERY_S`."""


class GatewayWorker(SimpleWorker):
    """A job of a worker that was killed runs again after some 15 s.

    By RQ's defaults that takes 13 minutes: an idle worker looks for orphaned jobs only between waits of 405 s, and
    a dead one's heartbeat counts for a minute more than it need.
    """

    log_result_lifespan = False

    def __init__(self, redis: Redis) -> None:
        super().__init__(
            [queue(redis)],
            connection=redis,
            serializer="json",
            worker_ttl=WORKER_TTL_S,
            maintenance_interval=CHECK_EVERY_S,
            job_monitoring_interval=CHECK_EVERY_S,
        )
        self._works_on: tuple[Job, Execution] | None = None
        self._beat_at = 0.0

    def get_heartbeat_ttl(self, job: Job, working_time: float = 0.0) -> int:
        """Three missed heartbeats make a worker dead (RQ: the job's whole time and a minute)."""
        return 3 * CHECK_EVERY_S

    def heartbeat(self, timeout: int | None = None, pipeline: Pipeline | None = None) -> None:
        """A sign of life and a place among the workers, which RQ takes at the start alone and a wiped Redis forgets."""
        super().heartbeat(timeout, pipeline)
        register(self, pipeline)

    def perform_job(self, job: Job, queue: Any, execution: Execution) -> bool:
        """Do the job here; `should_stop` gives signs of life meanwhile."""
        self._works_on, self._beat_at = (job, execution), time.monotonic()
        try:
            return bool(super().perform_job(job, queue, execution))
        finally:
            self._works_on = None

    def should_stop(self) -> bool:
        """Whether the process was asked to end. A long job asks often, and so tells that it lives."""
        if self._works_on is not None and time.monotonic() - self._beat_at >= CHECK_EVERY_S:
            self._beat_at = time.monotonic()
            # The messages matter more than that others know of us.
            with suppress(RedisError):
                self.maintain_heartbeats(*self._works_on)
        return bool(self._stop_requested)


def workers_present(redis: Redis, now: datetime) -> int:
    """How many workers gave a sign of life lately. Raises `RedisError`."""
    keys = sorted(get_keys(queue(redis)))
    with redis.pipeline(transaction=False) as pipeline:
        for key in keys:
            pipeline.hget(key, "last_heartbeat")
        signs = [utcparse(as_text(sign)) for sign in pipeline.execute() if sign is not None]
    return sum(now - sign < PRESENT_WITHIN for sign in signs)
