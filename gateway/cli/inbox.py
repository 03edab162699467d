"""`inbox`: what people wrote in their own words, and an officer's answer."""

import click
from sqlalchemy import select

from gateway.cli.common import note, opened, operator
from gateway.cli.printing import ending, local, print_json, print_table
from immigration.clock import utc_now
from immigration.contacts import Contact, phone_of
from immigration.inbox import officer
from immigration.offices.catalogue import load_catalogue


@click.group()
def inbox() -> None:
    """SMS from people that a person answers."""


@inbox.command("list")
@click.option("--all", "everything", is_flag=True, help="Everything that people wrote, newest first.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="As JSON, for other programs.")
def list_(everything: bool, limit: int, as_json: bool) -> None:
    """What waits for an answer, the longest wait first. That you read it is written down."""
    with opened() as parts, parts.database.writing() as session:
        rows = officer.received(session, limit) if everything else officer.waiting(session, limit)
        whose = {row.phone_hash for row in rows if row.phone_hash is not None}
        contacts = session.scalars(select(Contact).where(Contact.phone_hash.in_(whose)))
        phones = {one.phone_hash: ending(phone_of(parts.vault, one)[-4:]) for one in contacts}
        said = [officer.said(parts.vault, row) for row in rows]
        for phone_hash in whose:
            note(session, "read", subject_hash=phone_hash)
        note(session, "listed")
        catalogue = load_catalogue(session)
    if as_json:
        print_json(
            [
                {
                    "id": row.id,
                    "received_at": row.received_at,
                    "phone": phones.get(row.phone_hash) if row.phone_hash else None,
                    "state": row.state,
                    "body": text,
                }
                for row, text in zip(rows, said, strict=True)
            ]
        )
        return
    print_table(
        ("id", "received", "phone", "state", "text"),
        (
            (
                str(row.id),
                local(row.received_at, catalogue.office(row.office).zone),
                phones.get(row.phone_hash, "") if row.phone_hash else "",
                row.state,
                "no longer kept" if text is None else text,
            )
            for row, text in zip(rows, said, strict=True)
        ),
    )


@inbox.command()
@click.argument("number", metavar="ID", type=click.IntRange(1, 2**63 - 1))
@click.argument("text", nargs=-1, required=True)
def answer(number: int, text: tuple[str, ...]) -> None:
    """Answer message ID with TEXT, in one SMS that begins with the office's name; its task is closed."""
    with opened() as parts:
        outbox = parts.outbox()
        with parts.database.writing() as session:
            try:
                row = officer.answer(session, outbox, number, " ".join(text), operator(), utc_now())
            except officer.NoSuchInbound:
                raise click.ClickException(
                    f"there is no message {number}: `inbox list` shows those that wait"
                ) from None
            except officer.NotAnswered as fault:
                raise click.ClickException(f"not answered: {fault}") from None
            note(session, "changed", subject_hash=row.phone_hash)
        parts.ring()
    click.echo(f"the answer to message {number} goes out.")
