"""Tickets: what citizens who say that they have paid wait to hear, and an officer's answer."""

from datetime import datetime
from typing import Final

from pydantic import BaseModel, Field

from gateway.api.bodies import TicketAnswerBody
from gateway.api.messages import DONE, LIMIT, TASK_CURSOR
from gateway.api.operation import Call, NoBody, Operation, Parameter
from gateway.api.problems import Problem, ProblemDetails, invalid_fields
from immigration import audit
from immigration.api_keys import Answer
from immigration.inbox.officer import NotAnswered
from immigration.payments import answering
from immigration.payments.tickets import number_of
from immigration.tasks import Task

_PAGE: Final = 50

# SQLite and PostgreSQL number rows up to 2**63 - 1, which has 19 digits.
ID: Final = Parameter("id", "[1-9][0-9]{0,17}", "The ticket's number.", "write the ticket's number as the list has it")


class TicketAnswer(BaseModel):
    """A ticket. What the citizen said of the receipt stands in its words."""

    id: int
    number: str = Field(description="As the citizen has it.", examples=["A26-01234"])
    office: str | None
    opened_at: datetime
    done_at: datetime | None
    done_by: str | None
    words: str = Field(description="Holds at most the last digits of a number.")


class TicketsAnswer(BaseModel):
    """A page of tickets, newest first."""

    items: list[TicketAnswer]
    next: str | None


def _list(call: Call, body: NoBody) -> Answer:
    limit = int(call.query.get("limit", _PAGE))
    before = int(call.query["cursor"]) if "cursor" in call.query else None
    found = answering.tickets(call.session, done=call.query.get("done") == "true", before=before, limit=limit + 1)
    items = [_told(row) for row in found[:limit]]
    told = TicketsAnswer(items=items, next=str(items[-1].id) if len(found) > limit else None)
    return Answer(200, told.model_dump_json())


def _answer(call: Call, body: TicketAnswerBody) -> Answer:
    number = int(call.path["id"])
    try:
        row, whose = answering.answer(call.session, call.outbox, number, body.text, call.caller.actor, call.now)
    except answering.NoSuchTicket:
        raise Problem(404, "There is no ticket under this number.") from None
    except answering.AlreadyDone:
        raise Problem(409, "This ticket is done already.", kind="ticket-done") from None
    except NotAnswered as fault:
        raise invalid_fields([("text", str(fault))]) from None
    call.session.refresh(row)
    audit.note(call.session, at=call.now, actor=call.caller.actor, action="changed", through="api", subject_hash=whose)
    return Answer(200, _told(row).model_dump_json())


def _told(row: Task) -> TicketAnswer:
    return TicketAnswer(
        id=row.id,
        number=number_of(row.id, row.opened_at),
        office=row.office,
        opened_at=row.opened_at,
        done_at=row.done_at,
        done_by=row.done_by,
        words=row.words,
    )


LIST: Final = Operation(
    method="GET",
    path="/tickets",
    summary="List tickets",
    description="Open ones, or with `done=true` those that are done, newest first.",
    scope="records:read",
    body=NoBody,
    run=_list,
    answers={200: ("A page.", TicketsAnswer)},
    query=(DONE, TASK_CURSOR, LIMIT),
    tag="tickets",
)

ANSWER: Final = Operation(
    method="POST",
    path="/tickets/{id}/answer",
    summary="Answer a ticket",
    description="Sends the words to whoever opened it, as one SMS, and closes the ticket.",
    scope="records:write",
    body=TicketAnswerBody,
    run=_answer,
    answers={
        200: ("The ticket, which is done.", TicketAnswer),
        404: ("There is no ticket under this number.", ProblemDetails),
        409: ("It is done already, or the Idempotency-Key came with another request.", ProblemDetails),
    },
    parameters=(ID,),
    tag="tickets",
)

OPERATIONS: Final = (LIST, ANSWER)
