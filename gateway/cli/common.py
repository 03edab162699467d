"""How does a command reach the data? Database and vault without Redis, and every fault said in one line."""

import getpass
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Final

import click
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from gateway.cli.starting import database_fault, settings_for
from gateway.messaging import build_outbox
from gateway.settings import Settings
from immigration import audit
from immigration.clock import utc_now
from immigration.database import Database, DatabaseBusy
from immigration.keys import NoLookupKey, load_vault
from immigration.messages.outbox import Outbox
from immigration.messages.texts import BadTemplate
from immigration.offices.snapshot import CatalogueSnapshot
from immigration.vault import BadKeyRing, KeyRing, Unreadable, Vault

_ACTOR_LENGTH: Final = 80
_REDIS_S: Final = 0.5


@dataclass(frozen=True)
class Opened:
    """What a command works on."""

    settings: Settings
    database: Database
    vault: Vault

    def outbox(self) -> Outbox:
        """What writes messages. Raises `ClickException` where its texts cannot be read."""
        try:
            return build_outbox(self.settings, self.vault, CatalogueSnapshot(self.database))
        except BadTemplate as fault:
            raise click.ClickException(str(fault)) from None

    def ring(self) -> None:
        """Tell the workers that a message waits; where no Redis is named, the clock finds it within seconds."""
        from gateway.wiring import connect_redis
        from workers.jobs import ring

        if self.settings.redis_url is not None:
            with closing(connect_redis(self.settings.redis_url, timeout_s=_REDIS_S)) as redis:
                ring(redis)


@contextmanager
def opened() -> Iterator[Opened]:
    """The migrated database and its vault, closed at the end.

    Raises `SettingsFault` (exit 2) and, for what fails here or in the block, `ClickException` (exit 1).
    """
    settings = settings_for("cli")
    try:
        database = Database(settings.database_url)
        try:
            yield Opened(settings, database, load_vault(database, KeyRing.from_base64(settings.data_keys)))
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


def note(
    session: Session, action: audit.Action, *, subject_hash: bytes | None = None, subject_last4: str | None = None
) -> None:
    """Write into the audit what this command does: about an application, or (without last digits) about a phone."""
    audit.note(
        session,
        at=utc_now(),
        actor=operator(),
        action=action,
        through="cli",
        subject_hash=subject_hash,
        subject_last4=subject_last4,
    )
