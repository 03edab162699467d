"""`clock`: what happens by itself as time goes by, for ever or once."""

import signal
import sys
from datetime import datetime
from threading import Event

import click
from sqlalchemy.exc import SQLAlchemyError

from gateway.cli.starting import database_fault, settings_for, wiring_for
from immigration.clock import utc_now
from immigration.database import Database


class Rfc3339(click.ParamType[datetime]):
    """A moment with its zone, such as 2026-11-24T08:00:00+07:00."""

    name = "RFC3339"

    def convert(self, value: str | datetime, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        try:
            moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not a time such as 2026-11-24T08:00:00+07:00", param, ctx)
        if moment.tzinfo is None:
            self.fail(f"{value!r} names no zone: end it with Z or +07:00", param, ctx)
        return moment


@click.group()
def clock() -> None:
    """The clock: expiries and upkeep."""


@clock.command("run")
def run_() -> None:
    """Tick until SIGTERM. A second clock does no harm."""
    from workers import clock as ticking

    wiring = wiring_for("clock", timeout_s=5.0)
    # At once, in the middle of a tick too: the next clock finds what this one left.
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, lambda *_: sys.exit(0))
    ticking.run(wiring.redis, wiring.clock, Event())


@clock.command()
@click.option("--at", type=Rfc3339(), help="See this time instead of now.")
def once(at: datetime | None) -> None:
    """One pass of everything that is due, done before the command returns; prints a count per line."""
    from workers import clock as ticking

    settings = settings_for("clock")
    now = utc_now()
    if at is not None and at > now and settings.gateway_env == "production":
        raise click.ClickException("--at is ahead of now: in production time is not to be run ahead of")
    database = Database(settings.database_url)
    try:
        counts = ticking.once(database, at or now)
    except SQLAlchemyError as fault:
        raise click.ClickException(f"the database cannot be used: {database_fault(fault)}") from None
    finally:
        database.close()
    for name, count in counts.items():
        click.echo(f"{name}={count}")
