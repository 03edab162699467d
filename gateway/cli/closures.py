"""`closures`: days on which an office is closed, or open at other hours; visits on them move."""

from collections.abc import Iterator
from datetime import date, time, timedelta
from typing import Any, Final

import click

from gateway.cli.common import note, opened
from gateway.cli.given import Day, TimeOfDay
from gateway.cli.printing import print_json, print_table
from gateway.cli.visiting import OFFICE, by, move_stranded, office_in, print_moved
from immigration.appointments import closures as closing
from immigration.appointments.calendar import today
from immigration.appointments.closures import BadClosure, Plan
from immigration.appointments.reducing import Moved
from immigration.clock import utc_now
from immigration.offices.catalogue import OfficeFacts, load_catalogue
from immigration.offices.hours import day_hours, holiday_name
from immigration.offices.tables import Closure

_AHEAD: Final = timedelta(days=365)
_JOINT_LEAVE: Final = "Cuti Bersama"


@click.group()
def closures() -> None:
    """Days on which an office is closed, or open at other hours."""


@closures.command()
@click.argument("office", metavar="OFFICE")
@click.argument("day", type=Day())
@click.option("--until", type=Day(), help="The last day; else DAY alone.")
@click.option("--reason", default="Kantor tutup", show_default=True, help="In words for citizens, in Indonesian.")
@click.option("--opens", type=TimeOfDay(), help="With --closes: not closed, but open at these hours.")
@click.option("--closes", type=TimeOfDay(), help="See --opens.")
@click.option("--dry-run", is_flag=True, help="Only say who would move where.")
def add(
    office: str, day: date, until: date | None, reason: str, opens: time | None, closes: time | None, dry_run: bool
) -> None:
    """Close OFFICE on DAY. Visits move to the next free session, in order of booking; each citizen is told by SMS."""
    last = until or day
    moved: list[Moved] = []
    with opened() as parts:
        now = utc_now()
        with parts.database.reading() as session:
            one = office_in(load_catalogue(session), office, takes_visits=False)
            try:
                if dry_run and one.visits is not None:
                    plan = closing.foresee(session, one, day, last, now, opens=opens, closes=closes)
                    moved = _foreseen(plan)
            except BadClosure as fault:
                raise click.ClickException(str(fault)) from None
        if dry_run:
            print_moved(moved, one, would=True)
            return
        with parts.database.writing() as session:
            try:
                closed = closing.add(session, one, day, last, reason, now, by(), opens=opens, closes=closes)
            except BadClosure as fault:
                raise click.ClickException(str(fault)) from None
            note(session, "changed")
        outbox = parts.outbox()
        click.echo(f"closed={closed}")
        print_moved(move_stranded(parts, outbox, one), one)
        parts.ring()


@closures.command()
@click.argument("office", metavar="OFFICE")
@click.argument("day", type=Day())
@click.option("--until", type=Day(), help="The last day; else DAY alone.")
def remove(office: str, day: date, until: date | None) -> None:
    """Take the closures of OFFICE on DAY back: its sessions can be booked again. Visits that moved stay moved."""
    with opened() as parts, parts.database.writing() as session:
        one = office_in(load_catalogue(session), office, takes_visits=False)
        count = closing.remove(session, one, day, until or day, utc_now(), by())
        if not count:
            raise click.ClickException(f"{one.code} has no closure then: `closures list` shows those that there are")
        note(session, "changed")
    click.echo(f"removed={count}")


@closures.command("list")
@OFFICE
@click.option("--json", "as_json", is_flag=True, help="As JSON, for other programs.")
def list_(office: str | None, as_json: bool) -> None:
    """What departs from the week in the coming year: closures, the office file's days, holidays, cuti bersama."""
    with opened() as parts, parts.database.reading() as session:
        one = office_in(load_catalogue(session), office or parts.settings.office_default, takes_visits=False)
        first = today(one, utc_now())
        added = {row.day: row for row in closing.closures(session, one.code, first)}
    rows = list(_departures(one, first, added))
    if as_json:
        print_json(rows)
        return
    print_table(("day", "hours", "kind", "reason", "by"), (_row(row) for row in rows))


def _row(told: dict[str, Any]) -> tuple[str, str, str, str, str]:
    return f"{told['day']:%a %Y-%m-%d}", told["hours"], told["kind"], told["reason"] or "", told["by"] or ""


def _foreseen(plan: Plan) -> list[Moved]:
    leaving = [*plan.moved, *((visit, None) for visit in plan.stranded)]
    return [Moved(visit.code, visit.starts_at, to) for visit, to in leaving if visit.starts_at is not None]


def _departures(office: OfficeFacts, first: date, added: dict[date, Closure]) -> Iterator[dict[str, Any]]:
    for ahead in range(_AHEAD.days + 1):
        day = first + timedelta(days=ahead)
        name = holiday_name(day)
        if day in added:
            kind = "closure"
        elif day in office.exceptions:
            kind = "office file"
        elif name is not None and office.week.get(day.weekday()):
            kind = "cuti bersama" if name.startswith(_JOINT_LEAVE) else "national holiday"
        else:
            continue
        hours = day_hours(office, day)
        spans = ", ".join(f"{span.opens:%H.%M}-{span.closes:%H.%M}" for span in hours.spans)
        yield {
            "day": day,
            "hours": spans or "closed",
            "kind": kind,
            "reason": (hours.reason or {}).get("id"),
            "by": added[day].added_by if day in added else None,
        }
