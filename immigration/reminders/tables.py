"""How is it kept that a reminder was written? One row for each case, rule, offset and date: none is written twice."""

from datetime import datetime

from sqlalchemy import Index, Integer, SmallInteger, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from immigration.applications.tables import RowId
from immigration.database import Base, UtcDateTime


class Reminder(Base):
    """A reminder that was written, left out because a later one was due already, or handed to an officer.

    `about` is the row that it is about: a payment's or an application's, as the rule says. `target` is the moment that
    it counts from; another date is another target, so its offsets start anew.
    """

    __tablename__ = "reminders"
    __table_args__ = (
        UniqueConstraint("rule", "about", "target", "offset_minutes"),
        Index("ix_reminders_message_id", "message_id"),
        Index("ix_reminders_at", "at"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    rule: Mapped[str] = mapped_column(String(20))
    about: Mapped[int] = mapped_column(RowId)
    target: Mapped[datetime] = mapped_column(UtcDateTime)
    offset_minutes: Mapped[int] = mapped_column(Integer)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    lane: Mapped[int] = mapped_column(SmallInteger)
    # written | skipped | task
    outcome: Mapped[str] = mapped_column(String(10))
    message_id: Mapped[int | None] = mapped_column(RowId)
