"""How is what is due written? The reminder's row and its message in one transaction; nothing twice, no storm."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import Session

from immigration.applications.rows import application_about
from immigration.applications.tables import Application
from immigration.database import upsert
from immigration.messages.notices import language_for
from immigration.messages.outbox import Draft, Outbox
from immigration.people import as_language
from immigration.reminders.finding import Due, in_minutes
from immigration.reminders.rules import Rule
from immigration.reminders.tables import Reminder
from immigration.reminders.words import Gone, Subject, gone, subjects, words
from immigration.tasks import open_task
from immigration.vault import Unreadable

CEILING_PER_MINUTE: Final = 300
"""Reminders of one lane in a minute of the clock: after an outage they come in turn, not at once."""

_MINUTE: Final = timedelta(minutes=1)
_ROW: Final = Reminder.__table__.c
# What a reminder is known by, among those of its rule.
_Key = tuple[int, datetime, int]
_LATELY: Final = select(func.count()).where(
    Reminder.at >= bindparam("begun"),
    Reminder.at < bindparam("until"),
    Reminder.lane == bindparam("lane"),
    Reminder.outcome == "written",
)


def room(session: Session, lane: int, now: datetime) -> int:
    """How many more reminders of this lane may be written in this minute."""
    # By the clock's own minutes: a pass that begins a second sooner than the last would find no room at all.
    begun = now.replace(second=0, microsecond=0)
    lately = session.connection().scalar(_LATELY, {"begun": begun, "until": begun + _MINUTE, "lane": lane})
    return max(0, CEILING_PER_MINUTE - int(lately or 0))


def write(session: Session, outbox: Outbox, found: Sequence[Due], now: datetime) -> Counter[str]:
    """Write these, in a writing session; how many came to what. Who else writes them finds them written.

    Of several offsets of one case that are due, the newest alone is said; the older ones are skipped.
    """
    counts: Counter[str] = Counter()
    for rule, dues in _by_rule(found):
        about = subjects(session, rule, {due.about for due in dues})
        # What changed since it was found, the next pass finds as it is.
        still = [due for due in dues if gone(rule, about.get(due.about), due.target) is None]
        made = _claim(session, [_row(due, due.offset, now) for due in still])
        mine = [(due, made[key]) for due in still if (key := _key(due)) in made]
        older = [
            _row(due, offset, now) | {"outcome": "skipped"}
            for due, _ in mine
            for offset in rule.offsets
            if offset < due.offset
        ]
        counts["skipped"] += len(_claim(session, older))
        if rule.task is not None:
            for due, _ in mine:
                _hand_over(session, rule, rule.task, about[due.about].application, now)
            counts["tasks"] += len(mine)
            continue
        ends = []
        for due, reminder_id in mine:
            message_id = _say(session, outbox, due, about[due.about], reminder_id, now)
            outcome = "skipped" if message_id is None else "written"
            counts[outcome] += 1
            ends.append({"its_id": reminder_id, "message_id": message_id, "outcome": outcome})
        if ends:
            session.connection().execute(_END, ends)
    return counts


def _by_rule(found: Iterable[Due]) -> list[tuple[Rule, list[Due]]]:
    grouped: dict[str, list[Due]] = {}
    for due in found:
        grouped.setdefault(due.rule.code, []).append(due)
    return [(dues[0].rule, dues) for dues in grouped.values()]


def _key(due: Due) -> _Key:
    return due.about, due.target, in_minutes(due.offset)


def _row(due: Due, offset: timedelta, now: datetime) -> dict[str, object]:
    return {
        "rule": due.rule.code,
        "about": due.about,
        "target": due.target,
        "offset_minutes": in_minutes(offset),
        "at": now,
        "lane": int(due.rule.lane),
        "outcome": "written" if due.rule.task is None else "task",
    }


def _claim(session: Session, rows: Sequence[dict[str, object]]) -> dict[_Key, int]:
    """The ids of those rows that were not there already."""
    if not rows:
        return {}
    statement = upsert(session, Reminder).on_conflict_do_nothing()
    returned = statement.returning(_ROW.id, _ROW.about, _ROW.target, _ROW.offset_minutes)
    made = session.connection().execute(returned, rows)
    return {(row.about, row.target, row.offset_minutes): row.id for row in made}


_END: Final = (
    update(Reminder)
    .where(Reminder.id == bindparam("its_id"))
    .values(message_id=bindparam("message_id"), outcome=bindparam("outcome"))
)


def _hand_over(session: Session, rule: Rule, what: str, row: Application, now: datetime) -> None:
    words = f"application ..{row.number_last4}: {what}"
    open_task(session, "reminder", f"{rule.code}:{row.id}", words, now, office=row.office, application_id=row.id)


def _say(session: Session, outbox: Outbox, due: Due, subject: Subject, reminder_id: int, now: datetime) -> int | None:
    """The message's id; none where there is nothing to say any more."""
    row = subject.application
    office = outbox.catalogue().office(row.office)
    assert row.phone_hash is not None, "a case without a phone is gone"
    assert row.phone_sealed is not None, "sealed and hashed together"
    recorded = None if row.language is None else as_language(row.language)
    language = language_for(session, row.phone_hash, recorded, office)
    try:
        said = words(outbox, due.rule, subject, office, language, now)
        phone = outbox.vault.unseal(row.phone_sealed, application_about("phone", row.number_hash))
    except Unreadable:
        # It must not hold up those behind it: a key may be missing in DATA_KEYS.
        sealed = "applications do not open under the keys of DATA_KEYS: bring the missing key back"
        open_task(session, "message_failed", "unreadable", sealed, now)
        return None
    if isinstance(said, Gone):
        return None
    return outbox.put(
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
            validity=max(due.until - now, _MINUTE),
            application_id=row.id,
            waits=due.rule.waits,
        ),
        now,
    )
