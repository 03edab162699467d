"""What do the API's tests stand on? A real database, a real Redis and a clock that stands still."""

from collections.abc import Iterator

import pytest
from redis import Redis

from gateway.settings import Settings
from gateway.wiring import Wiring, assemble, connect_redis
from immigration.database import Database
from immigration.keys import load_vault
from immigration.vault import KeyRing
from tests.support.back_office import BackOffice
from tests.support.clock import MovedClock


@pytest.fixture
def wiring(database: Database, key_ring: KeyRing, redis_url: str, clock: MovedClock) -> Iterator[Wiring]:
    redis: Redis = connect_redis(redis_url, timeout_s=0.5)
    yield assemble(Settings(), database, load_vault(database, key_ring), redis, clock)
    redis.close()


@pytest.fixture
def office(wiring: Wiring) -> BackOffice:
    return BackOffice.over(wiring)
