"""`channels`: the ways out, whether they are open, and opening one again."""

import click

from gateway.cli.common import opened, operator
from gateway.cli.printing import local, print_json, print_table
from immigration.clock import utc_now
from immigration.messages.channels import every
from immigration.messages.channels import resume as resume_channel
from immigration.messages.tables import Channel
from immigration.messages.words import officer_words
from immigration.offices.catalogue import load_catalogue


@click.group()
def channels() -> None:
    """The ways by which SMS leave."""


@channels.command("list")
@click.option("--json", "as_json", is_flag=True, help="As JSON, for other programs.")
def list_(as_json: bool) -> None:
    """Each channel: open or paused, why, held off until when, and its credit."""
    with opened() as parts, parts.database.reading() as session:
        rows = {row.name: row for row in every(session)}
        for name in parts.settings.sms_channels:
            rows.setdefault(name, Channel(name=name))
        zone = load_catalogue(session).office(parts.settings.office_default).zone
        now = utc_now()
    if as_json:
        names = ("name", "paused_at", "fault", "held_until", "balance", "balance_at")
        print_json([{name: getattr(row, name) for name in names} for row in rows.values()])
        return
    print_table(
        ("channel", "paused since", "held off until", "credit", "looked at", "why"),
        (
            (
                row.name,
                local(row.paused_at, zone),
                local(row.held_until if row.held_until is not None and row.held_until > now else None, zone),
                row.balance or "",
                local(row.balance_at, zone),
                officer_words(row.fault),
            )
            for row in rows.values()
        ),
    )


@channels.command()
@click.argument("name")
def resume(name: str) -> None:
    """Let the channel NAME send again, once what paused it is put right; what waits for it goes out."""
    with opened() as parts:
        with parts.database.writing() as session:
            known = sorted({*parts.settings.sms_channels, *(row.name for row in every(session))})
            if name not in known:
                raise click.ClickException(f"there is no channel {name}: write one of {', '.join(known)}")
            was_paused = resume_channel(session, name, operator(), utc_now())
        parts.ring()
    click.echo(f"{name} sends again." if was_paused else f"{name} was not paused: nothing changed.")
