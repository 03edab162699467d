"""Who is reminded of a visit, and when? The afternoon before; on the day itself where the visit was set after that."""

from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from immigration.appointments import telling
from immigration.appointments.calendar import rules_of, today
from immigration.appointments.tables import IS_BOOKED, Visit
from immigration.contacts import know
from immigration.messages.outbox import Outbox
from immigration.offices.catalogue import OfficeFacts

_LATEST_BEFORE: Final = timedelta(minutes=30)
_DAY: Final = timedelta(days=1)


def due(session: Session, office: OfficeFacts, now: datetime, limit: int = 200) -> list[int]:
    """Visits of today and tomorrow for whose time no reminder was written and is to be now, nearest first."""
    here = today(office, now)
    tomorrow = here + _DAY
    moment = _moment(office, tomorrow)
    days = [here, tomorrow] if now >= moment else [here]
    query = (
        select(Visit.id, Visit.day, Visit.set_at)
        .where(
            Visit.office == office.code,
            IS_BOOKED,
            Visit.day.in_(days),
            Visit.starts_at > now + _LATEST_BEFORE,
            Visit.starts_at < now + 2 * _DAY,
            or_(Visit.reminded_for.is_(None), Visit.reminded_for != Visit.starts_at),
        )
        .order_by(Visit.starts_at, Visit.id)
    )
    found = [row.id for row in session.execute(query) if _wants(office, row.day, row.set_at, here, moment)]
    return found[:limit]


def remind(session: Session, outbox: Outbox, visit_id: int, now: datetime) -> bool:
    """Write the reminder of a visit as it is now; whether one was to be written."""
    phone_hash = session.scalar(select(Visit.phone_hash).where(Visit.id == visit_id))
    phone = telling.phone_for(session, outbox, phone_hash)
    if phone is not None:
        know(session, outbox.vault, phone, now)
    visit = session.scalar(select(Visit).where(Visit.id == visit_id, IS_BOOKED).with_for_update())
    if visit is None or visit.starts_at is None or visit.reminded_for == visit.starts_at:
        return False
    office = outbox.catalogue().office(visit.office)
    if visit.day == today(office, now):
        template, until = "R_JADWAL-hari", visit.starts_at
    else:
        # "Tomorrow" is true until midnight; whom quiet hours keep from hearing it is reminded in the morning.
        template, until = "R_JADWAL", datetime.combine(visit.day, datetime.min.time(), tzinfo=office.zone)
    begins = outbox.not_quiet(visit.office, now)
    if until <= begins:
        return False
    visit.reminded_for = visit.starts_at
    session.flush()
    if phone is None:
        return False
    return (
        telling.say(session, outbox, visit, template, phone, now, {}, waits=True, validity=until - begins) is not None
    )


def _moment(office: OfficeFacts, day: date) -> datetime:
    """When those of a day are reminded: the afternoon before."""
    return datetime.combine(day - _DAY, rules_of(office).reminder_at, tzinfo=office.zone)


def _wants(office: OfficeFacts, day: date, set_at: datetime, here: date, moment: datetime) -> bool:
    if day > here:
        return set_at < moment
    # Whoever booked today has just read the time.
    return set_at.astimezone(office.zone).date() < here
