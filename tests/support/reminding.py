"""Clocks, workers and a death among them, all at once over the same cases: what came of every single one?"""

import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta

from sqlalchemy import func, select

from immigration.applications.states import Status
from immigration.clock import utc_now
from immigration.messages.states import State
from immigration.reminders.tables import Reminder
from tests.support.cases import Case, fill_cases
from tests.support.processes import wait_until
from tests.support.reminders import MORNING, PADANG
from tests.support.sms import SmsOffice, phone_of
from tests.support.workers import Crew
from workers.jobs import UPKEEP_JOB
from workers.queues import enqueue_once, queue

_DAY = timedelta(days=1)


@dataclass
class Account:
    """How many were reminded, how many are in doubt, who died, and what is wrong (nothing, if all is well)."""

    reminded: int
    in_doubt: int
    kills: int
    wrong: list[str] = field(default_factory=list)


def remind_by_processes(crew: Crew, *, cases: int, clocks: int, workers: int, seed: int, patience_s: float) -> Account:
    """Have all of these reminded while one worker is killed; the account once everything has settled."""
    chance = random.Random(seed)
    office, now = crew.office, utc_now()
    kinds = _kinds(now)
    fill_cases(office.database, office.vault, range(1, cases + 1), now, lambda place: kinds[place % len(kinds)])
    alive = [crew.start(LOG_LEVEL="ERROR") for _ in range(workers)]
    for _ in range(clocks):
        crew.launch("clock", "run", LOG_LEVEL="ERROR")
    dies_after = chance.randrange(cases // 4, cases // 2)
    wait_until(lambda: _passes(crew) and _written(office) >= dies_after, "a part to be written", within_s=patience_s)
    crew.kill(alive[chance.randrange(workers)])
    wait_until(lambda: _passes(crew) and _written(office) >= cases, "everybody to be written to", within_s=patience_s)
    crew.settle(patience_s)
    return _account(crew, cases)


def _kinds(now: datetime) -> tuple[Case, ...]:
    """A case of each lane that is due at this time of day and for a while to come."""
    # Those that count in days are due from nine until nine.
    day = (now.astimezone(PADANG) - timedelta(hours=MORNING.hour)).date()
    return (
        {"status": Status.MENUNGGU_BAYAR.value, "due_at": now + timedelta(minutes=55)},
        {"status": Status.PERLU_LENGKAPI.value, "deadline": datetime.combine(day + 3 * _DAY, time(), tzinfo=UTC)},
        {"status": Status.SIAP_DIAMBIL.value, "status_at": datetime.combine(day - 7 * _DAY, time(9), tzinfo=PADANG)},
    )


def _passes(crew: Crew) -> bool:
    """More passes than the clocks ask for, so that several run at once."""
    for extra in range(3):
        enqueue_once(queue(crew.redis), UPKEEP_JOB, f"upkeep-extra-{extra}")
    return True


def _written(office: SmsOffice) -> int:
    with office.database.reading() as session:
        return session.scalar(select(func.count()).select_from(Reminder)) or 0


def _account(crew: Crew, cases: int) -> Account:
    ledger = Counter(accepted.phone for accepted in crew.aggregator.ledger.accepted())
    phones = {crew.office.vault.lookup("phone", phone_of(place)): phone_of(place) for place in range(1, cases + 1)}
    dead = sum(process.poll() is not None for process in crew.running)
    account = Account(_written(crew.office), 0, dead)
    messages = crew.office.messages()
    for message in messages:
        times = ledger[phones[message.phone_hash or b""]]
        account.in_doubt += message.state == State.UNKNOWN
        if times > 1:
            account.wrong.append(f"message {message.id} went out {times} times")
        if message.state not in (State.SUBMITTED, State.UNKNOWN):
            account.wrong.append(f"message {message.id} is {message.state}: {message.fault}")
        if message.state == State.SUBMITTED and times == 0:
            account.wrong.append(f"message {message.id} is submitted and was never accepted")
    if sorted(message.application_id or 0 for message in messages) != list(range(1, cases + 1)):
        account.wrong.append(f"{len(messages)} messages about {cases} cases")
    return account
