"""Whose is a seat that was given back? The waiting list's for a moment if somebody waits for it, else everybody's."""

import os
from datetime import datetime
from typing import Any, Final

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from immigration.appointments import seats
from immigration.appointments.seats import By
from immigration.appointments.tables import WAITS, Hold, Slot, Waiting

_UNSYNCED: Final = {"synchronize_session": False}


def free_booked(session: Session, slot_id: int, now: datetime) -> None:
    """Give a booked seat back; its event is the caller's."""
    if not _is_awaited(session, slot_id, now):
        seats.give_back(session, slot_id, booked=1)
        return
    session.execute(
        update(Slot)
        .where(Slot.id == slot_id)
        .values(held=Slot.held + 1, booked=Slot.booked - 1)
        .execution_options(**_UNSYNCED)
    )
    session.execute(insert(Hold).values(slot_id=slot_id, **_kept(now)))
    seats.note(session, now, seats.CLOCK, {"slot_id": slot_id, "kind": "held", "held_by": 1})


def free_offered(session: Session, held: Hold, now: datetime, by: By) -> None:
    """Give back a seat that was held for somebody on the list; the next in line has it before anybody who dials."""
    if not _is_awaited(session, held.slot_id, now):
        seats.release(session, held, now, by)
        return
    passed = update(Hold).where(Hold.id == held.id).values(**_kept(now)).returning(Hold.id)
    if session.scalar(passed.execution_options(**_UNSYNCED)) is not None:
        seats.note(session, now, by, {"slot_id": held.slot_id, "kind": "released", "held_by": -1})
        seats.note(session, now, seats.CLOCK, {"slot_id": held.slot_id, "kind": "held", "held_by": 1})


def _is_awaited(session: Session, slot_id: int, now: datetime) -> bool:
    slot = session.get_one(Slot, slot_id)
    if not slot.is_open or slot.starts_at <= now:
        return False
    waits = select(Waiting.id).where(
        Waiting.office == slot.office,
        Waiting.lane == slot.lane,
        WAITS,
        Waiting.first_day <= slot.day,
        Waiting.last_day >= slot.day,
    )
    return session.scalar(waits.limit(1)) is not None


def _kept(now: datetime) -> dict[str, Any]:
    return {
        "phone_hash": seats.LIST,
        "about": f"list:{os.urandom(8).hex()}",
        "taken_at": now,
        "expires_at": now + seats.KEPT_FOR_LIST,
    }
