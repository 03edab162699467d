"""How is one application recorded, moved and found by its number? Each change leaves its events."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from immigration import audit
from immigration.applications.record import (
    Billing,
    Decision,
    Details,
    Event,
    Kept,
    Record,
    decide,
    decide_status,
)
from immigration.applications.rows import event_values, kept_of, payment_values, row_values
from immigration.applications.states import Group, Status
from immigration.applications.tables import Application, ApplicationEvent, Payment, PaymentEvent
from immigration.applications.unlinking import respecting
from immigration.vault import Vault


class NotFound(Exception):
    """There is no application under this number."""


class BillingTaken(Exception):
    """This billing belongs to another application already."""


@dataclass(frozen=True)
class Outcome:
    """What came of it: the row's id, what is kept now, and whether it is new or changed.

    `news` is the uid of the event by which state, details or payment became other than they were; none: they did not.
    `billed`: whether what is to be paid is new or other than it was.
    """

    id: int
    kept: Kept
    created: bool
    changed: bool
    news: bytes | None
    billed: bool = False


def find(session: Session, vault: Vault, number: str, *, lock: bool = False) -> tuple[Application, Payment | None]:
    """The row of this number with its current payment. Raises `NotFound`."""
    query = select(Application).where(Application.number_hash == vault.lookup("number", number))
    row = session.scalar(query.with_for_update() if lock else query)
    if row is None:
        raise NotFound
    payment = session.scalar(select(Payment).where(Payment.application_id == row.id, Payment.is_current))
    return row, payment


def put(session: Session, vault: Vault, told: Record, group: Group, actor: str, now: datetime) -> Outcome:
    """Record an application as told, in a writing session. Raises `BillingTaken`, `NotOfGroup`."""
    try:
        row, payment = find(session, vault, told.number, lock=True)
    except NotFound:
        decision = decide(None, told, group, now)
        values = row_values(vault, decision.kept)
        made = session.scalar(
            _new(session, Application).values(**values, created_at=now, updated_at=now).returning(Application.id)
        )
        if made is not None:
            news = _write(session, vault, made, None, decision, actor, now)
            billed = decision.kept.record.payment is not None
            return Outcome(made, decision.kept, created=True, changed=True, news=news, billed=billed)
        # Told twice at once: the other one was first, so this is news about what it made.
        row, payment = find(session, vault, told.number, lock=True)
    kept = kept_of(vault, row, payment)
    told, freed = respecting(vault, row, told)
    decision = decide(kept, told, group, now)
    events = tuple(event for event in decision.events if not known_late(session, row.id, event))
    decision = replace(decision, events=events)
    return _keep(session, vault, row, kept, decision, actor, now, freed)


def change_status(
    session: Session,
    vault: Vault,
    number: str,
    new: Status,
    details: Details,
    occurred_at: datetime | None,
    groups: Callable[[str], Group],
    actor: str,
    now: datetime,
    note: str | None = None,
) -> Outcome:
    """Move an application to another state. Raises `NotFound`, `NotOfGroup`, `UnknownTransition`."""
    row, payment = find(session, vault, number, lock=True)
    kept = kept_of(vault, row, payment)
    decision = decide_status(kept, new, details, occurred_at, groups(row.service), now, note)
    events = tuple(event for event in decision.events if not known_late(session, row.id, event))
    return _keep(session, vault, row, kept, replace(decision, events=events), actor, now)


def _new(session: Session, table: type[Application] | type[Payment]) -> postgresql.Insert | sqlite.Insert:
    """An insert that steps back, without an error, where somebody else's row stands already."""
    if session.get_bind().dialect.name == "postgresql":
        return postgresql.insert(table).on_conflict_do_nothing()
    return sqlite.insert(table).on_conflict_do_nothing()


def known_late(session: Session, application_id: int, event: Event) -> bool:
    """Whether this late news is in the history already: a repeat of old news is no news."""
    if event.kind != "late":
        return False
    query = select(ApplicationEvent.id).where(
        ApplicationEvent.application_id == application_id,
        ApplicationEvent.occurred_at == event.occurred_at,
        ApplicationEvent.status_to == event.status_to,
    )
    return session.scalar(query.limit(1)) is not None


def _keep(
    session: Session,
    vault: Vault,
    row: Application,
    kept: Kept,
    decision: Decision,
    actor: str,
    now: datetime,
    more: Mapping[str, Any] = MappingProxyType({}),
) -> Outcome:
    uid = None
    if decision.events:
        session.execute(
            update(Application)
            .where(Application.id == row.id)
            .values(**row_values(vault, decision.kept), **more, updated_at=now)
        )
        uid = _write(session, vault, row.id, kept, decision, actor, now)
    news = uid if _speaks_of(kept) != _speaks_of(decision.kept) else None
    billed = decision.kept.record.payment != kept.record.payment
    return Outcome(row.id, decision.kept, created=False, changed=bool(decision.events), news=news, billed=billed)


def _speaks_of(kept: Kept) -> tuple[object, ...]:
    """What a person would be told of."""
    return kept.record.status, kept.record.details, kept.record.payment


def _write(
    session: Session,
    vault: Vault,
    application_id: int,
    kept: Kept | None,
    decision: Decision,
    actor: str,
    now: datetime,
) -> bytes:
    """Write the events and the payment; the uid of the first event."""
    rows = [event_values(vault, event, actor, now) | {"application_id": application_id} for event in decision.events]
    session.execute(insert(ApplicationEvent), rows)
    record = decision.kept.record
    before = kept.record.payment if kept else None
    if record.payment is not None and record.payment != before:
        keep_payment(session, vault, application_id, record.payment, actor, now)
    uid: bytes = rows[0]["uid"]
    return uid


def keep_payment(
    session: Session, vault: Vault, application_id: int, billing: Billing, actor: str, now: datetime
) -> None:
    """Make this billing the application's current one; an earlier one stays as history. Raises `BillingTaken`."""
    values = payment_values(vault, billing, now)
    known = session.execute(
        select(Payment.id, Payment.application_id, Payment.state).where(Payment.billing_hash == values["billing_hash"])
    ).first()
    if known is not None and known.application_id != application_id:
        raise BillingTaken
    supersede(session, application_id, values["billing_hash"], actor, now)
    if known is None:
        made = session.scalar(
            _new(session, Payment).values(**values, application_id=application_id).returning(Payment.id)
        )
        if made is None:
            raise BillingTaken  # Another application took it at the same moment.
        event = (made, "made")
    else:
        changed = {name: values[name] for name in ("amount", "due_at", "paid_at", "is_current")}
        if known.state != "disputed":
            changed["state"] = values["state"]
        session.execute(update(Payment).where(Payment.id == known.id).values(**changed))
        event = (known.id, "changed")
    session.execute(insert(PaymentEvent).values(payment_id=event[0], at=now, kind=event[1], actor=actor))


def supersede(session: Session, application_id: int, billing_hash: bytes, actor: str, now: datetime) -> None:
    """Let this billing take the place of the application's others."""
    others = (Payment.application_id == application_id, Payment.billing_hash != billing_hash)
    unpaid = update(Payment).where(*others, Payment.state == "waiting").values(state="cancelled").returning(Payment.id)
    told = [{"payment_id": id_, "at": now, "kind": "superseded", "actor": actor} for id_ in session.scalars(unpaid)]
    if told:
        session.execute(insert(PaymentEvent), told)
    session.execute(update(Payment).where(*others, Payment.is_current).values(is_current=False))


def noted(
    session: Session,
    vault: Vault,
    number: str,
    actor: str,
    action: audit.Action,
    through: audit.Through,
    now: datetime,
) -> None:
    """Write down in the audit that `actor` read or changed the record of this number."""
    audit.note(
        session,
        at=now,
        actor=actor,
        action=action,
        through=through,
        subject_hash=vault.lookup("number", number),
        subject_last4=number[-4:],
    )
