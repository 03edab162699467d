"""`tickets`: what citizens who say that they have paid wait to hear, and an officer's answer."""

import click

from gateway.cli.common import note, opened, operator
from gateway.cli.given import TicketNumber
from gateway.cli.printing import local, print_json, print_table
from immigration.clock import utc_now
from immigration.inbox.officer import NotAnswered
from immigration.offices.catalogue import load_catalogue
from immigration.payments import answering
from immigration.payments.tickets import number_of


@click.group()
def tickets() -> None:
    """Questions about payments that a person answers."""


@tickets.command("list")
@click.option("--done", is_flag=True, help="Those that are done instead of those that are open.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="As JSON, for other programs.")
def list_(done: bool, limit: int, as_json: bool) -> None:
    """What waits for an answer, the newest first."""
    with opened() as parts, parts.database.reading() as session:
        rows = answering.tickets(session, done=done, limit=limit)
        catalogue = load_catalogue(session)
    if as_json:
        names = ("id", "office", "opened_at", "done_at", "done_by", "words")
        print_json(
            [
                {"number": number_of(row.id, row.opened_at)} | {name: getattr(row, name) for name in names}
                for row in rows
            ]
        )
        return
    usual = parts.settings.office_default
    print_table(
        ("ticket", "since", "office", "words"),
        (
            (
                number_of(row.id, row.opened_at),
                local(row.opened_at, catalogue.office(row.office or usual).zone),
                row.office or "",
                row.words,
            )
            for row in rows
        ),
    )


@tickets.command()
@click.argument("number", metavar="TICKET", type=TicketNumber())
@click.argument("text", nargs=-1, required=True)
def answer(number: int, text: tuple[str, ...]) -> None:
    """Answer TICKET (A26-01234, or 1234 alone) with TEXT, in one SMS that begins with the office's name.

    The ticket is done.
    """
    with opened() as parts:
        outbox = parts.outbox()
        with parts.database.writing() as session:
            try:
                _, whose = answering.answer(session, outbox, number, " ".join(text), operator(), utc_now())
            except answering.NoSuchTicket:
                raise click.ClickException(
                    f"there is no ticket {number}: `tickets list` shows those that wait"
                ) from None
            except answering.AlreadyDone:
                raise click.ClickException(f"not answered: ticket {number} is done already") from None
            except NotAnswered as fault:
                raise click.ClickException(f"not answered: {fault}") from None
            note(session, "changed", subject_hash=whose)
        parts.ring()
    click.echo(f"the answer to ticket {number} goes out.")
