"""Who is told when new weeks open? Whoever asked to be; spread out, so that they do not all dial at once.

Everybody has the same chance: the seats open for all at one moment, told or not. An alert says that there are new
dates; it goes out in the half hour after the opening, in an order that differs from week to week.
"""

import hashlib
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from immigration import written
from immigration.appointments import telling
from immigration.appointments.calendar import last_open_day
from immigration.appointments.tables import QuotaAlert
from immigration.database import upsert
from immigration.messages.outbox import Draft, Lane, Outbox
from immigration.offices.catalogue import OfficeFacts

SPREAD: Final = timedelta(minutes=30)
_BATCH: Final = 200
_VALID: Final = timedelta(hours=20)


def want(session: Session, phone_hash: bytes, office: OfficeFacts, wanted: bool, now: datetime) -> None:
    """Whether this phone wants to know, from the next opening on."""
    if wanted:
        session.execute(
            upsert(session, QuotaAlert)
            .values(phone_hash=phone_hash, office=office.code, since=now, told_for=last_open_day(office, now))
            .on_conflict_do_nothing()
        )
        return
    alert = session.get(QuotaAlert, (phone_hash, office.code))
    if alert is not None:
        session.delete(alert)


def wants(session: Session, phone_hash: bytes, office: str) -> bool:
    """Whether this phone wants to know."""
    return session.get(QuotaAlert, (phone_hash, office)) is not None


def tell(session: Session, outbox: Outbox, office: OfficeFacts, now: datetime) -> int:
    """Write a batch of alerts for the weeks that have opened; how many. Each once, due at a moment of its own."""
    last = last_open_day(office, now)
    alerts = session.scalars(
        select(QuotaAlert)
        .where(QuotaAlert.office == office.code, QuotaAlert.told_for < last)
        .order_by(QuotaAlert.phone_hash)
        .limit(_BATCH)
        .with_for_update(skip_locked=True)
    ).all()
    for alert in alerts:
        session.execute(
            update(QuotaAlert)
            .where(QuotaAlert.phone_hash == alert.phone_hash, QuotaAlert.office == office.code)
            .values(told_for=last)
            .execution_options(synchronize_session=False)
        )
        phone = telling.phone_for(session, outbox, alert.phone_hash)
        if phone is None:
            session.delete(alert)
            continue
        language = telling.language_of(session, alert.phone_hash, None, office)
        draw = hashlib.sha256(alert.phone_hash + last.isoformat().encode()).digest()
        wait = SPREAD * int.from_bytes(draw[:4], "big") / 2**32
        outbox.put(
            session,
            Draft(
                occasion=f"alert:{alert.phone_hash.hex()}:{office.code}:{last}",
                template="V_BUKA",
                values={"tanggal": written.weekday_and_day(last, language), "lokasi": office.name},
                language=language,
                office=office.code,
                phone=phone,
                lane=Lane.BULK,
                category="visit",
                reason="V_BUKA",
                validity=_VALID,
                waits=True,
                delay=wait,
            ),
            now,
        )
    return len(alerts)
