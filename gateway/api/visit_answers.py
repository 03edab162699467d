"""What does the back office read of a visit? Its time, its state and its number in the queue; no whole number."""

from datetime import date, datetime
from typing import Final, Literal, get_args

from pydantic import BaseModel, Field
from sqlalchemy import select

from gateway.api.operation import Call
from immigration import audit
from immigration.api_keys import Answer
from immigration.applications.tables import Application
from immigration.appointments import telling
from immigration.appointments.office_day import Entry, queue_name
from immigration.appointments.tables import Visit
from immigration.offices.catalogue import OfficeFacts
from immigration.offices.visit_rules import Lane, as_lane

VisitState = Literal["booked", "arrived", "called", "done", "absent", "cancelled"]
STATES: Final[tuple[VisitState, ...]] = get_args(VisitState)


class AppointmentAnswer(BaseModel):
    """A visit. Times have the office's offset; whose it is, is there for keys with the scope `records:read` alone."""

    code: str = Field(examples=["K7M4P3Q"])
    office: str
    lane: Lane
    service: str | None
    day: date
    starts_at: datetime | None = Field(description="None: a walk-in.")
    state: VisitState
    queue: str | None = Field(description="The number in the queue, from check-in on.", examples=["A001"])
    counter: int | None
    through: str = Field(description="ussd, sms, api, cli or walk-in")
    moves: int = Field(description="How often the citizen moved it.")
    booked_at: datetime
    arrived_at: datetime | None
    called_at: datetime | None
    ended_at: datetime | None
    application_last4: str | None = None
    phone_last4: str | None = None


class AppointmentsAnswer(BaseModel):
    """The visits of a day, by time; walk-ins last."""

    items: list[AppointmentAnswer]
    next: str | None = Field(description="null: a day is one page.")


class CalledAnswer(BaseModel):
    """Whose turn it is."""

    called: AppointmentAnswer | None = Field(description="null: nobody waits.")


def appointment(entry: Entry, office: OfficeFacts, *, personal: bool) -> AppointmentAnswer:
    """A visit as it is told."""
    visit = entry.visit
    state = next(state for state in STATES if state == visit.state)

    def local(at: datetime | None) -> datetime | None:
        return None if at is None else at.astimezone(office.zone)

    told = AppointmentAnswer(
        code=visit.code,
        office=visit.office,
        lane=as_lane(visit.lane),
        service=visit.service,
        day=visit.day,
        starts_at=local(visit.starts_at),
        state=state,
        queue=queue_name(visit) or None,
        counter=visit.counter,
        through=visit.through,
        moves=visit.moves,
        booked_at=visit.booked_at.astimezone(office.zone),
        arrived_at=local(visit.arrived_at),
        called_at=local(visit.called_at),
        ended_at=local(visit.ended_at),
    )
    if personal:
        told.application_last4, told.phone_last4 = entry.application_last4, entry.phone_last4
    return told


def entry_of(call: Call, visit: Visit) -> Entry:
    """The visit with the last digits of whose it is."""
    query = select(Application.number_last4).where(Application.id == visit.application_id)
    last4 = None if visit.application_id is None else call.session.scalar(query)
    phone = telling.phone_for(call.session, call.outbox, visit.phone_hash)
    return Entry(visit, last4, None if phone is None else phone[-4:])


def told(call: Call, visit: Visit, status: int = 200) -> Answer:
    """The visit as it is now; that it was changed goes into the audit."""
    note_changed(call, visit)
    return Answer(status, as_told(call, visit).model_dump_json(exclude_unset=True))


def as_told(call: Call, visit: Visit) -> AppointmentAnswer:
    """The visit as this caller may see it."""
    office = call.outbox.catalogue().office(visit.office)
    return appointment(entry_of(call, visit), office, personal="records:read" in call.caller.scopes)


def note_changed(call: Call, visit: Visit) -> None:
    """Into the audit: about the visit's application, or else its phone."""
    row = None if visit.application_id is None else call.session.get(Application, visit.application_id)
    audit.note(
        call.session,
        at=call.now,
        actor=call.caller.actor,
        action="changed",
        through="api",
        subject_hash=visit.phone_hash if row is None else row.number_hash,
        subject_last4=None if row is None else row.number_last4,
    )
