"""`keys`: the key ring of data at rest."""

import click

from gateway.cli.common import opened, operator
from immigration import audit, rotation
from immigration.clock import utc_now


@click.group()
def keys() -> None:
    """The key ring of data at rest (DATA_KEYS, newest first)."""


@keys.command()
def status() -> None:
    """How many rows still lie under older keys."""
    with opened() as parts:
        for table, count in rotation.remaining(parts.database, parts.vault).items():
            click.echo(f"{table} under older keys: {count}")


@keys.command()
def rotate() -> None:
    """Bring all data under the newest key while the product runs; interrupted, call it again.

    Before: put the new key first in DATA_KEYS and restart every process, so that all of them can read it.
    """
    with opened() as parts:
        for progress in rotation.rotate(parts.database, parts.vault):
            click.echo(f"{progress.table} {progress.done}/{progress.total}")
        with parts.database.writing() as session:
            audit.note(session, at=utc_now(), actor=operator(), action="rotated", through="cli")
        older = [key.hex() for key in parts.vault.ring.ids[1:]]
    click.echo("everything lies under the newest key")
    if older:
        click.echo(f"keys that may leave DATA_KEYS once open calls are over (10 minutes): {', '.join(older)}")
