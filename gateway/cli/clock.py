"""`clock`: what happens by itself as time goes by, for ever or once."""

import signal
import sys
from datetime import datetime
from pathlib import Path
from threading import Event

import click

from gateway import valkey
from gateway.cli.common import opened
from gateway.cli.given import Rfc3339
from gateway.cli.starting import wiring_for
from gateway.messaging import build_outbox
from gateway.settings import Settings
from gateway.wiring import connect_redis
from immigration.clock import utc_now
from immigration.inbox.desk import InboxDesk
from immigration.offices.snapshot import CatalogueSnapshot


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
    ticking.run(wiring.redis, wiring.database, wiring.clock, Event())


@clock.command()
@click.option("--at", type=Rfc3339(), help="See this time instead of now.")
def once(at: datetime | None) -> None:
    """One pass of everything that is due, done before the command returns; prints a count per line."""
    from gateway.channels import build_sender
    from workers import clock as ticking

    with opened() as parts:
        now = utc_now()
        if at is not None and at > now and parts.settings.gateway_env == "production":
            raise click.ClickException("--at is ahead of now: in production time is not to be run ahead of")
        seen = at or now
        catalogue = CatalogueSnapshot(parts.database)
        outbox = build_outbox(parts.settings, parts.vault, catalogue)
        inbox = InboxDesk(parts.database, parts.vault, outbox, lambda: seen, parts.settings.office_default)
        url = _redis_url(parts.settings)
        redis = None if url is None else connect_redis(url, timeout_s=5.0)
        sender = build_sender(parts.settings, parts.database, parts.vault, outbox, redis, utc_now)
        counts = ticking.once(parts.database, inbox, sender, now, seen)
        sender.close()
    for name, count in counts.items():
        click.echo(f"{name}={count}")


def _redis_url(settings: Settings) -> str | None:
    """The Redis of this deployment; of a demonstration that runs here its own, where its phones get their SMS."""
    try:
        return settings.redis_url or valkey.running_in(Path(settings.var_dir))
    except valkey.ValkeyError:
        # Nobody has one running without the program for it.
        return None
