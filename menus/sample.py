"""An office made of worst cases, so that screens can be drawn, checked and tested without a database of people."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import immigration.tables
from immigration.applications.record import Billing, Details
from immigration.applications.states import Group, Status, belongs
from immigration.database import Base, Database
from immigration.identity import Verdict
from immigration.offices.catalogue import Catalogue, load_catalogue
from immigration.offices.loader import load_reference
from immigration.people import Language
from menus import visit_effects
from menus.description import Effect, Memory
from menus.desk import Beginning, Case, EffectKey, Listed
from menus.sample_pay import SamplePay
from menus.sample_visits import BEGINS, SampleVisits

assert immigration.tables
NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
_GROUPS: tuple[Group, ...] = ("passport", "permit")
# The longest values of domain.md 9.3 and texts.json, and a little more.
_FULL = Details(
    missing="KK, akta lahir, buku nikah",
    receipt="P2611240001234",
    due_on=date(2026, 12, 24),
    ready_on=date(2026, 12, 24),
    valid_until=date(2027, 12, 24),
)


@cache
def reference_catalogue() -> Catalogue:
    """The catalogue of the reference files, as `db upgrade` would load it."""
    with TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'reference.db'}")
        with database.writing() as session:
            Base.metadata.create_all(session.connection())
            load_reference(session)
        with database.reading() as session:
            catalogue = load_catalogue(session)
        database.close()
    return catalogue


@dataclass
class SampleDesk:
    """An office with these applications for any caller."""

    catalogue: Catalogue
    cases: list[Case] = field(default_factory=list)
    language: Language = "id"
    office_code: str = "SJJ"
    moment: datetime = NOW
    reminded: bool = True
    visits: SampleVisits = field(default_factory=SampleVisits)
    pay: SamplePay = field(default_factory=SamplePay)

    def now(self) -> datetime:
        """The moment of the sample."""
        return self.moment

    def beginning(self, caller: bytes, call: bytes) -> Beginning:
        """At the main menu, in the language of the sample."""
        return Beginning(self.language)

    def own_cases(self, caller: bytes) -> list[Listed]:
        """All of the sample's applications."""
        return [
            Listed(case.id, case.last4, case.service, case.office, case.status, case.visit_at) for case in self.cases
        ]

    def own_case(self, caller: bytes) -> Case | list[Listed]:
        """The only one, or the list."""
        return self.cases[0] if len(self.cases) == 1 else self.own_cases(caller)

    def case(self, application_id: int) -> Case | None:
        """One of them."""
        return next((case for case in self.cases if case.id == application_id), None)

    def is_reminded(self, caller: bytes) -> bool:
        """As the sample says."""
        return self.reminded


@dataclass
class SampleEffects:
    """Effects that leave only memory; identity is judged as told, and visits are refused for the reasons told."""

    verdict: Verdict = "matched"
    case: int | None = 1
    not_held: str | None = None
    not_done: str | None = None

    def perform(self, key: EffectKey, effect: Effect) -> Memory:
        """What a call would remember of the effect."""
        if effect.kind == "text_status":
            return {}
        if effect.kind == "reminders":
            return {"reminders": effect.values["on"]}
        if effect.kind == "language":
            return {"language": effect.values["language"]}
        if effect.kind == "hold_seat":
            return {"slot": None if self.not_held else effect.values["slot"], "why": self.not_held}
        if effect.kind == "wait":
            return {"until": effect.values["last"]}
        if effect.kind == "alert":
            return {}
        if effect.kind == "open_ticket":
            return {"why": self.not_done}
        if effect.kind in visit_effects.KINDS:
            done = {"visit": 1} if effect.kind in ("book_visit", "take_offer") else {}
            return {**done, "why": self.not_done}
        return {"verdict": self.verdict, "case": self.case if self.verdict == "matched" else None}

    def binds(self, effect: Effect) -> bool:
        """Nothing is replayed here."""
        return False


def worst_cases(catalogue: Catalogue) -> Iterator[Case]:
    """An application in each state, with all details and with none, unpaid, late and paid."""
    longest: dict[Group, str] = {
        group: max(services, key=lambda service: max(map(len, service.short_names.values()))).code
        for group in _GROUPS
        if (services := catalogue.active_services(group))
    }
    number = 0
    since = NOW - timedelta(days=2)
    for group, service in longest.items():
        for status in Status:
            if not belongs(status, group):
                continue
            for details in (_FULL, Details()):
                for payment in _payments() if status is Status.MENUNGGU_BAYAR else (None,):
                    number += 1
                    yield Case(number, "4821", "SJJ", service, status, since, details, payment)
            if status is Status.LUNAS_TERJADWAL:
                number += 1
                yield Case(number, "4821", "SJJ", service, status, since, Details(), None, BEGINS)


def _payments() -> tuple[Billing | None, ...]:
    due = NOW + timedelta(days=30)
    return (
        None,
        Billing("820241124123456", 15_000_000, due),
        Billing("820241124123456", 15_000_000, NOW - timedelta(days=30)),
        Billing("820241124123456", 15_000_000, due, NOW - timedelta(days=1)),
    )
