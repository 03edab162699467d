"""`reminders`: what an applicant will be reminded of and why not, and by which rules."""

import click

from gateway.cli.common import note, opened
from gateway.cli.given import ApplicationNumber
from gateway.cli.printing import local, print_json, print_table
from immigration.applications.keeping import NotFound, find
from immigration.clock import utc_now
from immigration.offices.catalogue import load_catalogue
from immigration.reminders.planning import plan as planned
from immigration.reminders.rules import RULES, Rule, for_office, offset_words, unknown_rules


@click.group()
def reminders() -> None:
    """Reminders to applicants: the rules, and what they mean for one application."""


@reminders.command()
@click.argument("number", type=ApplicationNumber())
@click.option("--json", "as_json", is_flag=True, help="As JSON, for other programs.")
def plan(number: str, as_json: bool) -> None:
    """What came and what will come for the application of NUMBER, and why what does not come does not."""
    with opened() as parts, parts.database.writing() as session:
        try:
            row, _ = find(session, parts.vault, number)
        except NotFound:
            raise click.ClickException("there is no application with this number") from None
        note(session, "read", subject_hash=row.number_hash, subject_last4=row.number_last4)
        catalogue = load_catalogue(session)
        found = planned(session, catalogue, row, utc_now())
        zone = catalogue.office(row.office).zone
    if as_json:
        print_json(
            [
                {
                    "rule": one.rule,
                    "offset": None if one.offset is None else offset_words(one.offset),
                    "at": one.at,
                    "outlook": one.outlook,
                    "why": one.why,
                }
                for one in found
            ]
        )
        return
    print_table(
        ("rule", "offset", "when", "comes", "why"),
        (
            (
                one.rule,
                "" if one.offset is None else offset_words(one.offset),
                local(one.at, zone),
                one.outlook,
                one.why,
            )
            for one in found
        ),
    )


@reminders.command()
def rules() -> None:
    """The table of rules with each office's own offsets. Exit status 1 where an office's file names no rule."""
    with opened() as parts, parts.database.reading() as session:
        offices = list(load_catalogue(session).offices.values())
    print_table(
        ("rule", "counts from", "state", "offsets", "office"),
        (
            line
            for rule in RULES
            for line in (
                _line(rule, "all"),
                *(_line(for_office(rule, office), office.code) for office in offices if rule.code in office.reminders),
            )
        ),
    )
    faults = unknown_rules(offices)
    for fault in faults:
        click.echo(fault, err=True)
    if faults:
        raise SystemExit(1)


def _line(rule: Rule, office: str) -> tuple[str, ...]:
    offsets = ", ".join(offset_words(offset) for offset in rule.offsets)
    return rule.code, rule.source, rule.status or "", offsets, office
