"""The day at the office: who is here, whose turn it is, and how a visit ends."""

from collections.abc import Mapping
from typing import Final

from pydantic import BaseModel

from gateway.api.appointments import CODE, NO_VISIT, REUSED, by, named_office, occasion, visit_of, wrong_state
from gateway.api.operation import Call, Operation
from gateway.api.problems import Problem, ProblemDetails, invalid_fields
from gateway.api.visit_answers import AppointmentAnswer, CalledAnswer, as_told, note_changed, told
from gateway.api.visit_bodies import CallNextBody, StepBody, WalkInBody
from immigration.api_keys import Answer
from immigration.appointments import office_day
from immigration.appointments.calendar import rules_of
from immigration.appointments.office_day import WrongState

_ANSWERS: Final[Mapping[int, tuple[str, type[BaseModel]]]] = {
    200: ("It is so, or was already.", AppointmentAnswer),
    404: (NO_VISIT, ProblemDetails),
    409: (f"The visit's state or its day does not allow this (wrong-state); {REUSED}", ProblemDetails),
}


def _check_in(call: Call, body: StepBody) -> Answer:
    try:
        return told(call, office_day.check_in(call.session, call.outbox, visit_of(call), call.now, by(call)))
    except WrongState as fault:
        raise wrong_state(fault.state) from None


def _done(call: Call, body: StepBody) -> Answer:
    visit = visit_of(call)
    try:
        office_day.done(call.session, visit, call.now, by(call))
    except WrongState as fault:
        raise wrong_state(fault.state) from None
    return told(call, visit)


def _no_show(call: Call, body: StepBody) -> Answer:
    visit = visit_of(call, speaks=True)
    try:
        office_day.no_show(call.session, call.outbox, visit, call.now, by(call))
    except WrongState as fault:
        raise wrong_state(fault.state) from None
    return told(call, visit)


def _walk_in(call: Call, body: WalkInBody) -> Answer:
    office = named_office(call, body.office)
    if body.service is not None and body.service not in call.outbox.catalogue().services:
        raise invalid_fields([("service", "there is no such service")])
    if not office_day.may_walk_in(office, body.lane, call.now):
        until = f" after {rules_of(office).walk_in_until:%H.%M}" if body.lane == "priority" else ""
        raise Problem(409, f"The office takes nobody without a booking now{until}.", kind="no-walk-in")
    visit = office_day.walk_in(call.session, office, body.lane, body.service, occasion(), call.now, by(call))
    return told(call, visit, 201)


def _call_next(call: Call, body: CallNextBody) -> Answer:
    office = named_office(call, body.office)
    visit = office_day.call_next(call.session, office, body.counter, call.now, by(call))
    if visit is not None:
        note_changed(call, visit)
    called = CalledAnswer(called=None if visit is None else as_told(call, visit))
    return Answer(200, called.model_dump_json(exclude_unset=True))


CHECK_IN: Final = Operation(
    method="POST",
    path="/appointments/{code}/check-in",
    summary="Check a visit in",
    description="Whoever booked for today is here and gets a number in the queue; again, the same one.",
    scope="records:write",
    body=StepBody,
    run=_check_in,
    answers=_ANSWERS,
    parameters=(CODE,),
    tag="appointments",
)

DONE: Final = Operation(
    method="POST",
    path="/appointments/{code}/done",
    summary="End a visit",
    description="The visit is over. The application's state is another call's.",
    scope="records:write",
    body=StepBody,
    run=_done,
    answers=_ANSWERS,
    parameters=(CODE,),
    tag="appointments",
)

NO_SHOW: Final = Operation(
    method="POST",
    path="/appointments/{code}/no-show",
    summary="Record that nobody came",
    description=(
        "The application moves to TIDAK_HADIR where its state allows it, and the applicant is told. No seat is freed. "
        "After closing time the clock does the same."
    ),
    scope="records:write",
    body=StepBody,
    run=_no_show,
    answers=_ANSWERS,
    parameters=(CODE,),
    tag="appointments",
)

WALK_IN: Final = Operation(
    method="POST",
    path="/appointments/walk-in",
    summary="Take in somebody without a booking",
    description="A number in the queue, and a code to ask by. No seat of a session is taken.",
    scope="records:write",
    body=WalkInBody,
    run=_walk_in,
    answers={
        201: ("They are in the queue.", AppointmentAnswer),
        409: (f"The office is closed, or it is too late for this lane (no-walk-in); {REUSED}", ProblemDetails),
    },
    tag="appointments",
)

CALL_NEXT: Final = Operation(
    method="POST",
    path="/appointments/call-next",
    summary="Call the next in turn",
    description="Priority and the others alternate while both wait; in each, whoever is due first.",
    scope="records:write",
    body=CallNextBody,
    run=_call_next,
    answers={
        200: ("Whose turn it is.", CalledAnswer),
        409: ("The Idempotency-Key came with another request.", ProblemDetails),
    },
    tag="appointments",
)

OPERATIONS: Final = (CHECK_IN, DONE, NO_SHOW, WALK_IN, CALL_NEXT)
