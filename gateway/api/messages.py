"""Messages and tasks: what was sent to a phone or about an application, what came back, and what waits for a person."""

from datetime import datetime
from typing import Final, Literal

from pydantic import BaseModel, Field

from gateway.api.operation import Call, NoBody, Operation, Parameter
from gateway.api.problems import Problem, ProblemDetails, invalid_fields
from immigration import audit, tasks
from immigration.api_keys import Answer
from immigration.applications.keeping import NotFound, find
from immigration.inbox.tables import Inbound, text_about
from immigration.messages.outbox import body_of
from immigration.messages.reading import BadPlace, Place, Sent, conversation
from immigration.people import Language
from immigration.phones import InvalidPhone, international

_PAGE: Final = 50

PHONE: Final = Parameter(
    "phone", r"[+0-9 ().\-]{8,40}", "A phone, as people write it.", "write a phone number such as 081234567890"
)
APPLICATION: Final = Parameter(
    "application", "[0-9]{16}", "An application's number.", "write the application's number of 16 digits"
)
CURSOR: Final = Parameter("cursor", r"[0-9]{0,18}\.[0-9]{0,18}", "`next` of the page before.", "write `next` as it was")
LIMIT: Final = Parameter("limit", "[1-9][0-9]?|1[0-9]{2}|200", "At most so many, 200 or fewer.", "write 1 to 200")
TASK_CURSOR: Final = Parameter("cursor", "[0-9]{1,18}", "`next` of the page before.", "write `next` as it was")
DONE: Final = Parameter("done", "true|false", "true: those that are done.", "write true or false")


class MessageEventAnswer(BaseModel):
    """One input about a message."""

    at: datetime
    source: str = Field(description="answer, report, lease, check or officer")
    status: str | None = Field(description="What it says; none: words that are not known.")
    fault: str | None
    channel: str | None
    word: str = Field(description="The aggregator's own word.")


class MessageAnswer(BaseModel):
    """One message, sent or received."""

    id: str
    direction: Literal["sent", "received"]
    template: str | None
    language: Language | None
    body: str | None = Field(description="Gone after 90 days, and where its phone asked to be forgotten.")
    segments: int
    status: str
    created_at: datetime
    reason: str | None
    fault: str | None
    submitted_at: datetime | None
    ended_at: datetime | None
    events: list[MessageEventAnswer]


class MessagesAnswer(BaseModel):
    """A page of messages, newest first."""

    items: list[MessageAnswer]
    next: str | None


class TaskAnswer(BaseModel):
    """Something for a person to do."""

    id: int
    kind: str
    office: str | None
    message: int | None
    inbound: int | None
    opened_at: datetime
    done_at: datetime | None
    done_by: str | None
    words: str


class TasksAnswer(BaseModel):
    """A page of tasks, newest first."""

    items: list[TaskAnswer]
    next: str | None


def _list(call: Call, body: NoBody) -> Answer:
    phone_hash = application_id = number_hash = None
    if "phone" in call.query:
        try:
            phone_hash = call.vault.lookup("phone", international(call.query["phone"]))
        except InvalidPhone as fault:
            raise invalid_fields([("phone", fault.fix)]) from None
    if "application" in call.query:
        try:
            row, _ = find(call.session, call.vault, call.query["application"])
        except NotFound:
            raise Problem(404, "There is no application under this number.") from None
        application_id, number_hash = row.id, row.number_hash
    try:
        place = Place.parse(call.query["cursor"]) if "cursor" in call.query else None
    except BadPlace:
        raise invalid_fields([("cursor", CURSOR.fix)]) from None
    page = conversation(
        call.session,
        phone_hash=phone_hash,
        application_id=application_id,
        before=place,
        limit=int(call.query.get("limit", _PAGE)),
    )
    audit.note(
        call.session,
        at=call.now,
        actor=call.caller.actor,
        action="listed",
        through="api",
        subject_hash=number_hash,
        subject_last4=call.query["application"][-4:] if number_hash is not None else None,
    )
    items = [_sent(call, one) if isinstance(one, Sent) else _received(call, one) for one in page.entries]
    told = MessagesAnswer(items=items, next=None if page.end is None else str(page.end))
    return Answer(200, told.model_dump_json())


def _sent(call: Call, one: Sent) -> MessageAnswer:
    row = one.message
    return MessageAnswer.model_validate(
        {
            "id": str(row.id),
            "direction": "sent",
            "template": row.template,
            "language": row.language,
            "body": body_of(call.vault, row),
            "segments": row.segments,
            "status": row.state,
            "created_at": row.created_at,
            "reason": row.reason,
            "fault": row.fault,
            "submitted_at": row.submitted_at,
            "ended_at": row.ended_at,
            "events": [
                {
                    "at": event.at,
                    "source": event.source,
                    "status": event.state,
                    "fault": event.fault,
                    "channel": event.channel,
                    "word": event.word,
                }
                for event in one.events
            ],
        }
    )


def _received(call: Call, row: Inbound) -> MessageAnswer:
    text = None if row.text_sealed is None else call.vault.unseal(row.text_sealed, text_about(row.uid))
    return MessageAnswer(
        id=f"in-{row.id}",
        direction="received",
        template=None,
        language=None,
        body=text,
        segments=row.segments,
        status=row.state,
        created_at=row.received_at,
        reason=row.keyword,
        fault=None,
        submitted_at=None,
        ended_at=row.handled_at,
        events=[],
    )


def _list_tasks(call: Call, body: NoBody) -> Answer:
    limit = int(call.query.get("limit", _PAGE))
    before = int(call.query["cursor"]) if "cursor" in call.query else None
    found = tasks.tasks(call.session, done=call.query.get("done") == "true", before=before, limit=limit + 1)
    items = [
        TaskAnswer(
            id=row.id,
            kind=row.kind,
            office=row.office,
            message=row.message_id,
            inbound=row.inbound_id,
            opened_at=row.opened_at,
            done_at=row.done_at,
            done_by=row.done_by,
            words=row.words,
        )
        for row in found[:limit]
    ]
    told = TasksAnswer(items=items, next=str(items[-1].id) if len(found) > limit else None)
    return Answer(200, told.model_dump_json())


LIST: Final = Operation(
    method="GET",
    path="/messages",
    summary="Read messages",
    description=(
        "What was sent to a phone or about an application, what became of it, and what came back, newest first; "
        "everything where neither is given. Each reading is written down in the audit."
    ),
    scope="messages:read",
    body=NoBody,
    run=_list,
    answers={
        200: ("A page.", MessagesAnswer),
        404: ("There is no application under this number.", ProblemDetails),
    },
    query=(PHONE, APPLICATION, CURSOR, LIMIT),
    tag="messages",
)

LIST_TASKS: Final = Operation(
    method="GET",
    path="/tasks",
    summary="Read tasks",
    description="What waits for a person: results that nobody can tell, wrong phones, people's own words, paused ways.",
    scope="records:read",
    body=NoBody,
    run=_list_tasks,
    answers={200: ("A page.", TasksAnswer)},
    query=(DONE, TASK_CURSOR, LIMIT),
    tag="tasks",
)

OPERATIONS: Final = (LIST, LIST_TASKS)
