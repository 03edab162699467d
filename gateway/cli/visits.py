"""`visits`: the day at the office, from the list to print to the last one who is called; and booking for citizens."""

import os
from datetime import date

import click
from sqlalchemy import select

from gateway.cli.common import note, opened
from gateway.cli.given import Day
from gateway.cli.printing import ending, local, print_fields, print_json, print_table
from gateway.cli.visit_booking import book, cancel, move
from gateway.cli.visiting import OFFICE, by, note_visit, office_in, visit_in
from immigration.applications.tables import Application
from immigration.appointments import office_day, telling
from immigration.appointments.calendar import rules_of, today
from immigration.appointments.codes import spoken
from immigration.appointments.office_day import Entry, WrongState, queue_name
from immigration.appointments.tables import SeatEvent, Visit
from immigration.clock import utc_now
from immigration.offices.catalogue import OfficeFacts, load_catalogue
from immigration.offices.visit_rules import as_lane


@click.group()
def visits() -> None:
    """Visits: today's list, the queue, and booking for citizens.

    WHICH is a visit's code; for today's also its queue number, or the last digits of application or phone.
    """


for command in (book, move, cancel):
    visits.add_command(command)


@visits.command("today")
@OFFICE
@click.option("--date", "day", type=Day(), help="Another day.")
@click.option("--format", "shape", type=click.Choice(["table", "html", "csv", "json"]), default="table")
def today_(office: str | None, day: date | None, shape: str) -> None:
    """The visits of the day by time, walk-ins last. As html: a list to print, in Indonesian. That you look is noted."""
    now = utc_now()
    with opened() as parts, parts.database.writing() as session:
        catalogue = load_catalogue(session)
        one = office_in(catalogue, office or parts.settings.office_default)
        wanted = day or today(one, now)
        entries = office_day.day_list(session, parts.vault, one.code, wanted)
        note(session, "listed")
    if shape == "json":
        # Loads pydantic, which the other shapes need not wait for.
        from gateway.api.visit_answers import appointment

        print_json([appointment(entry, one, personal=True).model_dump(mode="json") for entry in entries])
    elif shape == "table":
        _print_table(entries, one)
    else:
        from gateway.day_list import DayList, as_csv, as_html

        listed = DayList(one, wanted, entries, catalogue.services, now)
        click.echo(as_html(listed) if shape == "html" else as_csv(listed), nl=False)


@visits.command()
@click.argument("which")
@OFFICE
def show(which: str, office: str | None) -> None:
    """Visit WHICH with everything that happened to it."""
    with opened() as parts:
        outbox = parts.outbox()
        with parts.database.writing() as session:
            one = office_in(load_catalogue(session), office or parts.settings.office_default)
            visit = visit_in(session, parts, outbox, one, which)
            last4 = session.scalar(select(Application.number_last4).where(Application.id == visit.application_id))
            phone = telling.phone_for(session, outbox, visit.phone_hash)
            query = select(SeatEvent).where(SeatEvent.visit_id == visit.id).order_by(SeatEvent.id)
            events = session.scalars(query).all()
            note_visit(session, visit, "read")
    print_fields(
        (
            ("visit", spoken(visit.code)),
            ("state", visit.state),
            ("time", local(visit.starts_at, one.zone) or "a walk-in"),
            ("lane", visit.lane),
            ("service", visit.service or ""),
            ("application", ending(last4)),
            ("phone", ending(phone[-4:] if phone else None) or "not kept"),
            ("queue", queue_name(visit)),
            ("counter", str(visit.counter or "")),
            ("booked", f"{local(visit.booked_at, one.zone)} by {visit.through}"),
            ("moved", f"{visit.moves} times by the citizen" if visit.moves else ""),
        )
    )
    print_table(
        ("at", "what", "by", "through"),
        ((local(event.at, one.zone), event.kind, event.actor, event.through) for event in events),
    )


@visits.command("check-in")
@click.argument("which")
@OFFICE
def check_in(which: str, office: str | None) -> None:
    """Visit WHICH is here: prints its queue number; again, the same one."""
    with opened() as parts:
        outbox = parts.outbox()
        with parts.database.writing() as session:
            one = office_in(load_catalogue(session), office or parts.settings.office_default)
            visit = visit_in(session, parts, outbox, one, which)
            try:
                office_day.check_in(session, outbox, visit, utc_now(), by())
            except WrongState as fault:
                raise _wrong(visit, fault) from None
            note_visit(session, visit, "changed")
        parts.ring()
    click.echo(f"{queue_name(visit)}  {_named(visit, one)}")


@visits.command("walk-in")
@click.option("--lane", type=click.Choice(["general", "priority"]), default="general", show_default=True)
@click.option("--service", metavar="CODE", help="What they come for.")
@OFFICE
def walk_in(lane: str, service: str | None, office: str | None) -> None:
    """Somebody came without a booking: prints their queue number and code.

    priority: over 60, disabled, pregnant or nursing, with a toddler, sick; until the office's hour for it.
    """
    now = utc_now()
    with opened() as parts, parts.database.writing() as session:
        catalogue = load_catalogue(session)
        one = office_in(catalogue, office or parts.settings.office_default)
        if service is not None and service not in catalogue.services:
            there = ", ".join(catalogue.services)
            raise click.ClickException(f"--service: there is no {service}: write one of {there}")
        if not office_day.may_walk_in(one, as_lane(lane), now):
            why = f"priority goes first until {rules_of(one).walk_in_until:%H.%M}: try --lane general"
            raise click.ClickException(why if lane == "priority" else f"{one.code} is closed now: book another day")
        occasion = f"cli:{os.urandom(16).hex()}"
        visit = office_day.walk_in(session, one, as_lane(lane), service, occasion, now, by())
        note_visit(session, visit, "changed")
    click.echo(f"{queue_name(visit)}  {_named(visit, one)}")


@visits.command("call-next")
@click.option("--counter", type=click.IntRange(1, 500), default=1, show_default=True, help="Which counter is free.")
@OFFICE
def call_next(counter: int, office: str | None) -> None:
    """Call whose turn it is. P and A alternate while both wait."""
    with opened() as parts, parts.database.writing() as session:
        one = office_in(load_catalogue(session), office or parts.settings.office_default)
        visit = office_day.call_next(session, one, counter, utc_now(), by())
        if visit is not None:
            note_visit(session, visit, "changed")
    click.echo("nobody waits." if visit is None else f"{queue_name(visit)} to counter {counter}  {_named(visit, one)}")


@visits.command()
@click.argument("which")
@OFFICE
def done(which: str, office: str | None) -> None:
    """Visit WHICH is over."""
    with opened() as parts:
        outbox = parts.outbox()
        with parts.database.writing() as session:
            one = office_in(load_catalogue(session), office or parts.settings.office_default)
            visit = visit_in(session, parts, outbox, one, which)
            try:
                new = office_day.done(session, visit, utc_now(), by())
            except WrongState as fault:
                raise _wrong(visit, fault) from None
            note_visit(session, visit, "changed")
    click.echo(f"{_named(visit, one)} is done." if new else f"{_named(visit, one)} was done before: nothing changed.")


@visits.command("no-show")
@click.argument("which")
@OFFICE
def no_show(which: str, office: str | None) -> None:
    """Nobody came for visit WHICH. Its application moves to TIDAK_HADIR and the applicant is told; no seat is freed."""
    with opened() as parts:
        outbox = parts.outbox()
        with parts.database.writing() as session:
            one = office_in(load_catalogue(session), office or parts.settings.office_default)
            visit = visit_in(session, parts, outbox, one, which, speaks=True)
            try:
                new = office_day.no_show(session, outbox, visit, utc_now(), by())
            except WrongState as fault:
                raise _wrong(visit, fault) from None
            note_visit(session, visit, "changed")
        parts.ring()
    click.echo(f"{_named(visit, one)}: nobody came." if new else f"{_named(visit, one)} was absent before.")


def _wrong(visit: Visit, fault: WrongState) -> click.ClickException:
    return click.ClickException(
        f"{spoken(visit.code)} is {fault.state}: this step does not follow (`visits show {visit.code}`)"
    )


def _named(visit: Visit, office: OfficeFacts) -> str:
    return f"{spoken(visit.code)} {local(visit.starts_at, office.zone) or 'walk-in'}"


def _print_table(entries: list[Entry], office: OfficeFacts) -> None:
    print_table(
        ("time", "code", "queue", "lane", "service", "application", "phone", "state"),
        (
            (
                local(entry.visit.starts_at, office.zone)[11:16] or "walk-in",
                spoken(entry.visit.code),
                queue_name(entry.visit),
                entry.visit.lane,
                entry.visit.service or "",
                ending(entry.application_last4),
                ending(entry.phone_last4),
                entry.visit.state + (f", counter {entry.visit.counter}" if entry.visit.state == "called" else ""),
            )
            for entry in entries
        ),
    )
