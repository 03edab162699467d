"""Does any history of holding, booking, moving, cancelling, closing and waiting come to what a plain model says?"""

import random
from collections.abc import Callable, Iterable
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from immigration.appointments.booking import AlreadyBooked
from immigration.appointments.changing import NotMovable
from immigration.appointments.seats import KEPT_FOR_LIST, SlotGone
from immigration.appointments.waiting import OFFERS_MISSED, answer_by
from tests.support.clock import START, MovedClock
from tests.support.sms import SmsOffice, empty
from tests.support.visits import OfficeFile, VisitOffice, bring

DAYS = (date(2026, 12, 1), date(2026, 12, 2))
PHONES = st.integers(1, 5)
SLOTS = st.integers(0, 3)
HOLD = timedelta(minutes=10)
MOVES = 3
SEATS = 1
MINUTES = (1, 4, 11, 125)
on_sqlite_alone = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)


class Refused(Exception):
    """The model says no; `how` the office has to say it."""

    def __init__(self, how: type[Exception]) -> None:
        super().__init__(how.__name__)
        self.how = how


@dataclass
class Held:
    """A seat that is kept for somebody: for a phone, for an offer, or for the list."""

    slot: int
    until: datetime


@dataclass
class Place:
    """A place on the waiting list."""

    phone: int
    days: tuple[date, date]
    state: str = "waiting"
    slot: int | None = None
    until: datetime | None = None
    held: Held | None = None
    missed: int = 0


@dataclass
class Booked:
    """An open visit."""

    slot: int
    moves: int = 0


@dataclass
class Model:
    """An office as anybody would keep it on paper: one seat a session, so that somebody always waits."""

    # By number: its day and beginning.
    slots: dict[int, tuple[date, datetime]]
    answer_by: Callable[[datetime], datetime]
    now: datetime = START
    closed: set[date] = field(default_factory=set)
    holds: dict[int, Held] = field(default_factory=dict)
    kept: list[Held] = field(default_factory=list)
    visits: dict[int, Booked] = field(default_factory=dict)
    line: list[Place] = field(default_factory=list)

    def is_open(self, slot: int) -> bool:
        return self.slots[slot][0] not in self.closed

    def all_held(self, slot: int) -> list[Held]:
        offers = [place.held for place in self.line if place.held is not None]
        return [held for held in (*self.holds.values(), *self.kept, *offers) if held.slot == slot]

    def free(self, slot: int) -> int:
        """What whoever dials sees: what has run out is free."""
        live = sum(held.until > self.now for held in self.all_held(slot))
        return SEATS - live - sum(visit.slot == slot for visit in self.visits.values())

    def drop_lapsed(self, slots: set[int]) -> None:
        def stays(held: Held | None) -> bool:
            return held is not None and (held.slot not in slots or held.until > self.now)

        self.holds = {phone: held for phone, held in self.holds.items() if stays(held)}
        self.kept = [held for held in self.kept if stays(held)]
        for place in self.line:
            place.held = place.held if stays(place.held) else None

    def take(self, slot: int) -> None:
        """Room for one more; what has run out there is dropped where it is in the way."""
        if not self.is_open(slot) or self.free(slot) < 1:
            raise Refused(SlotGone)
        if len(self.all_held(slot)) + sum(visit.slot == slot for visit in self.visits.values()) >= SEATS:
            self.drop_lapsed({slot})

    def awaits(self, slot: int) -> bool:
        day = self.slots[slot][0]
        waits = any(place.state == "waiting" and place.days[0] <= day <= place.days[1] for place in self.line)
        return self.is_open(slot) and waits

    def pass_seat(self, slot: int) -> None:
        """A seat that was given up is the list's for a moment, where somebody waits."""
        if self.awaits(slot):
            self.kept.append(Held(slot, self.now + KEPT_FOR_LIST))

    def hold(self, phone: int, slot: int) -> None:
        before = self.holds.get(phone)
        if before is not None and before.slot == slot and before.until > self.now:
            before.until = max(before.until, self.now + HOLD)
            return
        self.holds.pop(phone, None)
        self.take(slot)
        self.holds[phone] = Held(slot, self.now + HOLD)

    def confirm(self, phone: int) -> None:
        if phone in self.visits:
            raise Refused(AlreadyBooked)
        if phone not in self.holds:
            raise Refused(SlotGone)
        self.book(phone, self.holds[phone].slot)

    def book(self, phone: int, slot: int) -> None:
        if phone in self.visits:
            raise Refused(AlreadyBooked)
        mine = self.holds.pop(phone, None)
        self.leave(phone)
        if mine is None or mine.slot != slot or mine.until <= self.now or not self.is_open(slot):
            self.take(slot)
        self.visits[phone] = Booked(slot)

    def leave(self, phone: int) -> None:
        """Off the list; what was offered goes to the next in line, be it a seat of the same session."""
        for place in self.line:
            if place.phone == phone and place.state in ("waiting", "offered"):
                held, place.held, was, place.state = place.held, None, place.state, "taken"
                if held is not None and was == "offered":
                    self.pass_seat(held.slot)

    def move(self, phone: int, slot: int) -> bool:
        visit = self.visits[phone]
        if visit.moves >= MOVES:
            raise Refused(NotMovable)
        if visit.slot == slot:
            return False
        self.take(slot)
        old, visit.slot = visit.slot, slot
        visit.moves += 1
        self.pass_seat(old)
        return True

    def cancel(self, phone: int) -> None:
        self.pass_seat(self.visits.pop(phone).slot)

    def offer_of(self, phone: int) -> Place | None:
        offers = [place for place in self.line if place.phone == phone and place.state == "offered"]
        return next((place for place in offers if place.until is not None and place.until > self.now), None)

    def accept(self, phone: int) -> bool:
        place = self.offer_of(phone)
        if place is None:
            return False
        if phone in self.visits:
            raise Refused(AlreadyBooked)
        assert place.held is not None
        slot = place.held.slot
        if not self.is_open(slot):
            raise Refused(SlotGone)
        place.held, place.state = None, "taken"
        self.holds.pop(phone, None)
        self.visits[phone] = Booked(slot)
        return True

    def withdraw(self, place: Place) -> None:
        held, place.held = place.held, None
        if held is not None:
            self.pass_seat(held.slot)
        place.state, place.until = "waiting", None

    def decline(self, phone: int) -> bool:
        place = self.offer_of(phone)
        if place is not None:
            self.withdraw(place)
            place.missed = 0
        return place is not None

    def tick(self) -> None:
        self.drop_lapsed(set(self.slots))
        for visit in [visit for visit in self.visits.values() if not self.is_open(visit.slot)]:
            later = [slot for slot, (_, begins) in self.slots.items() if begins > self.slots[visit.slot][1]]
            found = [slot for slot in later if self.is_open(slot) and self.free(slot) > 0]
            if found:
                visit.slot = found[0]
        for place in self.line:
            if place.state == "offered" and place.until is not None and place.until <= self.now:
                self.withdraw(place)
                place.missed += 1
                if place.missed >= OFFERS_MISSED:
                    place.state = "over"
        self.offer()

    def offer(self) -> None:
        left = {
            slot: self.free(slot) + sum(held.slot == slot for held in self.kept)
            for slot in self.slots
            if self.is_open(slot)
        }
        for place in [place for place in self.line if place.state == "waiting"]:
            for slot, count in left.items():
                if count > 0 and slot != place.slot and place.days[0] <= self.slots[slot][0] <= place.days[1]:
                    left[slot] -= 1
                    kept = next((held for held in self.kept if held.slot == slot), None)
                    if kept is not None:
                        self.kept.remove(kept)
                    until = min(self.answer_by(self.now), self.slots[slot][1] - timedelta(hours=1))
                    place.state, place.slot, place.until = "offered", slot, until
                    place.held = Held(slot, until + KEPT_FOR_LIST)
                    break


class Histories(RuleBasedStateMachine):
    """Does the same to the office and to the model; each has to answer as the other does."""

    visits: VisitOffice
    clock: MovedClock

    def __init__(self) -> None:
        super().__init__()
        self.clock.move_to(START)
        empty(self.visits.database)
        self.visits.generate()
        rows = self.visits.slots()
        rules = self.visits.facts.visits
        assert rules is not None
        self.model = Model(
            {row.id: (row.day, row.starts_at) for row in rows},
            lambda now: answer_by(now, self.visits.facts, rules),
        )
        self.ids = [row.id for row in rows if row.day in DAYS]
        self.open: dict[int, int] = {}
        self.entries: list[int] = []
        self.turn = 0
        for phone in (1, 2, 3):
            self.book(phone, phone)

    def one_of(self, phones: Iterable[int], which: int) -> int | None:
        """Somebody of these, so that few rules come to nothing."""
        some = sorted(phones)
        return some[which % len(some)] if some else None

    def both(self, real: Callable[[], object], model: Callable[[], object]) -> object:
        """What the office came to; a refusal has to be the model's as well."""
        came: object
        before = deepcopy(vars(self.model))
        try:
            said: object = model()
        except Refused as refused:
            # What is refused leaves nothing behind.
            vars(self.model).update(before)
            with pytest.raises(refused.how):
                real()
            return None
        came = real()
        if isinstance(said, bool):
            assert (came is not None and came is not False) == said
        return came

    @property
    def told(self) -> str:
        self.turn += 1
        return f"turn-{self.turn}"

    @rule(phone=PHONES, slot=SLOTS)
    def hold(self, phone: int, slot: int) -> None:
        self.both(
            lambda: self.visits.hold(phone, self.ids[slot]),
            lambda: self.model.hold(phone, self.ids[slot]),
        )

    @rule(phone=PHONES)
    def confirm(self, phone: int) -> None:
        self.keep(phone, self.both(lambda: self.visits.confirm(phone, self.told), lambda: self.model.confirm(phone)))

    @rule(phone=PHONES, slot=SLOTS)
    def book(self, phone: int, slot: int) -> None:
        made = self.both(
            lambda: self.visits.book(phone, self.ids[slot], self.told),
            lambda: self.model.book(phone, self.ids[slot]),
        )
        self.keep(phone, made)

    def keep(self, phone: int, made: object) -> None:
        if made:
            self.open[phone] = made.id  # type: ignore[attr-defined]

    @rule(which=PHONES, slot=SLOTS)
    def move(self, which: int, slot: int) -> None:
        phone = self.one_of(self.model.visits, which)
        if phone is not None:
            self.both(
                lambda: self.visits.move(phone, self.open[phone], self.ids[slot], self.told),
                lambda: self.model.move(phone, self.ids[slot]),
            )

    @rule(which=PHONES)
    def cancel(self, which: int) -> None:
        phone = self.one_of(self.model.visits, which)
        if phone is not None:
            self.both(lambda: self.visits.cancel(phone, self.open[phone], self.told), lambda: self.model.cancel(phone))

    @rule(which=PHONES, day=st.sampled_from(DAYS), longer=st.booleans())
    def join(self, which: int, day: date, longer: bool) -> None:
        waits = {place.phone for place in self.model.line if place.state in ("waiting", "offered")}
        phone = self.one_of(set(range(1, 6)) - waits - set(self.model.visits), which)
        if phone is not None:
            last = DAYS[-1] if longer else day
            self.entries.append(self.visits.join(phone, day, last))
            self.model.line.append(Place(phone, (day, last)))

    def offered(self, which: int) -> int:
        return self.one_of([place.phone for place in self.model.line if place.state == "offered"], which) or which

    @rule(which=PHONES)
    def accept(self, which: int) -> None:
        phone = self.offered(which)
        self.keep(phone, self.both(lambda: self.visits.accept(phone, self.told), lambda: self.model.accept(phone)))

    @rule(which=PHONES)
    def decline(self, which: int) -> None:
        phone = self.offered(which)
        self.both(lambda: self.visits.decline(phone), lambda: self.model.decline(phone))

    @rule(minutes=st.sampled_from(MINUTES))
    def wait(self, minutes: int) -> None:
        self.model.now = self.clock.move(minutes=minutes)

    @rule()
    def tick(self) -> None:
        self.visits.tick()
        self.model.tick()

    @rule(day=st.sampled_from(DAYS), closed=st.booleans())
    def close_or_open(self, day: date, closed: bool) -> None:
        if closed:
            self.visits.close(day)
            self.model.closed.add(day)
        else:
            self.visits.reopen(day)
            self.model.closed.discard(day)

    @invariant()
    def the_office_is_as_the_model_says(self) -> None:
        seen = {row.id: row.free for row in self.visits.free()}
        expected = {slot: self.model.free(slot) for slot in self.model.slots if self.model.is_open(slot)}
        assert {slot: count for slot, count in seen.items() if slot in self.ids} == {
            slot: count for slot, count in expected.items() if count > 0 and slot in self.ids
        }
        booked = {visit.id: visit.slot_id for visit in self.visits.booked()}
        assert booked == {self.open[phone]: visit.slot for phone, visit in self.model.visits.items()}
        assert [self.visits.entry(id_).state for id_ in self.entries] == [place.state for place in self.model.line]
        assert self.visits.wrong() == []


def histories(office: SmsOffice, clock: MovedClock, folder: Path) -> type[Histories]:
    """The machine over an office of two sessions a day."""
    rules = f"holds_per_day = 500\nmoves = {MOVES}"
    sessions = (("08:00", "09:00", SEATS, 0), ("09:00", "10:00", SEATS, 0))
    bring(office, folder, OfficeFile("AAA", sessions=sessions, rules=rules))
    return type("HistoriesHere", (Histories,), {"visits": VisitOffice(office, "AAA"), "clock": clock})


@on_sqlite_alone
def test_random_histories_come_to_what_the_model_says(office: SmsOffice, clock: MovedClock, tmp_path: Path) -> None:
    run_state_machine_as_test(
        histories(office, clock, tmp_path),
        # Not made shorter where it fails: each step is real statements, and thousands would be tried.
        settings=settings(max_examples=6, stateful_step_count=30, phases=(Phase.explicit, Phase.generate)),
    )


@on_sqlite_alone
@pytest.mark.parametrize("seed", range(3))
def test_a_long_history_comes_to_what_the_model_says(
    office: SmsOffice, clock: MovedClock, tmp_path: Path, seed: int
) -> None:
    """Where a line is long and offers are refused, which short histories seldom come to."""
    walk = histories(office, clock, tmp_path)()
    chance = random.Random(seed)
    for _ in range(120):
        which, slot, day = chance.randint(1, 5), chance.randint(0, 3), chance.choice(DAYS)
        step = chance.choice(
            (
                lambda: walk.hold(which, slot),  # noqa: B023
                lambda: walk.confirm(which),  # noqa: B023
                lambda: walk.book(which, slot),  # noqa: B023
                lambda: walk.move(which, slot),  # noqa: B023
                lambda: walk.cancel(which),  # noqa: B023
                lambda: walk.join(which, day, slot > 0),  # noqa: B023
                lambda: walk.join(which, day, slot > 0),  # noqa: B023
                lambda: walk.accept(which),  # noqa: B023
                lambda: walk.decline(which),  # noqa: B023
                lambda: walk.wait(chance.choice(MINUTES)),
                walk.tick,
                walk.tick,
                lambda: walk.close_or_open(day, slot == 0),  # noqa: B023
            )
        )
        step()
        walk.the_office_is_as_the_model_says()
