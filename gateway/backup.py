"""How is the database saved and brought back while the product runs? SQLite's own backup, pg_dump for PostgreSQL.

A backup is as secret as the database: what is personal in it is sealed, and only the right DATA_KEYS open it. So a
restore opens the backup's lookup key first, and touches nothing where it does not open.
"""

import os
import secrets
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import inspect, text
from sqlalchemy.engine import URL

from gateway.migrate import revision_of
from immigration.database import Database, unpooled
from immigration.keys import NoLookupKey, load_vault
from immigration.vault import KeyRing

_TOOL_SECONDS = 3600
_TRIAL = "gateway_trial"


class BackupFault(Exception):
    """A backup or restore was refused or failed; the message says why. What was there is untouched."""


def backup(database: Database, file: Path, *, force: bool = False) -> int:
    """Save one moment of the database to `file`, readable by its owner alone; its size in bytes.

    Raises `BackupFault`. The file appears whole or not at all.
    """
    if file.exists() and not force:
        raise BackupFault(f"{file} is there already: take another name, or --force")
    building = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        os.close(os.open(building, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        if database.dialect == "sqlite":
            _sqlite_copy(_path(database.engine.url), building)
        else:
            _tool("pg_dump", ["--format=custom", f"--file={building}"], database.engine.url)
        building.replace(file)
    except OSError as error:
        raise BackupFault(f"{file}: cannot be written ({error.strerror})") from error
    except sqlite3.Error as error:
        raise BackupFault(f"{file}: cannot be written ({error})") from error
    finally:
        building.unlink(missing_ok=True)
    return file.stat().st_size


def restore(database: Database, ring: KeyRing, file: Path, *, force: bool = False) -> None:
    """Bring the database back to what `file` holds.

    Raises `BackupFault` where the file is no backup, where the database holds something (without `force`), and
    `BadKeyRing` or `NewerDatabase` where the keys or the code do not fit the backup.
    """
    if not force and _holds_something(database):
        raise BackupFault("the database holds tables already: restore into an empty one, or --force to replace it")
    if database.dialect == "sqlite":
        ours = _path(database.engine.url)
        try:
            with _trial_copy(file, ours.parent) as trial:
                _require_fitting(trial, ring)
            with database.writing():
                pass  # Nobody is half-way through writing; SQLite's backup takes its own lock from here on.
            _sqlite_copy(file, ours)
        except OSError as error:
            raise BackupFault(f"{ours.parent}: cannot be written ({error.strerror})") from error
        except sqlite3.Error as error:
            raise BackupFault(f"{ours}: cannot be written ({error})") from error
    else:
        with _trial_database(database.engine.url) as trial_url:
            _tool(
                "pg_restore", ["--no-owner", "--exit-on-error", f"--dbname={_plain(trial_url)}", str(file)], trial_url
            )
            trial = Database(trial_url.render_as_string(hide_password=False))
            try:
                _require_fitting(trial, ring)
            finally:
                trial.close()
        url = database.engine.url
        wanted = ["--no-owner", "--clean", "--if-exists", "--single-transaction", f"--dbname={_plain(url)}", str(file)]
        _tool("pg_restore", wanted, url)


def _require_fitting(trial: Database, ring: KeyRing) -> None:
    revision_of(trial)
    try:
        load_vault(trial, ring)
    except NoLookupKey:
        raise BackupFault("the file holds no lookup key: it is no backup of this product") from None


def _path(url: URL) -> Path:
    assert url.database is not None
    return Path(url.database)


def _sqlite_copy(source: Path, target: Path) -> None:
    # SQLite's online backup sees one moment, however much is written meanwhile.
    with closing(_read_only(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)


def _read_only(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)


@contextmanager
def _trial_copy(file: Path, folder: Path) -> Iterator[Database]:
    """The backup as a database of its own in `folder`, opened without changing the file."""
    try:
        with closing(_read_only(file)) as opened:
            fault = opened.execute("PRAGMA quick_check").fetchone()[0]
            known = opened.execute("SELECT count(*) FROM sqlite_master WHERE name = 'wrapped_keys'").fetchone()[0]
    except sqlite3.Error as error:
        raise BackupFault(f"{file} is no SQLite backup ({error})") from error
    if fault != "ok" or not known:
        raise BackupFault(f"{file} is damaged or no backup of this product")
    # Beside the database there must be room for it anyway; the backup's own folder may be read-only.
    with TemporaryDirectory(prefix=".restore-", dir=folder) as beside:
        trial = Path(beside) / "trial.db"
        _sqlite_copy(file, trial)
        database = Database(f"sqlite:///{trial}")
        try:
            yield database
        finally:
            database.close()


@contextmanager
def _trial_database(url: URL) -> Iterator[URL]:
    """A database beside ours, on the same server, for looking into a backup first."""
    # A name of its own: somebody else may be restoring on the same server.
    name = f"{_TRIAL}_{secrets.token_hex(4)}"
    trial = url.set(database=name)
    engine = unpooled(url.render_as_string(hide_password=False)).execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE template0"))
        try:
            yield trial
        finally:
            connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
    engine.dispose()


def _holds_something(database: Database) -> bool:
    return bool(inspect(database.engine).get_table_names())


def _plain(url: URL) -> str:
    """The URL as libpq's own tools read it, without the password, which goes by the environment."""
    return url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)


def _tool(name: str, arguments: list[str], url: URL) -> None:
    found = shutil.which(name)
    if found is None:
        raise BackupFault(f"{name} is not on PATH: install PostgreSQL's client programs (Debian: postgresql-client)")
    target = [] if any(argument.startswith("--dbname=") for argument in arguments) else [f"--dbname={_plain(url)}"]
    password = {"PGPASSWORD": str(url.password)} if url.password else {}
    done = subprocess.run(
        [found, *target, *arguments],
        env={"PATH": os.defpath, **password},
        capture_output=True,
        text=True,
        timeout=_TOOL_SECONDS,
        check=False,
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["no reason given"]
        raise BackupFault(f"{name} failed: {lines[0]}")
