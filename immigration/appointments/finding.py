"""Which visit is meant? By its code on any day; at the office also by a number in the queue or last digits."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from immigration.appointments import telling
from immigration.appointments.calendar import today
from immigration.appointments.codes import BadCode, as_code
from immigration.appointments.office_day import day_list
from immigration.appointments.tables import Visit
from immigration.contacts import know
from immigration.messages.outbox import Outbox
from immigration.offices.catalogue import OfficeFacts
from immigration.vault import Vault

_FEWEST_DIGITS: Final = 3
_QUEUE_NAME: Final = re.compile("([AP])([0-9]{3,5})", re.IGNORECASE | re.ASCII)


class NotFound(Exception):
    """No visit fits."""


class Several(Exception):
    """More than one visit of today fits: their codes."""

    def __init__(self, codes: Sequence[str]) -> None:
        super().__init__(", ".join(codes))
        self.codes = tuple(codes)


def find(session: Session, vault: Vault, office: OfficeFacts, told: str, now: datetime) -> Visit:
    """A visit of any day by its code; today's by its queue number or the last digits of application or phone.

    Not locked yet (`locked`). Raises `NotFound`, `Several`.
    """
    day = today(office, now)
    try:
        code = as_code(told)
    except BadCode:
        code = ""
    query = select(Visit).where(Visit.office == office.code)
    if code:
        return _only(session.scalar(query.where(Visit.code == code)))
    numbered = _QUEUE_NAME.fullmatch(told.strip())
    if numbered is not None:
        queue, number = numbered[1].upper(), int(numbered[2])
        return _only(session.scalar(query.where(Visit.day == day, Visit.queue == queue, Visit.queue_number == number)))
    digits = "".join(character for character in told if character.isdecimal())
    # A code that was mistyped must not find whoever's phone ends in its digits.
    if len(digits) < _FEWEST_DIGITS or any(character.isalpha() for character in told):
        raise NotFound
    fits = [
        entry.visit
        for entry in day_list(session, vault, office.code, day)
        if entry.visit.state != "cancelled"
        and any(last.endswith(digits[-4:]) for last in (entry.application_last4, entry.phone_last4) if last is not None)
    ]
    if len(fits) > 1:
        raise Several([visit.code for visit in fits])
    return _only(session.scalar(query.where(Visit.id.in_([visit.id for visit in fits]))))


def _only(visit: Visit | None) -> Visit:
    if visit is None:
        raise NotFound
    return visit


def by_code(session: Session, outbox: Outbox, code: str, now: datetime, *, speaks: bool = False) -> Visit:
    """The visit of this code, locked as `locked` says. Raises `NotFound`."""
    visit_id = session.scalar(select(Visit.id).where(Visit.code == code))
    if visit_id is None:
        raise NotFound
    return locked(session, outbox, visit_id, now, speaks=speaks)


def locked(session: Session, outbox: Outbox, visit_id: int, now: datetime, *, speaks: bool = False) -> Visit:
    """This visit, locked; where its citizen will be told (`speaks`), their contact first, as everybody takes them."""
    if speaks:
        phone_hash = session.scalar(select(Visit.phone_hash).where(Visit.id == visit_id))
        phone = telling.phone_for(session, outbox, phone_hash)
        if phone is not None:
            know(session, outbox.vault, phone, now)
    query = select(Visit).where(Visit.id == visit_id).with_for_update()
    return session.scalars(query.execution_options(populate_existing=True)).one()
