"""How does an application forget its person? In batches, 90 days after it ended."""

import os
from datetime import datetime
from typing import Final

from sqlalchemy import insert, or_, select, update
from sqlalchemy.orm import Session

from immigration.applications.record import KEPT_AFTER_END
from immigration.applications.states import Status, is_end
from immigration.applications.tables import Application, ApplicationEvent

BATCH: Final = 500
_ENDED: Final = tuple(status.value for status in Status if is_end(status))
_ACTOR: Final = "retention"


def purge(session: Session, now: datetime) -> int:
    """Unlink phone, name and birth date of a batch of applications that ended long ago; how many.

    The row itself stays: number, states and dates are the office's record.
    """
    personal = (
        Application.phone_hash,
        Application.phone_sealed,
        Application.name_sealed,
        Application.birth_date_sealed,
        Application.refused_phone_hash,
    )
    old = (
        select(Application.id)
        .where(
            Application.status.in_(_ENDED),
            Application.status_at < now - KEPT_AFTER_END,
            # A permit is over when it ends; its deadline is on record for who wants to be reminded of it.
            or_(
                Application.deadline.is_(None),
                Application.deadline < now - KEPT_AFTER_END,
                Application.status != Status.IT_TERBIT,
                Application.consent.is_(False),
            ),
            or_(*(column.is_not(None) for column in personal)),
        )
        .limit(BATCH)
        .with_for_update()
    )
    ids = list(session.scalars(old))
    if not ids:
        return 0
    session.execute(
        update(Application)
        .where(Application.id.in_(ids))
        .values(**dict.fromkeys(column.key for column in personal), fingerprint=None, updated_at=now)
        .execution_options(synchronize_session=False)
    )
    session.execute(
        insert(ApplicationEvent),
        [
            {
                "uid": os.urandom(16),
                "application_id": application_id,
                "recorded_at": now,
                "occurred_at": now,
                "actor": _ACTOR,
                "kind": "applicant",
                "changed": ["phone", "name", "birth_date"],
            }
            for application_id in ids
        ],
    )
    return len(ids)
