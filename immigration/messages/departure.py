"""Is it still true, still wanted and still allowed? The last look at a message before it leaves."""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import Session

from immigration.applications.rows import application_about
from immigration.applications.tables import Application
from immigration.appointments.truth import REMINDERS_OF_VISITS, is_as_told
from immigration.contacts import Contact, know, phone_about
from immigration.messages.delivery import mark_submitting, note_events, put_off
from immigration.messages.notices import ONE_PIECE, SUPERSEDED
from immigration.messages.outbox import Draft, Lane, Outbox, body_about, greeting_before, untold
from immigration.messages.spending import Caps, Refunds, refund, spend
from immigration.messages.states import RANK, UNSETTLED, State
from immigration.messages.tables import Message
from immigration.people import as_language
from immigration.reminders.words import Gone, Words
from immigration.reminders.words import now_true as reminders_now
from immigration.tasks import open_task
from immigration.vault import Unreadable, Vault

_DAY: Final = timedelta(days=1)
_HELD: Final = timedelta(hours=1)
_FOR_THE_FIRST: Final = timedelta(seconds=1)
_FOLLOWS: Final = frozenset({"case", "reminder", "privacy"})
"""What goes to the phone on record; an answer goes to whoever asked."""


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
    segments: int
    # The office's day that it is counted to.
    day: date


@dataclass(frozen=True)
class _Goal:
    """The phone that a message goes to, and what its owner has chosen."""

    phone_hash: bytes
    phone_sealed: bytes
    reminders: bool | None


ChooseChannel = Callable[[str, str | None], str | None]
"""By office and wish: the channel to take, none where all are closed."""

# Built once: putting a statement together costs more than running it.
_CANDIDATES: Final = (
    select(
        Message.id,
        Message.uid,
        Message.occasion,
        Message.phone_hash,
        Message.office,
        Message.lane,
        Message.template,
        Message.language,
        Message.category,
        Message.reason,
        Message.waits,
        Message.body_sealed,
        Message.segments,
        Message.fault,
        Message.after_id,
        Message.expires_at,
        Message.channel,
        Message.attempts,
        Message.created_at,
        Application.id.label("application_id"),
        Application.number_hash,
        Application.phone_hash.label("phone_on_record"),
        Application.phone_sealed.label("phone_on_record_sealed"),
        Application.consent,
        Contact.phone_sealed,
        Contact.reminders,
    )
    .outerjoin(Application, Message.application_id == Application.id)
    .outerjoin(Contact, Message.phone_hash == Contact.phone_hash)
    .where(
        Message.id.in_(bindparam("ids", expanding=True)),
        Message.state == State.CLAIMED,
        Message.lease == bindparam("mine"),
    )
    # In order, so that two that want the same rows wait for each other one way.
    .order_by(Message.id)
    .with_for_update(of=Message)
)
_SENT_LATELY: Final = (
    select(Message.phone_hash, func.count().label("sent"))
    .where(Message.phone_hash.in_(bindparam("phones", expanding=True)), Message.submitting_at > bindparam("since"))
    .group_by(Message.phone_hash)
)
_UNSETTLED_OF: Final = select(Message.id, Message.state, Message.due_at).where(
    Message.id.in_(bindparam("ids", expanding=True)), Message.state.in_(UNSETTLED)
)


def depart(
    session: Session,
    outbox: Outbox,
    lease: bytes,
    ids: Sequence[int],
    choose: ChooseChannel,
    has_room: Callable[[str], bool],
    caps: Caps,
    refunds: Refunds,
    under_way: Collection[int],
    *,
    now: datetime,
    at: datetime,
    until: datetime,
) -> tuple[list[Ready], list[int], Counter[str]]:
    """Those of these claimed messages that may leave, marked `submitting` until then; the others end or wait.

    Second come those that stay claimed: their privacy text is still on its way, or their channel has no room at this
    moment; third, what ended or is held up, counted by why. `now` is the time of the truth that is checked, `at` and
    `until` are the real clock's, by which leases run.
    """
    ids = list(dict.fromkeys(ids))
    found = {row.id: row for row in session.connection().execute(_CANDIDATES, {"ids": ids, "mine": lease})}
    rows = [found[id_] for id_ in ids if id_ in found]
    waiting = _unsettled(session, rows, now)
    reminders = reminders_now(
        session, outbox, {row.id: as_language(row.language) for row in rows if row.category == "reminder"}, now
    )
    may_go: list[tuple[Ready, _Goal]] = []
    later: list[int] = []
    ended: Counter[str] = Counter()
    held_until = max(now, at) + _HELD
    for row in rows:
        try:
            told = reminders.get(row.id)
            late = (State.CANCELLED, told.why) if isinstance(told, Gone) else _late(session, row, now)
            goal = None if late else _goal(session, outbox.vault, row, now)
            end = late or _end(row, goal)
            opened = None if end is not None or goal is None else _opened(outbox.vault, row, goal)
            if opened is not None and isinstance(told, Words):
                opened = opened[0], _reworded(session, outbox, row, told, opened[1])
        except Unreadable:
            # It must neither hold up those behind it nor be burnt: a key may be missing in DATA_KEYS.
            put_off(session, lease, [row.id], held_until)
            words = "messages do not open under the keys of DATA_KEYS: bring the missing key back, they wait"
            open_task(session, "message_failed", "unreadable", words, now, message_id=row.id)
            ended["unreadable"] += 1
            continue
        if end is not None or goal is None or opened is None:
            state, fault = end or (State.CANCELLED, "no phone")
            _finish(session, row, state, fault, now)
            ended[fault] += 1
        elif row.waits and (morning := outbox.not_quiet(row.office, now)) > now:
            put_off(session, lease, [row.id], morning)
        elif (channel := choose(row.office, row.channel)) is None:
            put_off(session, lease, [row.id], None)
        elif _is_new_phone(row, goal) and _greeted(session, outbox, row, goal, opened[0], now):
            put_off(session, lease, [row.id], now + _FOR_THE_FIRST)
        elif row.after_id in waiting:
            if row.after_id in under_way:
                later.append(row.id)
            else:
                put_off(session, lease, [row.id], max(waiting[row.after_id] or now, now + _FOR_THE_FIRST))
        elif not has_room(channel):
            later.append(row.id)
        else:
            day = now.astimezone(outbox.catalogue().office(row.office).zone).date()
            phone, text = opened
            ready = Ready(row.id, row.uid, phone, text, row.office, channel, row.attempts + 1, row.segments, day)
            may_go.append((ready, goal))
    going = _within_caps(session, lease, may_go, caps, refunds, now, held_until)
    ended["cap reached"] += len(may_go) - len(going)
    mark_submitting(session, lease, {one.id: (one.channel, goal.phone_hash) for one, goal in going}, at, until)
    return [one for one, _ in going], later, +ended


def _opened(vault: Vault, row: Any, goal: _Goal) -> tuple[str, str]:
    """Phone and text in clear. Raises `Unreadable`."""
    phone = vault.unseal(goal.phone_sealed, phone_about(goal.phone_hash))
    return phone, vault.unseal(row.body_sealed, body_about(row.uid))


def _reworded(session: Session, outbox: Outbox, row: Any, told: Words, text: str) -> str:
    """A reminder as it is true now: "42 minutes left", however long it waited; kept as it is sent."""
    said = outbox.texts.render(
        told.template, as_language(row.language), told.values, can_reply=outbox.can_reply, ussd_code=outbox.ussd_code
    ).text
    if said != text:
        session.execute(
            update(Message)
            .where(Message.id == row.id)
            .values(body_sealed=outbox.vault.seal(said, body_about(row.uid)), key_id=outbox.vault.ring.newest_id)
            .execution_options(synchronize_session=False)
        )
    return said


def _goal(session: Session, vault: Vault, row: Any, now: datetime) -> _Goal | None:
    """The phone on record now, where the message goes with an application; none where there is none any more."""
    follows = row.application_id is not None and row.category in _FOLLOWS
    if follows and row.phone_on_record is None:
        return None
    if not follows or row.phone_on_record == row.phone_hash:
        return None if row.phone_sealed is None else _Goal(row.phone_hash, row.phone_sealed, row.reminders)
    phone = vault.unseal(row.phone_on_record_sealed, application_about("phone", row.number_hash))
    phone_hash = know(session, vault, phone, now)
    if row.category == "privacy":
        session.execute(update(Contact).where(Contact.phone_hash == phone_hash).values(privacy_at=now))
    contact = session.get_one(Contact, phone_hash, populate_existing=True)
    return _Goal(phone_hash, contact.phone_sealed, contact.reminders)


def _is_new_phone(row: Any, goal: _Goal) -> bool:
    """Whether news follows its record to another phone than it was written for, and no privacy text goes with it."""
    return row.category == "case" and row.after_id is None and goal.phone_hash != row.phone_hash


def _greeted(session: Session, outbox: Outbox, row: Any, goal: _Goal, phone: str, now: datetime) -> bool:
    """Whether the privacy text is now written to the phone that this news follows its record to."""
    news = Draft(
        occasion="",
        template=row.template,
        values={},
        language=row.language,
        office=row.office,
        phone=phone,
        lane=Lane(row.lane),
        category=row.category,
        reason=row.reason,
        validity=row.expires_at - now,
        application_id=row.application_id,
        waits=row.waits,
    )
    return outbox.greet(session, row.id, greeting_before(news), goal.phone_hash, now, now)


def _late(session: Session, row: Any, now: datetime) -> tuple[State, str] | None:
    """Past its time, let go, or overtaken by newer news while it was being tried."""
    if row.expires_at <= now:
        return State.EXPIRED, "too late"
    if row.body_sealed is None:
        return State.CANCELLED, "erased"
    if row.category == "visit" and not is_as_told(session, row.occasion):
        return State.CANCELLED, "visit changed"
    if row.attempts and row.category == "case":
        newer = select(Message.id).where(
            Message.application_id == row.application_id,
            Message.category == "case",
            Message.id > row.id,
            Message.created_at <= row.created_at + ONE_PIECE,
        )
        if session.scalar(newer.limit(1)) is not None:
            return State.CANCELLED, SUPERSEDED
    return None


def _end(row: Any, goal: _Goal | None) -> tuple[State, str] | None:
    if row.reason in REMINDERS_OF_VISITS and goal is not None and goal.reminders is False:
        # Who books a visit wants it remembered, unless they said that they want no reminders.
        return State.SUPPRESSED, "opted out"
    if row.category == "reminder" and goal is not None:
        if goal.reminders is False:
            return State.SUPPRESSED, "opted out"
        if goal.reminders is None and not row.consent:
            return State.SUPPRESSED, "no consent"
    return None


def _finish(session: Session, row: Any, state: State, fault: str, now: datetime) -> None:
    if row.category == "privacy":
        untold(session, [row.phone_hash])
    # What the last try met says more of a message that ran out of time than that it did.
    why = row.fault or fault if state is State.EXPIRED else fault
    session.execute(
        update(Message)
        .where(Message.id == row.id)
        .values(state=state, rank=RANK[state], fault=why, ended_at=now, lease=None, lease_until=None)
        .execution_options(synchronize_session=False)
    )
    note_events(session, [{"message_id": row.id, "at": now, "source": "check", "state": state.value, "fault": fault}])
    if state is State.EXPIRED:
        words = f"message {row.id} ({row.reason}) was not sent in time: {why}"
        open_task(session, "message_failed", str(row.id), words, now, office=row.office, message_id=row.id)


def _unsettled(session: Session, rows: Sequence[Any], now: datetime) -> dict[int, datetime | None]:
    """The privacy texts that these come after which may still leave: when they will be tried, none for any moment."""
    firsts = {row.after_id for row in rows} - {None}
    if not firsts:
        return {}
    found = session.connection().execute(_UNSETTLED_OF, {"ids": list(firsts)})
    return {row.id: row.due_at if row.state == State.QUEUED and row.due_at > now else None for row in found}


def _within_caps(
    session: Session,
    lease: bytes,
    may_go: Sequence[tuple[Ready, _Goal]],
    caps: Caps,
    refunds: Refunds,
    now: datetime,
    held_until: datetime,
) -> list[tuple[Ready, _Goal]]:
    """Those that no cap holds; the others wait, and an officer is told once."""
    if not may_go:
        refund(session, refunds)
        return []
    phones = list({goal.phone_hash for _, goal in may_go})
    lately = session.connection().execute(_SENT_LATELY, {"phones": phones, "since": now - _DAY})
    sent = Counter({row.phone_hash: row.sent for row in lately})
    within: dict[tuple[str, date], list[tuple[Ready, _Goal]]] = {}
    for one, goal in may_go:
        if sent[goal.phone_hash] >= caps.per_phone:
            _hold(session, lease, one, "one phone", f"phone:{one.office}", now, held_until)
        else:
            sent[goal.phone_hash] += 1
            within.setdefault((one.office, one.day), []).append((one, goal))
    going = []
    # Days in order, refunds and spending together, so that two workers cannot each wait for the other's row.
    for office, day in sorted({*within, *refunds}):
        refund(session, Refunds({(office, day): refunds[office, day]}))
        ones = within.get((office, day), [])
        if not ones:
            continue
        if spend(session, office, day, sum(one.segments for one, _ in ones), caps):
            going += ones
            continue
        # Some may still fit.
        for one, goal in ones:
            if spend(session, office, day, one.segments, caps):
                going.append((one, goal))
            else:
                _hold(session, lease, one, f"office {office}", f"office:{office}", now, held_until)
    return going


def _hold(
    session: Session, lease: bytes, one: Ready, whose: str, about: str, now: datetime, held_until: datetime
) -> None:
    put_off(session, lease, [one.id], held_until)
    note_events(
        session,
        [{"message_id": one.id, "at": now, "source": "check", "state": State.QUEUED.value, "fault": "cap reached"}],
    )
    words = f"the day's cap on messages is reached for {whose}: they wait; look for what sends so many"
    open_task(session, "cap_reached", about, words, now, office=one.office, message_id=one.id)
