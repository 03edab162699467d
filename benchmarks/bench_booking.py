"""How fast are seats taken? Bookings of 8 threads against the bare pattern, and how many are free, in one run.

The bare pattern is what takes a seat at the least: `UPDATE … WHERE taken < capacity RETURNING` and an INSERT in one
transaction, over the same connections and with the same durability.
"""

import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import text, update

from benchmarks.stage import embedded_postgresql
from gateway.migrate import upgrade
from gateway.settings import load_settings
from gateway.wiring import key_ring
from immigration.appointments import availability, booking
from immigration.appointments.tables import Slot
from immigration.database import Database
from immigration.keys import load_vault
from tests.support.filling import fill
from tests.support.past_visits import add_past
from tests.support.sms import SmsOffice, phone_of
from tests.support.visits import CITIZEN, OfficeFile, VisitOffice, bring

THREADS = 8
SECONDS = 5.0
PEOPLE = 20_000
OFFICES = 20
PAST = 100_000
NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
_TAKE = text("UPDATE bare_slots SET taken = taken + 1 WHERE id = :id AND taken < capacity RETURNING taken")
_KEEP = text("INSERT INTO bare_bookings (slot_id, phone, at) VALUES (:id, :phone, :at)")
_IDS = {"sqlite": "INTEGER PRIMARY KEY", "postgresql": "BIGSERIAL PRIMARY KEY"}


def main() -> None:
    """Measure both databases and print."""
    for dialect in ("sqlite", "postgresql"):
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            settings = load_settings({"VAR_DIR": str(folder)})
            url = settings.database_url if dialect == "sqlite" else embedded_postgresql(stack)
            database = Database(url, timeout_s=30, pool_size=THREADS)
            stack.callback(database.close)
            upgrade(database, key_ring(settings))
            office = SmsOffice(database, load_vault(database, key_ring(settings)), lambda: NOW)
            _bookings(office, folder / "booking")
            _availability(office, folder / "availability")


def _bookings(office: SmsOffice, folder: Path) -> None:
    hours = [(f"{hour:02}:{minute:02}", f"{hour:02}:{minute + 20:02}") for hour in range(8, 15) for minute in (0, 20)]
    minutes = [(starts, ends, 500, 0) for starts, ends in hours]
    bring(office, folder, OfficeFile("BENCH", sessions=minutes))
    visits = VisitOffice(office, "BENCH")
    visits.renew()
    database = office.database
    # As who was written to before: the first contact's privacy text is an SMS of its own.
    fill(database, office.vault, 1, PEOPLE, NOW)
    slots = [slot.id for slot in visits.slots()[-20:]]
    with database.writing() as session:
        session.execute(update(Slot).where(Slot.id.in_(slots)).values(capacity=1_000_000))
        key = _IDS[database.dialect]
        session.execute(text("CREATE TABLE bare_slots (id BIGINT PRIMARY KEY, taken INT, capacity INT)"))
        session.execute(text(f"CREATE TABLE bare_bookings (id {key}, slot_id BIGINT, phone TEXT, at TEXT)"))
        rows = [{"id": slot_id} for slot_id in slots]
        session.execute(text("INSERT INTO bare_slots VALUES (:id, 0, 1000000)"), rows)
    people = iter(range(1, PEOPLE))
    facts = visits.facts

    def product(slot_id: int) -> None:
        place = next(people)
        wish = booking.Wish(f"bench-{place}", facts, phone_of(place), "general", "P10", None)
        with database.writing() as session:
            booking.book(session, office.outbox, wish, slot_id, NOW, CITIZEN)

    def bare(slot_id: int) -> None:
        with database.writing() as session:
            connection = session.connection()
            assert connection.execute(_TAKE, {"id": slot_id}).scalar() is not None
            connection.execute(_KEEP, {"id": slot_id, "phone": "0812", "at": "2026"})

    print(f"\n{database.dialect}: {THREADS} threads, {SECONDS:.0f} s each")
    for name, which in (("20 slots", slots), ("one hot slot", slots[:1])):
        rates = {}
        for what, book in (("product", product), ("bare", bare)):
            rates[what] = _crowd(f"{name:13} {what:8}", book, which)
        print(f"{name:13} product / bare = {rates['product'] / rates['bare']:.2f}")
    assert visits.wrong() == []


def _crowd(name: str, book: Callable[[int], None], slots: list[int]) -> float:
    took: list[list[float]] = [[] for _ in range(THREADS)]
    begin = threading.Barrier(THREADS + 1)

    def run(thread: int) -> None:
        begin.wait()
        until = time.perf_counter() + SECONDS
        turn = thread
        while (began := time.perf_counter()) < until:
            book(slots[turn % len(slots)])
            took[thread].append(time.perf_counter() - began)
            turn += 1

    threads = [threading.Thread(target=run, args=(thread,)) for thread in range(THREADS)]
    for thread in threads:
        thread.start()
    begin.wait()
    for thread in threads:
        thread.join()
    times = sorted(one for mine in took for one in mine)
    counts = [len(mine) for mine in took]
    rate = len(times) / SECONDS
    p99, worst = times[int(len(times) * 0.99)] * 1000, times[-1] * 1000
    print(
        f"{name} {rate:7.0f}/s  p50 {statistics.median(times) * 1000:6.1f} ms  p99 {p99:6.1f} ms  max {worst:6.0f} ms"
        f"  fastest / slowest thread {max(counts) / max(1, min(counts)):.2f}"
    )
    return rate


def _availability(office: SmsOffice, folder: Path) -> None:
    sessions = [(f"{hour:02}:00", f"{hour + 1:02}:00", 3, 0) for hour in range(8, 14)]
    codes = [f"B{number:02}" for number in range(OFFICES)]
    bring(office, folder, *(OfficeFile(code, sessions=sessions, rules="weeks_ahead = 9") for code in codes))
    offices = [VisitOffice(office, code) for code in codes]
    for visits in offices:
        visits.renew()
    database = office.database
    days = len(database.read(availability.DAYS, availability.asked(offices[0].facts, "general", NOW)))
    fresh = _looks(offices)
    for visits in offices:
        add_past(database, visits.code, PAST // OFFICES, NOW)
    behind = _looks(offices)
    print(f"free seats of {days} days, one office: {fresh:.2f} ms; of {OFFICES}: {fresh * OFFICES:.1f} ms")
    print(f"the same with {PAST} visits behind: {behind:.2f} ms, {behind / fresh:.2f} of it")


def _looks(offices: list[VisitOffice]) -> float:
    """The median of looking at one office, in ms."""
    asked = [availability.asked(visits.facts, "general", NOW) for visits in offices]
    database = offices[0].database
    times = []
    for _ in range(30):
        for one in asked:
            began = time.perf_counter()
            database.read(availability.DAYS, one)
            times.append(time.perf_counter() - began)
    return statistics.median(times) * 1000


if __name__ == "__main__":
    main()
