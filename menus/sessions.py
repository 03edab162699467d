"""Where does a call live between hops? In Redis, for some minutes, in two round trips a hop.

Keys, all with a time to live, all under the caller's keyed hash as hash tag (one cluster slot a call):

    ussd:{caller}:call:SESSION   hash: `s` the sealed session, `t` the keyed hash of the turn it answered last
    ussd:{caller}:lock:SESSION   who is working on this call
    ussd:{caller}:place          the sealed place of the caller's last unfinished call, for a redial

All of it may vanish at any moment; a call is then rebuilt by replay.
"""

import secrets
from dataclasses import dataclass
from typing import Final

from redis import Redis

from menus.scripts import Script, Scripts

SESSION_SECONDS: Final = 600
LOCK_MILLISECONDS: Final = 10_000

_OPEN: Final = Script(
    """
local last = redis.call('HGET', KEYS[1], 't')
if last == ARGV[1] then
  return {'repeat', redis.call('HGET', KEYS[1], 's'), false}
end
if not redis.call('SET', KEYS[2], ARGV[2], 'NX', 'PX', ARGV[3]) then
  return {'busy', false, false}
end
local stored = redis.call('HGET', KEYS[1], 's')
if stored then
  return {'held', stored, false}
end
return {'held', false, redis.call('GET', KEYS[3])}
"""
)

_CLOSE: Final = Script(
    """
if redis.call('GET', KEYS[2]) ~= ARGV[1] then
  return 0
end
if ARGV[2] ~= '' then
  redis.call('HSET', KEYS[1], 's', ARGV[3], 't', ARGV[2])
  redis.call('EXPIRE', KEYS[1], ARGV[4])
end
if ARGV[5] == 'keep' then
  redis.call('SET', KEYS[3], ARGV[6], 'EX', ARGV[7])
elseif ARGV[5] == 'forget' then
  redis.call('DEL', KEYS[3])
end
redis.call('DEL', KEYS[2])
return 1
"""
)


@dataclass(frozen=True)
class Opened:
    """A call as it was found. `kind`: `held` by us from now on, `busy` elsewhere, or a `repeat` that needs no hold."""

    kind: str
    session: bytes | None
    place: bytes | None
    token: str


@dataclass(frozen=True)
class PlaceChange:
    """What becomes of the caller's place: kept (with its bytes), forgotten, or left as it is."""

    action: str
    sealed: bytes = b""


UNCHANGED: Final = PlaceChange("leave")
FORGOTTEN: Final = PlaceChange("forget")


class Sessions:
    """The store. Every method may raise redis-py's errors; the caller then answers without it."""

    def __init__(self, redis: Redis, resume_seconds: int, *, lock_ms: int = LOCK_MILLISECONDS) -> None:
        self._scripts = Scripts(redis)
        self._resume_seconds = resume_seconds
        self._lock_ms = lock_ms

    def open(self, caller: bytes, call: bytes, turn: bytes) -> Opened:
        """Take the call for this turn: one round trip."""
        token = secrets.token_hex(8)
        kind, session, place = self._scripts.run(_OPEN, _keys(caller, call), (turn.hex(), token, self._lock_ms))
        return Opened(kind.decode(), session, place, token)

    def close(
        self, caller: bytes, call: bytes, token: str, turn: bytes | None, session: bytes, place: PlaceChange
    ) -> bool:
        """Keep the session and give the call back: one round trip. False where the hold was lost meanwhile.

        Without a `turn` nothing is kept and the call is only given back.
        """
        done = self._scripts.run(
            _CLOSE,
            _keys(caller, call),
            (
                token,
                turn.hex() if turn is not None else "",
                session,
                SESSION_SECONDS,
                place.action,
                place.sealed,
                self._resume_seconds,
            ),
        )
        return bool(done)


def _keys(caller: bytes, call: bytes) -> tuple[str, str, str]:
    tag = f"ussd:{{{caller.hex()}}}"
    session = call.hex()
    return (f"{tag}:call:{session}", f"{tag}:lock:{session}", f"{tag}:place")
