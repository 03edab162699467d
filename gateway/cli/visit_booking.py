"""`visits book`, `move`, `cancel`: what an officer does at the counter for somebody who asks."""

import os
from datetime import datetime
from typing import Final

import click
from sqlalchemy.orm import Session

from gateway.cli.common import Opened, opened
from gateway.cli.given import ApplicationNumber, Phone
from gateway.cli.printing import local
from gateway.cli.visiting import LANE, OFFICE, by, note_visit, office_in, visit_in
from immigration.applications import keeping
from immigration.appointments import booking, changing, officers
from immigration.appointments.booking import AlreadyBooked, Wish
from immigration.appointments.calendar import rules_of
from immigration.appointments.changing import NotMovable
from immigration.appointments.codes import spoken
from immigration.appointments.officers import Matter, NoPhone, NoSuchSession, NotBookable, NotNeeded, NotOpenYet
from immigration.appointments.seats import SlotGone
from immigration.clock import utc_now
from immigration.offices.catalogue import OfficeFacts, load_catalogue
from immigration.offices.visit_rules import Lane, as_lane

_AT: Final = click.option(
    "--at",
    type=click.DateTime(["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"]),
    required=True,
    help="When the session begins, in the office's time, such as '2026-12-01 09:00'.",
)
_FREE: Final = "`slots list` shows what is free"


@click.command()
@_AT
@click.option("--application", type=ApplicationNumber(), help="For the application of this number.")
@click.option("--service", metavar="CODE", help="For somebody without an application: what they come for.")
@click.option("--phone", type=Phone(), help="Whom to tell; else the application's phone.")
@click.option("--lane", type=LANE, default="general", show_default=True)
@OFFICE
def book(
    at: datetime, application: str | None, service: str | None, phone: str | None, lane: str, office: str | None
) -> None:
    """Book a visit; the citizen gets its code by SMS."""
    if (application is None) == (service is None):
        raise click.UsageError("give --application or --service")
    with opened() as parts:
        outbox = parts.outbox()
        with parts.database.writing() as session:
            now = utc_now()
            one = office_in(load_catalogue(session), office or parts.settings.office_default)
            matter = _matter(session, parts, one, application, service, phone)
            slot_id = _slot(session, one, as_lane(lane), at, now)
            row = matter.application
            application_id = None if row is None else row.id
            wish = Wish(_occasion(), one, matter.phone, as_lane(lane), matter.service, application_id)
            try:
                visit = booking.book(session, outbox, wish, slot_id, now, by())
            except AlreadyBooked as fault:
                code = spoken(fault.visit.code)
                raise click.ClickException(f"there is an open visit already, {code}: `visits move` moves it") from None
            except SlotGone:
                raise _gone() from None
            note_visit(session, visit, "changed")
        parts.ring()
    click.echo(f"{spoken(visit.code)}  {local(visit.starts_at, one.zone)}")


@click.command()
@click.argument("which")
@_AT
@click.option("--lane", type=LANE, help="Into this lane; else the visit's own.")
@OFFICE
def move(which: str, at: datetime, lane: str | None, office: str | None) -> None:
    """Move visit WHICH to another session; the citizen is told. It is none of the moves that a citizen has."""
    with opened() as parts:
        outbox = parts.outbox()
        with parts.database.writing() as session:
            now = utc_now()
            one = office_in(load_catalogue(session), office or parts.settings.office_default)
            visit = visit_in(session, parts, outbox, one, which, speaks=True)
            slot_id = _slot(session, one, as_lane(lane or visit.lane), at, now)
            try:
                moved = changing.move(session, outbox, visit, slot_id, _occasion(), now, by(), counts=False)
            except SlotGone:
                raise _gone() from None
            except NotMovable:
                raise click.ClickException(f"{spoken(visit.code)} is {visit.state}: it moves no more") from None
            note_visit(session, visit, "changed")
        parts.ring()
    was = "" if moved else "  was there already: nothing changed."
    click.echo(f"{spoken(visit.code)}  {local(visit.starts_at, one.zone)}{was}")


@click.command()
@click.argument("which")
@click.option("--yes", is_flag=True, help="Do not ask again.")
@OFFICE
def cancel(which: str, yes: bool, office: str | None) -> None:
    """Cancel visit WHICH; its seat is given back and the citizen is told."""
    with opened() as parts:
        outbox = parts.outbox()
        with parts.database.reading() as session:
            one = office_in(load_catalogue(session), office or parts.settings.office_default)
        if not yes:
            click.confirm(f"Cancel visit {which}?", abort=True)
        with parts.database.writing() as session:
            visit = visit_in(session, parts, outbox, one, which, speaks=True)
            if visit.state not in ("booked", "cancelled"):
                raise click.ClickException(f"{spoken(visit.code)} is {visit.state}: it cannot be cancelled")
            new = changing.cancel_visit(session, outbox, visit, _occasion(), utc_now(), by())
            note_visit(session, visit, "changed")
        parts.ring()
    click.echo(f"{spoken(visit.code)} is off." if new else f"{spoken(visit.code)} was off before: nothing changed.")


def _occasion() -> str:
    return f"cli:{os.urandom(16).hex()}"


def _matter(
    session: Session, parts: Opened, office: OfficeFacts, number: str | None, service: str | None, phone: str | None
) -> Matter:
    try:
        if number is not None:
            return officers.of_application(session, parts.vault, office, number, phone)
        assert service is not None, "one of the two was given"
        return officers.of_service(office, service, phone)
    except keeping.NotFound:
        raise click.ClickException("--application: there is no application with this number") from None
    except NotNeeded as fault:
        raise click.ClickException(f"--application: it is {fault.status} and waits for no visit") from None
    except NoPhone:
        raise click.ClickException("--phone: is missing, and none is on record") from None
    except NotBookable as fault:
        there = ", ".join(rules_of(office).services)
        raise click.ClickException(f"{office.code} takes no bookings for {fault}, but for {there}") from None


def _slot(session: Session, office: OfficeFacts, lane: Lane, at: datetime, now: datetime) -> int:
    try:
        return officers.slot_at(session, office, lane, at.replace(tzinfo=office.zone), now)
    except NoSuchSession:
        raise click.ClickException(f"--at: no session of lane {lane} begins then: {_FREE}") from None
    except NotOpenYet:
        raise click.ClickException("--at: that week has not opened for booking yet") from None


def _gone() -> click.ClickException:
    return click.ClickException(f"nothing is free there: full, closed or about to begin; {_FREE}")
