"""`privacy`: what is kept of a person, letting it go, and whom a breach concerns (UU PDP 27/2022)."""

import csv
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from sqlalchemy.orm import Session

from gateway.cli.common import Opened, note, opened, operator
from gateway.cli.given import ApplicationNumber, Phone, Rfc3339
from gateway.cli.printing import as_json, ending
from immigration import privacy as rights
from immigration.applications.keeping import NotFound, find
from immigration.clock import utc_now


@click.group()
def privacy() -> None:
    """What is kept of a person: for requests at the counter, and for the notice of a breach."""


@privacy.command()
@click.option("--phone", type=Phone(), help="Everything about this phone.")
@click.option("--number", type=ApplicationNumber(), help="The application of this number, and its phone.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="A new file, for you alone to read.")
def export(phone: str | None, number: str | None, output: Path | None) -> None:
    """What is kept, in clear, as JSON. Give it to its owner only: check who asks."""
    if (phone is None) == (number is None):
        raise click.UsageError("give --phone or --number")
    with opened() as parts, parts.database.writing() as session:
        told = _of_phone(session, parts, phone) if phone is not None else _of_number(session, parts, number or "")
    if output is None:
        click.echo(as_json(told))
        return
    try:
        with os.fdopen(os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(as_json(told) + "\n")
    except FileExistsError:
        raise click.ClickException(f"--output: {output} is there already: name a new file") from None
    except OSError as fault:
        raise click.ClickException(f"--output: {output} cannot be written ({fault.strerror})") from None
    click.echo(f"written to {output}")


def _of_phone(session: Session, parts: Opened, phone: str) -> dict[str, Any]:
    phone_hash = parts.vault.lookup("phone", phone)
    note(session, "exported", subject_hash=phone_hash)
    return rights.everything_about(session, parts.vault, phone_hash)


def _of_number(session: Session, parts: Opened, number: str) -> dict[str, Any]:
    try:
        row, _ = find(session, parts.vault, number)
    except NotFound:
        raise click.ClickException("--number: there is no application with this number") from None
    note(session, "exported", subject_hash=row.number_hash, subject_last4=row.number_last4)
    return rights.everything_of(session, parts.vault, row)


@privacy.command()
@click.option("--phone", type=Phone(), required=True)
@click.option("--yes", is_flag=True, help="Do not ask.")
def erase(phone: str, yes: bool) -> None:
    """Let go of everything about this phone, as if its owner had written HAPUS YA. It cannot be brought back.

    What waits to be sent is called off. A running application keeps its number, state, dates and birth date.
    """
    with opened() as parts:
        if not yes:
            click.confirm(f"Let go of everything about {phone}, for good?", abort=True)
        with parts.database.writing() as session:
            phone_hash = parts.vault.lookup("phone", phone)
            linked = rights.erase(session, parts.vault, phone_hash, operator(), "cli", utc_now())
    numbers = ", ".join(ending(row.number_last4) for row in linked)
    click.echo(f"let go; its applications: {numbers or 'none'}")


@privacy.command()
@click.option("--since", type=Rfc3339(), required=True, help="When it began, such as 2026-11-24T08:00:00+07:00.")
@click.option("--actor", help="Only what this key or officer did, such as key:back-office.")
def affected(since: datetime, actor: str | None) -> None:
    """Whose data was looked at, changed or taken out since then, as CSV: they are told within 3 x 24 hours."""
    with opened() as parts, parts.database.writing() as session:
        rows = list(rights.affected(session, parts.vault, since, actor))
        note(session, "exported")
    writer = csv.writer(sys.stdout)
    writer.writerow(("number", "phone", "name", "last_at", "actions"))
    for row in rows:
        last_at = f"{row.last_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        writer.writerow((row.number or "", row.phone or "", row.name or "", last_at, row.actions))
