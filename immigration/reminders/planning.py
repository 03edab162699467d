"""What will an applicant be reminded of, and when? What came, what is to come, and why what does not come does not."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from immigration.applications.tables import Application, Payment
from immigration.contacts import Contact
from immigration.messages.tables import Message
from immigration.offices.catalogue import Catalogue, OfficeFacts
from immigration.reminders.finding import in_minutes
from immigration.reminders.rules import RULES, Rule, for_office
from immigration.reminders.tables import Reminder
from immigration.reminders.words import Subject, gone

Outlook = Literal["will come", "came", "not"]


@dataclass(frozen=True)
class Planned:
    """A reminder of a case: by which rule, when, and whether it comes; `why` says it for an officer.

    `offset` and `at` are none where the rule has no date to count from.
    """

    rule: str
    offset: timedelta | None
    at: datetime | None
    outlook: Outlook
    why: str


def plan(session: Session, catalogue: Catalogue, row: Application, now: datetime) -> list[Planned]:
    """What each rule that is for this kind of service means for this application, as things stand now."""
    payment = session.scalar(select(Payment).where(Payment.application_id == row.id, Payment.is_current))
    contact = None if row.phone_hash is None else session.get(Contact, row.phone_hash)
    refusal = _refusal(row, contact)
    office = catalogue.office(row.office)
    planned: list[Planned] = []
    group = catalogue.service(row.service).group
    for rule in RULES:
        if rule.group in (None, group):
            planned += _of_rule(session, for_office(rule, office), office, row, payment, refusal, now)
    return planned


def due_at(rule: Rule, target: datetime, offset: timedelta, office: OfficeFacts) -> datetime:
    """When a reminder is due: by the minute, or at the rule's hour of the day in the office's zone."""
    if rule.at is None:
        return target + offset
    # A deadline is a day, kept as its beginning in UTC.
    day = target.astimezone(office.zone if rule.source == "state since" else UTC).date()
    return datetime.combine(day + offset, rule.at, tzinfo=office.zone)


def _of_rule(
    session: Session,
    rule: Rule,
    office: OfficeFacts,
    row: Application,
    payment: Payment | None,
    refusal: str | None,
    now: datetime,
) -> Iterator[Planned]:
    about, target, missing = _counted_from(rule, row, payment)
    if about is None or target is None:
        yield Planned(rule.code, None, None, "not", missing)
        return
    subject = Subject(row, payment if rule.source == "payment due" else None)
    lost = gone(rule, subject, target)
    query = select(Reminder, Message).join(Message, Message.id == Reminder.message_id, isouter=True)
    query = query.where(Reminder.rule == rule.code, Reminder.about == about, Reminder.target == target)
    there = {reminder.offset_minutes: (reminder, message) for reminder, message in session.execute(query)}
    for place, offset in enumerate(rule.offsets):
        at = due_at(rule, target, offset, office)
        kept = there.get(in_minutes(offset))
        if kept is not None:
            yield Planned(rule.code, offset, kept[0].at, *_became(*kept))
        elif lost is not None:
            yield Planned(rule.code, offset, at, "not", lost.why)
        elif rule.task is None and refusal is not None:
            yield Planned(rule.code, offset, at, "not", refusal)
        elif _is_past(rule, place, at, now):
            yield Planned(rule.code, offset, at, "not", "its time is over")
        else:
            yield Planned(rule.code, offset, at, "will come", "as a task for an officer" if rule.task else "")


def _counted_from(rule: Rule, row: Application, payment: Payment | None) -> tuple[int | None, datetime | None, str]:
    """What the rule is about, the moment it counts from, and what is missing where there is none."""
    if rule.source == "payment due":
        if payment is None:
            return None, None, "no billing is on record"
        return payment.id, payment.due_at, ""
    if row.status != rule.status:
        return None, None, f"it is {row.status}, not {rule.status}"
    if rule.source == "state since":
        return row.id, row.status_at, ""
    return row.id, row.deadline, "no last day is on record"


def _refusal(row: Application, contact: Contact | None) -> str | None:
    """Why nothing is sent to this applicant's phone, whatever is due."""
    if row.phone_hash is None:
        return "no phone"
    if contact is not None and contact.reminders is not None:
        return None if contact.reminders else "opted out"
    return None if row.consent else "no consent"


def _became(reminder: Reminder, message: Message | None) -> tuple[Outlook, str]:
    if reminder.outcome == "task":
        return "came", "as a task for an officer"
    if reminder.outcome == "skipped" or message is None:
        return "not", "a later one was due already" if reminder.outcome == "skipped" else "it said nothing any more"
    words = f"message {message.id} is {message.state}"
    return "came", f"{words}: {message.fault}" if message.fault else words


def _is_past(rule: Rule, place: int, at: datetime, now: datetime) -> bool:
    """Whether nobody would be reminded at this offset any more: too long ago, or the next one's turn has come."""
    valid = rule.valid
    if place + 1 < len(rule.offsets):
        valid = min(valid, rule.offsets[place + 1] - rule.offsets[place])
    if rule.offsets[place] < timedelta():
        valid = min(valid, -rule.offsets[place])
    return now >= at + valid
