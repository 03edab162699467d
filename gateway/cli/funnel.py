"""`funnel`: where callers come, go on and drop."""

import json
from datetime import datetime, timedelta

import click
from rich import box
from rich.console import Console
from rich.table import Table

from gateway.cli.common import opened
from immigration import calls
from immigration.clock import utc_now

_STEPS = ("came", "went_on", "dropped", "ended")


@click.command()
@click.option(
    "--since", type=click.DateTime(["%Y-%m-%d"]), help="From this day (UTC) on; the last 7 days unless given."
)
@click.option("--json", "as_json", is_flag=True, help="As JSON, for other programs.")
def funnel(since: datetime | None, as_json: bool) -> None:
    """Per screen and language: how many came, went on, were dropped, ended there."""
    first = since.date() if since else (utc_now() - timedelta(days=7)).date()
    with opened() as parts, parts.database.reading() as session:
        rows = calls.funnel(session, first)
    if as_json:
        names = ("screen", "language", *_STEPS)
        click.echo(json.dumps([{name: getattr(row, name) for name in names} for row in rows]))
        return
    table = Table("screen", "language", *_STEPS, box=box.SIMPLE)
    for row in rows:
        table.add_row(row.screen, row.language, *(str(getattr(row, step)) for step in _STEPS))
    Console().print(table)
