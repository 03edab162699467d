"""Who waits for a seat, and who is offered one that is free? In order of joining; one person for one seat at a time."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import Row, func, select, update
from sqlalchemy.orm import Session

from immigration.appointments import seats, telling
from immigration.appointments.availability import asked
from immigration.appointments.booking import Wish, about, book_offer
from immigration.appointments.calendar import earliest_start, rules_of, today
from immigration.appointments.freeing import free_offered
from immigration.appointments.seats import By, SlotGone
from immigration.appointments.tables import IS_OFFERED, WAITS, Hold, Slot, Visit, Waiting
from immigration.contacts import know
from immigration.database import upsert
from immigration.messages.outbox import Outbox
from immigration.offices.catalogue import OfficeFacts
from immigration.offices.visit_rules import Lane, VisitRules, as_lane

OFFERS_MISSED: Final = 3
"""So many offers in a row that nobody answered end the waiting: that phone is not read."""

_OPEN: Final = ("waiting", "offered")


def join(
    session: Session,
    office: OfficeFacts,
    phone_hash: bytes,
    lane: Lane,
    service: str | None,
    application_id: int | None,
    first_day: date,
    last_day: date,
    now: datetime,
) -> Waiting:
    """A place on the list, in a writing session; who is on it for the same already keeps their place."""
    session.execute(
        upsert(session, Waiting)
        .values(
            phone_hash=phone_hash,
            about=about(application_id),
            office=office.code,
            lane=lane,
            service=service,
            application_id=application_id,
            first_day=max(first_day, today(office, now)),
            last_day=last_day,
            since=now,
            state="waiting",
            offers=0,
            missed=0,
        )
        .on_conflict_do_nothing()
    )
    return session.scalars(
        select(Waiting).where(
            Waiting.phone_hash == phone_hash,
            Waiting.office == office.code,
            Waiting.about == about(application_id),
            Waiting.state.in_(_OPEN),
        )
    ).one()


def leave(session: Session, entry: Waiting, now: datetime, by: By) -> None:
    """Off the list; a seat that was offered goes to the next."""
    held = seats.hold_of(session, entry.phone_hash, f"offer:{entry.id}")
    if held is not None:
        free_offered(session, held, now, by)
    entry.state = "left"


def entries_of(session: Session, phone_hash: bytes) -> list[Waiting]:
    """Where this phone waits, oldest first."""
    query = select(Waiting).where(Waiting.phone_hash == phone_hash, Waiting.state.in_(_OPEN)).order_by(Waiting.id)
    return list(session.scalars(query))


def offer_to(session: Session, phone_hash: bytes, now: datetime) -> Waiting | None:
    """The offer that this phone has to answer now."""
    return session.scalar(
        select(Waiting)
        .where(Waiting.phone_hash == phone_hash, IS_OFFERED, Waiting.offered_until > now)
        .order_by(Waiting.id)
        .limit(1)
    )


def accept(session: Session, outbox: Outbox, entry: Waiting, phone: str, occasion: str, now: datetime, by: By) -> Visit:
    """Book what was offered. Raises `SlotGone`, `AlreadyBooked`; then nothing may be committed."""
    office = outbox.catalogue().office(entry.office)
    wish = Wish(occasion, office, phone, as_lane(entry.lane), entry.service, entry.application_id)
    return book_offer(session, outbox, entry, wish, now, by)


def decline(session: Session, entry: Waiting, now: datetime, by: By) -> None:
    """Not this seat: it goes to the next, and whoever declined waits on for another."""
    _withdraw(session, entry, now, by)
    entry.missed = 0


def offers_due(session: Session, now: datetime) -> list[int]:
    """Offers that nobody answered in time."""
    query = (
        select(Waiting.id).where(IS_OFFERED, Waiting.offered_until <= now).order_by(Waiting.offered_until, Waiting.id)
    )
    return list(session.scalars(query.limit(200)))


def pass_on(session: Session, outbox: Outbox, entry_id: int, now: datetime) -> bool:
    """An offer that was not answered goes to the next; whether it was still open."""
    phone_hash = session.scalar(select(Waiting.phone_hash).where(Waiting.id == entry_id))
    phone = telling.phone_for(session, outbox, phone_hash)
    if phone is not None:
        know(session, outbox.vault, phone, now)
    entry = session.scalar(
        select(Waiting).where(Waiting.id == entry_id, IS_OFFERED, Waiting.offered_until <= now).with_for_update()
    )
    if entry is None:
        return False
    _withdraw(session, entry, now, seats.CLOCK)
    entry.missed += 1
    if entry.missed >= OFFERS_MISSED:
        entry.state = "over"
    return True


def _withdraw(session: Session, entry: Waiting, now: datetime, by: By) -> None:
    held = seats.hold_of(session, entry.phone_hash, f"offer:{entry.id}")
    if held is not None:
        free_offered(session, held, now, by)
    entry.state = "waiting"
    entry.offers += 1
    entry.offered_until = None
    # `slot_id` stays: what was refused last is not offered to the same person at once again.


def lines(session: Session) -> list[tuple[str, str]]:
    """The offices and lanes in which somebody waits."""
    query = select(Waiting.office, Waiting.lane).where(WAITS).distinct()
    return [(row.office, row.lane) for row in session.execute(query.order_by(Waiting.office, Waiting.lane))]


def matches(session: Session, office: OfficeFacts, lane: str, now: datetime, limit: int = 200) -> list[tuple[int, int]]:
    """Whom to offer which slot, as entry and slot, the first in line first. To be done by `offer`, each by itself."""
    free = {row.id: (row, row.free) for row in _free_slots(session, office, as_lane(lane), now)}
    if not free:
        return []
    found: list[tuple[int, int]] = []
    line = select(Waiting).where(Waiting.office == office.code, Waiting.lane == lane, WAITS)
    for entry in session.scalars(line.order_by(Waiting.id)):
        for slot_id, (row, count) in free.items():
            if count > 0 and slot_id != entry.slot_id and entry.first_day <= row.day <= entry.last_day:
                found.append((entry.id, slot_id))
                free[slot_id] = (row, count - 1)
                break
        if len(found) >= limit or not any(count for _, count in free.values()):
            break
    return found


def offer(session: Session, outbox: Outbox, entry_id: int, slot_id: int, now: datetime) -> bool:
    """Hold the seat for this entry and tell it by SMS; whether that could still be."""
    phone_hash = session.scalar(select(Waiting.phone_hash).where(Waiting.id == entry_id))
    phone = telling.phone_for(session, outbox, phone_hash)
    if phone is not None:
        know(session, outbox.vault, phone, now)
    entry = session.scalar(select(Waiting).where(Waiting.id == entry_id, WAITS).with_for_update())
    if entry is None:
        return False
    if phone is None:
        entry.state = "over"
        return False
    office = outbox.catalogue().office(entry.office)
    rules = rules_of(office)
    slot = session.get_one(Slot, slot_id)
    until = min(answer_by(now, office, rules), slot.starts_at - timedelta(minutes=rules.lead_minutes))
    if until <= now:
        return False
    _take_from_list(session, slot_id, now)
    try:
        with session.begin_nested():
            slot = seats.keep(
                session,
                entry.phone_hash,
                f"offer:{entry.id}",
                slot_id,
                # A little longer, so that unanswered it goes to the next and not to whoever dials in that minute.
                until + seats.KEPT_FOR_LIST,
                now,
                earliest_start(office, now),
                seats.CLOCK,
            )
    except SlotGone:
        return False
    entry.state = "offered"
    entry.slot_id = slot_id
    entry.offered_until = until
    telling.offered(session, outbox, entry, slot, phone, until, now)
    return True


def answer_by(now: datetime, office: OfficeFacts, rules: VisitRules) -> datetime:
    """Until when an offer made now waits: so many minutes, of those in which people may be expected to read."""
    left = timedelta(minutes=rules.offer_minutes)
    moment = now.astimezone(office.zone)
    while True:
        opens = datetime.combine(moment.date(), rules.offers_from, tzinfo=office.zone)
        closes = datetime.combine(moment.date(), rules.offers_until, tzinfo=office.zone)
        begin = max(moment, opens)
        if begin < closes:
            if begin + left <= closes:
                return begin + left
            left -= closes - begin
        moment = datetime.combine(moment.date() + timedelta(days=1), rules.offers_from, tzinfo=office.zone)


def end_old(session: Session, office: OfficeFacts, now: datetime) -> int:
    """Whose last day has passed waits no longer; how many."""
    ended = (
        update(Waiting)
        .where(Waiting.office == office.code, WAITS, Waiting.last_day < today(office, now))
        .values(state="over")
        .returning(Waiting.id)
        .execution_options(synchronize_session=False)
    )
    return len(session.scalars(ended).all())


_Free = Sequence[Row[int, date, datetime, int]]


def _free_slots(session: Session, office: OfficeFacts, lane: Lane, now: datetime) -> _Free:
    """Slots with free seats, those that are kept for the list counted as free."""
    given = asked(office, lane, now)
    kept = (
        select(Hold.slot_id, func.count().label("count"))
        .where((Hold.expires_at <= now) | (Hold.phone_hash == seats.LIST))
        .group_by(Hold.slot_id)
        .subquery()
    )
    free = Slot.capacity - Slot.held - Slot.booked + func.coalesce(kept.c.count, 0)
    query = (
        select(Slot.id, Slot.day, Slot.starts_at, free.label("free"))
        .outerjoin(kept, kept.c.slot_id == Slot.id)
        .where(
            Slot.office == given["office"],
            Slot.lane == lane,
            Slot.starts_at > given["after"],
            Slot.is_open,
            Slot.day <= given["last_day"],
            free > 0,
        )
        .order_by(Slot.starts_at)
    )
    return session.execute(query).all()


def _take_from_list(session: Session, slot_id: int, now: datetime) -> None:
    """Give a seat that was kept for the list back, so that it can be offered."""
    kept = session.scalar(
        select(Hold).where(Hold.slot_id == slot_id, Hold.phone_hash == seats.LIST).order_by(Hold.id).limit(1)
    )
    if kept is not None:
        seats.release(session, kept, now, seats.CLOCK)
