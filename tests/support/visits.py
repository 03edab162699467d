"""Visits in tests: an office with sessions of its own, people who hold, book and wait, and what has to add up then."""

import math
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path

from sqlalchemy import delete, func, select

from immigration.applications.states import Status
from immigration.applications.tables import Application
from immigration.appointments import availability, booking, changing, closures, generating, ledger, seats, waiting
from immigration.appointments.seats import CLOCK, By
from immigration.appointments.tables import Hold, SeatEvent, Slot, Visit, Waiting
from immigration.contacts import know
from immigration.database import Database
from immigration.messages.outbox import body_of
from immigration.offices.catalogue import OfficeFacts
from immigration.offices.loader import FOLDER, load_reference
from immigration.offices.visit_rules import Lane
from tests.support.sms import SmsOffice, number, phone_of
from workers import visits

CITIZEN = By("citizen", "ussd")
OFFICER = By("cli:test", "cli")


@dataclass
class VisitOffice:
    """One office and those who want a seat there; a person is a place, as in `SmsOffice`."""

    sms: SmsOffice
    code: str = "SJJ"

    @property
    def now(self) -> datetime:
        return self.sms.clock()

    @property
    def database(self) -> Database:
        return self.sms.database

    @property
    def facts(self) -> OfficeFacts:
        """The office as the product's snapshot knows it."""
        return self.sms.catalogue().office(self.code)

    def look_again(self) -> OfficeFacts:
        """The office as it stands now: a snapshot lasts a minute, in which a moved clock may run for weeks."""
        self.sms.catalogue._loaded = -math.inf
        return self.facts

    def renew(self) -> generating.Generated:
        """Have the sessions of this moment's horizon and no others; nothing may be booked yet."""
        with self.database.writing() as session:
            session.execute(delete(SeatEvent).where(SeatEvent.visit_id.is_(None)))
            session.execute(delete(Slot).where(Slot.office == self.code))
        return self.generate()

    def generate(self, **told: bool) -> generating.Generated:
        facts = self.look_again()
        with self.database.writing() as session:
            return generating.generate(session, facts, self.now, CLOCK, **told)

    def free(self, day: date | None = None, lane: Lane = "general") -> list[availability.FreeSession]:
        with self.database.reading() as session:
            return availability.free_sessions(session, self.facts, lane, self.now, day)

    def slots(self, day: date | None = None, lane: str = "general") -> list[Slot]:
        """The slots, by time, of a day or of all."""
        query = select(Slot).where(Slot.office == self.code, Slot.lane == lane).order_by(Slot.starts_at)
        with self.database.reading() as session:
            return list(session.scalars(query if day is None else query.where(Slot.day == day)))

    def phone_hash(self, place: int) -> bytes:
        return self.sms.vault.lookup("phone", phone_of(place))

    def wish(
        self, place: int, occasion: str | None = None, *, application: int | None = None, lane: Lane = "general"
    ) -> booking.Wish:
        return booking.Wish(occasion or f"call-{place}", self.facts, phone_of(place), lane, "P10", application)

    def application(self, place: int, status: Status = Status.LUNAS_TERJADWAL, **more: object) -> int:
        """An application of this person; its id."""
        self.sms.record(place, status=status, **more)
        with self.database.reading() as session:
            found = session.scalars(select(Application).where(Application.number_last4 == number(place)[-4:]))
            return found.one().id

    def status(self, application_id: int) -> str:
        with self.database.reading() as session:
            return session.get_one(Application, application_id).status

    def hold(self, place: int, slot_id: int, about: str = "phone", by: By = CITIZEN) -> None:
        rules = self.facts.visits
        assert rules is not None
        with self.database.writing() as session:
            phone_hash = know(session, self.sms.vault, phone_of(place), self.now)
            seats.hold(session, phone_hash, about, slot_id, rules, self.now, self.now, by)

    def confirm(self, place: int, occasion: str | None = None, *, application: int | None = None) -> Visit:
        """Book what this person holds."""
        wish = self.wish(place, occasion, application=application)
        with self.database.writing() as session:
            return booking.book_held(session, self.sms.outbox, wish, self.now, CITIZEN)

    def book(
        self,
        place: int,
        slot_id: int,
        occasion: str | None = None,
        *,
        application: int | None = None,
        lane: Lane = "general",
    ) -> Visit:
        wish = self.wish(place, occasion, application=application, lane=lane)
        with self.database.writing() as session:
            return booking.book(session, self.sms.outbox, wish, slot_id, self.now, CITIZEN)

    def move(self, place: int, visit_id: int, slot_id: int, occasion: str | None = None) -> bool:
        facts = self.facts
        with self.database.writing() as session:
            phone_hash = know(session, self.sms.vault, phone_of(place), self.now)
            visit = changing.owned(session, visit_id, phone_hash)
            changing.movable(session, visit, facts, self.now)
            told = occasion or f"move-{visit_id}-{slot_id}-{self.now.timestamp()}"
            return changing.move(session, self.sms.outbox, visit, slot_id, told, self.now, CITIZEN)

    def cancel(self, place: int, visit_id: int, occasion: str | None = None) -> bool:
        with self.database.writing() as session:
            phone_hash = know(session, self.sms.vault, phone_of(place), self.now)
            visit = changing.owned(session, visit_id, phone_hash)
            told = occasion or f"cancel-{visit_id}"
            return changing.cancel_visit(session, self.sms.outbox, visit, told, self.now, CITIZEN)

    def close(self, first: date, last: date | None = None, **hours: time) -> int:
        """Close days, or have them open at other hours; how many sessions close."""
        facts = self.look_again()
        with self.database.writing() as session:
            return closures.add(session, facts, first, last or first, "Rapat", self.now, OFFICER, **hours)

    def reopen(self, first: date, last: date | None = None) -> int:
        facts = self.look_again()
        with self.database.writing() as session:
            return closures.remove(session, facts, first, last or first, self.now, OFFICER)

    def join(
        self, place: int, first: date, last: date, *, lane: Lane = "general", application: int | None = None
    ) -> int:
        """A place on the waiting list; its id."""
        facts = self.facts
        with self.database.writing() as session:
            phone_hash = know(session, self.sms.vault, phone_of(place), self.now)
            entry = waiting.join(session, facts, phone_hash, lane, "P10", application, first, last, self.now)
            return entry.id

    def accept(self, place: int, occasion: str | None = None) -> Visit | None:
        """YA to the offer of this moment; none where there is none."""
        with self.database.writing() as session:
            phone_hash = know(session, self.sms.vault, phone_of(place), self.now)
            entry = waiting.offer_to(session, phone_hash, self.now)
            if entry is None:
                return None
            told = occasion or f"yes-{entry.id}"
            return waiting.accept(session, self.sms.outbox, entry, phone_of(place), told, self.now, CITIZEN)

    def decline(self, place: int) -> bool:
        """TIDAK to the offer of this moment; whether there was one."""
        with self.database.writing() as session:
            phone_hash = know(session, self.sms.vault, phone_of(place), self.now)
            entry = waiting.offer_to(session, phone_hash, self.now)
            if entry is not None:
                waiting.decline(session, entry, self.now, CITIZEN)
            return entry is not None

    def tick(self) -> dict[str, int]:
        """What the clock does; only what it did, by name."""
        self.look_again()
        return {name: count for name, count in visits.run(self.database, self.sms.outbox, self.now).items() if count}

    def visit(self, visit_id: int) -> Visit:
        with self.database.reading() as session:
            return session.get_one(Visit, visit_id)

    def state_of(self, place: int) -> str:
        """The state of this person's latest visit."""
        query = select(Visit.state).where(Visit.phone_hash == self.phone_hash(place)).order_by(Visit.id.desc())
        with self.database.reading() as session:
            return session.scalars(query.limit(1)).one()

    def booked(self) -> list[Visit]:
        """Visits that are still to come, in the order of booking."""
        with self.database.reading() as session:
            return list(session.scalars(select(Visit).where(Visit.state == "booked").order_by(Visit.id)))

    def entry(self, entry_id: int) -> Waiting:
        with self.database.reading() as session:
            return session.get_one(Waiting, entry_id)

    def told(self, place: int, *, all_of_them: bool = False) -> list[str]:
        """The templates written to this person and not cancelled since (`all_of_them`: those too), oldest first."""
        rows = self.sms.messages()
        mine = [row for row in rows if row.phone_hash == self.phone_hash(place) and row.category == "visit"]
        return [row.template for row in mine if all_of_them or row.state != "cancelled"]

    def texts(self, place: int, template: str) -> list[str]:
        """The words of those messages."""
        rows = [row for row in self.sms.messages() if row.phone_hash == self.phone_hash(place)]
        return [body_of(self.sms.vault, row) or "" for row in rows if row.template == template]

    def fill(self, day: date, first_place: int, *, lane: Lane = "general", but: int = 0) -> list[Visit]:
        """Book every seat of a day but some, by people from `first_place` on."""
        free = [one.id for one in self.free(day, lane) for _ in range(one.free)]
        taken = free[: len(free) - but]
        return [self.book(first_place + after, slot_id, lane=lane) for after, slot_id in enumerate(taken)]

    def wrong(self) -> list[str]:
        """What does not add up: numbers, events, holds and visits of every slot; holds that nothing stands behind."""
        with self.database.reading() as session:
            found = ledger.faults(session)
            for held in session.scalars(select(Hold)):
                slot = session.get(Slot, held.slot_id)
                if slot is None or slot.held < 1:
                    found.append(f"hold {held.id} ({held.about}) has no seat")
                if held.about.startswith("offer:"):
                    entry = session.get(Waiting, int(held.about.removeprefix("offer:")))
                    if entry is None or (entry.state, entry.slot_id) != ("offered", held.slot_id):
                        found.append(f"hold {held.id} ({held.about}) belongs to no offer")
            twice = (
                select(Visit.application_id)
                .where(Visit.state == "booked", Visit.application_id.is_not(None))
                .group_by(Visit.application_id)
                .having(func.count() > 1)
            )
            found += [f"application {id_} has two open visits" for id_ in session.scalars(twice)]
        return found

    def holds(self) -> int:
        """How many holds there are, lapsed or not."""
        with self.database.reading() as session:
            return session.scalar(select(func.count()).select_from(Hold)) or 0


@contextmanager
def patient(office: VisitOffice, threads: int = 16) -> Iterator[VisitOffice]:
    """The same office over connections that wait for their turn as long as a crowd takes."""
    url = office.database.engine.url.render_as_string(hide_password=False)
    database = Database(url, timeout_s=60, pool_size=threads)
    try:
        yield VisitOffice(SmsOffice(database, office.sms.vault, office.sms.clock, office.sms.settings), office.code)
    finally:
        database.close()


SESSION = """
[[visits.sessions]]
weekdays = [{days}]
starts = {starts}:00
ends = {ends}:00
general = {general}
priority = {priority}
"""
OFFICE = """
code = "{code}"
name = "Kantor {code}"
trial = true
zone = "{zone}"
language = "id"
address = "Jalan Uji 1"
telephone = ""
collection = {{ id = "Sen-Jum", min = "Sin-Jum", en = "Mon-Fri" }}

[[hours]]
weekdays = [0, 1, 2, 3, 4, 5, 6]
opens = {opens}:00
closes = {closes}:00

[visits]
services = ["P5", "P10"]
{rules}
"""


@dataclass(frozen=True)
class OfficeFile:
    """An office's reference file: open every day, with sessions of (starts, ends, general, priority)."""

    code: str
    zone: str = "Asia/Jakarta"
    sessions: Sequence[tuple[str, str, int, int]] = (("08:00", "09:00", 3, 1), ("09:00", "10:00", 3, 0))
    opens: str = "08:00"
    closes: str = "16:00"
    rules: str = ""
    days: str = "0, 1, 2, 3, 4, 5, 6"

    def text(self) -> str:
        head = OFFICE.format(code=self.code, zone=self.zone, opens=self.opens, closes=self.closes, rules=self.rules)
        return head + "".join(
            SESSION.format(days=self.days, starts=starts, ends=ends, general=general, priority=priority)
            for starts, ends, general, priority in self.sessions
        )


def bring(office: SmsOffice, folder: Path, *files: OfficeFile) -> None:
    """Load these offices from reference files in a folder, as an operator does; the services stay as they are."""
    (folder / "offices").mkdir(parents=True, exist_ok=True)
    shutil.copy(FOLDER / "services.toml", folder)
    for file in files:
        (folder / "offices" / f"{file.code}.toml").write_text(file.text())
    with office.database.writing() as session:
        load_reference(session, folder=folder)
    office.catalogue._loaded = -math.inf
