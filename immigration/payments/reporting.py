"""What happened on a day? Payments and reminders of each office, counted from their events."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from immigration.applications.states import Status
from immigration.applications.tables import Application, ApplicationEvent, Payment, PaymentEvent
from immigration.inbox.tables import Inbound
from immigration.messages.tables import Message
from immigration.offices.catalogue import OfficeFacts
from immigration.reminders.rules import RULES
from immigration.reminders.tables import Reminder

COLUMNS: Final = ("date", "office", "what", "number")
"""Of the day as a table: a line per number."""

_FOLLOWS_WITHIN: Final = timedelta(hours=24)
# What an applicant does about a reminder and the office records: pays, comes, brings papers, collects.
_DONE: Final = (Status.LUNAS_TERJADWAL, Status.BERKAS_DIPERIKSA, Status.DIKIRIM_POS, Status.DISERAHKAN)
_ASKED: Final = "asked by call"
_WAITS_AT_MOST: Final = timedelta(days=7)
_BATCH: Final = 500


@dataclass
class Reminded:
    """What a rule did on a day: written, skipped for a later one, left to an officer, handed to a network."""

    written: int = 0
    skipped: int = 0
    tasks: int = 0
    sent: int = 0
    opened: int = 0


@dataclass
class OfficeDay:
    """A day of an office.

    `opened` of a rule: of the reminders that left on this day, those whose applicant did something about it within
    24 hours of its leaving, as far as the data can tell: wrote an SMS to us, had the state of this application sent by
    SMS in a call, or paid, came, brought papers or collected as the office recorded it. A call that asked for no SMS
    is not counted: calls are kept without a number. Nor does it say that the reminder was the cause. A day's count
    is final 24 hours after the day.
    """

    office: str
    day: date
    paid: int = 0
    amount: int = 0
    expired: int = 0
    disputed: int = 0
    reminders: dict[str, Reminded] = field(default_factory=dict)


def rows_of(reports: Sequence[OfficeDay]) -> Iterator[dict[str, str | int]]:
    """A line per office and number, for a spreadsheet: `what` is the number's name."""
    for report in reports:
        told: dict[str, int] = {name: getattr(report, name) for name in ("paid", "amount", "expired", "disputed")}
        for rule, reminded in report.reminders.items():
            told |= {f"{rule} {name}": number for name, number in vars(reminded).items()}
        for what, number in told.items():
            yield {"date": report.day.isoformat(), "office": report.office, "what": what, "number": number}


def office_day(session: Session, office: OfficeFacts, day: date) -> OfficeDay:
    """The day of an office, in its own time."""
    begins = datetime.combine(day, time(), tzinfo=office.zone)
    ends = datetime.combine(day + timedelta(days=1), time(), tzinfo=office.zone)
    made = OfficeDay(office.code, day)
    events = (
        select(PaymentEvent.kind, func.count().label("events"), func.sum(Payment.amount).label("amount"))
        .join(Payment, Payment.id == PaymentEvent.payment_id)
        .join(Application, Application.id == Payment.application_id)
        .where(PaymentEvent.at >= begins, PaymentEvent.at < ends, Application.office == office.code)
    )
    # A disputed payment that an officer lets count is paid on the day of that decision.
    counts = or_(PaymentEvent.kind != "settled", Payment.state == "paid")
    for row in session.execute(events.where(counts).group_by(PaymentEvent.kind)):
        match row.kind:
            case "paid" | "settled":
                made.paid += row.events
                made.amount += int(row.amount)
            case "expired":
                made.expired = row.events
            case "disputed":
                made.disputed = row.events
    made.reminders = {rule.code: Reminded() for rule in RULES}
    for rule, outcome, number in _written(session, office.code, begins, ends):
        # A rule of an earlier version may have left rows.
        reminded = made.reminders.setdefault(rule, Reminded())
        name = "tasks" if outcome == "task" else outcome
        setattr(reminded, name, getattr(reminded, name) + number)
    left = _left(session, office.code, begins, ends)
    for one, followed in zip(left, _followed(session, left), strict=True):
        reminded = made.reminders.setdefault(one.rule, Reminded())
        reminded.sent += 1
        reminded.opened += followed
    return made


def _written(session: Session, office: str, begins: datetime, ends: datetime) -> Iterator[tuple[str, str, int]]:
    on_payments = [rule.code for rule in RULES if rule.source == "payment due"]
    of_the_day = (Reminder.at >= begins, Reminder.at < ends, Application.office == office)
    counted = select(Reminder.rule, Reminder.outcome, func.count().label("reminders")).select_from(Reminder)
    about_payments = (
        counted.join(Payment, Payment.id == Reminder.about)
        .join(Application, Application.id == Payment.application_id)
        .where(Reminder.rule.in_(on_payments))
    )
    about_applications = counted.join(Application, Application.id == Reminder.about).where(
        Reminder.rule.not_in(on_payments)
    )
    for query in (about_payments, about_applications):
        for row in session.execute(query.where(*of_the_day).group_by(Reminder.rule, Reminder.outcome)):
            yield row.rule, row.outcome, row.reminders


def _left(session: Session, office: str, begins: datetime, ends: datetime) -> Sequence[Any]:
    """The messages of reminders that were handed over on this day."""
    query = (
        select(Reminder.rule, Message.phone_hash, Message.application_id, Message.submitted_at)
        .join(Message, Message.id == Reminder.message_id)
        .where(
            # None leaves before it is written, nor waits for longer than this.
            Reminder.at >= begins - _WAITS_AT_MOST,
            Reminder.at < ends,
            Message.submitted_at >= begins,
            Message.submitted_at < ends,
            Message.office == office,
        )
    )
    return session.execute(query).all()


def _followed(session: Session, left: Sequence[Any]) -> Iterator[bool]:
    """For each of these messages: whether its applicant did something about it in time."""
    for first in range(0, len(left), _BATCH):
        part = left[first : first + _BATCH]
        begins = min(one.submitted_at for one in part)
        ends = max(one.submitted_at for one in part) + _FOLLOWS_WITHIN
        acts: dict[bytes | int, list[datetime]] = {}
        for query in _acts({one.phone_hash for one in part}, {one.application_id for one in part}, begins, ends):
            for whose, at in session.execute(query):
                acts.setdefault(whose, []).append(at)
        for one in part:
            done = acts.get(one.phone_hash, []) + acts.get(one.application_id, [])
            yield any(one.submitted_at < at <= one.submitted_at + _FOLLOWS_WITHIN for at in done)


def _acts(
    phones: set[bytes | None], applications: set[int | None], begins: datetime, ends: datetime
) -> Iterator[Select[*tuple[Any, ...]]]:
    """Who did something, and when: by phone what they wrote, by application what they asked for and did."""
    yield select(Inbound.phone_hash, Inbound.received_at).where(
        Inbound.phone_hash.in_(phones - {None}), Inbound.received_at > begins, Inbound.received_at <= ends
    )
    yield select(Message.application_id, Message.created_at).where(
        Message.application_id.in_(applications - {None}),
        Message.reason == _ASKED,
        Message.created_at > begins,
        Message.created_at <= ends,
    )
    yield select(ApplicationEvent.application_id, ApplicationEvent.recorded_at).where(
        ApplicationEvent.application_id.in_(applications - {None}),
        ApplicationEvent.status_to.in_(_DONE),
        ApplicationEvent.recorded_at > begins,
        ApplicationEvent.recorded_at <= ends,
    )
