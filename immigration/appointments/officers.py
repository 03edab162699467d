"""How do officers and the back office book for others? By the same seats; only the citizen's own limits do not bind."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from immigration.applications import keeping
from immigration.applications.rows import kept_of
from immigration.applications.states import Status
from immigration.applications.tables import Application
from immigration.appointments.booking import NEEDS_A_VISIT
from immigration.appointments.calendar import last_open_day, rules_of
from immigration.appointments.tables import Slot
from immigration.offices.catalogue import OfficeFacts
from immigration.offices.visit_rules import Lane
from immigration.vault import Vault


class NoSuchSession(Exception):
    """No session of this office and lane begins then."""


class NotOpenYet(Exception):
    """That week opens for everybody at a moment that is still to come."""


class NotNeeded(Exception):
    """The applicant need not come: the application's state, `status`, waits for no visit."""

    def __init__(self, status: Status) -> None:
        super().__init__(status)
        self.status = status


class NoPhone(Exception):
    """Neither told nor on record: there is no phone to tell of the visit."""


class NotBookable(Exception):
    """This office takes no visits by appointment for this service."""


@dataclass(frozen=True)
class Matter:
    """What a visit will be for: an application or, without one, a service; and the phone (E.164) to tell."""

    phone: str
    service: str
    application: Application | None


def of_application(session: Session, vault: Vault, office: OfficeFacts, number: str, phone: str | None) -> Matter:
    """A visit for the application of this number, told to its own phone unless another one is named.

    Raises `keeping.NotFound`, `NotNeeded`, `NoPhone`, `NotBookable`.
    """
    row, payment = keeping.find(session, vault, number)
    status = Status(row.status)
    if status not in NEEDS_A_VISIT:
        raise NotNeeded(status)
    told = phone or kept_of(vault, row, payment).record.phone
    if told is None:
        raise NoPhone
    return _bookable(office, Matter(told, row.service, row))


def of_service(office: OfficeFacts, service: str, phone: str | None) -> Matter:
    """A visit for a service, of somebody without an application. Raises `NoPhone`, `NotBookable`."""
    if phone is None:
        raise NoPhone
    return _bookable(office, Matter(phone, service, None))


def slot_at(session: Session, office: OfficeFacts, lane: Lane, starts_at: datetime, now: datetime) -> int:
    """The slot of the session that begins then. Raises `NoSuchSession`, `NotOpenYet`."""
    query = select(Slot).where(Slot.office == office.code, Slot.lane == lane, Slot.starts_at == starts_at)
    return _open(session.scalar(query), office, now)


def slot_of(session: Session, office: OfficeFacts, slot_id: int, now: datetime) -> int:
    """The slot of this number, if it is this office's. Raises `NoSuchSession`, `NotOpenYet`."""
    return _open(session.scalar(select(Slot).where(Slot.office == office.code, Slot.id == slot_id)), office, now)


def _bookable(office: OfficeFacts, matter: Matter) -> Matter:
    if matter.service not in rules_of(office).services:
        raise NotBookable(matter.service)
    return matter


def _open(slot: Slot | None, office: OfficeFacts, now: datetime) -> int:
    if slot is None:
        raise NoSuchSession
    if slot.day > last_open_day(office, now):
        raise NotOpenYet
    return slot.id
