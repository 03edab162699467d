"""`audit`: who read or changed whose record."""

from datetime import datetime

import click
from rich import box
from rich.console import Console
from rich.table import Table
from sqlalchemy import select

from gateway.cli.common import opened, operator
from immigration import audit as auditing
from immigration.clock import utc_now


@click.group()
def audit() -> None:
    """Who read or changed whose record, when, through what."""


@audit.command()
@click.option("--number", help="Only looks at and changes of this application.")
@click.option("--actor", help="Only those of this key or officer, such as key:back-office.")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="Only those from this day (UTC) on.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
def show(number: str | None, actor: str | None, since: datetime | None, limit: int) -> None:
    """The newest rows first. That you looked is written down too."""
    with opened() as parts:
        query = select(auditing.AuditRow).order_by(auditing.AuditRow.id.desc()).limit(limit)
        subject = parts.vault.lookup("number", number) if number else None
        if subject is not None:
            query = query.where(auditing.AuditRow.subject_hash == subject)
        if actor:
            query = query.where(auditing.AuditRow.actor == actor)
        if since:
            query = query.where(auditing.AuditRow.at >= since.astimezone())
        with parts.database.reading() as session:
            rows = session.scalars(query).all()
        table = Table("at", "actor", "action", "through", "application", box=box.SIMPLE)
        for row in rows:
            of = f"..{row.subject_last4}" if row.subject_last4 else ""
            table.add_row(f"{row.at:%Y-%m-%d %H:%M:%S}Z", row.actor, row.action, row.through, of)
        Console().print(table)
        with parts.database.writing() as session:
            auditing.note(
                session,
                at=utc_now(),
                actor=operator(),
                action="listed",
                through="cli",
                subject_hash=subject,
                subject_last4=number[-4:] if number else None,
            )
