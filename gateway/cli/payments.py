"""`payments`: what is to be paid, what was, and an officer's word on what is disputed."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import click
from sqlalchemy.orm import Session

from gateway.cli.common import Opened, note, opened, operator
from gateway.cli.given import ApplicationNumber, Billing, Ntpn, Rfc3339
from gateway.cli.printing import ending, local, print_fields, print_json, print_table
from immigration import written
from immigration.applications.keeping import NotFound, find
from immigration.applications.rows import billing_of
from immigration.clock import utc_now
from immigration.offices.catalogue import load_catalogue
from immigration.payments import looking, paying, settling
from immigration.payments.looking import STATES, Seen
from immigration.payments.writing import grouped


@click.group()
def payments() -> None:
    """Billings of applications: what is due, paid, run out or disputed."""


@payments.command("list")
@click.option("--office", help="Only those of this office, such as SJJ.")
@click.option("--state", type=click.Choice(STATES), help="Only those in this state.")
@click.option("--application", type=ApplicationNumber(), help="Only those of the application of this number.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="As JSON, for other programs.")
def list_(office: str | None, state: str | None, application: str | None, limit: int, as_json: bool) -> None:
    """The newest first, by the endings of their billings (`payments show` gives one in full)."""
    with opened() as parts, parts.database.writing() as session:
        row = None
        if application is not None:
            try:
                row, _ = find(session, parts.vault, application)
            except NotFound:
                raise click.ClickException("--application: there is no application with this number") from None
        found = looking.payments(
            session, office=office, state=state, application_id=None if row is None else row.id, limit=limit
        )
        if row is None:
            note(session, "listed")
        else:
            note(session, "listed", subject_hash=row.number_hash, subject_last4=row.number_last4)
        catalogue = load_catalogue(session)
        told = [(one, billing_of(parts.vault, one.payment).billing) for one in found]
    if as_json:
        print_json([_told(one, ending(billing[-4:])) for one, billing in told])
        return
    print_table(
        ("billing", "application", "office", "amount", "due", "state", "paid"),
        (
            (
                ending(billing[-4:]),
                ending(one.application.number_last4),
                one.application.office,
                written.rupiah(one.payment.amount),
                local(one.payment.due_at, catalogue.office(one.application.office).zone),
                one.payment.state,
                local(one.payment.paid_at, catalogue.office(one.application.office).zone),
            )
            for one, billing in told
        ),
    )


@payments.command()
@click.argument("billing", type=Billing())
@click.option("--json", "as_json", is_flag=True, help="As JSON, for other programs.")
def show(billing: str, as_json: bool) -> None:
    """The payment of BILLING with everything that became of it. That you read it is written down."""
    with opened() as parts, parts.database.writing() as session:
        seen = _one(session, parts, billing)
        note(
            session,
            "read",
            subject_hash=seen.application.number_hash,
            subject_last4=seen.application.number_last4,
        )
        events = looking.events_of(session, seen.payment)
        zone = load_catalogue(session).office(seen.application.office).zone
    if as_json:
        told = [{"at": event.at, "kind": event.kind, "actor": event.actor} for event in events]
        print_json(_told(seen, billing) | {"events": told})
        return
    print_fields(_fields(seen, billing, zone))
    if events:
        print_table(("when", "what", "who"), ((local(event.at, zone), event.kind, event.actor) for event in events))


@payments.command()
@click.argument("billing", type=Billing())
@click.option("--reference", required=True, type=Ntpn(), help="The NTPN of the receipt.")
@click.option("--at", "paid_at", required=True, type=Rfc3339(), help="When the bank took the money.")
def paid(billing: str, reference: str, paid_at: datetime) -> None:
    """BILLING was paid. The application moves on, and the applicant is told once."""
    now = utc_now()
    if paid_at > now:
        raise click.BadParameter("lies in the future", param_hint="--at")
    with opened() as parts:
        outbox = parts.outbox()
        with parts.database.writing() as session:
            try:
                told = paying.Paid(billing, paid_at, reference)
                _, result = paying.pay(session, outbox, told, operator(), now)
            except paying.NoSuchBilling:
                raise _no_such() from None
            except paying.OtherReference:
                raise click.ClickException("not recorded: it was paid under another reference") from None
            _note_changed(session, parts, billing)
        parts.ring()
    words = {
        "paid": "is paid.",
        "unchanged": "was recorded as paid before: nothing changed.",
        "disputed": "is recorded, and disputed: `tasks list` says why, `payments settle` decides.",
    }
    click.echo(f"billing {ending(billing[-4:])} {words[result]}")


@payments.command()
@click.argument("billing", type=Billing())
@click.argument("note_", metavar="NOTE", nargs=-1, required=True)
def dispute(billing: str, note_: tuple[str, ...]) -> None:
    """BILLING is to be looked into; NOTE says why and is kept in the application's history.

    Until it is settled it neither runs out nor is reminded of.
    """
    with opened() as parts:
        outbox = parts.outbox()
        with parts.database.writing() as session:
            try:
                settling.question(session, outbox, billing, " ".join(note_), operator(), utc_now())
            except paying.NoSuchBilling:
                raise _no_such() from None
            _note_changed(session, parts, billing)
        parts.ring()
    click.echo(f"billing {ending(billing[-4:])} is disputed: `payments settle` decides.")


@payments.command()
@click.argument("billing", type=Billing())
@click.argument("outcome", type=click.Choice(["paid", "cancelled"]))
def settle(billing: str, outcome: settling.Outcome) -> None:
    """Say whether disputed BILLING counts (paid) or not (cancelled). The applicant is told, and the task is done."""
    with opened() as parts:
        outbox = parts.outbox()
        with parts.database.writing() as session:
            try:
                payment, is_news = settling.settle(session, outbox, billing, outcome, operator(), utc_now())
            except paying.NoSuchBilling:
                raise _no_such() from None
            except settling.NotDisputed as fault:
                raise click.ClickException(f"not settled: {fault}") from None
            _note_changed(session, parts, billing)
            state = payment.state
        parts.ring()
    last = ending(billing[-4:])
    click.echo(f"billing {last} is {state}." if is_news else f"billing {last} was {state} before: nothing changed.")


def _one(session: Session, parts: Opened, billing: str) -> Seen:
    try:
        return looking.one(session, parts.vault, billing)
    except paying.NoSuchBilling:
        raise _no_such() from None


def _no_such() -> click.ClickException:
    return click.ClickException("no application has this billing")


def _note_changed(session: Session, parts: Opened, billing: str) -> None:
    row = _one(session, parts, billing).application
    note(session, "changed", subject_hash=row.number_hash, subject_last4=row.number_last4)


def _fields(seen: Seen, billing: str, zone: ZoneInfo) -> tuple[tuple[str, str], ...]:
    payment = seen.payment
    return (
        ("billing", grouped(billing)),
        ("application", ending(seen.application.number_last4)),
        ("office", seen.application.office),
        ("amount", written.rupiah(payment.amount)),
        ("due", local(payment.due_at, zone)),
        ("state", payment.state),
        ("paid", local(payment.paid_at, zone)),
        ("reference", ending(payment.reference_last4)),
        ("current", "" if payment.is_current else "no: another billing has taken its place"),
        ("to do", "`payments settle` decides" if payment.state == "disputed" else ""),
    )


def _told(seen: Seen, billing: str) -> dict[str, Any]:
    payment = seen.payment
    return {
        "billing": billing,
        "application": ending(seen.application.number_last4),
        "office": seen.application.office,
        "amount": payment.amount,
        "due_at": payment.due_at,
        "paid_at": payment.paid_at,
        "reference": ending(payment.reference_last4) or None,
        "state": payment.state,
        "current": payment.is_current,
    }
