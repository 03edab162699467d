"""How is a visit booked? Once, in one transaction, with its event and its SMS."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from immigration.applications.keeping import Outcome, change_status
from immigration.applications.record import Details
from immigration.applications.rows import kept_of
from immigration.applications.states import Status
from immigration.applications.tables import Application, Payment
from immigration.appointments import seats, telling
from immigration.appointments.calendar import earliest_start, rules_of, today
from immigration.appointments.changing import PAID_MOVES_WITHIN
from immigration.appointments.codes import new_code
from immigration.appointments.freeing import free_offered
from immigration.appointments.seats import By, SlotGone
from immigration.appointments.tables import IS_BOOKED, Hold, Slot, Visit, Waiting
from immigration.contacts import know
from immigration.database import upsert_of
from immigration.messages.notices import tell
from immigration.messages.outbox import Outbox
from immigration.offices.catalogue import OfficeFacts
from immigration.offices.visit_rules import Lane

NEEDS_A_VISIT: Final = frozenset(
    {Status.MENUNGGU_BAYAR, Status.LUNAS_TERJADWAL, Status.TIDAK_HADIR, Status.PERLU_LENGKAPI}
)
"""States in which an applicant has to come; in all others the answer is that they need not."""

_NO_DETAILS: Final = Details()

# Put together once: that costs more than running them.
_TOLD_BEFORE: Final = select(Visit).where(Visit.occasion == bindparam("occasion"))
_OF_APPLICATION: Final = select(Visit).where(IS_BOOKED, Visit.application_id == bindparam("application"))
_OF_PHONE: Final = select(Visit).where(
    IS_BOOKED,
    Visit.phone_hash == bindparam("whose"),
    Visit.application_id.is_(None),
    Visit.office == bindparam("office"),
)
_ENTRIES: Final = select(Waiting).where(
    Waiting.phone_hash == bindparam("whose"),
    Waiting.about == bindparam("what"),
    Waiting.state.in_(("waiting", "offered")),
)


@cache
def _new(dialect: str) -> Any:
    return upsert_of(dialect, Visit).on_conflict_do_nothing().returning(Visit.__table__.c.id)


class AlreadyBooked(Exception):
    """There is an open visit for this already."""

    def __init__(self, visit: Visit) -> None:
        super().__init__("there is an open visit already")
        self.visit = visit
        # Known after the transaction has ended, too.
        self.visit_id = visit.id


@dataclass(frozen=True)
class Wish:
    """A visit to be: for whom, for what, where. `phone` in E.164; `occasion` names the confirmation."""

    occasion: str
    office: OfficeFacts
    phone: str
    lane: Lane
    service: str | None
    application_id: int | None

    @property
    def about(self) -> str:
        """What a hold and a place on the list are for."""
        return about(self.application_id)


def about(application_id: int | None) -> str:
    """What a seat is for: an application, or the phone alone."""
    return "phone" if application_id is None else f"case:{application_id}"


def open_visits(session: Session, phone_hash: bytes) -> list[Visit]:
    """The visits of this phone that are still to come, nearest first; one under way counts until it has ended."""
    query = select(Visit).where(Visit.phone_hash == phone_hash, IS_BOOKED)
    return list(session.scalars(query.order_by(Visit.starts_at)))


def told_before(session: Session, occasion: str) -> Visit | None:
    """The visit that this very confirmation made."""
    return session.scalar(_TOLD_BEFORE, {"occasion": occasion})


def book_held(session: Session, outbox: Outbox, wish: Wish, now: datetime, by: By, shown: int | None = None) -> Visit:
    """Book the seat that this phone holds for this; the same confirmation again is the same visit.

    `shown` is the slot that was confirmed, where another could be held by now. A hold that ran out books if its seat
    is still free. Raises `AlreadyBooked`, `SlotGone`; then nothing may be committed.
    """
    phone_hash = know(session, outbox.vault, wish.phone, now)
    # With the contact locked: of two copies at once the second finds what the first made.
    made = told_before(session, wish.occasion)
    if made is not None:
        return made
    _allow(session, wish, phone_hash)
    held = seats.hold_of(session, phone_hash, wish.about)
    if held is None or shown not in (None, held.slot_id):
        raise SlotGone
    return _book(session, outbox, wish, phone_hash, held.slot_id, held, now, by)


def book(session: Session, outbox: Outbox, wish: Wish, slot_id: int, now: datetime, by: By) -> Visit:
    """Book a seat of this slot at once, whether held by this phone or not. Raises as `book_held`."""
    phone_hash = know(session, outbox.vault, wish.phone, now)
    # With the contact locked: of two copies at once the second finds what the first made.
    made = told_before(session, wish.occasion)
    if made is not None:
        return made
    _allow(session, wish, phone_hash)
    held = seats.hold_of(session, phone_hash, wish.about)
    return _book(session, outbox, wish, phone_hash, slot_id, held, now, by)


def book_offer(session: Session, outbox: Outbox, entry: Waiting, wish: Wish, now: datetime, by: By) -> Visit:
    """Book the seat that is held for this place on the waiting list. Raises as `book_held`."""
    phone_hash = know(session, outbox.vault, wish.phone, now)
    # With the contact locked: of two copies at once the second finds what the first made.
    made = told_before(session, wish.occasion)
    if made is not None:
        return made
    _allow(session, wish, phone_hash)
    held = seats.hold_of(session, phone_hash, f"offer:{entry.id}")
    if held is None or entry.offered_until is None or entry.offered_until <= now:
        raise SlotGone
    return _book(session, outbox, wish, phone_hash, held.slot_id, held, now, by)


def _used(session: Session, held: Hold, wish: Wish, now: datetime, by: By) -> tuple[Slot, int]:
    """The slot whose seat is booked by this hold, and what that took from its held seats. Raises `SlotGone`."""
    slot = session.get_one(Slot, held.slot_id)
    if held.expires_at > now and slot.is_open and slot.starts_at > now and seats.use(session, held):
        return slot, -1
    seats.release(session, held, now, by)
    return seats.take(session, held.slot_id, now, earliest_start(wish.office, now), booked=1), 0


def _allow(session: Session, wish: Wish, phone_hash: bytes) -> None:
    """The contact is locked, so two confirmations of one phone come one after the other."""
    if wish.application_id is not None:
        visit = session.scalar(_OF_APPLICATION, {"application": wish.application_id})
        if visit is not None:
            raise AlreadyBooked(visit)
        return
    mine = session.scalars(_OF_PHONE, {"whose": phone_hash, "office": wish.office.code}).all()
    if len(mine) >= rules_of(wish.office).visits_per_phone:
        raise AlreadyBooked(mine[0])


def _book(
    session: Session,
    outbox: Outbox,
    wish: Wish,
    phone_hash: bytes,
    slot_id: int,
    held: Hold | None,
    now: datetime,
    by: By,
) -> Visit:
    """Book a seat of this slot, by what the phone holds if that is one; whatever else it holds for this is given up."""
    entries = _entries(session, phone_hash, wish.about)
    others = _others(session, phone_hash, wish.about, entries, held)
    if held is not None and held.slot_id != slot_id:
        others.append(held)
        held = None
    # Slots in the order of their ids, and before each the hold on it, as everybody takes them.
    others.sort(key=lambda other: other.slot_id)
    for other in others:
        if other.slot_id <= slot_id:
            _give_up(session, other, now, by)
    if held is None:
        slot, held_by = seats.take(session, slot_id, now, earliest_start(wish.office, now), booked=1), 0
    else:
        slot, held_by = _used(session, held, wish, now, by)
    for other in others:
        if other.slot_id > slot_id:
            _give_up(session, other, now, by)
    for entry in entries:
        entry.state = "taken"
    values: dict[str, object] = {
        "occasion": wish.occasion,
        "office": slot.office,
        "lane": slot.lane,
        "service": wish.service,
        "application_id": wish.application_id,
        "phone_hash": phone_hash,
        "slot_id": slot.id,
        "day": slot.day,
        "starts_at": slot.starts_at,
        "state": "booked",
        "through": by.through,
        "booked_at": now,
        "set_at": now,
        "moves": 0,
    }
    visit = new_visit(session, values)
    if visit is None:
        # Somebody booked for the same application at this very moment, from another phone.
        other = session.scalar(select(Visit).where(Visit.application_id == wish.application_id, IS_BOOKED))
        raise SlotGone if other is None else AlreadyBooked(other)
    seats.note(
        session,
        now,
        by,
        {"slot_id": slot.id, "visit_id": visit.id, "kind": "booked", "held_by": held_by, "booked_by": 1},
    )
    welcome_back(session, outbox, visit, now, by)
    telling.booked(session, outbox, visit, wish.phone, now)
    return visit


def new_visit(session: Session, values: dict[str, object]) -> Visit | None:
    """A visit with a code of its own; none where its application has an open one."""
    for _ in range(20):
        named = {**values, "uid": os.urandom(16), "code": new_code()}
        made = session.scalar(_new(session.get_bind().dialect.name), named)
        if made is not None:
            return session.get_one(Visit, made)
        told = told_before(session, str(values["occasion"]))
        if told is not None:
            return told
        if _is_taken(session, values.get("application_id")):
            return None
    raise RuntimeError("no free visit code after twenty tries")


def _is_taken(session: Session, application_id: object) -> bool:
    if application_id is None:
        return False
    open_ = select(func.count()).where(Visit.application_id == application_id, IS_BOOKED)
    return bool(session.scalar(open_))


def _entries(session: Session, phone_hash: bytes, about_: str) -> list[Waiting]:
    """Where this phone waits for this: whoever books waits no longer."""
    return list(session.scalars(_ENTRIES, {"whose": phone_hash, "what": about_}))


def _others(
    session: Session, phone_hash: bytes, about_: str, entries: Sequence[Waiting], known: Hold | None
) -> list[Hold]:
    """The seats that are held for these places on the list, or for the same matter, but for the one known already."""
    names = [f"offer:{entry.id}" for entry in entries if entry.state == "offered"]
    if not names:
        return []
    query = select(Hold).where(Hold.phone_hash == phone_hash, Hold.about.in_([*names, about_]))
    return [held for held in session.scalars(query) if known is None or held.id != known.id]


def _give_up(session: Session, held: Hold, now: datetime, by: By) -> None:
    if held.about.startswith("offer:"):
        free_offered(session, held, now, by)
    else:
        seats.release(session, held, now, by)


def welcome_back(session: Session, outbox: Outbox, visit: Visit, now: datetime, by: By) -> None:
    """An application whose applicant did not come has a date again: back to LUNAS_TERJADWAL (domain.md 9.2)."""
    if visit.application_id is None:
        return
    row = session.get_one(Application, visit.application_id)
    if row.status == Status.TIDAK_HADIR:
        change(session, outbox, row, Status.LUNAS_TERJADWAL, now, by)


def tell_absent(session: Session, outbox: Outbox, row: Application, now: datetime, by: By) -> None:
    """An applicant who did not come: TIDAK_HADIR, with the SMS of that state."""
    paid_at = session.scalar(select(Payment.paid_at).where(Payment.application_id == row.id, Payment.is_current))
    office = outbox.catalogue().office(row.office)
    lapses = None if paid_at is None else today(office, paid_at + PAID_MOVES_WITHIN)
    tell(session, outbox, change(session, outbox, row, Status.TIDAK_HADIR, now, by, Details(due_on=lapses)), now)


def change(
    session: Session,
    outbox: Outbox,
    row: Application,
    status: Status,
    now: datetime,
    by: By,
    details: Details = _NO_DETAILS,
) -> Outcome:
    """Move an application by its table because of a visit. A visit's own SMS tells of it where there is one."""
    payment = session.scalar(select(Payment).where(Payment.application_id == row.id, Payment.is_current))
    number = kept_of(outbox.vault, row, payment).record.number
    catalogue = outbox.catalogue()
    return change_status(
        session, outbox.vault, number, status, details, now, lambda code: catalogue.service(code).group, by.actor, now
    )
