"""What does a job do once a worker has taken it? The entry points that the queue names.

A payload holds neither data nor addresses: whoever reads Redis would read them too, and a database URL carries a
password. So the process that works hands the parts over once, before it takes its first job.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Final, TypeVar, cast

import structlog
from redis import Redis
from redis.exceptions import RedisError

from immigration.clock import Clock
from immigration.database import Database
from immigration.inbox.desk import InboxDesk
from workers import credit, reminders, upkeep, visits
from workers.queues import drain_begins, want_drain
from workers.sending import Sender

UPKEEP_JOB: Final = "workers.jobs.run_upkeep"
DRAIN_JOB: Final = "workers.jobs.run_drain"
CREDIT_JOB: Final = "workers.jobs.run_credit"

# Between slices a worker gives its sign of life, and other jobs get their turn.
_SLICE_S: Final = 10.0
_UPKEEP_S: Final = 2.0


class NotConfigured(Exception):
    """A job was run in a process that was not given the parts: not one of our workers."""


@dataclass(frozen=True)
class _Parts:
    database: Database
    redis: Redis
    clock: Clock
    sender: Sender
    low_credit: str
    stop: Callable[[], bool]
    inbox: InboxDesk


_parts: _Parts | None = None


def configure(
    *,
    database: Database,
    redis: Redis,
    clock: Clock,
    sender: Sender,
    low_credit: str,
    inbox: InboxDesk,
    stop: Callable[[], bool] = lambda: False,
) -> None:
    """Give this process's jobs what they work with; once, before work begins. `stop`: whether the worker should end."""
    global _parts
    _parts = _Parts(database, redis, clock, sender, low_credit, stop, inbox)


def _configured() -> _Parts:
    if _parts is None:
        raise NotConfigured
    return _parts


_J = TypeVar("_J", bound=Callable[[], dict[str, int]])


def _told(job: _J) -> _J:
    """The job, with a line in the log of what it failed by: RQ's own says neither kind nor place."""

    @wraps(job)
    def run() -> dict[str, int]:
        try:
            return job()
        except Exception as fault:
            structlog.get_logger("worker").exception("job failed", kind=job.__name__, reason=type(fault).__name__)
            raise

    return cast(_J, run)


@_told
def run_upkeep() -> dict[str, int]:
    """Visits, reminders, then what is tidied up, two seconds at most for each: the next minute goes on.

    Raises `NotConfigured`.
    """
    parts = _configured()
    answered = parts.inbox.answer_waiting()
    counts = visits.run(parts.database, parts.inbox.outbox, parts.clock(), within_s=_UPKEEP_S)
    counts |= reminders.run(parts.database, parts.inbox.outbox, parts.clock(), within_s=_UPKEEP_S)
    ring(parts.redis)
    return {"inbound_answered": answered} | counts | upkeep.run(parts.database, parts.clock(), within_s=_UPKEEP_S)


@_told
def run_drain() -> dict[str, int]:
    """Send what is due. Raises `NotConfigured` and the database's errors."""
    parts = _configured()
    drain_begins(parts.redis)
    counts = parts.sender.drain(parts.stop, slice_s=_SLICE_S, plenty=lambda: ring(parts.redis))
    if counts.cut_short:
        ring(parts.redis)
    return counts.told()


@_told
def run_credit() -> dict[str, int]:
    """Look how much credit each channel has left. Raises `NotConfigured`."""
    parts = _configured()
    return credit.check(parts.database, parts.sender.routes.channels.values(), parts.low_credit, parts.clock())


def ring(redis: Redis) -> None:
    """Tell the workers that there is work. Where Redis is away, the clock's next look finds it."""
    try:
        want_drain(redis, DRAIN_JOB)
    except RedisError as fault:
        structlog.get_logger("sms").warning("workers not told", reason=type(fault).__name__)
