"""How does a database become ours? Migrations, the lookup key, the reference data; again changes nothing."""

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import inspect, text
from sqlalchemy.engine import Connection

from immigration.appointments.generating import generate_all
from immigration.appointments.seats import By
from immigration.clock import utc_now
from immigration.database import Database, unpooled
from immigration.keys import ensure_lookup_key
from immigration.offices.catalogue import load_catalogue
from immigration.offices.loader import load_reference
from immigration.vault import KeyRing

if TYPE_CHECKING:
    from alembic.config import Config

_SCRIPTS = Path(__file__).parent.parent / "migrations"
# Any number will do, so long as every process that migrates asks for the same one.
_MIGRATION_LOCK = 1303_2026


class NewerDatabase(Exception):
    """The database was migrated by a newer version of this product; this one must not touch it."""


def _config(connection: Connection) -> "Config":
    # Loading Alembic takes a third of a second, which only a start that migrates should pay for.
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _revisions() -> list[str]:
    """Every revision of this version's code, oldest first: a migration's file is named after its revision."""
    return sorted(file.name.partition("_")[0] for file in (_SCRIPTS / "versions").glob("[0-9]*_*.py"))


def newest_revision() -> str:
    """The revision that this version of the code needs."""
    return _revisions()[-1]


def revision_of(database: Database) -> str | None:
    """The revision that the database is at; none before the first migration. Raises `NewerDatabase`."""
    with database.engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    if revision is not None and revision not in _revisions():
        raise NewerDatabase(
            f"the database is at revision {revision}, which this version does not know: update the code"
        )
    return revision


def upgrade(database: Database, ring: KeyRing) -> dict[str, int]:
    """Migrate, make the lookup key, bring the reference data up to date; how many rows changed, by table.

    Raises `NewerDatabase`, `BadKeyRing` and the loader's errors; what fails leaves nothing half done.
    """
    if revision_of(database) != newest_revision():
        _migrate(database)
    ensure_lookup_key(database, ring)
    with database.writing() as session:
        _take_turn(session.connection())
        changed = load_reference(session)
        slots = generate_all(session, load_catalogue(session), utc_now(), By("upgrade", "cli"))
        return changed | ({"slots": slots} if slots else {})


def _migrate(database: Database) -> None:
    """All of it in one transaction, one process at a time; the second finds it done."""
    from alembic import command

    if database.dialect == "sqlite":
        # The turn to write is the lock, and BEGIN IMMEDIATE makes SQLite's changes of tables whole or none.
        with database.writing() as session:
            command.upgrade(_config(session.connection()), "head")
        return
    engine = unpooled(database.engine.url.render_as_string(hide_password=False))
    with engine.begin() as connection:
        _take_turn(connection)
        command.upgrade(_config(connection), "head")
    engine.dispose()


def _take_turn(connection: Connection) -> None:
    """One process at a time changes tables and reference rows; SQLite's writers are that already."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MIGRATION_LOCK})
