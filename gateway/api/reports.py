"""Reports: what happened on a day, for programs (JSON) and spreadsheets (CSV)."""

import csv
import io
from datetime import date
from typing import Final

from pydantic import BaseModel, Field

from gateway.api.operation import Call, NoBody, Operation, Parameter
from gateway.api.payments import OFFICE
from gateway.api.problems import invalid_fields
from immigration.api_keys import Answer
from immigration.payments.reporting import COLUMNS, office_day, rows_of

_CSV: Final = "text/csv"

DATE: Final = Parameter(
    "date", "20[0-9]{2}-[0-9]{2}-[0-9]{2}", "A day of the office's; today unless given.", "write a date as 2026-11-24"
)
FORMAT: Final = Parameter("format", "csv|json", "json unless given.", "write csv or json")


class RemindedAnswer(BaseModel):
    """What a rule did."""

    written: int
    skipped: int = Field(description="A later one was due already, or there was nothing to say any more.")
    tasks: int = Field(description="Left to an officer.")
    sent: int = Field(description="Handed over on this day.")
    opened: int = Field(
        description="Of those, whose applicant wrote, asked for the state by SMS in a call, paid, came, or collected "
        "within 24 hours. Calls without an SMS are not known."
    )


class OfficeDayAnswer(BaseModel):
    """A day of an office."""

    office: str
    day: date
    paid: int
    amount: int = Field(description="Whole rupiah of what was paid.")
    expired: int
    disputed: int
    reminders: dict[str, RemindedAnswer]


class DayAnswer(BaseModel):
    """A day, by office."""

    items: list[OfficeDayAnswer]


def _day(call: Call, body: NoBody) -> Answer:
    catalogue = call.outbox.catalogue()
    office = call.query.get("office")
    if office is not None and office not in catalogue.offices:
        raise invalid_fields([("office", "there is no such office")])
    codes = [office] if office is not None else list(catalogue.offices)
    try:
        told = None if "date" not in call.query else date.fromisoformat(call.query["date"])
    except ValueError:
        raise invalid_fields([("date", "there is no such day: write a date as 2026-11-24")]) from None
    offices = [catalogue.office(code) for code in codes]
    reports = [office_day(call.session, one, told or call.now.astimezone(one.zone).date()) for one in offices]
    if call.query.get("format") == "csv":
        written = io.StringIO()
        writer = csv.DictWriter(written, COLUMNS)
        writer.writeheader()
        writer.writerows(rows_of(reports))
        return Answer(200, written.getvalue(), _CSV)
    items = [OfficeDayAnswer.model_validate(report, from_attributes=True) for report in reports]
    return Answer(200, DayAnswer(items=items).model_dump_json())


DAY: Final = Operation(
    method="GET",
    path="/reports/day",
    summary="Report a day",
    description=(
        "What was paid, ran out and was disputed, and what reminders did, by office; counts alone. As CSV there is a "
        "line for each number."
    ),
    scope="records:read",
    body=NoBody,
    run=_day,
    answers={200: ("The day.", DayAnswer)},
    query=(OFFICE, DATE, FORMAT),
    tag="reports",
    media=("text/csv",),
)

OPERATIONS: Final = (DAY,)
