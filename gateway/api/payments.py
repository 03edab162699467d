"""Payments: that one has arrived, which there are, and what an officer decides about those that are disputed."""

from datetime import datetime
from typing import Final, Literal

from pydantic import BaseModel, Field

from gateway.api.bodies import DisputeBody, PaidBody, SettleBody
from gateway.api.messages import LIMIT, TASK_CURSOR
from gateway.api.operation import Call, NoBody, Operation, Parameter
from gateway.api.problems import Problem, ProblemDetails
from immigration import audit
from immigration.api_keys import Answer
from immigration.applications.keeping import NotFound, find
from immigration.applications.rows import billing_of, unsealer
from immigration.payments import looking
from immigration.payments.looking import STATES, Seen
from immigration.payments.paying import NoSuchBilling, OtherReference, Paid, pay
from immigration.payments.settling import NotDisputed, question, settle

_PAGE: Final = 50

BILLING: Final = Parameter("billing", "[0-9]{15}", "The billing's 15 digits.", "write the billing of 15 digits")
OFFICE: Final = Parameter("office", "[A-Z0-9]{1,12}", "An office's code.", "write an office's code such as SJJ")
STATE: Final = Parameter("state", "|".join(STATES), "Those in this state.", f"write one of {', '.join(STATES)}")
APPLICATION: Final = Parameter(
    "application", "[0-9]{16}", "Those of this application.", "write the application's number of 16 digits"
)


class PaymentEventAnswer(BaseModel):
    """One change: when, what, and who told it."""

    at: datetime
    kind: Literal["made", "changed", "superseded", "paid", "expired", "disputed", "settled"]
    actor: str = Field(examples=["key:simkim"])


class BillingAnswer(BaseModel):
    """A payment. What leads to a person is there for keys with the scope `records:read` alone."""

    billing: str | None = None
    number: str | None = Field(default=None, description="Its application's.")
    office: str
    amount: int = Field(description="Whole rupiah.")
    due_at: datetime
    paid_at: datetime | None
    reference: str | None = Field(description="The last 4 characters of the NTPN.", examples=["..7G8H"])
    state: Literal["waiting", "paid", "expired", "cancelled", "disputed"]
    current: bool = Field(description="Whether no other billing has taken its place.")
    events: list[PaymentEventAnswer] = Field(default=[], description="Every change, oldest first.")


class BillingsAnswer(BaseModel):
    """A page of payments, newest first, without their events."""

    items: list[BillingAnswer]
    next: str | None


def _pay(call: Call, body: PaidBody) -> Answer:
    try:
        told = Paid(call.path["billing"], body.paid_at, body.reference)
        pay(call.session, call.outbox, told, call.caller.actor, call.now)
    except NoSuchBilling:
        raise _no_such() from None
    except OtherReference:
        raise Problem(409, "This billing was paid under another reference.", kind="other-reference") from None
    return _changed(call)


def _dispute(call: Call, body: DisputeBody) -> Answer:
    try:
        question(call.session, call.outbox, call.path["billing"], body.note, call.caller.actor, call.now)
    except NoSuchBilling:
        raise _no_such() from None
    return _changed(call)


def _settle(call: Call, body: SettleBody) -> Answer:
    try:
        settle(call.session, call.outbox, call.path["billing"], body.outcome, call.caller.actor, call.now)
    except NoSuchBilling:
        raise _no_such() from None
    except NotDisputed as fault:
        raise Problem(409, f"This payment is not disputed: it is {fault.state}.", kind="not-disputed") from None
    return _changed(call)


def _get(call: Call, body: NoBody) -> Answer:
    try:
        return _told(call, "read")
    except NoSuchBilling:
        raise _no_such() from None


def _list(call: Call, body: NoBody) -> Answer:
    limit = int(call.query.get("limit", _PAGE))
    application_id = number_hash = None
    if "application" in call.query:
        try:
            row, _ = find(call.session, call.vault, call.query["application"])
        except NotFound:
            raise Problem(404, "There is no application under this number.") from None
        application_id, number_hash = row.id, row.number_hash
    found = looking.payments(
        call.session,
        office=call.query.get("office"),
        state=call.query.get("state"),
        application_id=application_id,
        before=int(call.query["cursor"]) if "cursor" in call.query else None,
        limit=limit + 1,
    )
    audit.note(
        call.session, at=call.now, actor=call.caller.actor, action="listed", through="api", subject_hash=number_hash
    )
    items = [_answer(call, one, personal=True) for one in found[:limit]]
    last = str(found[limit - 1].payment.id) if len(found) > limit else None
    return Answer(200, BillingsAnswer(items=items, next=last).model_dump_json(exclude_unset=True))


def _changed(call: Call) -> Answer:
    call.session.expire_all()
    return _told(call, "changed")


def _told(call: Call, action: audit.Action) -> Answer:
    """The payment as it is now; that it was seen or changed goes into its application's audit."""
    seen = looking.one(call.session, call.vault, call.path["billing"])
    told = _answer(call, seen, personal="records:read" in call.caller.scopes)
    told.events = [
        PaymentEventAnswer.model_validate({"at": event.at, "kind": event.kind, "actor": event.actor})
        for event in looking.events_of(call.session, seen.payment)
    ]
    audit.note(
        call.session,
        at=call.now,
        actor=call.caller.actor,
        action=action,
        through="api",
        subject_hash=seen.application.number_hash,
        subject_last4=seen.application.number_last4,
    )
    return Answer(200, told.model_dump_json(exclude_unset=True))


def _answer(call: Call, seen: Seen, *, personal: bool) -> BillingAnswer:
    payment = seen.payment
    whose = {}
    if personal:
        whose["billing"] = billing_of(call.vault, payment).billing
        whose["number"] = unsealer(call.vault, seen.application)("number") or ""
    return BillingAnswer.model_validate(
        whose
        | {
            "office": seen.application.office,
            "amount": payment.amount,
            "due_at": payment.due_at,
            "paid_at": payment.paid_at,
            "reference": None if payment.reference_last4 is None else f"..{payment.reference_last4}",
            "state": payment.state,
            "current": payment.is_current,
        }
    )


def _no_such() -> Problem:
    return Problem(404, "No application has this billing.")


_NONE: Final = ("No application has this billing.", ProblemDetails)

PAY: Final = Operation(
    method="POST",
    path="/payments/{billing}/paid",
    summary="Record that a billing was paid",
    description=(
        "Once: the same reference again changes nothing. The application moves on and the applicant gets one SMS. Paid "
        "after its time, or with another billing in its place, the payment is disputed: an officer has a task, and the "
        "applicant is told by when they hear."
    ),
    scope="records:write",
    body=PaidBody,
    run=_pay,
    answers={
        200: ("The payment as it is now.", BillingAnswer),
        404: _NONE,
        409: ("It was paid under another reference, or the Idempotency-Key came with another request.", ProblemDetails),
    },
    parameters=(BILLING,),
    tag="payments",
)

DISPUTE: Final = Operation(
    method="POST",
    path="/payments/{billing}/dispute",
    summary="Have a payment looked into",
    description="Until it is settled it neither runs out nor is reminded of. An officer has a task.",
    scope="records:write",
    body=DisputeBody,
    run=_dispute,
    answers={
        200: ("It is disputed, now or since before.", BillingAnswer),
        404: _NONE,
        409: ("The Idempotency-Key came with another request.", ProblemDetails),
    },
    parameters=(BILLING,),
    tag="payments",
)

SETTLE: Final = Operation(
    method="POST",
    path="/payments/{billing}/settle",
    summary="Settle a disputed payment",
    description=(
        "`paid`: it counts; an application that waited for it or had lapsed moves on, and the applicant is told. "
        "`cancelled`: it does not; an application that waited for it lapses, and the applicant is told. Where nobody "
        "had paid at all, the billing waits again until its time. The task is done."
    ),
    scope="records:write",
    body=SettleBody,
    run=_settle,
    answers={
        200: ("The payment as it is now.", BillingAnswer),
        404: _NONE,
        409: ("It is not disputed, or the Idempotency-Key came with another request.", ProblemDetails),
    },
    parameters=(BILLING,),
    tag="payments",
)

GET: Final = Operation(
    method="GET",
    path="/payments/{billing}",
    summary="Read a payment",
    description="With every change of it. Each reading is written down in the audit.",
    scope="records:read",
    body=NoBody,
    run=_get,
    answers={200: ("The payment.", BillingAnswer), 404: _NONE},
    parameters=(BILLING,),
    tag="payments",
)

LIST: Final = Operation(
    method="GET",
    path="/payments",
    summary="List payments",
    description="Newest first. Each reading is written down in the audit.",
    scope="records:read",
    body=NoBody,
    run=_list,
    answers={
        200: ("A page.", BillingsAnswer),
        404: ("There is no application under this number.", ProblemDetails),
    },
    query=(OFFICE, STATE, APPLICATION, TASK_CURSOR, LIMIT),
    tag="payments",
)

OPERATIONS: Final = (PAY, DISPUTE, SETTLE, GET, LIST)
