"""Applications: record one, move one on, read one."""

from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.api.answers import ApplicationAnswer, application_answer
from gateway.api.bodies import ApplicationBody, StatusBody
from gateway.api.operation import Call, NoBody, Operation, Parameter
from gateway.api.problems import Problem, ProblemDetails, invalid_fields
from immigration.api_keys import Answer
from immigration.applications.keeping import BillingTaken, NotFound, change_status, noted, put
from immigration.applications.record import Details, NotOfGroup, UnknownTransition
from immigration.applications.states import Group
from immigration.audit import Action
from immigration.messages.notices import tell
from immigration.offices.tables import Office, Service
from immigration.payments.checking import look_at

NUMBER: Final = Parameter(
    "number", "[0-9]{16}", "The application's 16 digits.", "write the application's number of 16 digits"
)


def _put(call: Call, body: ApplicationBody) -> Answer:
    group = _group(call.session, body.service)
    faults = [("service", "there is no such service")] if group is None else []
    if call.session.get(Office, body.office) is None:
        faults.append(("office", "there is no such office"))
    if group is None or faults:
        raise invalid_fields(faults)
    record = body.record(call.path["number"])
    try:
        outcome = put(call.session, call.vault, record, group, call.caller.actor, call.now)
        if outcome.billed:
            look_at(call.session, call.outbox.catalogue(), outcome.id, outcome.kept.record, call.caller.actor, call.now)
        if body.notify:
            tell(call.session, call.outbox, outcome, call.now)
    except NotOfGroup as fault:
        raise _not_of_group(fault) from None
    except BillingTaken:
        raise Problem(409, "This billing belongs to another application.", kind="billing-taken") from None
    return _told(call, "changed", status=201 if outcome.created else 200)


def _change_status(call: Call, body: StatusBody) -> Answer:
    def group_of(service: str) -> Group:
        group = _group(call.session, service)
        assert group is not None, "an application's service is a foreign key"
        return group

    try:
        outcome = change_status(
            call.session,
            call.vault,
            call.path["number"],
            body.status,
            Details() if body.details is None else body.details.details(),
            body.occurred_at,
            group_of,
            call.caller.actor,
            call.now,
            body.note,
        )
        if body.notify:
            tell(call.session, call.outbox, outcome, call.now)
    except NotFound:
        raise _not_found() from None
    except NotOfGroup as fault:
        raise _not_of_group(fault) from None
    except UnknownTransition as fault:
        raise Problem(
            409,
            f"{fault.new} does not follow {fault.status}. What was recorded wrongly is put right with "
            "correction: true and a note.",
            kind="unknown-transition",
            possible=fault.possible,
        ) from None
    return _told(call, "changed")


def _get(call: Call, body: NoBody) -> Answer:
    try:
        return _told(call, "read")
    except NotFound:
        raise _not_found() from None


def _told(call: Call, action: Action, *, status: int = 200) -> Answer:
    """The record as it is now; that it was seen or changed goes into the audit. Raises `NotFound`."""
    number = call.path["number"]
    personal = "records:read" in call.caller.scopes
    told = application_answer(call.session, call.vault, number, personal=personal)
    noted(call.session, call.vault, number, call.caller.actor, action, "api", call.now)
    return Answer(status, told)


def _group(session: Session, service: str) -> Group | None:
    group = session.scalar(select(Service.group).where(Service.code == service))
    return None if group is None else "permit" if group == "permit" else "passport"


def _not_found() -> Problem:
    return Problem(404, "There is no application under this number.")


def _not_of_group(fault: NotOfGroup) -> Problem:
    return invalid_fields([("status", f"{fault.status} is no state of a {fault.group} application")])


PUT: Final = Operation(
    method="PUT",
    path="/applications/{number}",
    summary="Record an application",
    description=(
        "Records what is, in any state: one that does not follow from the last is kept as a correction. Told again "
        "without a change, nothing changes. The applicant is told by SMS only with notify: true."
    ),
    scope="records:write",
    body=ApplicationBody,
    run=_put,
    answers={
        200: ("It was on record, and is as told now.", ApplicationAnswer),
        201: ("It is new.", ApplicationAnswer),
        409: (
            "The billing is another application's, or the Idempotency-Key came with another request.",
            ProblemDetails,
        ),
    },
    parameters=(NUMBER,),
)

CHANGE_STATUS: Final = Operation(
    method="POST",
    path="/applications/{number}/status",
    summary="Move an application to another state",
    description=(
        "Takes the steps that the office's states know, states in between left out as back offices do. News that is "
        "older than the state on record goes to the history and changes nothing. The applicant is told by SMS of what "
        "changed, unless notify is false."
    ),
    scope="records:write",
    body=StatusBody,
    run=_change_status,
    answers={
        200: ("The state is as told, or was already; or the news was older than it.", ApplicationAnswer),
        404: ("There is no application under this number.", ProblemDetails),
        409: (
            "This state does not follow, see `possible`; or the Idempotency-Key came with another request.",
            ProblemDetails,
        ),
    },
    parameters=(NUMBER,),
)

GET: Final = Operation(
    method="GET",
    path="/applications/{number}",
    summary="Read an application",
    description="The record in clear, with its history. Each reading is written down in the audit.",
    scope="records:read",
    body=NoBody,
    run=_get,
    answers={
        200: ("The record.", ApplicationAnswer),
        404: ("There is no application under this number.", ProblemDetails),
    },
    parameters=(NUMBER,),
)

OPERATIONS: Final = (PUT, CHANGE_STATUS, GET)
