"""Whatever happens in whatever order: is each reminder that is due and true written once, and does no other leave?"""

from collections.abc import Callable
from datetime import timedelta
from threading import Thread
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from immigration.applications.record import Details
from immigration.applications.states import Status
from immigration.applications.tables import Application, Payment
from immigration.contacts import choose
from immigration.messages.states import UNSETTLED
from immigration.messages.tables import Message
from immigration.payments.paying import Paid, pay
from immigration.reminders.tables import Reminder
from tests.support.clock import START, MovedClock
from tests.support.reminder_model import DAY, MINUTE, Bill, Case, Key, Model
from tests.support.reminders import PADANG, Times, billing, killed_at
from tests.support.sms import SmsOffice, empty, phone_of

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)

PLACES = (1, 2, 3)

Step = Callable[[Model], None]


def recorded(place: int, status: Status, days: int | None) -> Step:
    """The back office tells a state, with a date so many days ahead where it has one."""

    def step(model: Model) -> None:
        case, now = model.cases[place], model.times.clock()
        day = None if days is None else now.astimezone(PADANG).date() + days * DAY
        if day is not None or case.status is not status:
            # A state told again without its date leaves the date.
            case.day = day
        if case.status is not status:
            case.status, case.since = status, now
        details = Details()
        if day is not None:
            details = Details(valid_until=day) if status is Status.IT_TERBIT else Details(due_on=day)
        told(model, case, details=details)

    return step


def billed(place: int, minutes: int) -> Step:
    """A new billing, or another due time of the one that waits."""

    def step(model: Model) -> None:
        case, now = model.cases[place], model.times.clock()
        due = now + minutes * MINUTE
        if case.bill and case.bill.state == "waiting" and minutes % 2:
            case.bill.due = due
        else:
            model.billings += 1
            case.bill = Bill(model.billings, due)
        if case.status is not Status.MENUNGGU_BAYAR:
            case.status, case.since, case.day = Status.MENUNGGU_BAYAR, now, None
        told(model, case, payment=billing(case.bill.number, due))

    return step


def told(model: Model, case: Case, **more: Any) -> None:
    service = "ITAS1" if case.place == 3 else "P10"
    model.times.office.record(case.place, phone=case.phone, status=case.status, service=service, **more)


def paid(place: int) -> Step:
    def step(model: Model) -> None:
        case, now = model.cases[place], model.times.clock()
        if case.bill is None or case.bill.state != "waiting" or case.bill.due < now:
            return
        number = billing(case.bill.number, now).billing
        with model.times.office.database.writing() as session:
            pay(session, model.times.office.outbox, Paid(number, now, None), "test", now)
        case.bill.state = "paid"
        if case.status is Status.MENUNGGU_BAYAR:
            case.status, case.since, case.day = Status.LUNAS_TERJADWAL, now, None

    return step


def moved_to_phone(place: int, other: int) -> Step:
    def step(model: Model) -> None:
        case = model.cases[place]
        case.phone = phone_of(10 * place + other)
        told(model, case)

    return step


def chosen(place: int, agrees: bool) -> Step:
    """STOP or MULAI from the phone on record."""

    def step(model: Model) -> None:
        phone, office = model.cases[place].phone, model.times.office
        (model.stopped.discard if agrees else model.stopped.add)(phone)
        with office.database.writing() as session:
            choose(session, office.vault.lookup("phone", phone), "reminders", agrees, "sms", "", model.times.clock())

    return step


def looked(how: str) -> Step:
    """A pass: alone, beside another, or after one that died in its middle."""

    def step(model: Model) -> None:
        times = model.times
        if how == "dies":
            with killed_at(times.office.database, "UPDATE reminders", 1):
                times.look()
        racers = [Thread(target=times.look) for _ in range(2 if how == "twice" else 1)]
        for racer in racers:
            racer.start()
        for racer in racers:
            racer.join(60)
        model.look()
        assert reminders_of(model) == model.reminders

    return step


def drained(model: Model) -> None:
    model.times.drain()
    model.drain()
    assert ended(model) == model.ended


def waited(gap: timedelta) -> Step:
    def step(model: Model) -> None:
        model.times.clock.now += gap

    return step


def reminders_of(model: Model) -> dict[Key, str]:
    """What came of each reminder, as it is kept."""
    with model.times.office.database.reading() as session:
        numbers = billing_numbers(session, model)
        rows = session.scalars(select(Reminder)).all()
    return {key_of(row, numbers): row.outcome for row in rows}


def ended(model: Model) -> dict[Key, str]:
    """By reminder, how its message ended."""
    with model.times.office.database.reading() as session:
        numbers = billing_numbers(session, model)
        rows = session.execute(
            select(Reminder, Message.state)
            .join(Message, Message.id == Reminder.message_id)
            .where(Message.state.not_in(UNSETTLED))
        ).all()
    return {key_of(row.Reminder, numbers): row.state for row in rows}


def billing_numbers(session: Any, model: Model) -> dict[int, int]:
    """The model's number of each billing, by its row."""
    vault = model.times.office.vault
    by_hash = {vault.lookup("billing", billing(n, START).billing): n for n in range(1, model.billings + 1)}
    return {row.id: by_hash[row.billing_hash] for row in session.scalars(select(Payment))}


def key_of(row: Reminder, numbers: dict[int, int]) -> Key:
    about = numbers[row.about] if row.rule == "R_BAYAR" else row.about
    return row.rule, about, row.target, row.offset_minutes


PLACE = st.sampled_from(PLACES)
PASSPORT = st.sampled_from((1, 2))
HAPPENS = st.one_of(
    st.builds(billed, PLACE, st.integers(5, 150)),
    st.builds(paid, PLACE),
    st.builds(recorded, PASSPORT, st.sampled_from((Status.SIAP_DIAMBIL, Status.DISERAHKAN, Status.CETAK)), st.none()),
    st.builds(
        recorded, PASSPORT, st.sampled_from((Status.PERLU_LENGKAPI, Status.TIDAK_HADIR)), st.integers(0, 6) | st.none()
    ),
    st.builds(recorded, st.just(3), st.just(Status.IT_TERBIT), st.integers(2, 40) | st.none()),
    st.builds(moved_to_phone, PLACE, st.integers(0, 3)),
    st.builds(chosen, PLACE, st.booleans()),
)
GAPS = [timedelta(minutes=m) for m in (1, 9, 25, 61)] + [timedelta(hours=h) for h in (5, 11, 24)]
GAPS += [timedelta(days=d) for d in (1, 2, 3, 6, 7)]
CLOCK = st.one_of(
    st.builds(waited, st.sampled_from(GAPS)),
    st.builds(looked, st.sampled_from(("alone", "alone", "twice", "dies"))),
    st.just(drained),
)
# Chance alone seldom has a billing paid, or replaced, just between its reminder and the drain.
IN_BETWEEN = PLACE.flatmap(
    lambda place: st.tuples(
        st.builds(billed, st.just(place), st.integers(5, 60)),
        st.just(looked("alone")),
        st.builds(paid, st.just(place)) | st.builds(billed, st.just(place), st.integers(5, 60)) | HAPPENS,
        st.just(drained),
    )
)
SOME_TIME = st.tuples(HAPPENS | CLOCK, CLOCK, CLOCK)


@given(steps=st.lists((SOME_TIME | SOME_TIME | IN_BETWEEN).map(list), min_size=3, max_size=9))
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_history_reminds_of_what_is_true_once(office: SmsOffice, steps: list[list[Step]]) -> None:
    empty(office.database)
    clock = MovedClock()
    history = SmsOffice(office.database, office.vault, clock).with_settings(quiet_hours="20:00-07:00")
    history.catalogue = office.catalogue
    model = Model(Times(history, clock))
    history.greeted(*PLACES, *(10 * place + other for place in PLACES for other in range(4)))
    for place in PLACES:
        model.cases[place] = Case(place, phone_of(place))
        told(model, model.cases[place])
    with office.database.reading() as session:
        first = min(session.scalars(select(Application.id)))
    assert first == 1, "numbered anew, as the model numbers them"
    for step in [*(one for some in steps for one in some), looked("alone"), drained]:
        step(model)
    said = [one.text for one in model.times.ear.heard if "Sisa" in one.text or "sisa" in one.text]
    assert len(said) == list(model.ended.values()).count("submitted")
