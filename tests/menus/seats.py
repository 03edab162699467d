"""An office whose weeks are open, and what came of calls for its seats."""

import math
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from msgspec import structs
from sqlalchemy import select, update

from immigration.applications.record import Billing
from immigration.applications.states import Status
from immigration.appointments import generating, ledger, seats, waiting
from immigration.appointments.tables import Hold, Slot, Visit, Waiting
from immigration.contacts import know
from immigration.messages.outbox import body_of
from immigration.messages.tables import Message
from immigration.offices.catalogue import OfficeFacts
from immigration.offices.snapshot import CatalogueSnapshot
from immigration.offices.tables import Office as OfficeRow
from immigration.offices.visit_rules import as_told
from menus.testing import Call, CallKit

if TYPE_CHECKING:
    from tests.menus.conftest import Office

PAID = "+6281200000021"
"""Has paid and has to come: one application, LUNAS_TERJADWAL."""

OTHER = "+6281200000022"
THIRD = "+6281200000023"
WEDNESDAY = date(2026, 11, 25)


def dialled(kit: CallKit, phone: str, *inputs: str) -> Call:
    """A call of this phone that has come so far; an offer to go on with an older call is refused first."""
    call = kit.dial(phone)
    if call.screen.startswith("Telepon tadi terputus."):
        call.replies("2")
    for typed in inputs:
        call.replies(typed)
    return call


@dataclass
class Seats:
    """The office's seats, and what came of calls for them."""

    office: "Office"

    def __post_init__(self) -> None:
        now = self.office.clock()
        with self.office.database.writing() as session:
            generating.generate(session, self.sjj, now, seats.CLOCK)
        self.office.keep("9900000000000021", PAID, Status.LUNAS_TERJADWAL)

    def visits(self) -> list[Visit]:
        with self.office.database.reading() as session:
            return list(session.scalars(select(Visit).order_by(Visit.id)))

    def only(self) -> Visit:
        [visit] = self.visits()
        return visit

    def holds(self) -> list[Hold]:
        with self.office.database.reading() as session:
            return list(session.scalars(select(Hold).order_by(Hold.id)))

    def slot(self, day: date, begins: str, lane: str = "general") -> Slot:
        moment = datetime.fromisoformat(f"{day}T{begins}").replace(tzinfo=self.sjj.zone)
        with self.office.database.reading() as session:
            return session.scalars(select(Slot).where(Slot.starts_at == moment, Slot.lane == lane)).one()

    def leave(self, free: int, day: date | None = None, begins: str | None = None) -> None:
        """As if all seats but so many in each session had been taken away."""
        seats_left = update(Slot).values(capacity=Slot.held + Slot.booked + free)
        if begins is not None:
            assert day is not None
            seats_left = seats_left.where(Slot.id == self.slot(day, begins).id)
        elif day is not None:
            seats_left = seats_left.where(Slot.day == day)
        with self.office.database.writing() as session:
            session.execute(seats_left.execution_options(synchronize_session=False))

    def texts(self) -> list[str]:
        with self.office.database.reading() as session:
            found = session.scalars(select(Message).where(Message.category == "visit").order_by(Message.id)).all()
            return [body_of(self.office.vault, message) or "" for message in found]

    def offers(self, phone: str, slot: Slot) -> Waiting:
        """Have this phone wait for the day of this slot, and offer it a seat of it."""
        now = self.office.clock()
        with self.office.database.writing() as session:
            phone_hash = know(session, self.office.vault, phone, now)
            entry = waiting.join(session, self.sjj, phone_hash, "general", "P10", None, slot.day, slot.day, now)
        with self.office.database.writing() as session:
            assert waiting.offer(session, self.office.outbox, entry.id, slot.id, now)
        return entry

    def paid(self, number: str, phone: str) -> None:
        """Record an application that was paid for an hour ago."""
        now = self.office.clock()
        billing = Billing("820261124000051", 950_000, now + timedelta(hours=1), now - timedelta(hours=1))
        self.office.keep(number, phone, Status.LUNAS_TERJADWAL, payment=billing)

    def keeps_back(self, begins: str) -> None:
        """Have the office keep one seat of the sessions that begin then for distant districts."""
        rules = self.sjj.visits
        assert rules is not None
        moment = time.fromisoformat(begins)
        sessions = tuple(
            structs.replace(plan, general=plan.general - 1, far=1) if plan.starts == moment else plan
            for plan in rules.sessions
        )
        told = as_told(structs.replace(rules, sessions=sessions))
        with self.office.database.writing() as session:
            session.get_one(OfficeRow, "SJJ").visits = told
        snapshot = self.office.outbox.catalogue
        assert isinstance(snapshot, CatalogueSnapshot)
        snapshot._loaded = -math.inf
        with self.office.database.writing() as session:
            generating.generate(session, self.sjj, self.office.clock(), seats.CLOCK)

    def adds_up(self) -> bool:
        """Whether seats, holds, visits and events tell the same numbers."""
        with self.office.database.reading() as session:
            return ledger.faults(session) == []

    @property
    def sjj(self) -> OfficeFacts:
        return self.office.outbox.catalogue().office("SJJ")
