"""`api-keys`: who may call the JSON API."""

import click

from gateway.cli.common import opened, operator
from gateway.cli.printing import print_table
from immigration import api_keys as keys
from immigration.clock import utc_now


@click.group("api-keys")
def api_keys() -> None:
    """Keys of the back office for the JSON API."""


@api_keys.command()
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    type=click.Choice(keys.SCOPES),
    help="What the key may do; give it once for each scope.",
)
def create(name: str, scopes: tuple[keys.Scope, ...]) -> None:
    """Make a key called NAME and print it, alone, on standard output. It cannot be shown again."""
    with opened() as data, data.database.writing() as session:
        try:
            key = keys.create(session, name, scopes, operator(), utc_now())
        except (keys.BadKeyName, keys.KeyNameTaken) as fault:
            raise click.ClickException(str(fault)) from None
    click.echo(key)


@api_keys.command()
@click.argument("name")
def revoke(name: str) -> None:
    """Make the key called NAME useless, from its next call on."""
    with opened() as data, data.database.writing() as session:
        try:
            keys.revoke(session, name, operator(), utc_now())
        except keys.UnknownKey as fault:
            raise click.ClickException(str(fault)) from None
    click.echo(f"{name} is revoked.")


@api_keys.command("list")
def list_() -> None:
    """Every key with its scopes, and when it was made, last used (to the minute) and revoked."""
    with opened() as data, data.database.reading() as session:
        rows = keys.listed(session)
    shown: list[tuple[str, ...]] = []
    for row in rows:
        moments = (row.created_at, row.last_used_at, row.revoked_at)
        times = ("-" if at is None else at.isoformat(timespec="minutes") for at in moments)
        shown.append((row.name, " ".join(row.scopes), *times))
    print_table(("name", "scopes", "created", "last used", "revoked"), shown)
