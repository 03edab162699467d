"""How do the screens reach the real office? The desk and its effects over the database."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import bindparam, select

from immigration.applications.record import Billing, Details
from immigration.applications.rows import billing_about, details_about
from immigration.applications.states import Status
from immigration.applications.tables import Application, Payment
from immigration.appointments.tables import Visit
from immigration.calls import Call, CallStart, first_time
from immigration.clock import Clock
from immigration.contacts import Contact, choose, know
from immigration.database import Database
from immigration.identity import Try, attempt
from immigration.messages.notices import send_status
from immigration.messages.outbox import Outbox
from immigration.offices.catalogue import Catalogue
from immigration.people import Language, Preference, as_language, choose_language
from immigration.vault import Vault
from menus import visit_effects
from menus.description import Effect, Memory
from menus.desk import Beginning, Case, EffectKey, Listed
from menus.office_pay import OfficePay
from menus.office_visits import OfficeVisits
from menus.pay_effects import PayEffects
from menus.visit_effects import VisitEffects

_CASES_LISTED: Final = 40

# Built once: the hot path pays for a query's compilation a single time.
_CASE = (
    select(
        Application.id,
        Application.number_hash,
        Application.number_last4,
        Application.office,
        Application.service,
        Application.status,
        Application.status_at,
        Application.details_sealed,
        Payment.billing_hash,
        Payment.billing_sealed,
        Payment.amount,
        Payment.due_at,
        Payment.paid_at,
        Visit.starts_at.label("visit_at"),
    )
    .join(Payment, (Payment.application_id == Application.id) & Payment.is_current, isouter=True)
    .join(Visit, (Visit.application_id == Application.id) & (Visit.state == "booked"), isouter=True)
    .order_by(Application.id)
)
_OWN = _CASE.where(Application.phone_hash == bindparam("caller")).limit(_CASES_LISTED)
_ONE = _CASE.where(Application.id == bindparam("id"))
_REMINDED = select(Contact.reminders).where(Contact.phone_hash == bindparam("caller"))
_BEGINNING = select(
    select(Preference.language).where(Preference.phone_hash == bindparam("caller")).scalar_subquery(),
    select(Application.language)
    .where(Application.phone_hash == bindparam("caller"))
    .order_by(Application.id.desc())
    .limit(1)
    .scalar_subquery(),
    select(CallStart.menu_version).where(CallStart.call == bindparam("call")).scalar_subquery(),
    select(CallStart.state_sealed).where(CallStart.call == bindparam("call")).scalar_subquery(),
    select(Call.length).where(Call.call == bindparam("call")).scalar_subquery(),
)


class OfficeDesk:
    """The office's facts, read when asked; the catalogue is a snapshot."""

    def __init__(
        self, database: Database, vault: Vault, clock: Clock, office_code: str, catalogue: Callable[[], Catalogue]
    ) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock
        self.office_code = office_code
        self._catalogue = catalogue
        self.visits = OfficeVisits(database, clock, catalogue)
        self.pay = OfficePay(database, vault, clock, catalogue)

    @property
    def catalogue(self) -> Catalogue:
        """Offices, services and fees as of this minute."""
        return self._catalogue()

    def now(self) -> datetime:
        """The present moment."""
        return self._clock()

    def beginning(self, caller: bytes, call: bytes) -> Beginning:
        """How this call begins, by one statement."""
        [row] = self._database.read(_BEGINNING, {"caller": caller, "call": call})
        chosen, recorded, version, sealed, reached = row
        language = as_language(chosen or recorded or self.catalogue.office(self.office_code).language)
        return Beginning(language, None if version is None else (version, sealed), reached)

    def own_cases(self, caller: bytes) -> list[Listed]:
        """The caller's applications, oldest first."""
        return [_listed(row) for row in self._own(caller)]

    def own_case(self, caller: bytes) -> Case | list[Listed]:
        """The caller's only application, or the list of several or none."""
        rows = self._own(caller)
        return self._case(rows[0]) if len(rows) == 1 else [_listed(row) for row in rows]

    def case(self, application_id: int) -> Case | None:
        """One application."""
        rows = self._database.read(_ONE, {"id": application_id})
        return self._case(rows[0]) if rows else None

    def is_reminded(self, caller: bytes) -> bool:
        """Whether this caller has not stopped reminders."""
        rows = self._database.read(_REMINDED, {"caller": caller})
        return not rows or rows[0].reminders is not False

    def _own(self, caller: bytes) -> Sequence[Any]:
        return self._database.read(_OWN, {"caller": caller})

    def _case(self, row: Any) -> Case:
        payment = None
        if row.billing_sealed is not None:
            billing = self._vault.unseal(row.billing_sealed, billing_about(row.billing_hash))
            payment = Billing(billing, row.amount, row.due_at, row.paid_at)
        details = Details()
        if row.details_sealed is not None:
            details = Details.from_json(self._vault.unseal(row.details_sealed, details_about(row.number_hash)))
        return Case(
            row.id,
            row.number_last4,
            row.office,
            row.service,
            Status(row.status),
            row.status_at,
            details,
            payment,
            row.visit_at,
        )


def _listed(row: Any) -> Listed:
    return Listed(row.id, row.number_last4, row.service, row.office, Status(row.status), row.visit_at)


class OfficeEffects:
    """Effects over the database, each once per call and position."""

    def __init__(
        self, database: Database, vault: Vault, clock: Clock, outbox: Outbox, heard: Callable[[], None]
    ) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock
        self._outbox = outbox
        self._heard = heard
        self._visits = VisitEffects(database, clock, outbox, heard)
        self._pay = PayEffects(database, clock, outbox, heard)

    def perform(self, key: EffectKey, effect: Effect) -> Memory:
        """Do it, or find it done; what the call should remember of it."""
        match effect:
            case Effect("language", {"language": language}):
                return self._choose(key, as_language(language))
            case Effect("identity", values):
                return self._identify(key, values)
            case Effect("text_status", {"case": application_id}):
                return self._text_status(key, application_id)
            case Effect("reminders", {"on": on}):
                return self._remind(key, on)
            case Effect(kind, _) if kind in visit_effects.KINDS:
                return self._visits.perform(key, effect)
            case Effect("open_ticket", values):
                return self._pay.open_ticket(key, values)
        raise ValueError(f"no effect is named {effect.kind}")

    def binds(self, effect: Effect) -> bool:
        """Whether it changes what the screens before it show: a replay then begins behind it."""
        return effect.kind == "open_ticket" or effect.kind in visit_effects.KINDS

    def _choose(self, key: EffectKey, language: Language) -> Memory:
        now = self._clock()
        with self._database.writing() as session:
            if first_time(session, key.call, key.position, now):
                choose_language(session, key.caller, language, now, "ussd")
        return {"language": language}

    def _identify(self, key: EffectKey, values: Memory) -> Memory:
        tried = Try(
            call=key.call,
            position=key.position,
            caller_hash=key.caller,
            number_hash=bytes.fromhex(values["number"]),
            birth_date=date.fromisoformat(values["birth_date"]),
            like_nik=values["like_nik"],
        )
        with self._database.writing() as session:
            judged = attempt(session, self._vault, tried, self._clock())
        return {"verdict": judged.verdict, "case": judged.application_id}

    def _text_status(self, key: EffectKey, application_id: int) -> Memory:
        """Send the state to the phone that calls, once per position of the call."""
        now = self._clock()
        with self._database.writing() as session:
            sent = send_status(session, self._outbox, application_id, key.phone, key.occasion, now)
        if sent:
            self._heard()
        return {}

    def _remind(self, key: EffectKey, on: bool) -> Memory:
        now = self._clock()
        with self._database.writing() as session:
            if first_time(session, key.call, key.position, now):
                know(session, self._vault, key.phone, now)
                choose(session, key.caller, "reminders", on, "ussd", "language", now)
            else:
                # In a replay the screen offered the opposite, for it was drawn after the choice.
                on = session.get_one(Contact, key.caller).reminders is not False
        return {"reminders": on}
