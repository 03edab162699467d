"""What does a reminder say, and is its reason still there? Read from what is true at the moment of asking."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from immigration import written
from immigration.applications.record import DAYS_TO_COLLECT, Details
from immigration.applications.rows import billing_about, details_about
from immigration.applications.states import Status
from immigration.applications.tables import Application, Payment
from immigration.messages.outbox import Outbox
from immigration.offices.catalogue import OfficeFacts
from immigration.offices.hours import zone_label
from immigration.people import Language
from immigration.reminders.rules import Rule, rule_named
from immigration.reminders.tables import Reminder


@dataclass(frozen=True)
class Gone:
    """The reason is gone: why."""

    why: str


@dataclass(frozen=True)
class Words:
    """A template and its values."""

    template: str
    values: Mapping[str, str]


@dataclass(frozen=True)
class Subject:
    """What a reminder is about, as it is now: the application, and the billing where it is about one."""

    application: Application
    payment: Payment | None


def subjects(session: Session, rule: Rule, abouts: Collection[int]) -> dict[int, Subject]:
    """What these are about, by their number: one statement."""
    if rule.source == "payment due":
        paid = (
            select(Payment, Application)
            .join(Application, Application.id == Payment.application_id)
            .where(Payment.id.in_(abouts))
            .execution_options(populate_existing=True)
        )
        return {payment.id: Subject(row, payment) for payment, row in session.execute(paid)}
    rows = select(Application).where(Application.id.in_(abouts)).execution_options(populate_existing=True)
    return {row.id: Subject(row, None) for row in session.scalars(rows)}


def gone(rule: Rule, subject: Subject | None, target: datetime) -> Gone | None:
    """Why the reminder has lost its reason; none while it has it."""
    if subject is None:
        return Gone("case is gone")
    row, payment = subject.application, subject.payment
    if row.phone_hash is None and rule.task is None:
        return Gone("no phone")
    if payment is not None:
        if payment.state != "waiting" or not payment.is_current or row.status != Status.MENUNGGU_BAYAR:
            return Gone("nothing is due")
        return None if payment.due_at == target else Gone("date changed")
    if row.status != rule.status:
        return Gone("state changed")
    told = row.status_at if rule.source == "state since" else row.deadline
    return None if told == target else Gone("date changed")


def words(
    outbox: Outbox, rule: Rule, subject: Subject, office: OfficeFacts, language: Language, now: datetime
) -> Words | Gone:
    """The words of a reminder whose reason is still there, true at this moment."""
    row, payment = subject.application, subject.payment
    values = {"no": f"..{row.number_last4}", "lokasi": office.name}
    if payment is not None:
        left = payment.due_at - now
        if left <= timedelta():
            return Gone("too late")
        due = payment.due_at.astimezone(office.zone)
        return Words(
            rule.code,
            values
            | {
                "menit": str(-(-left // timedelta(minutes=1))),
                "rp": written.rupiah(payment.amount),
                "kode": outbox.vault.unseal(payment.billing_sealed, billing_about(payment.billing_hash)),
                "jam1": f"{written.time_of_day(due)} {zone_label(office.zone)}",
            },
        )
    details = Details()
    if row.details_sealed is not None:
        details = Details.from_json(outbox.vault.unseal(row.details_sealed, details_about(row.number_hash)))
    last = _last_day(rule, row, details, office)
    left_days = (last - now.astimezone(office.zone).date()).days
    if left_days < 0:
        return Gone("too late")
    values |= {"tgl": written.day(last, language), "sisa": str(left_days)}
    if rule.status is Status.PERLU_LENGKAPI:
        values["kurang"] = details.missing or ""
        return Words(rule.code if details.missing else f"{rule.code}-plain", values)
    return Words(rule.code, values)


def now_true(
    session: Session, outbox: Outbox, languages: Mapping[int, Language], now: datetime
) -> dict[int, Words | Gone]:
    """What these messages (by id, with their language) have to say now; a few statements for all of them."""
    found = session.scalars(select(Reminder).where(Reminder.message_id.in_(languages))).all()
    by_rule: dict[str, list[Reminder]] = {}
    for one in found:
        by_rule.setdefault(one.rule, []).append(one)
    told: dict[int, Words | Gone] = {}
    for code, ones in by_rule.items():
        rule = rule_named(code)
        about = subjects(session, rule, {one.about for one in ones})
        for one in ones:
            assert one.message_id is not None, "found by it"
            subject = about.get(one.about)
            lost = gone(rule, subject, one.target)
            if lost is not None or subject is None:
                told[one.message_id] = lost or Gone("case is gone")
                continue
            office = outbox.catalogue().office(subject.application.office)
            told[one.message_id] = words(outbox, rule, subject, office, languages[one.message_id], now)
    return told


def _last_day(rule: Rule, row: Application, details: Details, office: OfficeFacts) -> date:
    if rule.source == "state since":
        return details.due_on or (row.status_at.astimezone(office.zone) + DAYS_TO_COLLECT).date()
    assert row.deadline is not None, "found by it"
    return row.deadline.astimezone(UTC).date()
