"""`demo`: demonstration data."""

import click

from gateway import demo as demonstration
from gateway.cli.common import opened
from immigration.clock import utc_now


@click.group()
def demo() -> None:
    """A demonstration's data."""


@demo.command()
def load() -> None:
    """Load demonstration applications; refused in production."""
    with opened() as parts:
        if parts.settings.gateway_env == "production":
            raise click.ClickException("demonstration data has no place in production")
        with parts.database.writing() as session:
            count = demonstration.load(session, parts.outbox(), utc_now())
    click.echo(f"applications={count}")
