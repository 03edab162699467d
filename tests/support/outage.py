"""The clock was down for a day and comes back at night: how many are reminded then, how fast, and at what hour?"""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import select

from immigration.applications.states import Status
from immigration.messages.outbox import Lane
from immigration.messages.tables import Message
from immigration.reminders.writing import CEILING_PER_MINUTE
from tests.support.cases import Case, fill_cases
from tests.support.clock import MovedClock
from tests.support.reminders import BY_DAY, MORNING, PADANG, TASKS, Times
from tests.support.sms import SmsOffice, sending

_DAY, _MINUTE = timedelta(days=1), timedelta(minutes=1)
BACK = datetime(2026, 11, 25, 21, 30, tzinfo=PADANG)
"""When the clock looks again, for the first time since the morning of the day before."""
_BILLINGS = ((60, 30), (30, 10), (10, 0))


@dataclass
class Account:
    """What was expected and what left, the most of a lane in a minute, and what is wrong (nothing, if all is well)."""

    expected: Counter[str]
    left: Counter[str]
    peak: int
    wrong: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """The account, to be read."""
        return [
            f"still true {self.expected.total()}: {dict(sorted(self.expected.items()))}",
            f"left       {self.left.total()}: {dict(sorted(self.left.items()))}",
            f"peak       {self.peak} of a lane in a minute, of {CEILING_PER_MINUTE}",
            *(f"WRONG      {words}" for words in self.wrong),
        ]


def come_back(office: SmsOffice, clock: MovedClock, *, cases: int, seed: int) -> Account:
    """Passes from that night until nine, over so many cases whose dates lie all around it."""
    chance = random.Random(seed)
    made = [_case(chance) for _ in range(cases)]
    clock.move_to(BACK - _DAY)
    fill_cases(office.database, office.vault, range(1, cases + 1), clock(), lambda place: made[place - 1])
    looks = list(_looks())
    times = Times(office.with_settings(quiet_hours="20:00-07:00"), clock)
    with sending(times.office, times.ear) as sender:
        for moment in looks:
            clock.move_to(moment)
            times.look()
            sender.drain()
    expected = Counter(
        rule for case in made for rule, begins, ends in _windows(case) if _met(rule, begins, ends, looks)
    )
    return _account(office, expected)


def _looks() -> Iterator[datetime]:
    """Every five minutes at night, every minute in the morning."""
    moment = BACK
    while moment < BACK.replace(hour=MORNING.hour, minute=0) + _DAY:
        yield moment
        moment += _MINUTE if (moment.hour == 6 and moment.minute >= 55) or moment.hour in (7, 8) else 5 * _MINUTE


def _case(chance: random.Random) -> Case:
    days = [_midnight(BACK.date() + ahead * _DAY) for ahead in range(-3, 40)]
    draw = chance.random()
    if draw < 0.02:
        due_at = BACK + _MINUTE * chance.randrange(-120, 180)
        return {"status": Status.MENUNGGU_BAYAR.value, "due_at": due_at.astimezone(UTC)}
    if draw < 0.4:
        return {
            "status": Status.SIAP_DIAMBIL.value,
            "status_at": (BACK - _MINUTE * chance.randrange(50_000)).astimezone(UTC),
        }
    if draw < 0.6:
        return {"status": Status.IT_TERBIT.value, "service": "ITAS1", "deadline": chance.choice(days)}
    if draw < 0.8:
        return {"status": Status.PERLU_LENGKAPI.value, "deadline": chance.choice(days[:10])}
    if draw < 0.9:
        return {"status": Status.TIDAK_HADIR.value, "deadline": chance.choice(days[:10])}
    # Done with, or on its way, while the clock was down.
    over = chance.choice((Status.DISERAHKAN, Status.BERKAS_DIPERIKSA)).value
    return {"status": over, "status_at": (BACK - 7 * _DAY).astimezone(UTC), "deadline": chance.choice(days[:10])}


def _windows(case: Case) -> Iterator[tuple[str, datetime, datetime]]:
    """By rule, when a reminder of this case makes sense."""
    if "due_at" in case:
        for before, ends in _BILLINGS:
            yield "R_BAYAR", case["due_at"] - before * _MINUTE, case["due_at"] - ends * _MINUTE
        return
    for rule, (status, days, valid) in BY_DAY.items():
        if case["status"] != status.value or rule in TASKS:
            continue
        start: date = case["deadline"].date() if "deadline" in case else case["status_at"].astimezone(PADANG).date()
        for ahead in days:
            begins = datetime.combine(start + ahead * _DAY, MORNING, tzinfo=PADANG)
            yield rule, begins, begins + valid * _DAY


def _met(rule: str, begins: datetime, ends: datetime, looks: Sequence[datetime]) -> bool:
    """Whether a pass looked while it made sense, and not in the quiet of the night where it can wait."""
    return any(begins <= look < ends and (rule == "R_BAYAR" or 7 <= look.hour < 20) for look in looks)


def _account(office: SmsOffice, expected: Counter[str]) -> Account:
    with office.database.reading() as session:
        query = select(Message.application_id, Message.reason, Message.lane, Message.state, Message.submitting_at)
        rows = session.execute(query.where(Message.category == "reminder")).all()
    left = Counter(row.reason for row in rows if row.state == "submitted")
    minutes = Counter((row.lane, row.submitting_at) for row in rows if row.state == "submitted")
    account = Account(expected, left, max(minutes.values(), default=0))
    if left != expected:
        account.wrong.append("what left is not what was still true")
    if account.peak > CEILING_PER_MINUTE:
        account.wrong.append(f"{account.peak} of a lane left in one minute")
    for row in rows:
        if row.state != "submitted":
            account.wrong.append(f"the reminder of case {row.application_id} is {row.state}")
        elif row.lane != Lane.URGENT and not 7 <= row.submitting_at.astimezone(PADANG).hour < 20:
            account.wrong.append(f"the reminder of case {row.application_id} left in quiet hours")
    twice = Counter((row.application_id, row.reason) for row in rows if row.reason != "R_BAYAR")
    account.wrong += [
        f"case {case} was reminded {times} times by {rule}" for (case, rule), times in twice.items() if times > 1
    ]
    return account


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)
