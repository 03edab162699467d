"""What does a process need? Settings, database, vault, Redis and the clock, put together in one place."""

from dataclasses import dataclass
from typing import Any

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from redis.sentinel import Sentinel

from gateway.logs import get_logger
from gateway.messaging import build_outbox
from gateway.settings import Settings
from immigration.clock import Clock, utc_now
from immigration.database import Database
from immigration.inbox.desk import InboxDesk
from immigration.keys import load_vault
from immigration.messages.outbox import Outbox
from immigration.offices.snapshot import CatalogueSnapshot
from immigration.vault import KeyRing, Vault


@dataclass(frozen=True)
class Wiring:
    """The parts that every room is handed."""

    settings: Settings
    database: Database
    vault: Vault
    redis: Redis
    clock: Clock
    catalogue: CatalogueSnapshot
    outbox: Outbox
    inbox: InboxDesk


def key_ring(settings: Settings) -> KeyRing:
    """The ring of DATA_KEYS. Raises `BadKeyRing`."""
    return KeyRing.from_base64(settings.data_keys)


def connect_redis(url: str, *, timeout_s: float) -> Redis:
    """A client that gives up after `timeout_s` and never retries by itself.

    redis-py's own ten retries hold a request up for up to a minute, and send writes again whose answer was lost
    (stack.md 3.5). Accepts `redis://`, `rediss://`, `unix://` and `redis+sentinel://host:port[,host:port]/master[/db]`.
    """
    retry = Retry(NoBackoff(), 0)
    options = {"socket_timeout": timeout_s, "socket_connect_timeout": timeout_s, "retry": retry}
    if url.startswith("redis+sentinel://"):
        hosts, _, path = url.removeprefix("redis+sentinel://").rpartition("@")[2].partition("/")
        password = url.removeprefix("redis+sentinel://").rpartition("@")[0].rpartition(":")[2] or None
        master, _, db = path.partition("/")
        pairs = [(host.partition(":")[0], int(host.partition(":")[2] or 26379)) for host in hosts.split(",")]
        make: Any = Sentinel
        sentinel = make(pairs, sentinel_kwargs=options | {"password": password})
        client: Redis = sentinel.master_for(master or "mymaster", db=int(db or 0), password=password, **options)
        return client
    made: Redis = Redis.from_url(url, **options)
    return made


def build(settings: Settings, *, database_timeout_s: float = 3.0, redis_timeout_s: float = 0.5) -> Wiring:
    """Put the parts together over a migrated database. Raises `BadKeyRing`, `NoLookupKey`, `OperationalError`."""
    database = Database(settings.database_url, timeout_s=database_timeout_s)
    vault = load_vault(database, key_ring(settings))
    assert settings.redis_url is not None, "the supervisor passes REDIS_URL to its children"
    redis = connect_redis(settings.redis_url, timeout_s=redis_timeout_s)
    return assemble(settings, database, vault, redis, utc_now)


def _inbox_failed(fault: Exception) -> None:
    get_logger("inbox").error("inbound sms failed", exc_info=fault)


def assemble(settings: Settings, database: Database, vault: Vault, redis: Redis, clock: Clock) -> Wiring:
    """Put the rest together around these. Raises `BadTemplate`."""
    catalogue = CatalogueSnapshot(database)
    outbox = build_outbox(settings, vault, catalogue)
    inbox = InboxDesk(database, vault, outbox, clock, settings.office_default, _inbox_failed)
    return Wiring(settings, database, vault, redis, clock, catalogue, outbox, inbox)
