"""How does a database become ours? Migrations, the lookup key, the reference data; again changes nothing."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.engine import Connection

from immigration.clock import utc_now
from immigration.database import Database, unpooled
from immigration.keys import ensure_lookup_key
from immigration.offices.loader import load_reference
from immigration.vault import KeyRing

_SCRIPTS = Path(__file__).parent.parent / "migrations"
# Any number will do, so long as every process that migrates asks for the same one.
_MIGRATION_LOCK = 1303_2026


class NewerDatabase(Exception):
    """The database was migrated by a newer version of this product; this one must not touch it."""


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def newest_revision() -> str | None:
    """The revision that this version of the code needs."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def revision_of(database: Database) -> str | None:
    """The revision that the database is at; none before the first migration. Raises `NewerDatabase`."""
    with database.engine.connect() as connection:
        revision = MigrationContext.configure(connection).get_current_revision()
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if revision is not None and revision not in known:
        raise NewerDatabase(
            f"the database is at revision {revision}, which this version does not know: update the code"
        )
    return revision


def upgrade(database: Database, ring: KeyRing) -> dict[str, int]:
    """Migrate, make the lookup key, bring the reference data up to date; how many rows changed, by table.

    Raises `NewerDatabase`, `BadKeyRing` and the loader's errors; what fails leaves nothing half done.
    """
    if revision_of(database) != newest_revision():
        engine = unpooled(database.engine.url.render_as_string(hide_password=False))
        with engine.begin() as connection:
            if database.dialect == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MIGRATION_LOCK})
            command.upgrade(_config(connection), "head")
        engine.dispose()
    ensure_lookup_key(database, ring)
    with database.writing() as session:
        return load_reference(session, today=utc_now().date())
