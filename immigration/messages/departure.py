"""Is it still true, still wanted and still allowed? The last look at a message before it leaves."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from immigration.applications.rows import unsealer
from immigration.applications.tables import Application
from immigration.contacts import Contact, know, phone_of
from immigration.database import upsert
from immigration.messages.delivery import mark_submitting, put_off
from immigration.messages.outbox import Outbox, body_of
from immigration.messages.states import RANK, UNSETTLED, State
from immigration.messages.tables import Message, MessageEvent, SpendDay
from immigration.tasks import open_task
from immigration.vault import Vault

_DAY: Final = timedelta(days=1)
_HELD: Final = timedelta(hours=1)
_FOLLOWS: Final = frozenset({"case", "reminder", "privacy"})
"""What goes to the phone on record; an answer goes to whoever asked."""


@dataclass(frozen=True)
class Caps:
    """What holds a loop that runs away: messages to a phone within 24 hours, rupiah of an office within its day."""

    per_phone: int
    spend: int
    price: int


@dataclass(frozen=True)
class Ready:
    """A message that may leave now."""

    id: int
    uid: bytes
    phone: str
    text: str
    office: str
    channel: str
    attempts: int


@dataclass(frozen=True)
class _Candidate:
    message: Message
    application: Application | None
    contact: Contact | None


ChooseChannel = Callable[[str, str | None], str | None]
"""By office and wish: the channel to take, none where all are closed."""


def depart(
    session: Session,
    outbox: Outbox,
    lease: bytes,
    ids: Sequence[int],
    choose: ChooseChannel,
    caps: Caps,
    *,
    now: datetime,
    at: datetime,
    until: datetime,
) -> tuple[list[Ready], list[int]]:
    """Those of these claimed messages that may leave, marked `submitting` until then; the others end or wait.

    Second come those that stay claimed because their privacy text is still on its way. `now` is the time of the truth
    that is checked, `at` and `until` are the real clock's, by which leases run.
    """
    rows = session.execute(
        select(Message, Application, Contact)
        .outerjoin(Application, Message.application_id == Application.id)
        .outerjoin(Contact, Message.phone_hash == Contact.phone_hash)
        .where(Message.id.in_(ids), Message.state == State.CLAIMED, Message.lease == lease)
        .with_for_update(of=Message)
    ).all()
    found = {row[0].id: _Candidate(*row) for row in rows}
    candidates = [found[id_] for id_ in ids if id_ in found]
    sent = _sent_lately(session, candidates, at)
    waiting = _unsettled(session, candidates)
    ready: list[Ready] = []
    later: list[int] = []
    begun: dict[int, tuple[str, bytes]] = {}
    for one in candidates:
        message = one.message
        one = _follow(session, outbox.vault, one, now)
        end = _end(one, now)
        if end is not None:
            _finish(session, message, *end, now)
            continue
        contact = one.contact
        assert contact is not None, "without a contact it has ended"
        if message.waits and (morning := outbox.not_quiet(message.office, now)) > now:
            put_off(session, lease, [message.id], morning)
            continue
        if message.after_id in waiting:
            later.append(message.id)
            continue
        channel = choose(message.office, message.channel)
        if channel is None:
            put_off(session, lease, [message.id], None)
            continue
        if sent.get(contact.phone_hash, 0) >= caps.per_phone:
            _hold(session, lease, message, f"phone of message {message.id}", f"phone:{message.office}", now, at)
            continue
        if not _spend(session, outbox, message, caps, now):
            _hold(session, lease, message, f"office {message.office}", f"office:{message.office}", now, at)
            continue
        sent[contact.phone_hash] = sent.get(contact.phone_hash, 0) + 1
        text = body_of(outbox.vault, message)
        assert text is not None, "a body is kept until long after its message has ended"
        phone = phone_of(outbox.vault, contact)
        ready.append(
            Ready(message.id, message.uid, phone, text, message.office, channel, attempts=message.attempts + 1)
        )
        begun[message.id] = (channel, contact.phone_hash)
    mark_submitting(session, lease, begun, at, until)
    return ready, later


def _follow(session: Session, vault: Vault, one: _Candidate, now: datetime) -> _Candidate:
    """The phone on record now, where the message goes with an application whose phone has changed since."""
    application = one.application
    if application is None or one.message.category not in _FOLLOWS:
        return one
    if application.phone_hash is None:
        return _Candidate(one.message, application, None)
    if application.phone_hash == one.message.phone_hash:
        return one
    phone = unsealer(vault, application)("phone")
    assert phone is not None, "a phone's hash and seal come and go together"
    phone_hash = know(session, vault, phone, now)
    if one.message.category == "privacy":
        session.execute(update(Contact).where(Contact.phone_hash == phone_hash).values(privacy_at=now))
    contact = session.get(Contact, phone_hash, populate_existing=True)
    return _Candidate(one.message, application, contact)


def _end(one: _Candidate, now: datetime) -> tuple[State, str] | None:
    message, contact = one.message, one.contact
    if message.expires_at <= now:
        return State.EXPIRED, "too late"
    if contact is None:
        return State.CANCELLED, "no phone"
    if message.category == "reminder":
        if contact.reminders is False:
            return State.SUPPRESSED, "opted out"
        if contact.reminders is None and not (one.application is not None and one.application.consent):
            return State.SUPPRESSED, "no consent"
    return None


def _finish(session: Session, message: Message, state: State, fault: str, now: datetime) -> None:
    # What the last try met says more of a message that ran out of time than that it did.
    why = message.fault or fault if state is State.EXPIRED else fault
    session.execute(
        update(Message)
        .where(Message.id == message.id)
        .values(state=state, rank=RANK[state], fault=why, ended_at=now, lease=None, lease_until=None)
        .execution_options(synchronize_session=False)
    )
    session.execute(
        insert(MessageEvent).values(
            message_id=message.id, at=now, source="check", state=state, fault=fault, channel=None, word=""
        )
    )
    if state is State.EXPIRED:
        words = f"message {message.id} ({message.reason}) was not sent in time: {why}"
        open_task(session, "message_failed", str(message.id), words, now, message_id=message.id)


def _sent_lately(session: Session, candidates: Sequence[_Candidate], at: datetime) -> dict[bytes, int]:
    phones = {one.contact.phone_hash for one in candidates if one.contact is not None}
    rows = session.execute(
        select(Message.phone_hash, func.count())
        .where(Message.phone_hash.in_(phones), Message.submitting_at > at - _DAY)
        .group_by(Message.phone_hash)
    )
    return {phone: count for phone, count in rows if phone is not None}


def _unsettled(session: Session, candidates: Sequence[_Candidate]) -> frozenset[int]:
    """Those of the privacy texts that these come after which may still leave."""
    firsts = {one.message.after_id for one in candidates} - {None}
    if not firsts:
        return frozenset()
    return frozenset(session.scalars(select(Message.id).where(Message.id.in_(firsts), Message.state.in_(UNSETTLED))))


def _spend(session: Session, outbox: Outbox, message: Message, caps: Caps, now: datetime) -> bool:
    """Count the segments to the office's day; whether they were within its cap."""
    day = now.astimezone(outbox.catalogue().office(message.office).zone).date()
    most = caps.spend // caps.price
    counted = session.execute(
        upsert(session, SpendDay)
        .values(office=message.office, day=day, segments=message.segments)
        .on_conflict_do_update(
            index_elements=["office", "day"],
            set_={"segments": SpendDay.segments + message.segments},
            where=SpendDay.segments + message.segments <= most,
        )
        .returning(SpendDay.segments)
    ).first()
    return counted is not None


def _hold(
    session: Session, lease: bytes, message: Message, whose: str, about: str, now: datetime, at: datetime
) -> None:
    put_off(session, lease, [message.id], at + _HELD)
    session.execute(
        insert(MessageEvent).values(
            message_id=message.id, at=now, source="check", state=State.QUEUED, fault="cap reached", word=""
        )
    )
    words = f"the day's cap on messages is reached for the {whose}: they wait; look for what sends so many"
    open_task(session, "cap_reached", about, words, now, office=message.office, message_id=message.id)
