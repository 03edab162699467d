"""What does news from the back office mean for an application? Pure rules, the same for the API and the import."""

import json
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, Literal

from immigration.applications.states import Group, Status, belongs, following, is_end, may_follow
from immigration.people import Language

EventKind = Literal["created", "status", "correction", "late", "details", "applicant", "payment"]


@dataclass(frozen=True)
class Details:
    """What a state needs said with it: papers that are missing, a postal receipt, dates."""

    missing: str | None = None
    receipt: str | None = None
    due_on: date | None = None
    ready_on: date | None = None
    valid_until: date | None = None

    def to_json(self) -> str:
        """Compact JSON without what is not there."""
        kept = {
            item.name: value.isoformat() if isinstance(value, date) else value
            for item in fields(self)
            if (value := getattr(self, item.name)) is not None
        }
        return json.dumps(kept, separators=(",", ":"), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> "Details":
        """The inverse of `to_json`."""
        kept: dict[str, Any] = json.loads(text)
        for name in ("due_on", "ready_on", "valid_until"):
            if name in kept:
                kept[name] = date.fromisoformat(kept[name])
        return cls(**kept)


@dataclass(frozen=True)
class Billing:
    """What is to be paid: 15 digits of SIMPONI, whole rupiah, until when; when it was paid."""

    billing: str
    amount: int
    due_at: datetime
    paid_at: datetime | None = None


@dataclass(frozen=True)
class Record:
    """An application as the back office tells it; `occurred_at` is when the state came about (none: now)."""

    number: str
    office: str
    service: str
    status: Status
    phone: str | None = None
    name: str | None = None
    birth_date: date | None = None
    language: Language | None = None
    consent: bool = False
    details: Details = field(default_factory=Details)
    payment: Billing | None = None
    occurred_at: datetime | None = None


@dataclass(frozen=True)
class Kept:
    """What is kept of an application now, in clear, with when its state came about."""

    record: Record
    status_at: datetime


@dataclass(frozen=True)
class Event:
    """An event to write."""

    kind: EventKind
    occurred_at: datetime
    status_from: Status | None = None
    status_to: Status | None = None
    changed: tuple[str, ...] = ()
    note: str | None = None


@dataclass(frozen=True)
class Decision:
    """What to keep from now on and what to write down; no events: nothing changed."""

    kept: Kept
    events: tuple[Event, ...]


class UnknownTransition(Exception):
    """The state machine does not know this step; `possible` says which ones it does."""

    def __init__(self, status: Status, new: Status, possible: tuple[Status, ...]) -> None:
        super().__init__(f"status: {new} does not follow {status}")
        self.status = status
        self.new = new
        self.possible = possible


class NotOfGroup(Exception):
    """No application of this group can be in this state."""

    def __init__(self, status: Status, group: Group) -> None:
        super().__init__(f"status: {status} is no state of a {group} application")
        self.status = status
        self.group = group


# An application forgets its person then (domain.md 5.1; UU PDP 27/2022 Arts. 42-44).
KEPT_AFTER_END: Final = timedelta(days=90)
# Permenkumham 8/2014 Art. 30: a passport not collected within 30 days may be cancelled (domain.md 1.5).
DAYS_TO_COLLECT: Final = timedelta(days=30)
_APPLICANT = ("phone", "name", "birth_date", "language", "consent", "office", "service")


def decide(kept: Kept | None, told: Record, group: Group, now: datetime) -> Decision:
    """What a full record means for what is kept. Any state may be recorded; none turns an application back in time.

    A state that the machine does not reach from the last is written down as a correction; one that came about
    before the state that is kept goes to the history alone. Raises `NotOfGroup`.
    """
    if not belongs(told.status, group):
        raise NotOfGroup(told.status, group)
    occurred = told.occurred_at or now
    if kept is None:
        if _is_forgotten(told, occurred, now):
            told = replace(told, phone=None, name=None, birth_date=None)
        return Decision(Kept(told, occurred), (Event("created", occurred, None, told.status),))
    old = kept.record
    events: list[Event] = []
    # A state that no application of this group can be in says nothing worth keeping: the service was corrected.
    if told.status is Status.KEDALUWARSA and _is_new_billing(told.payment, old.payment, now):
        # Whoever has something to pay again is waiting for it again (domain.md 9.2), whatever the export says.
        told = replace(told, status=Status.MENUNGGU_BAYAR)
    late = occurred < kept.status_at and belongs(old.status, group)
    merged = replace(told, details=_details(told, old), payment=_payment(told.payment, old.payment), occurred_at=None)
    if late:
        merged = replace(merged, status=old.status, details=old.details)
        if told.status is not old.status:
            events.append(Event("late", occurred, old.status, told.status))
    since = kept.status_at if late or (told.occurred_at is None and told.status is old.status) else occurred
    if _is_forgotten(merged, since, now):
        # An old export that comes again must not bring back whom the application has forgotten.
        merged = replace(merged, phone=old.phone, name=old.name, birth_date=old.birth_date)
    changed = tuple(name for name in _APPLICANT if getattr(merged, name) != getattr(old, name))
    if changed:
        events.append(Event("applicant", now, changed=changed))
    status_at = kept.status_at
    if merged.status is not old.status:
        kind: EventKind = "status" if may_follow(old.status, merged.status, group) else "correction"
        events.append(Event(kind, occurred, old.status, merged.status))
        status_at = occurred
    elif not late:
        status_at = told.occurred_at or kept.status_at
        changed = _changed_details(old.details, merged.details)
        if status_at != kept.status_at:
            changed += ("occurred_at",)
        if changed:
            events.append(Event("details", occurred, changed=changed))
    if merged.payment != old.payment:
        events.append(Event("payment", now, changed=_changed_payment(old.payment, merged.payment)))
    return Decision(Kept(merged, status_at), tuple(events))


def decide_status(
    kept: Kept,
    new: Status,
    details: Details,
    occurred_at: datetime | None,
    group: Group,
    now: datetime,
    note: str | None,
) -> Decision:
    """What a change of state means. With a `note` it is a correction that goes past the machine.

    Raises `NotOfGroup`, `UnknownTransition`.
    """
    if not belongs(new, group):
        raise NotOfGroup(new, group)
    occurred = occurred_at or now
    old = kept.record
    if occurred < kept.status_at and note is None:
        return Decision(kept, (Event("late", occurred, old.status, new),))
    told = replace(old, status=new, details=details, occurred_at=None)
    told = replace(told, details=_details(told, old))
    if new is old.status and note is None:
        if told.details == old.details:
            return Decision(kept, ())
        event = Event("details", occurred, changed=_changed_details(old.details, told.details))
        return Decision(Kept(told, kept.status_at), (event,))
    if note is not None:
        return Decision(Kept(told, occurred), (Event("correction", occurred, old.status, new, note=note),))
    if not may_follow(old.status, new, group):
        raise UnknownTransition(old.status, new, following(old.status, group))
    return Decision(Kept(told, occurred), (Event("status", occurred, old.status, new),))


def _is_forgotten(told: Record, since: datetime, now: datetime) -> bool:
    """A permit whose holder wants to be reminded of its end is over when it ends, not when it was issued."""
    until = told.details.valid_until
    if told.status is Status.IT_TERBIT and told.consent and until is not None:
        since = max(since, datetime.combine(until, time(), tzinfo=UTC))
    return is_end(told.status) and since < now - KEPT_AFTER_END


def _details(told: Record, old: Record) -> Details:
    """Details that are not told leave what was told with this state; what was told with another state is over."""
    return old.details if told.details == Details() and told.status is old.status else told.details


def _payment(told: Billing | None, old: Billing | None) -> Billing | None:
    """A billing that is not told stays, and one that was paid stays paid."""
    if told is None or old is None:
        return told or old
    if told.billing == old.billing and told.paid_at is None:
        return replace(told, paid_at=old.paid_at)
    return told


def _is_new_billing(told: Billing | None, old: Billing | None, now: datetime) -> bool:
    """Whether there is another billing than before, which can still be paid."""
    if told is None or told.paid_at is not None or told.due_at <= now:
        return False
    return old is None or told.billing != old.billing


def _changed_details(old: Details, new: Details) -> tuple[str, ...]:
    return tuple(item.name for item in fields(Details) if getattr(old, item.name) != getattr(new, item.name))


def _changed_payment(old: Billing | None, new: Billing | None) -> tuple[str, ...]:
    return tuple(
        item.name for item in fields(Billing) if getattr(old, item.name, None) != getattr(new, item.name, None)
    )
