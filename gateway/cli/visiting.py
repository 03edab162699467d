"""What do the commands about visits share? The office, the visit that is meant, and what is said of those that move."""

from collections.abc import Sequence
from typing import Final

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.cli.common import Opened, note, operator
from gateway.cli.printing import local, print_table
from immigration import audit
from immigration.applications.tables import Application
from immigration.appointments import closures, finding
from immigration.appointments.codes import spoken
from immigration.appointments.finding import NotFound, Several
from immigration.appointments.reducing import Moved
from immigration.appointments.seats import By, SlotGone
from immigration.appointments.tables import Visit
from immigration.clock import utc_now
from immigration.messages.outbox import Outbox
from immigration.offices.catalogue import Catalogue, OfficeFacts
from immigration.offices.visit_rules import LANES

OFFICE: Final = click.option("--office", metavar="CODE", help="The office; else OFFICE_DEFAULT.")
LANE: Final = click.Choice(LANES)


def by() -> By:
    """Whose doing it is, as events name it."""
    return By(operator(), "cli")


def office_in(catalogue: Catalogue, code: str, *, takes_visits: bool = True) -> OfficeFacts:
    """The office of this code. Raises `ClickException` naming those that there are."""
    there = [office for office in catalogue.offices.values() if office.visits is not None or not takes_visits]
    found = next((office for office in there if office.code == code.upper()), None)
    if found is None:
        what = "takes visits" if code.upper() in catalogue.offices else "is there"
        raise click.ClickException(f"no office {code} {what}: write one of {', '.join(one.code for one in there)}")
    return found


def visit_in(
    session: Session, parts: Opened, outbox: Outbox, office: OfficeFacts, told: str, *, speaks: bool = False
) -> Visit:
    """The visit that is meant by a code, a queue number or last digits, locked. Raises `ClickException`."""
    try:
        visit = finding.find(session, parts.vault, office, told, utc_now())
    except Several as fault:
        codes = ", ".join(spoken(code) for code in fault.codes)
        raise click.ClickException(f"{told} fits several visits, name one by its code: {codes}") from None
    except NotFound:
        raise click.ClickException(
            f"no visit at {office.code} fits {told}: `visits today` lists today's; of other days, write the whole code"
        ) from None
    return finding.locked(session, outbox, visit.id, utc_now(), speaks=speaks)


def note_visit(session: Session, visit: Visit, action: audit.Action) -> None:
    """Into the audit: about the visit's application, or else its phone."""
    query = select(Application).where(Application.id == visit.application_id)
    row = None if visit.application_id is None else session.scalar(query)
    if row is None:
        note(session, action, subject_hash=visit.phone_hash)
    else:
        note(session, action, subject_hash=row.number_hash, subject_last4=row.number_last4)


def move_stranded(parts: Opened, outbox: Outbox, office: OfficeFacts) -> list[Moved]:
    """Move visits out of this office's closed sessions, each in its own transaction; the clock takes what is left."""
    seen: set[int] = set()
    told: list[Moved] = []
    while True:
        with parts.database.reading() as session:
            waiting = [id_ for id_ in closures.stranded(session, utc_now(), office=office.code) if id_ not in seen]
        if not waiting:
            return told
        seen.update(waiting)
        for id_ in waiting:
            try:
                told += _relocate(parts, outbox, id_)
            except SlotGone:
                continue


def _relocate(parts: Opened, outbox: Outbox, visit_id: int) -> list[Moved]:
    with parts.database.writing() as session:
        was = session.scalar(select(Visit.starts_at).where(Visit.id == visit_id))
        moved = closures.relocate(session, outbox, visit_id, utc_now())
        visit = session.get_one(Visit, visit_id)
        if moved is None or was is None:
            return []
        note_visit(session, visit, "changed")
        return [Moved(visit.code, was, visit.starts_at if moved else None)]


def print_moved(moved: Sequence[Moved], office: OfficeFacts, *, would: bool = False) -> None:
    """Who moves where, and for whom nothing was free."""
    found = sum(one.now is not None for one in moved)
    word = "would move" if would else "moved"
    click.echo(f"{word}={found} stranded={len(moved) - found}")
    if moved:
        print_table(
            ("code", "from", "to"),
            (
                (
                    spoken(one.code),
                    local(one.was, office.zone),
                    local(one.now, office.zone) or "nothing later is free: call the citizen (`tasks list`)",
                )
                for one in moved
            ),
        )
