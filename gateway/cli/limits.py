"""`limits`: the counter of birth-date tries."""

import click

from gateway.cli.common import Opened, opened, operator
from immigration import audit, identity
from immigration.clock import utc_now
from immigration.phones import InvalidPhone, international


@click.group()
def limits() -> None:
    """The counter of failed birth-date tries: five an hour, per caller and per number."""


def _subject(parts: Opened, phone: str | None, number: str | None) -> bytes:
    if (phone is None) == (number is None):
        raise click.UsageError("give --phone or --number")
    if phone is not None:
        try:
            return parts.vault.lookup("phone", international(phone))
        except InvalidPhone as fault:
            raise click.UsageError(f"--phone: {fault.fix}") from None
    assert number is not None
    return parts.vault.lookup("number", number)


@limits.command()
@click.option("--phone")
@click.option("--number")
def show(phone: str | None, number: str | None) -> None:
    """How many failed tries this phone or application has within the hour."""
    with opened() as parts:
        subject = _subject(parts, phone, number)
        with parts.database.reading() as session:
            count = identity.tries(session, subject, utc_now())
    click.echo(f"tries={count} of {identity.TRIES}")


@limits.command()
@click.option("--phone")
@click.option("--number")
def reset(phone: str | None, number: str | None) -> None:
    """Forget the tries of this phone or application, so that it may be tried again at once."""
    with opened() as parts:
        subject = _subject(parts, phone, number)
        with parts.database.writing() as session:
            count = identity.reset(session, subject)
            audit.note(
                session,
                at=utc_now(),
                actor=operator(),
                action="changed",
                through="cli",
                subject_hash=subject if number else None,
                subject_last4=number[-4:] if number else None,
            )
    click.echo(f"forgotten={count}")
