"""How is a visit booked, moved and cancelled? Each once, in one transaction, with its event and its SMS."""

import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from immigration.applications.keeping import Outcome, change_status
from immigration.applications.record import Details
from immigration.applications.rows import kept_of
from immigration.applications.states import ENDS, Status
from immigration.applications.tables import Application, Payment
from immigration.appointments import seats, telling
from immigration.appointments.calendar import earliest_start, rules_of, today
from immigration.appointments.codes import new_code
from immigration.appointments.seats import By, SlotGone
from immigration.appointments.tables import Hold, SeatEvent, Slot, Visit, Waiting
from immigration.contacts import know
from immigration.database import upsert
from immigration.messages.notices import tell
from immigration.messages.outbox import Outbox, cancel
from immigration.messages.tables import Message
from immigration.offices.catalogue import OfficeFacts
from immigration.offices.visit_rules import Lane

NEEDS_A_VISIT: Final = frozenset(
    {Status.MENUNGGU_BAYAR, Status.LUNAS_TERJADWAL, Status.TIDAK_HADIR, Status.PERLU_LENGKAPI}
)
"""States in which an applicant has to come; in all others the answer is that they need not."""

# M-Paspor's rule for a schedule that was paid for (domain.md 1.4.7).
PAID_MOVES: Final = 1
PAID_MOVES_WITHIN: Final = timedelta(days=30)
_NO_DETAILS: Final = Details()
_UNSYNCED: Final = {"synchronize_session": False}


class AlreadyBooked(Exception):
    """There is an open visit for this already."""

    def __init__(self, visit: Visit) -> None:
        super().__init__("there is an open visit already")
        self.visit = visit


class NotMovable(Exception):
    """This visit may not be moved (any more); `why`: over, today, moved-out, late, same-day."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class NoSuchVisit(Exception):
    """There is no such visit, or it is not this phone's."""


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


def open_visits(session: Session, phone_hash: bytes, now: datetime) -> list[Visit]:
    """The visits of this phone that are still to come, nearest first; one under way counts until it has ended."""
    query = select(Visit).where(Visit.phone_hash == phone_hash, Visit.state == "booked")
    return list(session.scalars(query.order_by(Visit.starts_at)))


def told_before(session: Session, occasion: str) -> Visit | None:
    """The visit that this very confirmation made."""
    return session.scalar(select(Visit).where(Visit.occasion == occasion))


def book_held(session: Session, outbox: Outbox, wish: Wish, now: datetime, by: By) -> Visit:
    """Book the seat that this phone holds for this; the same confirmation again is the same visit.

    A hold that ran out books if its seat is still free. Raises `AlreadyBooked`, `SlotGone`; then nothing may be
    committed.
    """
    made = told_before(session, wish.occasion)
    if made is not None:
        return made
    phone_hash = know(session, outbox.vault, wish.phone, now)
    _allow(session, wish, phone_hash)
    held = seats.hold_of(session, phone_hash, wish.about)
    if held is None:
        raise SlotGone
    return _book(session, outbox, wish, phone_hash, _used(session, held, wish, now, by), now, by)


def book(session: Session, outbox: Outbox, wish: Wish, slot_id: int, now: datetime, by: By) -> Visit:
    """Book a seat of this slot at once, whether held by this phone or not. Raises as `book_held`."""
    made = told_before(session, wish.occasion)
    if made is not None:
        return made
    phone_hash = know(session, outbox.vault, wish.phone, now)
    _allow(session, wish, phone_hash)
    held = seats.hold_of(session, phone_hash, wish.about)
    if held is not None and held.slot_id == slot_id:
        slot, held_by = _used(session, held, wish, now, by)
    else:
        slot, held_by = seats.take(session, slot_id, now, earliest_start(wish.office, now), booked=1), 0
    return _book(session, outbox, wish, phone_hash, (slot, held_by), now, by)


def book_offer(session: Session, outbox: Outbox, entry: Waiting, wish: Wish, now: datetime, by: By) -> Visit:
    """Book the seat that is held for this place on the waiting list. Raises as `book_held`."""
    made = told_before(session, wish.occasion)
    if made is not None:
        return made
    phone_hash = know(session, outbox.vault, wish.phone, now)
    _allow(session, wish, phone_hash)
    held = seats.hold_of(session, phone_hash, f"offer:{entry.id}")
    if held is None or held.expires_at <= now:
        raise SlotGone
    return _book(session, outbox, wish, phone_hash, _used(session, held, wish, now, by), now, by)


def _used(session: Session, held: Hold, wish: Wish, now: datetime, by: By) -> tuple[Slot, int]:
    """The slot whose seat is booked by this hold, and what that took from its held seats. Raises `SlotGone`."""
    slot = session.get_one(Slot, held.slot_id)
    if held.expires_at > now and slot.is_open and slot.starts_at > now and seats.use(session, held):
        return slot, -1
    seats.release(session, held, now, by)
    return seats.take(session, held.slot_id, now, earliest_start(wish.office, now), booked=1), 0


def _allow(session: Session, wish: Wish, phone_hash: bytes) -> None:
    """The contact is locked, so two confirmations of one phone come one after the other."""
    open_ = select(Visit).where(Visit.state == "booked")
    if wish.application_id is not None:
        visit = session.scalar(open_.where(Visit.application_id == wish.application_id))
        if visit is not None:
            raise AlreadyBooked(visit)
        return
    mine = session.scalars(
        open_.where(Visit.phone_hash == phone_hash, Visit.application_id.is_(None), Visit.office == wish.office.code)
    ).all()
    if len(mine) >= rules_of(wish.office).visits_per_phone:
        raise AlreadyBooked(mine[0])


def _book(
    session: Session, outbox: Outbox, wish: Wish, phone_hash: bytes, taken: tuple[Slot, int], now: datetime, by: By
) -> Visit:
    slot, held_by = taken
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
        other = session.scalar(
            select(Visit).where(Visit.application_id == wish.application_id, Visit.state == "booked")
        )
        raise SlotGone if other is None else AlreadyBooked(other)
    seats.note(
        session,
        now,
        by,
        {"slot_id": slot.id, "visit_id": visit.id, "kind": "booked", "held_by": held_by, "booked_by": 1},
    )
    leave_list(session, phone_hash, wish.about, now, by)
    welcome_back(session, outbox, visit, now, by)
    telling.booked(session, outbox, visit, wish.phone, now)
    return visit


def new_visit(session: Session, values: dict[str, object]) -> Visit | None:
    """A visit with a code of its own; none where its application has an open one."""
    for _ in range(20):
        made = session.scalar(
            upsert(session, Visit)
            .values(**values, uid=os.urandom(16), code=new_code())
            .on_conflict_do_nothing()
            .returning(Visit.__table__.c.id)
        )
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
    open_ = select(func.count()).where(Visit.application_id == application_id, Visit.state == "booked")
    return bool(session.scalar(open_))


def leave_list(session: Session, phone_hash: bytes, about_: str, now: datetime, by: By) -> None:
    """Whoever has booked waits no longer; a seat that was offered goes on to the next."""
    entries = session.scalars(
        select(Waiting).where(
            Waiting.phone_hash == phone_hash, Waiting.about == about_, Waiting.state.in_(("waiting", "offered"))
        )
    ).all()
    for entry in entries:
        held = seats.hold_of(session, phone_hash, f"offer:{entry.id}")
        if held is not None:
            seats.release(session, held, now, by)
        entry.state = "taken"


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


def movable(session: Session, visit: Visit, office: OfficeFacts, now: datetime) -> None:
    """Whether the citizen may move this visit. Raises `NotMovable`."""
    if visit.state != "booked":
        raise NotMovable("over")
    paid_at = None
    if visit.application_id is not None:
        paid_at = session.scalar(
            select(Payment.paid_at).where(Payment.application_id == visit.application_id, Payment.is_current)
        )
    if visit.day <= today(office, now):
        raise NotMovable("today")
    if paid_at is not None and now > paid_at + PAID_MOVES_WITHIN:
        raise NotMovable("late")
    if visit.moves >= (rules_of(office).moves if paid_at is None else PAID_MOVES):
        raise NotMovable("moved-out")


def owned(session: Session, visit_id: int, phone_hash: bytes) -> Visit:
    """This phone's visit, locked; its contact is locked already. Raises `NoSuchVisit`."""
    visit = session.scalar(select(Visit).where(Visit.id == visit_id, Visit.phone_hash == phone_hash).with_for_update())
    if visit is None:
        raise NoSuchVisit
    return visit


def move(
    session: Session,
    outbox: Outbox,
    visit: Visit,
    slot_id: int,
    occasion: str,
    now: datetime,
    by: By,
    *,
    counts: bool = True,
    tells: bool = True,
) -> bool:
    """Move a locked visit to another slot and free its old seat; whether it moved (told before: it is there already).

    `counts`: as one of the moves that a citizen has; `tells`: by SMS. Raises `SlotGone`,
    `NotMovable`; then nothing may be committed.
    """
    if _was_told(session, occasion) or visit.slot_id == slot_id:
        return False
    if visit.state != "booked":
        raise NotMovable("over")
    office = outbox.catalogue().office(visit.office)
    old = visit.slot_id
    assert old is not None, "a booked visit has a slot"
    held = seats.hold_of(session, visit.phone_hash, f"move:{visit.id}") if visit.phone_hash else None
    if old < slot_id:
        _free(session, old, now)
    if held is not None and held.slot_id == slot_id and held.expires_at > now and seats.use(session, held):
        slot, held_by = session.get_one(Slot, slot_id, populate_existing=True), -1
    else:
        slot, held_by = seats.take(session, slot_id, now, earliest_start(office, now), booked=1), 0
    if counts and slot.day == visit.day and _is_paid(session, visit):
        raise NotMovable("same-day")
    if old > slot_id:
        _free(session, old, now)
    session.execute(
        update(Visit)
        .where(Visit.id == visit.id)
        .values(
            slot_id=slot.id,
            day=slot.day,
            starts_at=slot.starts_at,
            lane=slot.lane,
            set_at=now,
            moves=Visit.moves + int(counts),
        )
    )
    seats.note(
        session,
        now,
        by,
        {"slot_id": old, "visit_id": visit.id, "kind": "moved-out", "booked_by": -1},
        {
            "slot_id": slot.id,
            "visit_id": visit.id,
            "kind": "moved-in",
            "held_by": held_by,
            "booked_by": 1,
            "occasion": occasion,
        },
    )
    session.refresh(visit)
    quiet_about(session, visit, now)
    phone = telling.phone_for(session, outbox, visit.phone_hash)
    if tells and phone is not None:
        telling.moved(session, outbox, visit, phone, now)
    return True


def cancel_visit(
    session: Session, outbox: Outbox, visit: Visit, occasion: str, now: datetime, by: By, *, tells: bool = True
) -> bool:
    """Cancel a locked visit and free its seat; whether it was still open. `tells`: by SMS."""
    if visit.state != "booked" or _was_told(session, occasion):
        return False
    assert visit.slot_id is not None, "a booked visit has a slot"
    _free(session, visit.slot_id, now)
    visit.state = "cancelled"
    visit.ended_at = now
    seats.note(
        session,
        now,
        by,
        {
            "slot_id": visit.slot_id,
            "visit_id": visit.id,
            "kind": "cancelled",
            "booked_by": -1,
            "occasion": occasion,
        },
    )
    session.flush()
    quiet_about(session, visit, now)
    phone = telling.phone_for(session, outbox, visit.phone_hash)
    if tells and phone is not None:
        telling.cancelled(session, outbox, visit, phone, now)
    return True


def pointless(session: Session, now: datetime, limit: int = 200) -> list[int]:
    """Visits to come of applications that have ended: nobody will come, and the seat is somebody else's."""
    query = (
        select(Visit.id)
        .join(Application, Application.id == Visit.application_id)
        .where(Visit.state == "booked", Visit.starts_at > now, Application.status.in_(ENDS | {Status.KEDALUWARSA}))
        .order_by(Visit.id)
        .limit(limit)
    )
    return list(session.scalars(query))


def quiet_about(session: Session, visit: Visit, now: datetime) -> None:
    """What still waits to be said about the visit as it was is said no more."""
    begin = f"visit:{visit.uid.hex()}:"
    cancel(session, "visit changed", now, Message.occasion >= begin, Message.occasion < begin[:-1] + ";")


def _free(session: Session, slot_id: int, now: datetime) -> None:
    """Give a booked seat back: to the waiting list where somebody waits for it, else to everybody."""
    slot = session.get_one(Slot, slot_id)
    waits = select(Waiting.id).where(
        Waiting.office == slot.office,
        Waiting.lane == slot.lane,
        Waiting.state == "waiting",
        Waiting.first_day <= slot.day,
        Waiting.last_day >= slot.day,
    )
    if not slot.is_open or slot.starts_at <= now or session.scalar(waits.limit(1)) is None:
        seats.give_back(session, slot_id, booked=1)
        return
    session.execute(
        update(Slot)
        .where(Slot.id == slot_id)
        .values(held=Slot.held + 1, booked=Slot.booked - 1)
        .execution_options(**_UNSYNCED)
    )
    session.execute(
        insert(Hold).values(
            slot_id=slot_id,
            phone_hash=seats.LIST,
            about=f"list:{os.urandom(8).hex()}",
            taken_at=now,
            expires_at=now + seats.KEPT_FOR_LIST,
        )
    )
    seats.note(session, now, seats.CLOCK, {"slot_id": slot_id, "kind": "held", "held_by": 1})


def _is_paid(session: Session, visit: Visit) -> bool:
    if visit.application_id is None:
        return False
    paid = select(Payment.paid_at).where(Payment.application_id == visit.application_id, Payment.is_current)
    return session.scalar(paid) is not None


def _was_told(session: Session, occasion: str) -> bool:
    return session.scalar(select(SeatEvent.id).where(SeatEvent.occasion == occasion)) is not None
