"""How do we reach the database? Engine, sessions and column types for SQLite and PostgreSQL alike."""

import fcntl
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import DateTime, Dialect, Engine, Executable, Table, create_engine, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, Connection
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.pool import NullPool
from sqlalchemy.types import TypeDecorator

_WRITES = "gateway_writes"
_PLAIN = "gateway_plain"
_POLL_SECONDS = 0.001


class Base(DeclarativeBase):
    """The declarative base of every table."""


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment, kept in UTC. A naive datetime is refused (architecture fact 9)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    # The whole way to the column and back in one function each: every statement passes here several times a row.
    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], Any]:
        """What the driver is given."""
        return _to_sqlite if dialect.name == "sqlite" else _in_utc

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], datetime | None]:
        """What the driver gave."""
        return _from_sqlite if dialect.name == "sqlite" else _in_utc


def _in_utc(value: datetime | None) -> datetime | None:
    if value is None or value.tzinfo is UTC:
        return value
    if value.tzinfo is None:
        raise ValueError("a naive datetime cannot be stored: attach a time zone")
    return value.astimezone(UTC)


def _to_sqlite(value: datetime | None) -> str | None:
    moment = _in_utc(value)
    return None if moment is None else _written(moment)


# Many rows at once say the same few moments.
@lru_cache(maxsize=256)
def _written(utc: datetime) -> str:
    """SQLite keeps no zone: what it holds is UTC by `UtcDateTime` alone."""
    return utc.replace(tzinfo=None).isoformat(" ", "microseconds")


def _from_sqlite(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(f"{text}+00:00")


class DatabaseBusy(Exception):
    """No turn to write came within the deadline; nothing was written."""


class _WriterTurn:
    """One writer at a time, across threads and processes, each with the same chance.

    SQLite's own busy handler backs off ever longer, so that whoever has waited longest asks most rarely: measured,
    one thread got 1 700 times the turns of another. Asking a file lock at a constant rate gives every waiter the
    same odds; the lock falls with its process, so a killed writer holds nobody up.
    """

    def __init__(self, path: Path, timeout_s: float) -> None:
        self._path = path
        self._timeout_s = timeout_s
        self._threads = threading.Lock()
        self._handle: int | None = None

    def take(self) -> None:
        deadline = time.monotonic() + self._timeout_s
        if not self._threads.acquire(timeout=self._timeout_s):
            raise DatabaseBusy
        try:
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:
            self._threads.release()
            raise
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    os.close(handle)
                    self._threads.release()
                    raise DatabaseBusy from None
                time.sleep(_POLL_SECONDS)
            else:
                self._handle = handle
                return

    def give(self) -> None:
        assert self._handle is not None
        os.close(self._handle)
        self._handle = None
        self._threads.release()


class Database:
    """One database, reached by short transactions.

    `url` is an SQLAlchemy URL; `timeout_s` bounds the connection, each statement and the wait to write
    (architecture fact 10: 3 s in a USSD hop, 5 s elsewhere).
    """

    def __init__(self, url: str, *, timeout_s: float = 5.0, pool_size: int = 8) -> None:
        parsed = make_url(url)
        self.timeout_s = timeout_s
        self._turn: _WriterTurn | None = None
        self.engine: Engine
        if parsed.get_backend_name() == "sqlite":
            self.engine = self._sqlite(parsed, timeout_s, pool_size)
        else:
            self.engine = _postgresql(parsed, timeout_s, pool_size)
        self._reading = self.engine
        self._writing = self.engine.execution_options(**{_WRITES: True})
        self._plain = self.engine.execution_options(isolation_level="AUTOCOMMIT", **{_PLAIN: True})
        self._kept = threading.local()

    def _sqlite(self, url: URL, timeout_s: float, pool_size: int) -> Engine:
        if not url.database or url.database == ":memory:":
            raise ValueError("DATABASE_URL: SQLite needs a file, for several processes share it")
        path = Path(url.database)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._turn = _WriterTurn(path.with_name(path.name + "-writer"), timeout_s)
        engine = create_engine(
            url,
            hide_parameters=True,
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_timeout=timeout_s,
            pool_reset_on_return=None,
            connect_args={"timeout": timeout_s, "check_same_thread": False, "isolation_level": None},
        )
        event.listen(engine, "connect", _sqlite_connected)
        event.listen(engine, "begin", _sqlite_begins)
        return engine

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.engine.dialect.name

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that sees one moment and waits for no writer; what it changes is thrown away."""
        with Session(self._reading, autoflush=False, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session whose changes commit together at the end, or not at all.

        Raises `DatabaseBusy` where the turn to write does not come in time.
        """
        if self._turn is not None:
            self._turn.take()
        try:
            with Session(self._writing, expire_on_commit=False) as session, session.begin():
                yield session
        finally:
            if self._turn is not None:
                self._turn.give()

    def read(self, statement: Executable, parameters: Mapping[str, object]) -> Sequence[Any]:
        """The rows of one statement, for the hot path: each thread keeps a connection that needs no transaction.

        Taking a connection, beginning and rolling back cost more than the look-up itself. A connection that broke
        since it was last used is replaced and the statement tried once more, since it only reads.
        """
        kept = self._kept
        connection: Connection | None = getattr(kept, "connection", None)
        if connection is not None:
            try:
                return connection.execute(statement, parameters).all()
            except DBAPIError as error:
                self._drop(connection)
                if not error.connection_invalidated:
                    raise
        connection = kept.connection = self._plain.connect()
        try:
            return connection.execute(statement, parameters).all()
        except DBAPIError:
            self._drop(connection)
            raise

    def _drop(self, connection: Connection) -> None:
        self._kept.connection = None
        connection.invalidate()
        connection.close()

    def close(self) -> None:
        """Give all connections back."""
        self._kept = threading.local()
        self.engine.dispose()


def _sqlite_connected(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    # WAL lets readers go on while one writes; FULL keeps a committed booking through a power cut.
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "temp_store=MEMORY",
        "cache_size=-16000",
        "mmap_size=268435456",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _sqlite_begins(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get(_PLAIN, False):
        return
    writes = options.get(_WRITES, False)
    # A transaction that begins as a reader and writes later can fail half-way (SQLITE_BUSY_SNAPSHOT).
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _postgresql(url: URL, timeout_s: float, pool_size: int) -> Engine:
    milliseconds = int(timeout_s * 1000)
    return create_engine(
        url,
        hide_parameters=True,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=timeout_s,
        pool_pre_ping=True,
        connect_args={
            "connect_timeout": max(1, int(timeout_s)),
            "options": f"-c statement_timeout={milliseconds} -c lock_timeout={milliseconds} -c timezone=UTC",
            "tcp_user_timeout": milliseconds,
            "application_name": "gateway",
        },
    )


def upsert(session: Session, table: type[Base]) -> Any:
    """An INSERT of this database's dialect that can say ON CONFLICT."""
    return upsert_of(session.get_bind().dialect.name, table)


def upsert_of(dialect: str, table: type[Base]) -> Any:
    """The same by the dialect's name, for statements that are put together once."""
    assert isinstance(table.__table__, Table)
    return (postgresql if dialect == "postgresql" else sqlite).insert(table.__table__)


def unpooled(url: str) -> Engine:
    """An engine without deadlines or pool, for migrations and backups (minutes, not milliseconds)."""
    return create_engine(url, hide_parameters=True, poolclass=NullPool)


def is_unreachable(error: Exception) -> bool:
    """Whether the database itself was away or too slow (as against a fault of ours)."""
    return isinstance(error, OperationalError | InterfaceError | PoolTimeout | DatabaseBusy)
