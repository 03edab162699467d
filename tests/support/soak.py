"""Many changes while workers die, Redis is wiped and the aggregator lies: what came of every single one in the end?"""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue

from sqlalchemy import select

from gateway.simulator.aggregator import Accepted, Fault, PretendAggregator
from immigration.applications.states import Status
from immigration.clock import utc_now
from immigration.messages.reports import News, Report, take
from immigration.messages.states import UNSETTLED, State
from immigration.messages.tables import Message, MessageEvent
from immigration.tasks import Task
from tests.support.sms import SmsOffice, phone_of
from tests.support.workers import Crew

CALM = {"500": 0.02, "429:1": 0.003, "accept-reset": 0.01, "garbage": 0.01, "slow:0.2": 0.02, "refuse:403": 0.005}
"""How often the aggregator fails in which way; `WILD` with answers that never come."""
WILD = CALM | {"accept-hang": 0.003, "hang": 0.003}

_NOT_SENT = (State.FAILED, State.EXPIRED, State.CANCELLED, State.SUPPRESSED)
_WORDS: tuple[tuple[News, str], ...] = (
    ("accepted", "Sent"),
    ("accepted", "Buffered"),
    ("absent", "AbsentSubscriber"),
    ("delivered", "Success"),
)


@dataclass
class Account:
    """What became of every change: messages by state, what is wrong (nothing, if all is well), and how rough it was."""

    states: Counter[str]
    accepted: int
    # By state and reason.
    not_accepted: Counter[str]
    in_doubt_and_out: int
    kills: int
    wipes: int
    faults: Counter[str]
    wrong: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """The account, to be read."""
        return [
            f"messages  {dict(sorted(self.states.items()))}",
            f"ledger    {self.accepted} accepted, {self.in_doubt_and_out} of them in doubt here",
            f"not in it {self.not_accepted.total()}: {dict(sorted(self.not_accepted.items()))}",
            f"rough     {self.kills} workers killed, {self.wipes} times Redis wiped, faults {dict(self.faults)}",
            *(f"WRONG     {words}" for words in self.wrong),
        ]


class Weather:
    """An aggregator's moods, by chance: the same seed and order of requests gives the same moods."""

    def __init__(self, seed: int, odds: dict[str, float]) -> None:
        self._chance = random.Random(seed)
        self._odds = odds
        self._lock = threading.Lock()
        self.met: Counter[str] = Counter()

    def __call__(self, phone: str, text: str) -> Fault | None:
        with self._lock:
            drawn = self._chance.random()
            for kind, share in self._odds.items():
                drawn -= share
                if drawn < 0:
                    self.met[kind] += 1
                    return Fault.parse(kind)
        return None


class Reporter(threading.Thread):
    """Tells of every accepted message in any order, twice, some before our own answer is written."""

    def __init__(self, office: SmsOffice, seed: int) -> None:
        super().__init__(daemon=True)
        self._office = office
        self._chance = random.Random(seed)
        self._news: SimpleQueue[Accepted] = SimpleQueue()
        self._over = threading.Event()

    def heard(self, accepted: Accepted) -> None:
        """An aggregator took this one."""
        self._news.put(accepted)

    def finish(self) -> None:
        """Tell what is left, then end."""
        self._over.set()
        self.join(120)

    def run(self) -> None:
        while not (self._over.is_set() and self._news.empty()):
            try:
                accepted = self._news.get(timeout=0.1)
            except Empty:
                continue
            words = list(_WORDS * 2)
            self._chance.shuffle(words)
            phone_hash = self._office.vault.lookup("phone", accepted.phone)
            with self._office.database.writing() as session:
                for news, word in words:
                    report = Report("africastalking", accepted.id, news, word, phone_hash, fault=word)
                    take(session, report, utc_now())


def soak(
    office: SmsOffice,
    start_crew: Callable[[PretendAggregator], Crew],
    *,
    changes: int,
    workers: int,
    kill_every_s: float,
    wipes: int,
    seed: int,
    odds: dict[str, float],
    patience_s: float,
) -> Account:
    """Write the changes, one per application, while all that happens; the account once everything has settled."""
    weather = Weather(seed, odds)
    reporter = Reporter(office, seed)
    chance = random.Random(seed)
    kills = 0
    places = range(1, changes + 1)
    office.greeted(*places)
    with PretendAggregator(decide=weather, on_accept=reporter.heard, latency_s=0.02) as aggregator:
        crew = start_crew(aggregator)
        reporter.start()
        alive = [crew.start(LOG_LEVEL="ERROR") for _ in range(workers)]
        wipe_at = {changes * (wipe + 1) // (wipes + 1) for wipe in range(wipes)}
        killed_at = ticked_at = time.monotonic()
        for place in places:
            office.record(place)
            office.change(place, Status.CETAK)
            now = time.monotonic()
            if place in wipe_at:
                crew.redis.flushall()
            if now - ticked_at > 1:
                crew.tick()
                ticked_at = now
            if now - killed_at > kill_every_s:
                victim = chance.randrange(workers)
                crew.kill(alive[victim])
                alive[victim] = crew.launch(LOG_LEVEL="ERROR")
                kills += 1
                killed_at = now
        crew.settle(patience_s)
        reporter.finish()
        crew.settle(patience_s)
        return _account(office, aggregator, kills, wipes, weather.met, changes)


def _account(
    office: SmsOffice, aggregator: PretendAggregator, kills: int, wipes: int, faults: Counter[str], changes: int
) -> Account:
    ledger = Counter(accepted.phone for accepted in aggregator.ledger.accepted())
    phones = {office.vault.lookup("phone", phone_of(place)): phone_of(place) for place in range(1, changes + 1)}
    account = Account(Counter(), ledger.total(), Counter(), 0, kills, wipes, faults)
    with office.database.reading() as session:
        asked = set(session.scalars(select(Task.about).where(Task.done_at.is_(None))))
        events = session.execute(select(MessageEvent.message_id, MessageEvent.source, MessageEvent.state))
        said = {(id_, source, state) for id_, source, state in events}
    messages = office.messages()
    for message in messages:
        account.states[message.state] += 1
        times = ledger.pop(phones[message.phone_hash or b""], 0)
        if times == 0:
            account.not_accepted[f"{message.state}: {message.fault}"] += 1
        elif message.state == State.UNKNOWN:
            account.in_doubt_and_out += times
        account.wrong += [f"message {message.id} {words}" for words in _wrong(message, times, said, asked)]
    if len(messages) != changes:
        account.wrong.append(f"{changes} changes made {len(messages)} messages")
    if account.accepted + account.not_accepted.total() != changes:
        account.wrong.append(f"{account.accepted} accepted and {account.not_accepted.total()} not are not {changes}")
    return account


def _wrong(
    message: Message, times: int, said: Set[tuple[int | None, str, str | None]], asked: Set[str]
) -> Iterator[str]:
    """What does not fit between a message, how often it went out, what was noted of it, and the open tasks."""
    reported_failed = (message.id, "report", State.FAILED.value) in said
    if times > 1:
        yield f"went out {times} times"
    if message.state in (State.SUBMITTED, State.DELIVERED) and times == 0:
        yield f"is {message.state} and was never accepted"
    if message.state in (State.EXPIRED, State.CANCELLED, State.SUPPRESSED) and times > 0:
        yield f"is {message.state} and went out"
    if message.state == State.FAILED and times > 0 and not reported_failed:
        yield "failed, went out, and no report says that it did not arrive"
    if message.state in (*_NOT_SENT, State.UNKNOWN) and not message.fault:
        yield f"is {message.state} without a reason"
    if message.state == State.UNKNOWN:
        if not {(message.id, source, State.UNKNOWN.value) for source in ("answer", "lease")} & said:
            yield "is in doubt and nobody knows why"
        if f"unknown_result:{message.id}" not in asked:
            yield "is in doubt and no officer is asked"
    if message.state in UNSETTLED:
        yield f"has not settled: {message.state}"
