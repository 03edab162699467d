"""How is a seat taken and given back? Conditional statements on its slot, each with its event; no lock decides.

Whoever takes rows of several kinds does so in this order, so that two never wait for each other: the phone's contact,
the visit, holds, slots by id.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Table, bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from immigration.appointments.tables import Hold, HoldDay, SeatEvent, Slot
from immigration.database import upsert
from immigration.offices.visit_rules import VisitRules

_UNSYNCED: Final = {"synchronize_session": False}
LIST: Final = bytes(16)
"""Whose a seat is that was freed a moment ago while somebody waits for one: the waiting list's."""

_NOTHING: Final = {"slot_id": None, "visit_id": None, "held_by": 0, "booked_by": 0, "occasion": None}
KEPT_FOR_LIST: Final = timedelta(minutes=3)


# Put together once: that costs more than running them.
_HOLD_OF: Final = select(Hold).where(Hold.phone_hash == bindparam("whose"), Hold.about == bindparam("what"))
assert isinstance(SeatEvent.__table__, Table)
_NOTE: Final = insert(SeatEvent.__table__)
_TAKE: Final = (
    update(Slot)
    .where(
        Slot.id == bindparam("slot"),
        Slot.is_open,
        Slot.starts_at > bindparam("after"),
        Slot.held + Slot.booked + bindparam("more_held") + bindparam("more_booked") <= Slot.capacity,
    )
    .values(held=Slot.held + bindparam("more_held"), booked=Slot.booked + bindparam("more_booked"))
    .returning(Slot)
    .execution_options(populate_existing=True)
)


class SlotGone(Exception):
    """Nothing is free there any more: taken a moment ago, closed, or about to begin."""


class TooManyHolds(Exception):
    """This phone holds as many seats as one may, or has held too many today."""


@dataclass(frozen=True)
class By:
    """Who changes something, and through what: `citizen` over `ussd`, an officer over `cli`, the clock."""

    actor: str
    through: str


CLOCK: Final = By("clock", "clock")


def take(session: Session, slot_id: int, now: datetime, after: datetime, *, held: int = 0, booked: int = 0) -> Slot:
    """Take a seat as held or booked, if one is free in an open session that begins after `after`.

    What lapsed is given back first where that is needed. Raises `SlotGone`.
    """
    wanted = {"slot": slot_id, "after": after, "more_held": held, "more_booked": booked}
    slot = session.scalars(_TAKE, wanted).first()
    if slot is None and release_lapsed(session, slot_id, now):
        slot = session.scalars(_TAKE, wanted).first()
    if slot is None:
        raise SlotGone
    return slot


def give_back(session: Session, slot_id: int, *, held: int = 0, booked: int = 0) -> None:
    """Give seats of a slot back; the CHECK behind it refuses more than were taken."""
    session.execute(
        update(Slot)
        .where(Slot.id == slot_id)
        .values(held=Slot.held - held, booked=Slot.booked - booked)
        .execution_options(**_UNSYNCED)
    )


def release_lapsed(session: Session, slot_id: int, now: datetime) -> int:
    """Give back the seats of this slot whose holds have run out; how many."""
    lapsed = delete(Hold).where(Hold.slot_id == slot_id, Hold.expires_at <= now).returning(Hold.id)
    count = len(session.scalars(lapsed.execution_options(**_UNSYNCED)).all())
    if count:
        give_back(session, slot_id, held=count)
        note(session, now, CLOCK, *({"slot_id": slot_id, "kind": "lapsed", "held_by": -1} for _ in range(count)))
    return count


def sweep_lapsed(session: Session, now: datetime) -> int:
    """Tidy up a batch of holds that ran out a while ago. Nobody waits for it: they are free without."""
    slots = session.scalars(
        select(Hold.slot_id).where(Hold.expires_at <= now).distinct().order_by(Hold.slot_id).limit(200)
    )
    return sum(release_lapsed(session, slot_id, now) for slot_id in slots.all())


def hold_of(session: Session, phone_hash: bytes, about: str) -> Hold | None:
    """The seat that this phone holds for this, lapsed or not."""
    return session.scalar(_HOLD_OF, {"whose": phone_hash, "what": about})


def hold(
    session: Session,
    phone_hash: bytes,
    about: str,
    slot_id: int,
    rules: VisitRules,
    now: datetime,
    after: datetime,
    by: By,
    occasion: str | None = None,
) -> Slot:
    """Hold a seat for a phone, in place of another that it held for the same; the contact is locked already.

    The same seat again is held on. Its event is found by `occasion`, so that whoever asked for the seat can be told
    again which one it was. Raises `SlotGone`, `TooManyHolds`; then nothing may be committed.
    """
    before = hold_of(session, phone_hash, about)
    if before is not None and before.slot_id == slot_id and before.expires_at > now:
        _extend(session, before.id, now + timedelta(minutes=rules.hold_minutes))
        if occasion is not None:
            note(session, now, by, {"slot_id": slot_id, "kind": "held", "occasion": occasion})
        return session.get_one(Slot, slot_id)
    others = select(Hold.id).where(
        Hold.phone_hash == phone_hash, Hold.about != about, Hold.about.not_like("offer:%"), Hold.expires_at > now
    )
    if len(session.scalars(others).all()) >= rules.holds_per_phone:
        raise TooManyHolds
    counted = (
        upsert(session, HoldDay)
        .values(phone_hash=phone_hash, day=now.date(), taken=1)
        .on_conflict_do_update(index_elements=["phone_hash", "day"], set_={"taken": HoldDay.taken + 1})
        .returning(HoldDay.__table__.c.taken)
    )
    if int(session.scalar(counted) or 0) > rules.holds_per_day:
        raise TooManyHolds
    # On the same slot as well: whoever sweeps what lapsed takes the hold before its slot.
    if before is not None and before.slot_id <= slot_id:
        release(session, before, now, by)
        before = None
    until = now + timedelta(minutes=rules.hold_minutes)
    return keep(session, phone_hash, about, slot_id, until, now, after, by, before, occasion)


def keep(
    session: Session,
    phone_hash: bytes,
    about: str,
    slot_id: int,
    until: datetime,
    now: datetime,
    after: datetime,
    by: By,
    instead_of: Hold | None = None,
    occasion: str | None = None,
) -> Slot:
    """Take a seat as held until then, giving back the one it replaces. Raises `SlotGone`."""
    slot = take(session, slot_id, now, after, held=1)
    if instead_of is not None:
        release(session, instead_of, now, by)
    session.execute(
        insert(Hold).values(slot_id=slot_id, phone_hash=phone_hash, about=about, taken_at=now, expires_at=until)
    )
    note(session, now, by, {"slot_id": slot_id, "kind": "held", "held_by": 1, "occasion": occasion})
    return slot


def release(session: Session, held: Hold, now: datetime, by: By) -> bool:
    """Give a held seat back; whether it was still there to give."""
    gone = session.scalar(delete(Hold).where(Hold.id == held.id).returning(Hold.id).execution_options(**_UNSYNCED))
    if gone is None:
        return False
    give_back(session, held.slot_id, held=1)
    note(session, now, by, {"slot_id": held.slot_id, "kind": "released", "held_by": -1})
    return True


def hold_on(session: Session, phone_hash: bytes, rules: VisitRules, now: datetime) -> int:
    """Keep what this phone holds for as long as a call that was cut off may take to come back; how many."""
    kept = (
        update(Hold)
        .where(Hold.phone_hash == phone_hash, Hold.expires_at > now, Hold.about.not_like("offer:%"))
        # From the taking on: a phone that drops its call again and again holds no seat for ever.
        .where(Hold.taken_at > now - timedelta(minutes=rules.dropped_hold_minutes))
        .values(expires_at=now + timedelta(minutes=rules.dropped_hold_minutes))
        .returning(Hold.id)
    )
    return len(session.scalars(kept.execution_options(**_UNSYNCED)).all())


def use(session: Session, held: Hold) -> bool:
    """Turn a held seat into a booked one; false where it was given back in between."""
    gone = session.scalar(delete(Hold).where(Hold.id == held.id).returning(Hold.id).execution_options(**_UNSYNCED))
    if gone is None:
        return False
    session.execute(
        update(Slot)
        .where(Slot.id == held.slot_id)
        .values(held=Slot.held - 1, booked=Slot.booked + 1)
        .execution_options(**_UNSYNCED)
    )
    return True


def note(session: Session, now: datetime, by: By, *events: Mapping[str, Any]) -> None:
    """Write down what happened to seats and visits."""
    if events:
        whose = {"at": now, "actor": by.actor, "through": by.through}
        session.execute(_NOTE, [_NOTHING | whose | dict(event) for event in events])


def _extend(session: Session, hold_id: int, until: datetime) -> None:
    session.execute(
        update(Hold)
        .where(Hold.id == hold_id, Hold.expires_at < until)
        .values(expires_at=until)
        .execution_options(**_UNSYNCED)
    )
