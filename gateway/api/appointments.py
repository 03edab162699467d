"""Appointments: the visits of a day; book, move and cancel one for a citizen."""

import os
from datetime import datetime
from typing import Final

from gateway.api.operation import Call, NoBody, Operation, Parameter
from gateway.api.problems import Problem, ProblemDetails, invalid_fields
from gateway.api.slots import DATE, OFFICE, day_of, office_of
from gateway.api.visit_answers import AppointmentAnswer, AppointmentsAnswer, appointment, told
from gateway.api.visit_bodies import BookBody, CancelBody, MoveBody, PlaceBody
from gateway.day_list import DayList, as_csv, as_html
from immigration import audit
from immigration.api_keys import Answer
from immigration.applications import keeping
from immigration.appointments import booking, changing, finding, officers
from immigration.appointments.booking import AlreadyBooked, Wish
from immigration.appointments.calendar import TakesNoVisits, today
from immigration.appointments.changing import NotMovable
from immigration.appointments.codes import BadCode, as_code
from immigration.appointments.finding import NotFound
from immigration.appointments.office_day import day_list
from immigration.appointments.officers import Matter, NoPhone, NoSuchSession, NotBookable, NotNeeded, NotOpenYet
from immigration.appointments.seats import By, SlotGone
from immigration.appointments.tables import Visit
from immigration.offices.catalogue import OfficeFacts
from immigration.offices.visit_rules import Lane, as_lane

_CODE_FIX: Final = "write the visit's code of 7 signs, such as K7M4P3Q"
CODE: Final = Parameter("code", "[0-9A-Za-z]{7}", "The visit's code.", _CODE_FIX)
FORMAT: Final = Parameter(
    "format",
    "json|html|csv",
    "html: a list to print, in Indonesian; csv: the same for a spreadsheet; json, if left out.",
    "write json, html or csv",
)
NO_VISIT: Final = "There is no visit with this code."
REUSED: Final = "or the Idempotency-Key came with another request."


def by(call: Call) -> By:
    """Whose doing it is, as events name it."""
    return By(call.caller.actor, "api")


def occasion() -> str:
    """A name for this change. A write that is sent again is known by its Idempotency-Key, before it comes here."""
    return f"api:{os.urandom(16).hex()}"


def visit_of(call: Call, *, speaks: bool = False) -> Visit:
    """The visit of the path, locked; `speaks`: its citizen will be told. Raises `Problem` (404, 422)."""
    try:
        return finding.by_code(call.session, call.outbox, as_code(call.path["code"]), call.now, speaks=speaks)
    except BadCode:
        raise invalid_fields([("code", "is mistyped: its signs do not go together")]) from None
    except NotFound:
        raise Problem(404, NO_VISIT) from None


def named_office(call: Call, code: str) -> OfficeFacts:
    """The office that the body names. Raises `Problem` (422)."""
    office = call.outbox.catalogue().offices.get(code)
    if office is None:
        raise invalid_fields([("office", "there is no such office")])
    if office.visits is None:
        raise invalid_fields([("office", "takes no visits by appointment")])
    return office


def wrong_state(state: str) -> Problem:
    """The problem of a step that the visit's state does not allow."""
    return Problem(409, f"The visit is {state}: this step does not follow.", kind="wrong-state")


def _list(call: Call, body: NoBody) -> Answer:
    office = office_of(call)
    day = day_of(call, "date") or today(office, call.now)
    entries = day_list(call.session, call.vault, office.code, day)
    audit.note(call.session, at=call.now, actor=call.caller.actor, action="listed", through="api")
    listed = DayList(office, day, entries, call.outbox.catalogue().services, call.now)
    match call.query.get("format", "json"):
        case "html":
            return Answer(200, as_html(listed), "text/html; charset=utf-8")
        case "csv":
            return Answer(200, as_csv(listed), "text/csv; charset=utf-8")
        case _:
            items = [appointment(entry, office, personal=True) for entry in entries]
            return Answer(200, AppointmentsAnswer(items=items, next=None).model_dump_json())


def _book(call: Call, body: BookBody) -> Answer:
    office = named_office(call, body.office)
    matter = _matter(call, office, body)
    slot_id = _slot(call, office, body, body.lane)
    row = matter.application
    wish = Wish(occasion(), office, matter.phone, body.lane, matter.service, None if row is None else row.id)
    try:
        visit = booking.book(call.session, call.outbox, wish, slot_id, call.now, by(call))
    except AlreadyBooked as fault:
        # Whoever may not read is not told the code either: it opens the visit to them.
        code = f" ({fault.visit.code})" if "records:read" in call.caller.scopes else ""
        raise Problem(409, f"There is an open visit already{code}: move or cancel it.", kind="already-booked") from None
    except SlotGone:
        raise _full() from None
    return told(call, visit, 201)


def _move(call: Call, body: MoveBody) -> Answer:
    visit = visit_of(call, speaks=body.notify)
    office = call.outbox.catalogue().office(visit.office)
    slot_id = _slot(call, office, body, body.lane or as_lane(visit.lane))
    try:
        changing.move(
            call.session,
            call.outbox,
            visit,
            slot_id,
            occasion(),
            call.now,
            by(call),
            counts=False,
            tells=body.notify,
        )
    except SlotGone:
        raise _full() from None
    except NotMovable:
        raise wrong_state(visit.state) from None
    return told(call, visit)


def _cancel(call: Call, body: CancelBody) -> Answer:
    visit = visit_of(call, speaks=body.notify)
    if visit.state not in ("booked", "cancelled"):
        raise wrong_state(visit.state)
    changing.cancel_visit(call.session, call.outbox, visit, occasion(), call.now, by(call), tells=body.notify)
    return told(call, visit)


def _matter(call: Call, office: OfficeFacts, body: BookBody) -> Matter:
    try:
        if body.application is not None:
            return officers.of_application(call.session, call.vault, office, body.application, body.phone)
        assert body.service is not None, "the body holds one of the two"
        return officers.of_service(office, body.service, body.phone)
    except keeping.NotFound:
        raise Problem(404, "There is no application under this number.") from None
    except NotNeeded as fault:
        raise Problem(409, f"The application is {fault.status}: it waits for no visit.", kind="not-needed") from None
    except NoPhone:
        raise invalid_fields([("phone", "is missing: there is none on record")]) from None
    except NotBookable as fault:
        field = "service" if body.application is None else "application"
        raise invalid_fields([(field, f"this office takes no appointments for {fault}")]) from None


def _slot(call: Call, office: OfficeFacts, body: PlaceBody, lane: Lane) -> int:
    try:
        if body.slot is not None:
            return officers.slot_of(call.session, office, body.slot, call.now)
        assert isinstance(body.starts_at, datetime), "the body holds one of the two"
        return officers.slot_at(call.session, office, lane, body.starts_at, call.now)
    except NoSuchSession:
        field = "starts_at" if body.slot is None else "slot"
        raise invalid_fields([(field, "there is no such session: GET /slots lists them")]) from None
    except NotOpenYet:
        raise Problem(409, "That week has not opened for booking yet.", kind="not-open-yet") from None
    except TakesNoVisits:
        raise Problem(409, "This office takes no appointments any more.", kind="not-open-yet") from None


def _full() -> Problem:
    return Problem(
        409, "Nothing is free there: full, closed or about to begin. GET /slots shows what is left.", kind="slot-full"
    )


LIST: Final = Operation(
    method="GET",
    path="/appointments",
    summary="Read the visits of a day",
    description=(
        "The visits of an office's day by time, walk-ins last, with the last four digits of application and phone. "
        "Each reading is written down in the audit."
    ),
    scope="records:read",
    body=NoBody,
    run=_list,
    answers={200: ("The day.", AppointmentsAnswer)},
    query=(OFFICE, DATE, FORMAT),
    tag="appointments",
    media=("text/html", "text/csv"),
)

BOOK: Final = Operation(
    method="POST",
    path="/appointments",
    summary="Book a visit",
    description=(
        "Takes a seat for a citizen, for an application or for a service, and tells them by SMS with the code of the "
        "visit. One open visit for an application or, without one, for a phone and office; none for an application "
        "whose state waits for no visit (not-needed)."
    ),
    scope="records:write",
    body=BookBody,
    run=_book,
    answers={
        201: ("It is booked.", AppointmentAnswer),
        404: ("There is no application under this number.", ProblemDetails),
        409: (
            f"`type` says why: slot-full, already-booked, not-needed, not-open-yet; {REUSED}",
            ProblemDetails,
        ),
    },
    tag="appointments",
)

MOVE: Final = Operation(
    method="POST",
    path="/appointments/{code}/move",
    summary="Move a visit",
    description=(
        "To another session, with its old seat given back at the same moment. It is none of the moves that the "
        "citizen has. To where it is already, nothing changes."
    ),
    scope="records:write",
    body=MoveBody,
    run=_move,
    answers={
        200: ("It is there.", AppointmentAnswer),
        404: (NO_VISIT, ProblemDetails),
        409: (f"`type` says why: slot-full, wrong-state, not-open-yet; {REUSED}", ProblemDetails),
    },
    parameters=(CODE,),
    tag="appointments",
)

CANCEL: Final = Operation(
    method="POST",
    path="/appointments/{code}/cancel",
    summary="Cancel a visit",
    description="Gives its seat back: to whoever waits for one, else to everybody. Cancelled again, nothing changes.",
    scope="records:write",
    body=CancelBody,
    run=_cancel,
    answers={
        200: ("It is off.", AppointmentAnswer),
        404: (NO_VISIT, ProblemDetails),
        409: (f"The visit has begun or is over (wrong-state); {REUSED}", ProblemDetails),
    },
    parameters=(CODE,),
    tag="appointments",
)

OPERATIONS: Final = (LIST, BOOK, MOVE, CANCEL)
