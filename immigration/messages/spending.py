"""How much may an office still send today? Segments are counted to its day, under a cap."""

from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import bindparam, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from immigration.messages.tables import SpendDay

Refunds = Counter[tuple[str, date]]
"""Segments by office and day."""


@dataclass(frozen=True)
class Caps:
    """What holds a loop that runs away: messages to a phone within 24 hours, rupiah of an office within its day."""

    per_phone: int
    spend: int
    price: int


def _spending(insert: Any) -> Any:
    """Adds segments to an office's day where that stays within the cap; a row where it did."""
    grown = SpendDay.segments + bindparam("more")
    return (
        insert(SpendDay.__table__)
        .values(office=bindparam("whose"), day=bindparam("on"), segments=bindparam("more"))
        .on_conflict_do_update(
            index_elements=["office", "day"], set_={"segments": grown}, where=grown <= bindparam("most")
        )
        .returning(SpendDay.segments)
    )


# Built once: putting a statement together costs more than running it.
_SPEND: Final = {"postgresql": _spending(postgresql.insert), "sqlite": _spending(sqlite.insert)}


def spend(session: Session, office: str, day: date, segments: int, caps: Caps) -> bool:
    """Count segments to the office's day; whether they were within its cap."""
    most = caps.spend // caps.price
    if segments > most:
        return False
    values = {"whose": office, "on": day, "more": segments, "most": most}
    return session.connection().execute(_SPEND[session.get_bind().dialect.name], values).first() is not None


def refund(session: Session, refunds: Refunds) -> None:
    """Take segments off: what was surely not accepted, or an outage's many tries would use the day up."""
    for (office, day), segments in sorted((+refunds).items()):
        session.execute(
            update(SpendDay)
            .where(SpendDay.office == office, SpendDay.day == day)
            .values(segments=SpendDay.segments - segments)
            .execution_options(synchronize_session=False)
        )
