"""What was sent to a phone, or about an application, what became of it, and what came back? Newest first, in pages."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from immigration.applications.tables import Application
from immigration.inbox.tables import Inbound
from immigration.messages.states import State
from immigration.messages.tables import Message, MessageEvent


class NoSuchMessage(Exception):
    """There is no message under this number."""


class BadPlace(ValueError):
    """Not the end of a page; say again what the page before gave."""


@dataclass(frozen=True)
class Sent:
    """A message of ours with every input about it, oldest first."""

    message: Message
    events: Sequence[MessageEvent]


@dataclass(frozen=True)
class Place:
    """Where a page of a conversation ended: the last number of each of the two kinds, none where none came yet.

    A number per kind, for a moment would not tell apart what came in the same one.
    """

    sent: int | None = None
    received: int | None = None

    def __str__(self) -> str:
        return f"{self.sent or ''}.{self.received or ''}"

    @classmethod
    def parse(cls, text: str) -> "Place":
        """What `str` of a place gave. Raises `BadPlace`."""
        if not re.fullmatch(r"[0-9]{0,18}\.[0-9]{0,18}", text):
            raise BadPlace("not the end of a page")
        sent, received = text.split(".")
        return cls(int(sent) if sent else None, int(received) if received else None)


@dataclass(frozen=True)
class Page:
    """A part of a conversation, newest first; `end` is none where nothing older is left."""

    entries: Sequence[Sent | Inbound]
    end: Place | None


def sent(
    session: Session,
    *,
    phone_hash: bytes | None = None,
    application_id: int | None = None,
    state: State | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[Sent]:
    """Messages of ours that fit all that is given, older than the message `before`."""
    query = select(Message)
    given = ((Message.phone_hash, phone_hash), (Message.application_id, application_id), (Message.state, state))
    for column, value in given:
        if value is not None:
            query = query.where(column == value)
    if before is not None:
        query = query.where(Message.id < before)
    messages = session.scalars(query.order_by(Message.id.desc()).limit(limit)).all()
    return _with_events(session, messages)


def one(session: Session, number: int) -> Sent:
    """One message. Raises `NoSuchMessage`."""
    message = session.get(Message, number)
    if message is None:
        raise NoSuchMessage
    return _with_events(session, [message])[0]


def conversation(
    session: Session,
    *,
    phone_hash: bytes | None = None,
    application_id: int | None = None,
    before: Place | None = None,
    limit: int = 50,
) -> Page:
    """What was sent and received, by phone, by application, or by both; everything where neither is given.

    What people write names no application: what the phone on record wrote goes with it.
    """
    before = before or Place()
    ours = sent(session, phone_hash=phone_hash, application_id=application_id, before=before.sent, limit=limit + 1)
    if phone_hash is None and application_id is not None:
        phone_hash = session.scalar(select(Application.phone_hash).where(Application.id == application_id))
        theirs = [] if phone_hash is None else _received(session, phone_hash, before.received, limit + 1)
    else:
        theirs = _received(session, phone_hash, before.received, limit + 1)
    entries = _merged(ours, theirs)
    shown = entries[:limit]
    if len(entries) <= limit:
        return Page(shown, None)
    last_sent = [entry.message.id for entry in shown if isinstance(entry, Sent)][-1:]
    last_received = [entry.id for entry in shown if isinstance(entry, Inbound)][-1:]
    end = Place(last_sent[0] if last_sent else before.sent, last_received[0] if last_received else before.received)
    return Page(shown, end)


def _received(session: Session, phone_hash: bytes | None, before: int | None, limit: int) -> list[Inbound]:
    query = select(Inbound)
    if phone_hash is not None:
        query = query.where(Inbound.phone_hash == phone_hash)
    if before is not None:
        query = query.where(Inbound.id < before)
    return list(session.scalars(query.order_by(Inbound.id.desc()).limit(limit)))


def _merged(ours: Sequence[Sent], theirs: Sequence[Inbound]) -> list[Sent | Inbound]:
    """Both kinds by time, each in its own order: two clocks may disagree, but no page then loses a message."""
    entries: list[Sent | Inbound] = []
    left, right = list(reversed(ours)), list(reversed(theirs))
    while left and right:
        newer_is_ours = left[-1].message.created_at >= right[-1].received_at
        entries.append(left.pop() if newer_is_ours else right.pop())
    return [*entries, *reversed(left), *reversed(right)]


def _with_events(session: Session, messages: Sequence[Message]) -> list[Sent]:
    """These with their events, by one query for all."""
    events: dict[int | None, list[MessageEvent]] = {}
    if messages:
        query = select(MessageEvent).where(MessageEvent.message_id.in_([message.id for message in messages]))
        for event in session.scalars(query.order_by(MessageEvent.id)):
            events.setdefault(event.message_id, []).append(event)
    return [Sent(message, events.get(message.id, [])) for message in messages]
