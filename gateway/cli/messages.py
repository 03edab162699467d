"""`messages`: what was sent to people, what became of it, and once more for what did not arrive."""

from typing import Any, Final
from zoneinfo import ZoneInfo

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.cli.common import Opened, note, opened, operator
from gateway.cli.given import ApplicationNumber, Phone
from gateway.cli.printing import ending, local, print_fields, print_json, print_table
from immigration import audit
from immigration.applications.keeping import NotFound, find
from immigration.applications.tables import Application
from immigration.clock import utc_now
from immigration.contacts import Contact, phone_of
from immigration.messages import reading
from immigration.messages.outbox import body_of
from immigration.messages.reading import NoSuchMessage, Sent
from immigration.messages.resending import AGAIN, NotAgain
from immigration.messages.resending import resend as send_again
from immigration.messages.states import State
from immigration.messages.tables import MessageEvent
from immigration.messages.words import STATES, officer_words
from immigration.offices.catalogue import load_catalogue

_SOURCES: Final = {
    "answer": "aggregator",
    "report": "delivery report",
    "lease": "our sending",
    "check": "our last look",
    "officer": "officer",
}


@click.group()
def messages() -> None:
    """SMS to people: what was sent, what became of it, sending it again."""


@messages.command("list")
@click.option("--phone", type=Phone(), help="Only those to this phone.")
@click.option("--application", type=ApplicationNumber(), help="Only those about the application of this number.")
@click.option("--state", type=click.Choice([state.value for state in State]), help="Only those in this state.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="As JSON, for other programs.")
def list_(phone: str | None, application: str | None, state: str | None, limit: int, as_json: bool) -> None:
    """The newest first, without their texts (`messages show` gives one in full)."""
    with opened() as parts, parts.database.writing() as session:
        row = None if application is None else _application(session, parts, application)
        phone_hash = None if phone is None else parts.vault.lookup("phone", phone)
        found = reading.sent(
            session,
            phone_hash=phone_hash,
            application_id=None if row is None else row.id,
            state=None if state is None else State(state),
            limit=limit,
        )
        if row is None:
            note(session, "listed", subject_hash=phone_hash)
        else:
            note(session, "listed", subject_hash=row.number_hash, subject_last4=row.number_last4)
        named = {one.message.application_id for one in found}
        query = select(Application.id, Application.number_last4).where(Application.id.in_(named - {None}))
        endings: dict[int | None, str] = {row.id: row.number_last4 for row in session.execute(query)}
        catalogue = load_catalogue(session)
    if as_json:
        print_json([_told(one, endings.get(one.message.application_id)) for one in found])
        return
    print_table(
        ("id", "written", "application", "text", "state", "why"),
        (
            (
                str(one.message.id),
                local(one.message.created_at, catalogue.office(one.message.office).zone),
                ending(endings.get(one.message.application_id)),
                one.message.template,
                one.message.state,
                one.message.fault or "",
            )
            for one in found
        ),
    )


@messages.command()
@click.argument("number", metavar="ID", type=click.IntRange(1, 2**63 - 1))
@click.option("--json", "as_json", is_flag=True, help="As JSON, for other programs.")
def show(number: int, as_json: bool) -> None:
    """Message ID with its text, everything that was heard of it, and what an officer can do about its fault."""
    with opened() as parts, parts.database.writing() as session:
        one = _one(session, number)
        message = one.message
        last4 = _note_about(session, one, "read")
        contact = None if message.phone_hash is None else session.get(Contact, message.phone_hash)
        phone = None if contact is None else phone_of(parts.vault, contact)
        text = body_of(parts.vault, message)
        zone = load_catalogue(session).office(message.office).zone
    if as_json:
        print_json(_told(one, last4) | {"body": text})
        return
    print_fields(
        (
            ("message", str(message.id)),
            ("application", ending(last4)),
            ("phone", ending(phone[-4:] if phone else None) or "not kept"),
            ("office", message.office),
            ("written", local(message.created_at, zone)),
            ("handed over", local(message.submitted_at, zone)),
            ("ended", local(message.ended_at, zone)),
            ("channel", message.channel or ""),
            ("language", message.language),
            ("segments", str(message.segments)),
            ("text", text or "no longer kept"),
            ("state", f"{message.state}: it {STATES[State(message.state)]}"),
            ("why", officer_words(message.fault)),
            ("to do", f"`messages resend {message.id}` sends it once more" if message.state in AGAIN else ""),
        )
    )
    if one.events:
        print_table(("heard", "from", "state", "words"), (_event(event, zone) for event in one.events))


@messages.command()
@click.argument("number", metavar="ID", type=click.IntRange(1, 2**63 - 1))
def resend(number: int) -> None:
    """Send message ID once more: it is unknown, failed or expired. Who did it is kept, and its tasks are closed.

    Of an unknown message nobody can tell whether it arrived: ask the person first, or they may get it twice.
    """
    with opened() as parts:
        outbox = parts.outbox()
        with parts.database.writing() as session:
            try:
                made = send_again(session, outbox, number, operator(), utc_now())
            except NoSuchMessage:
                raise _no_such(number) from None
            except NotAgain as fault:
                raise click.ClickException(f"not sent again: {fault}") from None
            _note_about(session, reading.one(session, number), "changed")
        parts.ring()
    click.echo(f"message {number} goes out again as message {made}.")


def _application(session: Session, parts: Opened, number: str) -> Application:
    try:
        return find(session, parts.vault, number)[0]
    except NotFound:
        raise click.ClickException("--application: there is no application with this number") from None


def _one(session: Session, number: int) -> Sent:
    try:
        return reading.one(session, number)
    except NoSuchMessage:
        raise _no_such(number) from None


def _no_such(number: int) -> click.ClickException:
    return click.ClickException(f"there is no message {number}: `messages list` shows those that there are")


def _note_about(session: Session, one: Sent, action: audit.Action) -> str | None:
    """Into the audit, for the application that it is about or else the phone; the application's last digits."""
    row = None if one.message.application_id is None else session.get(Application, one.message.application_id)
    if row is None:
        note(session, action, subject_hash=one.message.phone_hash)
        return None
    note(session, action, subject_hash=row.number_hash, subject_last4=row.number_last4)
    return row.number_last4


def _event(event: MessageEvent, zone: ZoneInfo) -> tuple[str, str, str, str]:
    words = ", ".join(dict.fromkeys(part for part in (event.fault, event.word) if part))
    return local(event.at, zone), _SOURCES.get(event.source, event.source), event.state or "", words


def _told(one: Sent, last4: str | None) -> dict[str, Any]:
    message = one.message
    return {
        "id": message.id,
        "application": ending(last4) or None,
        "template": message.template,
        "language": message.language,
        "segments": message.segments,
        "status": message.state,
        "fault": message.fault,
        "words": officer_words(message.fault) or None,
        "channel": message.channel,
        "created_at": message.created_at,
        "events": [
            {"at": event.at, "source": event.source, "status": event.state, "fault": event.fault, "word": event.word}
            for event in one.events
        ],
    }
