"""Who read or changed whose record, when, through what? (UU PDP 27/2022 Arts. 31-32; kept one year.)"""

from datetime import datetime, timedelta
from typing import Final, Literal

from sqlalchemy import LargeBinary, String, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from immigration.applications.tables import RowId
from immigration.database import Base, UtcDateTime

RETENTION: Final = timedelta(days=365)
BATCH: Final = 5000

Action = Literal["read", "changed", "listed", "exported", "restored", "rotated", "key_created", "key_revoked", "erased"]
Through = Literal["api", "cli", "import", "clock", "sms"]


class AuditRow(Base):
    """One look at or change of a record by a key or an officer. The record is named by its keyed hash alone."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    actor: Mapped[str] = mapped_column(String(80))
    action: Mapped[str] = mapped_column(String(12))
    through: Mapped[str] = mapped_column(String(10))
    subject_hash: Mapped[bytes | None] = mapped_column(LargeBinary(16), index=True)
    subject_last4: Mapped[str | None] = mapped_column(String(4))


def note(
    session: Session,
    *,
    at: datetime,
    actor: str,
    action: Action,
    through: Through,
    subject_hash: bytes | None = None,
    subject_last4: str | None = None,
) -> None:
    """Write one audit row in the caller's transaction."""
    session.add(
        AuditRow(
            at=at,
            actor=actor,
            action=action,
            through=through,
            subject_hash=subject_hash,
            subject_last4=subject_last4,
        )
    )


def purge(session: Session, now: datetime) -> int:
    """Delete a batch of rows past their year; how many went."""
    old = select(AuditRow.id).where(AuditRow.at < now - RETENTION).order_by(AuditRow.id).limit(BATCH)
    ids = list(session.scalars(old))
    if ids:
        session.execute(delete(AuditRow).where(AuditRow.id.in_(ids)))
    return len(ids)
