"""What waits for a person? One table for whatever the gateway cannot decide by itself."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Literal, get_args

from sqlalchemy import ForeignKey, Index, LargeBinary, String, delete, func, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from immigration.applications.tables import Application, RowId
from immigration.bulk import one_of
from immigration.database import Base, UtcDateTime, upsert

Kind = Literal[
    "unknown_result",
    "message_failed",
    "wrong_phone",
    "free_text",
    "inbound_stuck",
    "channel_paused",
    "low_credit",
    "cap_reached",
    "visit_stranded",
    "payment_disputed",
    "payment_odd",
    "ticket",
    "reminder",
]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
KEPT: Final = timedelta(days=730)
BATCH: Final = 2000


class NoSuchTask(Exception):
    """There is no task under this number."""


class Task(Base):
    """Something for an officer to do. `about` keeps one cause from opening a second task while the first is open."""

    __tablename__ = "tasks"
    __table_args__ = (
        Index(
            "ux_tasks_open",
            "about",
            unique=True,
            sqlite_where=text("done_at IS NULL"),
            postgresql_where=text("done_at IS NULL"),
        ),
        Index("ix_tasks_done_at", "done_at"),
        # What a phone waits for.
        Index(
            "ix_tasks_phone_hash",
            "phone_hash",
            sqlite_where=text("phone_hash IS NOT NULL"),
            postgresql_where=text("phone_hash IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    about: Mapped[str] = mapped_column(String(80))
    office: Mapped[str | None] = mapped_column(ForeignKey("offices.code"))
    application_id: Mapped[int | None] = mapped_column(ForeignKey("applications.id"))
    message_id: Mapped[int | None] = mapped_column(RowId)
    inbound_id: Mapped[int | None] = mapped_column(RowId)
    # Who waits for the answer; only as long as somebody does.
    phone_hash: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    done_by: Mapped[str | None] = mapped_column(String(80))
    # What happened, in words of ours: nothing personal.
    words: Mapped[str] = mapped_column(String(160))


def open_task(
    session: Session,
    kind: Kind,
    about: str,
    words: str,
    now: datetime,
    *,
    office: str | None = None,
    application_id: int | None = None,
    message_id: int | None = None,
    inbound_id: int | None = None,
    phone_hash: bytes | None = None,
) -> int | None:
    """Leave a task; its number, none where one about the same is open already."""
    opened = session.scalar(
        upsert(session, Task)
        .values(
            kind=kind,
            about=f"{kind}:{about}"[:80],
            office=office,
            application_id=application_id,
            message_id=message_id,
            inbound_id=inbound_id,
            phone_hash=phone_hash,
            opened_at=now,
            words=words[:160],
        )
        .on_conflict_do_nothing()
        .returning(Task.id)
    )
    return None if opened is None else int(opened)


def tasks(session: Session, *, done: bool = False, before: int | None = None, limit: int = 50) -> list[Task]:
    """Open tasks (or those that are done), newest first, older than the task `before`."""
    query = select(Task).where(Task.done_at.is_not(None) if done else Task.done_at.is_(None))
    if before is not None:
        query = query.where(Task.id < before)
    return list(session.scalars(query.order_by(Task.id.desc()).limit(limit)))


def task(session: Session, number: int) -> Task:
    """One task. Raises `NoSuchTask`."""
    found = session.get(Task, number)
    if found is None:
        raise NoSuchTask
    return found


def finish(session: Session, number: int, actor: str, now: datetime) -> bool:
    """Close a task; whether it was open. Raises `NoSuchTask`."""
    task(session, number)
    closed = session.execute(
        update(Task).where(Task.id == number, Task.done_at.is_(None)).values(_done(actor, now)).returning(Task.id)
    )
    return closed.first() is not None


def finish_about(session: Session, kind: Kind, about: str, actor: str, now: datetime) -> None:
    """Close the open task about this, if there is one: its cause is gone."""
    session.execute(
        update(Task).where(Task.about == f"{kind}:{about}"[:80], Task.done_at.is_(None)).values(_done(actor, now))
    )


def finish_for(session: Session, kind: Kind, applications: Sequence[int], actor: str, now: datetime) -> None:
    """Close what the phones of these applications wait for about them: other news of ours has told them."""
    owners = (Application.id == Task.application_id) & (Application.phone_hash == Task.phone_hash)
    waits = select(Task.id).join(Application, owners).where(one_of(session, Application.id, applications))
    these = (Task.id.in_(waits), Task.kind == kind, Task.done_at.is_(None))
    session.execute(update(Task).where(*these).values(_done(actor, now)))


def forget(session: Session, phone_hash: bytes, now: datetime, actor: str) -> None:
    """Close what this phone waits for: nobody can be told any more."""
    session.execute(update(Task).where(Task.phone_hash == phone_hash, Task.done_at.is_(None)).values(_done(actor, now)))


def _done(actor: str, now: datetime) -> dict[str, Any]:
    return {"done_at": now, "done_by": actor, "phone_hash": None}


def open_counts(session: Session) -> dict[str, int]:
    """How many tasks are open, by kind."""
    counted = select(Task.kind, func.count().label("open")).where(Task.done_at.is_(None)).group_by(Task.kind)
    return {row.kind: row.open for row in session.execute(counted)}


def purge(session: Session, now: datetime) -> int:
    """Delete a batch of tasks that were done two years ago (a complaint's retention, domain.md 5.1)."""
    ids = list(session.scalars(select(Task.id).where(Task.done_at < now - KEPT).order_by(Task.id).limit(BATCH)))
    if ids:
        session.execute(delete(Task).where(Task.id.in_(ids)))
    return len(ids)
