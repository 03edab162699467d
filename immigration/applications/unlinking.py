"""How does an application let go of a phone: because it is not the applicant's, or because its owner asks for it?

What was let go must not come back with the back office's next export, so the application remembers, as a keyed hash,
which phone refused it. Another phone that is told for it later is news, and ends that.
"""

import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from immigration.applications.record import Record
from immigration.applications.states import Status, is_end
from immigration.applications.tables import Application, ApplicationEvent
from immigration.vault import Vault

_FREE: Final[dict[str, Any]] = {"refused_phone_hash": None, "erased_at": None}


def respecting(vault: Vault, row: Application, told: Record) -> tuple[Record, dict[str, Any]]:
    """What may be kept of what is told, and the columns that change with it."""
    if row.refused_phone_hash is None:
        return told, {}
    if told.phone is not None and vault.lookup("phone", told.phone) != row.refused_phone_hash:
        return told, _FREE
    if told.phone is not None or row.erased_at is not None:
        told = replace(told, phone=None, language=None, consent=False)
    if row.erased_at is not None:
        born = None if is_end(Status(row.status)) and row.birth_date_sealed is None else told.birth_date
        told = replace(told, name=None, birth_date=born)
    return told, {}


def linked_to(session: Session, phone_hash: bytes) -> Sequence[Application]:
    """The applications with this phone, oldest first."""
    query = select(Application).where(Application.phone_hash == phone_hash).order_by(Application.id)
    return session.scalars(query.with_for_update()).all()


def unlink(session: Session, row: Application, actor: str, now: datetime, *, erase: bool = False) -> None:
    """Take the phone out, with what came from its owner; nobody is told of this application there any more.

    To `erase` takes the name out as well, and of an application that has ended the birth date: while it runs, its
    applicant can still ask for it by number and birth date.
    """
    gone = ["phone", "language", "consent"]
    values: dict[str, Any] = {
        "phone_hash": None,
        "phone_sealed": None,
        "language": None,
        "consent": False,
        "refused_phone_hash": row.phone_hash,
        "updated_at": now,
    }
    if erase:
        gone.append("name")
        values |= {"name_sealed": None, "erased_at": now}
        if is_end(Status(row.status)):
            gone.append("birth_date")
            values["birth_date_sealed"] = None
    session.execute(
        update(Application)
        .where(Application.id == row.id)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    session.execute(
        insert(ApplicationEvent).values(
            uid=os.urandom(16),
            application_id=row.id,
            recorded_at=now,
            occurred_at=now,
            actor=actor,
            kind="applicant",
            changed=gone,
        )
    )
