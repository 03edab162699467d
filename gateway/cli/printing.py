"""How is a list or a record shown at a terminal? Aligned, in the office's time, and safe whoever wrote the words."""

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from io import StringIO
from typing import Any, Final
from zoneinfo import ZoneInfo

import click
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from immigration.offices.hours import zone_label

# A file or a pipe has no width of its own: nothing is cut there.
_FILE_WIDTH: Final = 10_000


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A row per line."""
    table = Table(*headings, box=box.SIMPLE)
    for row in rows:
        # As text: what people write is no markup of ours.
        table.add_row(*(Text(plain(cell)) for cell in row))
    if sys.stdout.isatty():
        Console().print(table)
        return
    drawn = StringIO()
    Console(width=_FILE_WIDTH, file=drawn).print(table)
    # One long text must not pad every line to its own length.
    for line in drawn.getvalue().splitlines():
        click.echo(line.rstrip())


def print_fields(fields: Iterable[tuple[str, str]]) -> None:
    """A name and its value per line; without those that are empty."""
    shown = [(name, plain(value)) for name, value in fields if value]
    width = max(len(name) for name, _ in shown)
    for name, value in shown:
        click.echo(f"{name.ljust(width)}  {value}")


def print_json(value: Any) -> None:
    """For other programs."""
    click.echo(as_json(value))


def as_json(value: Any) -> str:
    """JSON with times as RFC 3339 in UTC."""
    return json.dumps(value, indent=2, default=_moment)


def local(at: datetime | None, zone: ZoneInfo) -> str:
    """A time in an office's zone, such as `2026-11-24 10:00 WIB`; empty where there is none."""
    return "" if at is None else f"{at.astimezone(zone):%Y-%m-%d %H:%M} {zone_label(zone)}"


def plain(text: str) -> str:
    """On one line, without signs that would steer the terminal."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


def _moment(value: object) -> str:
    assert isinstance(value, datetime | date), "everything else that is stored is JSON as it is"
    return value.isoformat()


def ending(last4: str | None) -> str:
    """What is shown of a number."""
    return f"..{last4}" if last4 else ""
