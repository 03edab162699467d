"""Do the numbers hold? Every slot against its events, its holds and its visits; for the doctor and for tests."""

from datetime import date

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from immigration.appointments.tables import Hold, SeatEvent, Slot, Visit

_ATTENDED = ("booked", "arrived", "called", "done", "absent")


def faults(session: Session, since: date | None = None) -> list[str]:
    """A line for each slot (from a day on) whose numbers differ from what its events, holds or visits add up to."""
    events = {
        row.slot_id: (int(row.held), int(row.booked))
        for row in session.execute(
            select(
                SeatEvent.slot_id,
                func.sum(SeatEvent.held_by).label("held"),
                func.sum(SeatEvent.booked_by).label("booked"),
            )
            .where(SeatEvent.slot_id.is_not(None))
            .group_by(SeatEvent.slot_id)
        )
    }
    holds = dict(session.execute(select(Hold.slot_id, func.count()).group_by(Hold.slot_id)).all())
    came = func.sum(case((Visit.state.in_(_ATTENDED), 1), else_=0))
    attended = select(Visit.slot_id, came).where(Visit.slot_id.is_not(None)).group_by(Visit.slot_id)
    visits: dict[int | None, int] = dict(session.execute(attended).all())
    found: list[str] = []
    slots = select(Slot).order_by(Slot.id)
    for slot in session.scalars(slots if since is None else slots.where(Slot.day >= since)):
        replayed = events.get(slot.id, (0, 0))
        if replayed != (slot.held, slot.booked):
            found.append(f"slot {slot.id}: {slot.held} held, {slot.booked} booked; events say {replayed}")
        if holds.get(slot.id, 0) != slot.held:
            found.append(f"slot {slot.id}: {slot.held} held; {holds.get(slot.id, 0)} holds")
        if visits.get(slot.id, 0) != slot.booked:
            found.append(f"slot {slot.id}: {slot.booked} booked; {visits.get(slot.id, 0)} visits")
        if not 0 <= slot.held + slot.booked <= slot.capacity:
            found.append(f"slot {slot.id}: {slot.held} held and {slot.booked} booked of {slot.capacity}")
    return found
