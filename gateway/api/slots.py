"""Slots: which sessions an office has, and how many of their seats are held, booked and free."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final

from pydantic import BaseModel, Field
from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from gateway.api.operation import Call, NoBody, Operation, Parameter
from gateway.api.problems import invalid_fields
from immigration.api_keys import Answer
from immigration.appointments.availability import held_now
from immigration.appointments.calendar import today
from immigration.appointments.tables import Slot
from immigration.offices.catalogue import OfficeFacts
from immigration.offices.visit_rules import LANES, Lane, as_lane

_PAGE: Final = 200
_USUAL: Final = timedelta(days=31)
_LONGEST: Final = timedelta(days=366)
_DAY: Final = r"20[0-9]{2}-[0-9]{2}-[0-9]{2}"
_DAY_FIX: Final = "write a date as 2026-12-01"

OFFICE: Final = Parameter("office", "[A-Z0-9]{1,8}", "An office's code.", "write an office's code such as SJJ", True)
DATE: Final = Parameter("date", _DAY, "A day of the office; today, if left out.", _DAY_FIX)
FROM: Final = Parameter("from", _DAY, "The first day; today, if left out.", _DAY_FIX)
TO: Final = Parameter("to", _DAY, "The last day; 31 days after the first, if left out.", _DAY_FIX)
LANE: Final = Parameter("lane", "|".join(LANES), "Only this lane.", f"write one of {', '.join(LANES)}")
CURSOR: Final = Parameter("cursor", "[0-9]{1,18}", "`next` of the page before.", "write `next` as it was")
LIMIT: Final = Parameter("limit", "[1-9][0-9]?|1[0-9]{2}|200", "At most so many, 200 or fewer.", "write 1 to 200")


class SlotAnswer(BaseModel):
    """The seats of one session in one lane."""

    id: int
    lane: Lane
    starts_at: datetime = Field(description="With the office's offset.")
    ends_at: datetime
    capacity: int
    held: int = Field(description="Kept for somebody who decides right now.")
    booked: int
    free: int = Field(description="What is left; 0 where the session is closed.")
    open: bool = Field(description="false: closed, by a closure or because the office has this session no more.")


class SlotsAnswer(BaseModel):
    """A page of slots, by time."""

    items: list[SlotAnswer]
    next: str | None


def office_of(call: Call) -> OfficeFacts:
    """The office that the query names. Raises `Problem` (422)."""
    office = call.outbox.catalogue().offices.get(call.query["office"])
    if office is None:
        raise invalid_fields([("office", "there is no such office")])
    return office


def day_of(call: Call, name: str) -> date | None:
    """A day of the query; none where it was left out. Raises `Problem` (422)."""
    if name not in call.query:
        return None
    try:
        return date.fromisoformat(call.query[name])
    except ValueError:
        raise invalid_fields([(name, f"there is no such day: {_DAY_FIX}")]) from None


def _list(call: Call, body: NoBody) -> Answer:
    office = office_of(call)
    first = day_of(call, "from") or today(office, call.now)
    last = day_of(call, "to") or first + _USUAL
    if last < first:
        raise invalid_fields([("to", "must not be before from")])
    if last - first > _LONGEST:
        raise invalid_fields([("to", f"at most {_LONGEST.days} days after from")])
    query = select(Slot).where(Slot.office == office.code, Slot.day >= first, Slot.day <= last)
    if "lane" in call.query:
        query = query.where(Slot.lane == as_lane(call.query["lane"]))
    if "cursor" in call.query:
        before = call.session.get(Slot, int(call.query["cursor"]))
        if before is None:
            raise invalid_fields([("cursor", CURSOR.fix)])
        same_time = and_(Slot.starts_at == before.starts_at, Slot.id > before.id)
        query = query.where(or_(Slot.starts_at > before.starts_at, same_time))
    limit = int(call.query.get("limit", _PAGE))
    found = call.session.scalars(query.order_by(Slot.starts_at, Slot.id).limit(limit + 1)).all()
    page = found[:limit]
    told = SlotsAnswer(
        items=_items(call.session, page, office, call.now), next=str(page[-1].id) if len(found) > limit else None
    )
    return Answer(200, told.model_dump_json())


def _items(session: Session, slots: Sequence[Slot], office: OfficeFacts, now: datetime) -> list[SlotAnswer]:
    held = held_now(session, [slot.id for slot in slots], now)
    return [
        SlotAnswer(
            id=slot.id,
            lane=as_lane(slot.lane),
            starts_at=slot.starts_at.astimezone(office.zone),
            ends_at=slot.ends_at.astimezone(office.zone),
            capacity=slot.capacity,
            held=held.get(slot.id, 0),
            booked=slot.booked,
            free=slot.capacity - slot.booked - held.get(slot.id, 0) if slot.is_open else 0,
            open=slot.is_open,
        )
        for slot in slots
    ]


LIST: Final = Operation(
    method="GET",
    path="/slots",
    summary="Read slots",
    description=(
        "The sessions of an office by time, with their seats per lane: for everybody (general), for those who go "
        "first (priority), for distant districts (far). Weeks that have not opened yet may be among them."
    ),
    scope="records:read",
    body=NoBody,
    run=_list,
    answers={200: ("A page.", SlotsAnswer)},
    query=(OFFICE, FROM, TO, LANE, CURSOR, LIMIT),
    tag="slots",
)

OPERATIONS: Final = (LIST,)
