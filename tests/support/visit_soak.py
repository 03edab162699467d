"""Thousands of callers on an office for weeks: what came of every seat in the end?"""

import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import func, select

from immigration.appointments.booking import AlreadyBooked
from immigration.appointments.calendar import last_open_day
from immigration.appointments.changing import NoSuchVisit, NotMovable
from immigration.appointments.seats import SlotGone, TooManyHolds
from immigration.appointments.tables import SeatEvent, Visit, Waiting
from tests.support.clock import MovedClock
from tests.support.visits import VisitOffice

REFUSED = (SlotGone, AlreadyBooked, NoSuchVisit, NotMovable, TooManyHolds)
_CALLERS = 8


@dataclass
class VisitAccount:
    """What happened, by name; visits by state; what is wrong (nothing, if all is well)."""

    did: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    lines_ended: Counter[str] = field(default_factory=Counter)
    events: int = 0
    wrong: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """The account, to be read."""
        return [
            f"calls     {dict(sorted(self.did.items()))}",
            f"visits    {dict(sorted(self.states.items()))}, {self.events} events",
            f"line      {dict(sorted(self.lines_ended.items()))}",
            *(f"WRONG     {words}" for words in self.wrong),
        ]


def soak_visits(office: VisitOffice, clock: MovedClock, *, callers: int, days: int, seed: int) -> VisitAccount:
    """So many calls, some at once, spread over days on which the office closes, opens again and forgets its clock."""
    account = VisitAccount()
    chance = random.Random(seed)
    guard = threading.Lock()
    own: dict[int, int | None] = {}
    each = max(1, callers // (days * _CALLERS))
    place = 0
    for day in range(days):
        clock.move_to(office.now.replace(hour=1, minute=0) + timedelta(days=1 if day else 0))
        for _ in range(each):
            clock.move(minutes=chance.uniform(1, 30 * 16 / max(16, each)))
            batch = [(place := place + 1, random.Random(chance.random())) for _ in range(_CALLERS)]

            def call(told: tuple[int, random.Random]) -> str:
                return _call(office, *told, own, guard)

            with ThreadPoolExecutor(_CALLERS + 2) as threads:
                ticks = [threads.submit(office.tick) for _ in range(2 if chance.random() < 0.3 else 0)]
                account.did.update(threads.map(call, batch))
                for tick in ticks:
                    account.did.update({f"clock: {name}": count for name, count in tick.result().items()})
        if chance.random() < 0.2:
            closed = (office.now + timedelta(days=chance.randrange(1, 10))).date()
            account.did["closed"] += office.close(closed) > 0
            if chance.random() < 0.5:
                account.did["reopened"] += office.reopen(closed)
        account.wrong += [f"day {day}: {words}" for words in office.wrong()]
    _settle(office, clock)
    account.wrong += office.wrong()
    _count(office, account)
    return account


def _call(
    office: VisitOffice, place: int, chance: random.Random, own: dict[int, int | None], guard: threading.Lock
) -> str:
    """One caller: mostly somebody new who books, else somebody known who changes their mind."""
    with guard:
        known = chance.choice(list(own)) if own and chance.random() < 0.35 else None
    try:
        if known is not None and own[known] is None:
            return _answer(office, known, chance, own)
        if known is not None:
            return _change(office, known, own[known], chance)
        free = office.free()[: chance.choice((3, 12, 40))]
        if not free:
            return _join(office, place, own)
        if chance.random() < 0.1:
            return _join(office, place, own)
        wanted = chance.choice(free).id
        if chance.random() < 0.2:
            office.hold(place, wanted)
            return "hung up"
        office.hold(place, wanted)
        visit = office.confirm(place)
        with guard:
            own[place] = visit.id
        return "booked"
    except REFUSED as refused:
        return type(refused).__name__


def _join(office: VisitOffice, place: int, own: dict[int, int | None]) -> str:
    office.join(place, office.now.date(), last_open_day(office.facts, office.now))
    own[place] = None
    return "joined"


def _answer(office: VisitOffice, place: int, chance: random.Random, own: dict[int, int | None]) -> str:
    """Whoever waits says yes or no, if there is something to answer."""
    if chance.random() < 0.2:
        return f"declined: {office.decline(place)}"
    visit = office.accept(place, f"yes-{place}-{chance.random()}")
    if visit is not None:
        own[place] = visit.id
    return f"accepted: {visit is not None}"


def _change(office: VisitOffice, place: int, visit_id: int | None, chance: random.Random) -> str:
    assert visit_id is not None
    drawn = chance.random()
    if drawn < 0.4:
        return f"cancelled: {office.cancel(place, visit_id)}"
    if drawn < 0.7:
        free = office.free()
        return f"moved: {office.move(place, visit_id, chance.choice(free).id)}" if free else "nowhere to move"
    day = office.visit(visit_id).day
    office.join(place, day, day + timedelta(days=2))
    return "joined"


def _settle(office: VisitOffice, clock: MovedClock) -> None:
    """Weeks in which nobody calls: every hold, offer and visit comes to its end."""
    end: datetime = office.now + timedelta(days=40)
    while office.now < end:
        clock.move(hours=12)
        office.tick()


def _count(office: VisitOffice, account: VisitAccount) -> None:
    with office.database.reading() as session:
        for table, into in ((Visit, account.states), (Waiting, account.lines_ended)):
            rows = session.execute(select(table.state, func.count().label("rows")).group_by(table.state))
            into.update({row.state: row.rows for row in rows})
        account.events = session.scalar(select(func.count()).select_from(SeatEvent)) or 0
    if office.holds():
        account.wrong.append(f"{office.holds()} holds are left")
    for state in ("booked", "arrived", "called"):
        if account.states[state]:
            account.wrong.append(f"{account.states[state]} visits are still {state}")
    for state in ("waiting", "offered"):
        if account.lines_ended[state]:
            account.wrong.append(f"{account.lines_ended[state]} places on the list are still {state}")
