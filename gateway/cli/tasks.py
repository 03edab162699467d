"""`tasks`: what waits for a person."""

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.cli.common import opened, operator
from gateway.cli.printing import ending, local, print_fields, print_json, print_table
from immigration import tasks as work
from immigration.applications.tables import Application
from immigration.clock import utc_now
from immigration.offices.catalogue import load_catalogue
from immigration.payments.tickets import number_of


@click.group()
def tasks() -> None:
    """What the gateway cannot decide by itself."""


@tasks.command("list")
@click.option("--done", is_flag=True, help="Those that are done instead of those that are open.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="As JSON, for other programs.")
def list_(done: bool, limit: int, as_json: bool) -> None:
    """What waits, the newest first."""
    with opened() as parts, parts.database.reading() as session:
        rows = work.tasks(session, done=done, limit=limit)
        catalogue = load_catalogue(session)
    if as_json:
        names = ("id", "kind", "office", "message_id", "inbound_id", "opened_at", "done_at", "done_by", "words")
        print_json([{name: getattr(row, name) for name in names} for row in rows])
        return
    usual = parts.settings.office_default
    print_table(
        ("id", "since", "office", "what", "words"),
        (
            (
                str(row.id),
                local(row.opened_at, catalogue.office(row.office or usual).zone),
                row.office or "",
                row.kind.replace("_", " "),
                row.words,
            )
            for row in rows
        ),
    )


@tasks.command()
@click.argument("number", metavar="ID", type=click.IntRange(1, 2**63 - 1))
def show(number: int) -> None:
    """Task ID in full."""
    with opened() as parts, parts.database.reading() as session:
        row = _task(session, number)
        last4 = session.scalar(select(Application.number_last4).where(Application.id == row.application_id))
        zone = load_catalogue(session).office(row.office or parts.settings.office_default).zone
    print_fields(
        (
            ("task", str(row.id)),
            ("what", row.kind.replace("_", " ")),
            ("words", row.words),
            ("office", row.office or ""),
            ("application", ending(last4)),
            ("message", f"{row.message_id}: `messages show {row.message_id}`" if row.message_id else ""),
            ("written to us", f"{row.inbound_id}: `inbox list`" if row.inbound_id else ""),
            ("since", local(row.opened_at, zone)),
            ("done", f"{local(row.done_at, zone)} by {row.done_by}" if row.done_at else f"`tasks done {row.id}`"),
        )
    )


@tasks.command()
@click.argument("number", metavar="ID", type=click.IntRange(1, 2**63 - 1))
def done(number: int) -> None:
    """Task ID is done; who said so is kept. A ticket is done by its answer."""
    with opened() as parts, parts.database.writing() as session:
        task = _task(session, number)
        if task.kind == "ticket" and task.phone_hash is not None:
            ticket = number_of(task.id, task.opened_at)
            raise click.ClickException(f"not done: somebody waits for an answer, `tickets answer {ticket} TEXT`")
        was_open = work.finish(session, number, operator(), utc_now())
    click.echo(f"task {number} is done." if was_open else f"task {number} was done before: nothing changed.")


def _task(session: Session, number: int) -> work.Task:
    try:
        return work.task(session, number)
    except work.NoSuchTask:
        raise click.ClickException(f"there is no task {number}: `tasks list` shows those that there are") from None
