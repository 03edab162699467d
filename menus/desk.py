"""What may a screen ask the office? The read-only port behind the screens, and the facts it hands over."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

from immigration.applications.record import Billing, Details
from immigration.applications.states import Status
from immigration.offices.catalogue import Catalogue
from immigration.people import Language
from menus.description import Effect, Memory
from menus.pay_desk import PayDesk
from menus.visit_desk import VisitDesk


@dataclass(frozen=True)
class Case:
    """An application as a screen may know it: no name, no whole number."""

    id: int
    last4: str
    office: str
    service: str
    status: Status
    status_at: datetime
    details: Details
    payment: Billing | None
    # When the booked visit for it begins.
    visit_at: datetime | None = None


@dataclass(frozen=True)
class Listed:
    """An application in a caller's list."""

    id: int
    last4: str
    service: str
    office: str
    status: Status
    visit_at: datetime | None = None


@dataclass(frozen=True)
class Beginning:
    """A call's language: the caller's choice, else their newest record's, else the office's.

    `start` is menu version and sealed place of a call that began elsewhere than at the main menu; `reached` is how
    far the funnel has seen the call come (none: not at all), which the last second's hops may not have got into.
    """

    language: Language
    start: tuple[str, bytes] | None = None
    reached: int | None = None


class Desk(Protocol):
    """The office as a screen sees it. Reads only; the same question within a hop may be asked again."""

    @property
    def catalogue(self) -> Catalogue:
        """Offices, services and fees."""

    @property
    def office_code(self) -> str:
        """The office that this code is dialled for."""

    def now(self) -> datetime:
        """The present moment."""

    def beginning(self, caller: bytes, call: bytes) -> Beginning:
        """How this call begins: in the caller's language, and where, if that was written down."""

    def own_cases(self, caller: bytes) -> list[Listed]:
        """The caller's applications, oldest first, so that a number in the list keeps its meaning."""

    def own_case(self, caller: bytes) -> Case | list[Listed]:
        """The caller's only application, or the list of several or none: one query for the common case."""

    def case(self, application_id: int) -> Case | None:
        """One application."""

    def is_reminded(self, caller: bytes) -> bool:
        """Whether this caller has not stopped reminders."""

    @property
    def visits(self) -> VisitDesk:
        """What there is to know of visits."""

    @property
    def pay(self) -> PayDesk:
        """What there is to know of payments."""


@dataclass(frozen=True)
class EffectKey:
    """Whose effect it is: this caller's, in this call, at this position; `phone` in E.164. Never twice for the same.

    `replayed`: the screen that this was typed to was drawn again, and may be another than the caller saw.
    """

    call: bytes
    position: int
    caller: bytes
    phone: str
    replayed: bool = False

    @property
    def occasion(self) -> str:
        """What the effect is called in the database."""
        return f"call:{self.call.hex()}:{self.position}"


class Effects(Protocol):
    """How effects happen: once per call and position, however often a hop is repeated or replayed."""

    def perform(self, key: EffectKey, effect: Effect) -> Memory:
        """Do it, or find it done; what the call should remember of it."""

    def binds(self, effect: Effect) -> bool:
        """Whether it changes what the screens before it show: a replay then begins behind it."""


@dataclass(frozen=True)
class Caller:
    """Who a screen is drawn for, at which place of the call."""

    hash: bytes
    memory: dict[str, Any]
    now: datetime

    def today(self) -> date:
        """The date in UTC; screens that care use the office's zone."""
        return self.now.date()
