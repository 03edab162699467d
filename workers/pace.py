"""How fast may messages leave by a channel? A bucket of tokens in Redis for all; a smaller one where that is away."""

import time
from typing import Final

from redis import Redis
from redis.exceptions import RedisError

_KEY: Final = "sms:pace:"
# A bucket that nobody has touched for so long is full anyway.
_TTL_S: Final = 60
# Without Redis nobody knows how many workers there are: a quarter of the rate is safe for four.
_ALONE: Final = 4
_ASK_AGAIN_S: Final = 5.0

# Redis's own clock, so that workers on several machines agree. ARGV: rate per second, burst, wanted.
_TAKE: Final = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1e6
local kept = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local rate, burst, wanted = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local tokens = tonumber(kept[1]) or burst
tokens = math.min(burst, tokens + math.max(0, now - (tonumber(kept[2]) or now)) * rate)
local granted = math.min(wanted, math.floor(tokens))
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens - granted), 'at', string.format('%.6f', now))
redis.call('EXPIRE', KEYS[1], ARGV[4])
return granted
"""


class Pace:
    """Grants each channel so many messages a second, with a burst of one second's worth."""

    def __init__(self, redis: Redis | None, per_second: int) -> None:
        self._rate = per_second
        self._take = None if redis is None else redis.register_script(_TAKE)
        self._ask_again_at = 0.0
        self._own_rate = max(1.0, per_second / _ALONE)
        self._own: dict[str, tuple[float, float]] = {}

    def take(self, channel: str, wanted: int) -> int:
        """How many of the wanted may leave by this channel now."""
        if wanted <= 0:
            return 0
        if self._take is not None and time.monotonic() >= self._ask_again_at:
            try:
                return int(self._take(keys=[_KEY + channel], args=[self._rate, self._rate, wanted, _TTL_S]))
            except RedisError:
                self._ask_again_at = time.monotonic() + _ASK_AGAIN_S
        return self._alone(channel, wanted)

    def _alone(self, channel: str, wanted: int) -> int:
        now = time.monotonic()
        tokens, at = self._own.get(channel, (self._own_rate, now))
        tokens = min(self._own_rate, tokens + (now - at) * self._own_rate)
        granted = min(wanted, int(tokens))
        self._own[channel] = tokens - granted, now
        return granted
