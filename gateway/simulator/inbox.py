"""What have the simulated phones received, and which fault comes next? Every process finds it in Redis, sealed.

A phone is known there by its keyed hash: nothing personal can be read.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from redis import Redis

from gateway.simulator.faults import Fault
from immigration.vault import Unreadable, Vault

KEPT: Final = 50
TTL_S: Final = 24 * 3600
_PREFIX: Final = "simulator:inbox:"
_NEXT: Final = "simulator:fault:next"
_STICKY: Final = "simulator:fault:sticky"


@dataclass(frozen=True)
class Received:
    """An SMS on a simulated phone."""

    at: datetime
    sender: str
    text: str


@dataclass(frozen=True)
class Told:
    """The fault that the aggregator is told to answer with: once, or until told otherwise."""

    fault: Fault
    text: str
    sticky: bool


class SimulatorInbox:
    """Shared by all processes of a demonstration. Each method raises `RedisError` where Redis is away."""

    def __init__(self, redis: Redis, vault: Vault) -> None:
        # Redis-py's methods are typed for its asynchronous client too.
        self._redis: Any = redis
        self._vault = vault
        self._ring = vault.derived("simulator")

    def deliver(self, phone: str, sender: str, text: str, at: datetime) -> None:
        """Put an SMS on the phone; the oldest of more than `KEPT` goes."""
        key = self._key(phone)
        plain = json.dumps({"at": at.isoformat(), "sender": sender, "text": text}).encode()
        with self._redis.pipeline() as steps:
            steps.rpush(key, self._ring.seal(plain, key.encode()))
            steps.ltrim(key, -KEPT, -1)
            steps.expire(key, TTL_S)
            steps.execute()

    def received(self, phone: str) -> list[Received]:
        """What the phone received, oldest first."""
        key = self._key(phone)
        found = []
        for sealed in self._redis.lrange(key, 0, -1):
            try:
                told = json.loads(self._ring.unseal(sealed, key.encode()))
            except Unreadable:
                # Sealed under a key that has left the ring since.
                continue
            found.append(Received(datetime.fromisoformat(told["at"]), told["sender"], told["text"]))
        return found

    def set_fault(self, text: str | None, sticky: bool = False) -> None:
        """The next answer meets this fault, or every one does; none ends it. Raises `ValueError` for no known fault."""
        fault = None if text is None else Fault.parse(text)
        with self._redis.pipeline() as steps:
            steps.delete(_NEXT, _STICKY)
            if fault is not None:
                steps.set(_STICKY if sticky else _NEXT, str(text).strip(), ex=TTL_S)
            steps.execute()

    def fault(self) -> Told | None:
        """The fault to come."""
        return _told(*self._redis.mget(_NEXT, _STICKY))

    def take_fault(self) -> Fault | None:
        """The fault that this answer meets; one that comes once is given to one process alone."""
        with self._redis.pipeline() as steps:
            steps.getdel(_NEXT)
            steps.get(_STICKY)
            told = _told(*steps.execute())
        return told.fault if told else None

    def _key(self, phone: str) -> str:
        return _PREFIX + self._vault.lookup("phone", phone).hex()


def _told(once: bytes | None, sticky: bytes | None) -> Told | None:
    kept = once or sticky
    if kept is None:
        return None
    text = kept.decode()
    return Told(Fault.parse(text), text, sticky=once is None)
