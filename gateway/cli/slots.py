"""`slots`: the sessions that people can book, and their seats."""

from datetime import date, timedelta
from typing import Any, Final

import click
from sqlalchemy import select

from gateway.cli.common import Opened, opened
from gateway.cli.given import Day
from gateway.cli.printing import local, print_json, print_table
from gateway.cli.visiting import LANE, OFFICE, by, move_stranded, office_in, print_moved
from immigration.appointments import reducing
from immigration.appointments.availability import held_now
from immigration.appointments.calendar import last_open_day, today
from immigration.appointments.generating import Affected, Generated
from immigration.appointments.generating import generate as make
from immigration.appointments.tables import Slot
from immigration.clock import utc_now
from immigration.messages.outbox import Outbox
from immigration.offices.catalogue import OfficeFacts, load_catalogue

_MOST_AHEAD: Final = timedelta(days=366)


@click.group()
def slots() -> None:
    """Sessions and their seats. The clock keeps them up to date; these commands do it at once and show what is."""


@slots.command()
@click.option("--office", metavar="CODE", help="Only this office; else every one that takes visits.")
@click.option("--until", type=Day(), help="Up to this day; else a week past the last one that may be booked.")
@click.option("--move", is_flag=True, help="Where seats become fewer than are booked, move those who booked last.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
def generate(office: str | None, until: date | None, move: bool, dry_run: bool) -> None:
    """Bring the slots up to date with the office's sessions, hours and closures; again changes nothing.

    Seats never become fewer than are booked: such slots are listed, with exit 1, unless --move.
    """
    with opened() as parts:
        with parts.database.reading() as session:
            catalogue = load_catalogue(session)
        chosen = [one for one in catalogue.offices.values() if one.visits is not None]
        if office is not None:
            chosen = [office_in(catalogue, office)]
        refused = 0
        for one in chosen:
            refused += len(_generate(parts, one, until, move=move, dry_run=dry_run))
        if not dry_run:
            parts.ring()
    if refused:
        raise click.ClickException(
            f"{refused} slots keep their seats, for more are booked than there would be: --move moves those who "
            "booked last, or wait until nobody decides about a seat there"
        )


@slots.command("list")
@OFFICE
@click.option("--from", "first", type=Day(), help="From this day on; else from today.")
@click.option("--until", type=Day(), help="Up to this day; else a week.")
@click.option("--lane", type=LANE, help="Only this lane.")
@click.option("--json", "as_json", is_flag=True, help="As JSON, for other programs.")
def list_(office: str | None, first: date | None, until: date | None, lane: str | None, as_json: bool) -> None:
    """The sessions by time, with their seats."""
    now = utc_now()
    with opened() as parts, parts.database.reading() as session:
        one = office_in(load_catalogue(session), office or parts.settings.office_default)
        start = first or today(one, now)
        end = until or start + timedelta(days=6)
        query = select(Slot).where(Slot.office == one.code, Slot.day >= start, Slot.day <= end)
        if lane is not None:
            query = query.where(Slot.lane == lane)
        rows = session.scalars(query.order_by(Slot.starts_at, Slot.id)).all()
        held = held_now(session, [row.id for row in rows], now)
    told = [_told(row, held.get(row.id, 0)) for row in rows]
    if as_json:
        print_json(told)
        return
    last = last_open_day(one, now)
    print_table(
        ("begins", "until", "lane", "seats", "held", "booked", "free", ""),
        (
            (
                local(row.starts_at, one.zone),
                f"{row.ends_at.astimezone(one.zone):%H:%M}",
                row.lane,
                *(str(each[name]) for name in ("capacity", "held", "booked", "free")),
                "closed" if not row.is_open else "not open for booking yet" if row.day > last else "",
            )
            for row, each in zip(rows, told, strict=True)
        ),
    )


def _generate(parts: Opened, office: OfficeFacts, until: date | None, *, move: bool, dry_run: bool) -> list[Affected]:
    """Print what was done for an office; the slots that stay as they were."""
    now = utc_now()
    if until is not None and not today(office, now) <= until <= today(office, now) + _MOST_AHEAD:
        raise click.ClickException(f"--until: write a day from today on, at most {_MOST_AHEAD.days} days ahead")
    if dry_run:
        with parts.database.reading() as session:
            done = make(session, office, now, by(), until=until, dry_run=True)
        _print(office, done)
        return [] if move else done.refused
    with parts.database.writing() as session:
        done = make(session, office, now, by(), until=until)
    _print(office, done)
    outbox = parts.outbox()
    moved = move_stranded(parts, outbox, office)
    left = done.refused
    if move and left:
        moved += _reduce(parts, outbox, left)
        with parts.database.writing() as session:
            left = make(session, office, utc_now(), by(), until=until).refused
    if moved:
        print_moved(moved, office)
    return left


def _reduce(parts: Opened, outbox: Outbox, refused: list[Affected]) -> list[reducing.Moved]:
    moved: list[reducing.Moved] = []
    for affected in refused:
        with parts.database.writing() as session:
            moved += reducing.reduce(session, outbox, affected, utc_now(), by())
    return moved


def _print(office: OfficeFacts, done: Generated) -> None:
    click.echo(f"{office.code}: made={done.made} changed={done.changed} closed={done.closed}")
    if done.refused:
        print_table(
            ("begins", "lane", "booked", "seats there would be"),
            (
                (local(one.starts_at, office.zone), one.lane, str(one.booked), str(one.seats))
                for one in sorted(done.refused, key=lambda one: (one.starts_at, one.lane))
            ),
        )


def _told(row: Slot, held: int) -> dict[str, Any]:
    return {
        "id": row.id,
        "lane": row.lane,
        "starts_at": row.starts_at,
        "ends_at": row.ends_at,
        "capacity": row.capacity,
        "held": held,
        "booked": row.booked,
        "free": row.capacity - row.booked - held if row.is_open else 0,
        "open": row.is_open,
    }
