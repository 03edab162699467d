"""How often may a key call? So many times a minute, counted in Redis for all processes together.

Redis is disposable: while it is away each process counts by itself, and asks it again only after a while, so that a
hanging one costs one request in `ASK_AGAIN_S` its deadline and not every request.
"""

import math
import time
from typing import Final

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import FixedWindowRateLimiter
from redis import Redis
from redis.exceptions import RedisError

from gateway.api.problems import Problem
from immigration.api_keys import Caller

ASK_AGAIN_S: Final = 5.0
PREFIX: Final = "gateway:api"


class KeyLimiter:
    """Lets each key call `per_minute` times a minute. Its Redis keys name a key's row id and end with their minute."""

    def __init__(self, redis: Redis, per_minute: int) -> None:
        # The client's own pool: its deadlines, no retries, and Sentinel where there is one.
        storage = RedisStorage("redis://", connection_pool=redis.connection_pool, key_prefix=PREFIX)
        self._shared = FixedWindowRateLimiter(storage)
        self._own = FixedWindowRateLimiter(MemoryStorage())
        self._limit = RateLimitItemPerMinute(per_minute)
        self._ask_again_at = 0.0

    def count(self, caller: Caller) -> None:
        """Count one call. Raises `Problem` (429, with Retry-After) where it is one too many."""
        if time.monotonic() >= self._ask_again_at:
            try:
                self._count(self._shared, caller)
            except RedisError:
                self._ask_again_at = time.monotonic() + ASK_AGAIN_S
            else:
                return
        self._count(self._own, caller)

    def _count(self, limiter: FixedWindowRateLimiter, caller: Caller) -> None:
        name = str(caller.id)
        if not limiter.hit(self._limit, name):
            wait = limiter.get_window_stats(self._limit, name).reset_time - time.time()
            seconds = max(1, math.ceil(wait))
            raise Problem(
                429,
                f"This key may call {self._limit.amount} times a minute: try again in {seconds} s.",
                headers={"Retry-After": str(seconds)},
            )
