"""What do tests of the dialogue stand on? A kit over real Valkey and both databases, with some applications."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pytest
from redis import Redis
from sqlalchemy import delete

from gateway import demo
from gateway.messaging import build_outbox
from gateway.settings import Settings
from gateway.wiring import connect_redis
from immigration import identity, people
from immigration.applications.keeping import put
from immigration.applications.record import Billing, Details, Record
from immigration.applications.states import Status
from immigration.database import Database
from immigration.keys import load_vault
from immigration.offices.snapshot import CatalogueSnapshot
from immigration.vault import KeyRing, Vault
from menus.build import build_turns
from menus.testing import CallKit
from tests.menus.seats import Seats
from tests.support.clock import MovedClock
from tests.support.sms import TABLES

ONE = "+6281200000001"
THREE = "+6281200000002"
UNPAID = "+6281200000003"
STRANGER = "+6281200000009"
NUMBER = "9900000000000001"
BORN = "24111990"


@dataclass
class Office:
    """The parts behind the kit."""

    database: Database
    vault: Vault
    clock: MovedClock

    def __post_init__(self) -> None:
        self.outbox = build_outbox(Settings(), self.vault, CatalogueSnapshot(self.database))

    def keep(self, number: str, phone: str | None, status: Status = Status.CETAK, **more: object) -> None:
        """Record an application as the back office would."""
        told = Record(
            number=number,
            office="SJJ",
            service="P10",
            status=status,
            phone=phone,
            name="Siti Rahmah",
            birth_date=date(1990, 11, 24),
            **more,
        )
        with self.database.writing() as session:
            put(session, self.vault, told, "passport", "test", self.clock())

    def demonstrate(self, moment: datetime) -> None:
        """Show what a new demonstration shows at this moment, and nothing else."""
        self.clock.now = moment
        with self.database.writing() as session:
            for table in TABLES:
                session.execute(delete(table))
            demo.load(session, self.outbox, moment)

    def forget(self, phone: str) -> None:
        """Let this phone call as if for the first time: no choice of language, no tries."""
        caller = self.vault.lookup("phone", phone)
        with self.database.writing() as session:
            people.forget(session, caller)
            identity.reset(session, caller)


@pytest.fixture
def office(database: Database, key_ring: KeyRing, clock: MovedClock) -> Office:
    office = Office(database, load_vault(database, key_ring), clock)
    office.keep(NUMBER, ONE)
    for last in (2, 3, 4):
        office.keep(f"990000000000000{last}", THREE, Status.VERIFIKASI)
    billing = Billing("820261124000001", 950_000, clock() + timedelta(hours=2))
    office.keep("9900000000000005", UNPAID, Status.MENUNGGU_BAYAR, payment=billing)
    office.keep(
        "9900000000000006",
        None,
        Status.PERLU_LENGKAPI,
        details=Details(missing="KK", due_on=date(2026, 12, 8)),
    )
    return office


@pytest.fixture
def redis(redis_url: str) -> Redis:
    return connect_redis(redis_url, timeout_s=0.5)


@pytest.fixture
def kit(office: Office, redis: Redis) -> CallKit:
    def renewed():
        return build_turns(
            database=office.database,
            vault=office.vault,
            redis=redis,
            clock=office.clock,
            office_code="SJJ",
            ussd_code="*384*1303#",
            resume_seconds=300,
            outbox=office.outbox,
            heard=lambda: None,
        )

    return CallKit(renewed, redis, office.database, office.clock, demonstration=office.demonstrate)


@pytest.fixture
def counter(office: Office) -> Iterator[Seats]:
    """The office with its weeks open. Whatever a test did, the numbers add up at its end."""
    counter = Seats(office)
    yield counter
    assert counter.adds_up()
