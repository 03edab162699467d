"""`optout`: whether a person wants reminders, as they say at the counter."""

from typing import Final

import click

from gateway.cli.common import note, opened
from gateway.cli.given import Phone
from gateway.cli.printing import local, print_table
from immigration.clock import utc_now
from immigration.contacts import Contact, choices_of, choose, know
from immigration.offices.catalogue import load_catalogue

_ANSWERS: Final = {
    None: "never asked: the application's own consent decides",
    True: "wanted",
    False: "not wanted",
}


@click.group()
def optout() -> None:
    """Whether a person wants reminders. News of a running application goes on either way."""


@optout.command()
@click.option("--phone", type=Phone(), required=True)
def show(phone: str) -> None:
    """What this phone's owner chose: each time, how, and under which wording."""
    with opened() as parts, parts.database.writing() as session:
        phone_hash = parts.vault.lookup("phone", phone)
        contact = session.get(Contact, phone_hash)
        choices = choices_of(session, phone_hash)
        note(session, "read", subject_hash=phone_hash)
        zone = load_catalogue(session).office(parts.settings.office_default).zone
    click.echo(f"reminders: {_ANSWERS[None if contact is None else contact.reminders]}")
    if choices:
        print_table(
            ("chosen", "reminders", "by", "wording"),
            ((local(one.at, zone), _ANSWERS[one.agreed], one.channel, one.wording) for one in choices),
        )


@optout.command()
@click.option("--phone", type=Phone(), required=True)
def stop(phone: str) -> None:
    """No more reminders to this phone, from now on."""
    _choose(phone, agreed=False)


@optout.command()
@click.option("--phone", type=Phone(), required=True)
def start(phone: str) -> None:
    """Reminders to this phone again."""
    _choose(phone, agreed=True)


def _choose(phone: str, *, agreed: bool) -> None:
    with opened() as parts, parts.database.writing() as session:
        now = utc_now()
        phone_hash = know(session, parts.vault, phone, now)
        choose(session, phone_hash, "reminders", agreed, "cli", "at the counter", now)
        note(session, "changed", subject_hash=phone_hash)
    click.echo(f"reminders: {_ANSWERS[agreed]}")
