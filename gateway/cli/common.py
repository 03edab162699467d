"""How does a command reach the data? Database and vault without Redis, and every fault said in one line."""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import click
from sqlalchemy.exc import SQLAlchemyError

from gateway.cli.starting import database_fault, settings_for
from gateway.settings import Settings
from gateway.wiring import key_ring
from immigration.database import Database, DatabaseBusy
from immigration.keys import NoLookupKey, load_vault
from immigration.vault import BadKeyRing, Unreadable, Vault

_ACTOR_LENGTH: Final = 80


@dataclass(frozen=True)
class Opened:
    """What a command works on."""

    settings: Settings
    database: Database
    vault: Vault


@contextmanager
def opened() -> Iterator[Opened]:
    """The migrated database and its vault, closed at the end.

    Raises `SettingsFault` (exit 2) and, for what fails here or in the block, `ClickException` (exit 1).
    """
    settings = settings_for("cli")
    try:
        database = Database(settings.database_url)
        try:
            yield Opened(settings, database, load_vault(database, key_ring(settings)))
        finally:
            database.close()
    except (BadKeyRing, NoLookupKey, Unreadable) as fault:
        raise click.ClickException(str(fault)) from None
    except DatabaseBusy:
        raise click.ClickException("the database is busy: another process is writing, try again") from None
    except SQLAlchemyError as fault:
        raise click.ClickException(
            f"the database cannot be used: {database_fault(fault)} (a new one needs `python -m gateway db upgrade`)"
        ) from None


def operator() -> str:
    """Who works at this terminal, as events and the audit name them."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        # A container may run under a number that nobody gave a name.
        return "cli"
    return f"cli:{name}"[:_ACTOR_LENGTH]
