"""`db`: the database is migrated, saved and brought back."""

from pathlib import Path

import click
from sqlalchemy.exc import SQLAlchemyError

from gateway import backup as saving
from gateway.cli.common import opened, operator
from gateway.cli.starting import database_fault, settings_for
from gateway.migrate import NewerDatabase
from gateway.migrate import upgrade as migrate
from gateway.wiring import key_ring
from immigration import audit
from immigration.clock import utc_now
from immigration.database import Database, DatabaseBusy
from immigration.offices.loader import BadReference
from immigration.vault import BadKeyRing


@click.group()
def db() -> None:
    """The database."""


@db.command()
def upgrade() -> None:
    """Migrate, then bring offices, services and hours up to date from their files; again changes nothing."""
    settings = settings_for("cli")
    try:
        database = Database(settings.database_url)
        try:
            changed = migrate(database, key_ring(settings))
        finally:
            database.close()
    except (BadKeyRing, BadReference, NewerDatabase, ValueError) as fault:
        raise click.ClickException(str(fault)) from None
    except DatabaseBusy:
        raise click.ClickException("the database is busy: another process is writing, try again") from None
    except SQLAlchemyError as fault:
        raise click.ClickException(f"the database cannot be used: {database_fault(fault)}") from None
    except OSError as fault:
        raise click.ClickException(f"the database cannot be used: {fault.strerror}") from None
    click.echo(" ".join(f"{table}={count}" for table, count in sorted(changed.items())) or "nothing changed")


@db.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Replace FILE if it is there.")
def backup(file: Path, force: bool) -> None:
    """Save one moment of the running database to FILE. It is as secret as the database and needs DATA_KEYS to open."""
    with opened() as parts:
        try:
            size = saving.backup(parts.database, file, force=force)
        except saving.BackupFault as fault:
            raise click.ClickException(str(fault)) from None
        with parts.database.writing() as session:
            audit.note(session, at=utc_now(), actor=operator(), action="exported", through="cli")
    click.echo(f"{file} bytes={size}")


@db.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Replace what the database holds.")
def restore(file: Path, force: bool) -> None:
    """Bring the database back to FILE; stop the product first. Wrong DATA_KEYS are refused and change nothing."""
    settings = settings_for("cli")
    try:
        database = Database(settings.database_url)
        try:
            saving.restore(database, key_ring(settings), file, force=force)
            with database.writing() as session:
                audit.note(session, at=utc_now(), actor=operator(), action="restored", through="cli")
        finally:
            database.close()
    except (saving.BackupFault, BadKeyRing, NewerDatabase) as fault:
        raise click.ClickException(str(fault)) from None
    except SQLAlchemyError as fault:
        raise click.ClickException(f"the database cannot be used: {database_fault(fault)}") from None
    click.echo(f"restored from {file}; `db upgrade` brings it up to this version")
