"""Reminders: what an applicant will be reminded of and why not, and by which rules."""

from datetime import datetime
from typing import Final, Literal

from pydantic import BaseModel, Field

from gateway.api.applications import NUMBER
from gateway.api.operation import Call, NoBody, Operation
from gateway.api.problems import Problem, ProblemDetails
from immigration import audit
from immigration.api_keys import Answer
from immigration.applications.keeping import NotFound, find
from immigration.reminders.finding import in_minutes
from immigration.reminders.planning import plan
from immigration.reminders.rules import RULES, Rule, for_office, offset_words


class PlannedAnswer(BaseModel):
    """A reminder of an application."""

    rule: str
    offset: str | None = Field(description="Before (-) or after the date it counts from.", examples=["-60 min", "7 d"])
    at: datetime | None = Field(description="When it came, or is due.")
    outlook: Literal["will come", "came", "not"]
    why: str = Field(description="Why it does not come, or what became of it.")


class PlanAnswer(BaseModel):
    """What this application's rules mean for it now."""

    items: list[PlannedAnswer]


class RuleAnswer(BaseModel):
    """A rule, with each office's offsets."""

    rule: str
    counts_from: Literal["payment due", "state since", "deadline"]
    status: str | None = Field(description="The state that it belongs to.")
    offsets: list[int] = Field(description="In minutes, negative before the date.")
    offices: dict[str, list[int]] = Field(description="The same of offices whose file has others.")
    keeps_quiet_hours: bool
    task: bool = Field(description="An officer's task instead of an SMS.")


class RulesAnswer(BaseModel):
    """The table of rules."""

    items: list[RuleAnswer]


def _plan(call: Call, body: NoBody) -> Answer:
    try:
        row, _ = find(call.session, call.vault, call.path["number"])
    except NotFound:
        raise Problem(404, "There is no application under this number.") from None
    audit.note(
        call.session,
        at=call.now,
        actor=call.caller.actor,
        action="read",
        through="api",
        subject_hash=row.number_hash,
        subject_last4=row.number_last4,
    )
    items = [
        PlannedAnswer(
            rule=one.rule,
            offset=None if one.offset is None else offset_words(one.offset),
            at=one.at,
            outlook=one.outlook,
            why=one.why,
        )
        for one in plan(call.session, call.outbox.catalogue(), row, call.now)
    ]
    return Answer(200, PlanAnswer(items=items).model_dump_json())


def _rules(call: Call, body: NoBody) -> Answer:
    offices = call.outbox.catalogue().offices.values()
    items = [
        RuleAnswer(
            rule=rule.code,
            counts_from=rule.source,
            status=rule.status,
            offsets=_minutes(rule),
            offices={
                office.code: _minutes(for_office(rule, office)) for office in offices if rule.code in office.reminders
            },
            keeps_quiet_hours=rule.waits,
            task=rule.task is not None,
        )
        for rule in RULES
    ]
    return Answer(200, RulesAnswer(items=items).model_dump_json())


def _minutes(rule: Rule) -> list[int]:
    return [in_minutes(offset) for offset in rule.offsets]


PLAN: Final = Operation(
    method="GET",
    path="/reminders/plan/{number}",
    summary="Read an application's reminders",
    description="What came, what will come and when, and why what does not come does not. The look is in the audit.",
    scope="records:read",
    body=NoBody,
    run=_plan,
    answers={
        200: ("Its reminders.", PlanAnswer),
        404: ("There is no application under this number.", ProblemDetails),
    },
    parameters=(NUMBER,),
    tag="reminders",
)

RULES_LIST: Final = Operation(
    method="GET",
    path="/reminders/rules",
    summary="Read the rules of reminders",
    description="The one table from which reminders are written. That of a visit has its hour from the office's file.",
    scope="records:read",
    body=NoBody,
    run=_rules,
    answers={200: ("The rules.", RulesAnswer)},
    tag="reminders",
)

OPERATIONS: Final = (PLAN, RULES_LIST)
