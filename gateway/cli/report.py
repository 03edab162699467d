"""`report`: what happened on a day, in counts."""

import csv
import sys
from dataclasses import asdict
from datetime import datetime

import click

from gateway.cli.common import opened
from gateway.cli.printing import print_json, print_table
from immigration.clock import utc_now
from immigration.offices.catalogue import load_catalogue
from immigration.payments.reporting import COLUMNS, office_day, rows_of


@click.group()
def report() -> None:
    """Counts for the office's own records; nothing of a person."""


@report.command()
@click.option("--office", help="Only this office, such as SJJ.")
@click.option("--date", "told", type=click.DateTime(["%Y-%m-%d"]), help="A day of the office's; today unless given.")
@click.option("--format", "form", type=click.Choice(["table", "csv", "json"]), default="table", show_default=True)
def day(office: str | None, told: datetime | None, form: str) -> None:
    """What was paid, ran out and was disputed, and what reminders did (docs/payments.md says what `opened` counts)."""
    with opened() as parts, parts.database.reading() as session:
        catalogue = load_catalogue(session)
        if office is not None and office not in catalogue.offices:
            raise click.BadParameter(f"write one of {', '.join(catalogue.offices)}", param_hint="--office")
        offices = [catalogue.office(code) for code in ([office] if office is not None else catalogue.offices)]
        reports = [
            office_day(session, one, told.date() if told else utc_now().astimezone(one.zone).date()) for one in offices
        ]
    if form == "json":
        print_json([asdict(one) for one in reports])
    elif form == "csv":
        writer = csv.DictWriter(sys.stdout, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows_of(reports))
    else:
        print_table(COLUMNS, ([str(row[name]) for name in COLUMNS] for row in rows_of(reports)))
