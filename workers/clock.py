"""What happens by itself as time goes by? The clock: it looks often, and puts on the queue what is due."""

from datetime import datetime
from threading import Event
from typing import Final

import structlog
from redis import Redis
from redis.exceptions import RedisError

from immigration.clock import Clock
from workers import upkeep
from workers.jobs import UPKEEP_JOB
from workers.queues import UPKEEP, enqueue_once, queue

TICK_S: Final = 15.0
_SIGN: Final = "clock:alive"
_SIGN_TTL_S: Final = 60

once: Final = upkeep.run
"""Everything that is due, done here and now instead of by the worker."""


def tick(redis: Redis, now: datetime) -> dict[str, int]:
    """Put on the queue what is due; how many jobs. Raises `RedisError`.

    A job is named after its minute, so a second clock, or this one's next tick, finds it there already.
    """
    redis.set(_SIGN, now.isoformat(), ex=_SIGN_TTL_S)
    due = enqueue_once(queue(redis, UPKEEP), UPKEEP_JOB, f"upkeep-{now:%Y%m%d%H%M}")
    return {"upkeep_jobs": int(due)}


def run(redis: Redis, clock: Clock, stop: Event) -> None:
    """Tick until `stop` is set. A Redis that is away is waited for: the next tick finds what this one left."""
    log = structlog.get_logger("clock")
    while not stop.is_set():
        try:
            tick(redis, clock())
        except RedisError as fault:
            log.warning("tick failed", reason=type(fault).__name__)
        stop.wait(TICK_S)


def is_present(redis: Redis) -> bool:
    """Whether some clock ticked within the last minute. Raises `RedisError`."""
    return bool(redis.exists(_SIGN))
