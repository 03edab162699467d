"""Is what a message says of a visit still so? Asked at the moment it leaves."""

from datetime import UTC, datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from immigration.appointments.tables import Visit, Waiting

REMINDERS_OF_VISITS: Final = frozenset({"R_JADWAL", "R_JADWAL-hari"})
_OF_AN_OPEN_VISIT: Final = REMINDERS_OF_VISITS | {"V_BUKTI", "V_PINDAH", "R_TUTUP"}


def is_as_told(session: Session, occasion: str) -> bool:
    """Whether the visit is still booked for the time that its message names, or the offer still stands.

    The occasion of a message says what it is about (`immigration.appointments.telling`).
    """
    kind, _, about = occasion.partition(":")
    if kind == "visit":
        uid, what, when, _ = about.split(":")
        if what not in _OF_AN_OPEN_VISIT:
            return True
        row = session.execute(select(Visit.state, Visit.starts_at).where(Visit.uid == bytes.fromhex(uid))).first()
        return row is not None and row.state == "booked" and row.starts_at == datetime.fromtimestamp(int(when), UTC)
    if kind == "offer":
        entry, slot, offers = map(int, about.split(":"))
        waiting = session.get(Waiting, entry, populate_existing=True)
        return waiting is not None and (waiting.state, waiting.slot_id, waiting.offers) == ("offered", slot, offers)
    return True
