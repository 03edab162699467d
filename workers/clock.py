"""What happens by itself as time goes by? The clock: it looks often, and has the workers do what is due."""

from datetime import datetime
from threading import Event
from typing import Final

import structlog
from redis import Redis
from redis.exceptions import RedisError

from immigration.clock import Clock
from immigration.database import Database, is_unreachable
from immigration.inbox.desk import InboxDesk
from immigration.messages import sweeping
from workers import reminders, upkeep, visits
from workers.jobs import CREDIT_JOB, DRAIN_JOB, UPKEEP_JOB
from workers.queues import enqueue_once, queue, want_drain
from workers.sending import Sender

TICK_S: Final = 5.0
_SIGN: Final = "clock:alive"
_SIGN_TTL_S: Final = 60
_CREDIT_EVERY_MIN: Final = 10


def tick(redis: Redis, database: Database, now: datetime) -> dict[str, int]:
    """Take back what dead workers held and have done what is due; how many. Raises `RedisError`, the database's errors.

    A job is named after its minute, so a second clock, or this one's next tick, finds it there already.
    """
    redis.set(_SIGN, now.isoformat(), ex=_SIGN_TTL_S)
    jobs = queue(redis)
    due = {
        "upkeep_jobs": int(enqueue_once(jobs, UPKEEP_JOB, f"upkeep-{now:%Y%m%d%H%M}")),
        "credit_jobs": int(enqueue_once(jobs, CREDIT_JOB, f"credit-{now:%Y%m%d%H}{now.minute // _CREDIT_EVERY_MIN}")),
    }
    due |= sweep(database, now)
    with database.reading() as session:
        waiting = sweeping.is_due(session, now)
    due["drain_jobs"] = int(waiting and want_drain(redis, DRAIN_JOB))
    return due


def sweep(database: Database, now: datetime) -> dict[str, int]:
    """Take back what dead workers held; how many messages wait again, and of how many nobody can tell."""
    with database.reading() as session:
        lost = sweeping.anything_lost(session, now)
    if not lost:
        return {"messages_given_back": 0, "messages_unknown": 0}
    with database.writing() as session:
        back, unknown = sweeping.release_dead(session, now)
    structlog.get_logger("clock").warning("a worker died", back=back, unknown=unknown)
    return {"messages_given_back": back, "messages_unknown": unknown}


def once(database: Database, inbox: InboxDesk, sender: Sender, now: datetime, at: datetime) -> dict[str, int]:
    """Everything that is due at `at`, done here and now instead of by the workers; `now` is the real time."""
    counts = sweep(database, now) | {"inbound_answered": inbox.answer_waiting()}
    counts |= visits.run(database, inbox.outbox, at)
    counts |= reminders.run(database, inbox.outbox, at)
    counts |= upkeep.run(database, at)
    return counts | sender.drain(at=lambda: at).told()


def run(redis: Redis, database: Database, clock: Clock, stop: Event) -> None:
    """Tick until `stop` is set. What is away is waited for: the next tick finds what this one left."""
    log = structlog.get_logger("clock")
    while not stop.is_set():
        try:
            tick(redis, database, clock())
        except RedisError as fault:
            log.warning("tick failed", reason=type(fault).__name__)
        except Exception as fault:
            if not is_unreachable(fault):
                raise
            log.warning("tick failed", reason=type(fault).__name__)
        stop.wait(TICK_S)


def is_present(redis: Redis) -> bool:
    """Whether some clock ticked within the last minute. Raises `RedisError`."""
    return bool(redis.exists(_SIGN))
