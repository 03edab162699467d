"""How long is it kept that a reminder was written? Longer than any rule looks back."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from immigration.reminders.tables import Reminder

KEPT: Final = timedelta(days=400)
"""Longer than the longest sense of a rule, or what was written would be written again."""

_BATCH: Final = 2000


def purge(session: Session, now: datetime) -> int:
    """Delete a batch of reminders past their time; how many."""
    ids = list(session.scalars(select(Reminder.id).where(Reminder.at < now - KEPT).order_by(Reminder.at).limit(_BATCH)))
    if ids:
        session.execute(delete(Reminder).where(Reminder.id.in_(ids)))
    return len(ids)
