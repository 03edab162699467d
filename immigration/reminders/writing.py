"""How is what is due written? The reminder's row and its message in one transaction; nothing twice, no storm."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from immigration.applications.rows import application_about
from immigration.database import upsert
from immigration.messages.notices import language_for
from immigration.messages.outbox import Draft, Outbox
from immigration.offices.catalogue import OfficeFacts
from immigration.people import as_language
from immigration.reminders.finding import Due, in_minutes
from immigration.reminders.rules import Rule
from immigration.reminders.tables import Reminder
from immigration.reminders.words import Gone, Subject, gone, subjects, words
from immigration.tasks import open_task

CEILING_PER_MINUTE: Final = 300
"""Reminders of one lane in a minute: after an outage they come in turn, not at once."""

_MINUTE: Final = timedelta(minutes=1)
_UNSYNCED: Final = {"synchronize_session": False}


def room(session: Session, lane: int, now: datetime) -> int:
    """How many more reminders of this lane may be written in this minute."""
    lately = select(func.count()).where(
        Reminder.at > now - _MINUTE, Reminder.lane == lane, Reminder.outcome == "written"
    )
    return max(0, CEILING_PER_MINUTE - int(session.scalar(lately) or 0))


def write(session: Session, outbox: Outbox, found: Sequence[Due], now: datetime) -> Counter[str]:
    """Write these, in a writing session; how many came to what. Who else writes them finds them written.

    Of several offsets of one case that are due, the newest alone is said; the older ones are skipped.
    """
    counts: Counter[str] = Counter()
    for rule, dues in _by_rule(found):
        about = subjects(session, rule, {due.about for due in dues})
        for due in dues:
            subject = about.get(due.about)
            if subject is None or gone(rule, subject, due.target) is not None:
                # It changed since it was found: the next pass finds it as it is.
                continue
            reminder_id = _claim(session, due, now)
            if reminder_id is None:
                continue
            counts["skipped"] += _skip_older(session, due, now)
            if rule.task is not None:
                row = subject.application
                words_ = f"application ..{row.number_last4}: {rule.task}"
                open_task(
                    session, "reminder", f"{rule.code}:{row.id}", words_, now, office=row.office, application_id=row.id
                )
                counts["tasks"] += 1
                continue
            counts[_say(session, outbox, due, subject, reminder_id, now)] += 1
    return counts


def _by_rule(found: Iterable[Due]) -> list[tuple[Rule, list[Due]]]:
    grouped: dict[str, list[Due]] = {}
    for due in found:
        grouped.setdefault(due.rule.code, []).append(due)
    return [(dues[0].rule, dues) for dues in grouped.values()]


def _claim(session: Session, due: Due, now: datetime) -> int | None:
    """The reminder's row; none where it is there already."""
    row = (
        upsert(session, Reminder)
        .values(
            rule=due.rule.code,
            about=due.about,
            target=due.target,
            offset_minutes=in_minutes(due.offset),
            at=now,
            lane=int(due.rule.lane),
            outcome="written" if due.rule.task is None else "task",
        )
        .on_conflict_do_nothing()
        .returning(Reminder.__table__.c.id)
    )
    made = session.scalar(row)
    return None if made is None else int(made)


def _skip_older(session: Session, due: Due, now: datetime) -> int:
    """Write down that the offsets before this one, which nobody was reminded at, have lost their sense."""
    skipped = 0
    for offset in due.rule.offsets:
        if offset >= due.offset:
            break
        row = upsert(session, Reminder).values(
            rule=due.rule.code,
            about=due.about,
            target=due.target,
            offset_minutes=in_minutes(offset),
            at=now,
            lane=int(due.rule.lane),
            outcome="skipped",
        )
        skipped += session.scalar(row.on_conflict_do_nothing().returning(Reminder.__table__.c.id)) is not None
    return skipped


def _say(session: Session, outbox: Outbox, due: Due, subject: Subject, reminder_id: int, now: datetime) -> str:
    row = subject.application
    office: OfficeFacts = outbox.catalogue().office(row.office)
    assert row.phone_hash is not None, "a case without a phone is gone"
    assert row.phone_sealed is not None, "sealed and hashed together"
    recorded = None if row.language is None else as_language(row.language)
    language = language_for(session, row.phone_hash, recorded, office)
    said = words(outbox, due.rule, subject, office, language, now)
    if isinstance(said, Gone):
        return "skipped"
    phone = outbox.vault.unseal(row.phone_sealed, application_about("phone", row.number_hash))
    begins = outbox.not_quiet(row.office, now) if due.rule.waits else now
    message_id = outbox.put(
        session,
        Draft(
            occasion=f"reminder:{reminder_id}",
            template=said.template,
            values=said.values,
            language=language,
            office=row.office,
            phone=phone,
            lane=due.rule.lane,
            category="reminder",
            reason=due.rule.code,
            validity=max(due.until - begins, _MINUTE),
            application_id=row.id,
            waits=due.rule.waits,
        ),
        now,
    )
    session.execute(
        update(Reminder).where(Reminder.id == reminder_id).values(message_id=message_id).execution_options(**_UNSYNCED)
    )
    return "written"
