"""How does a message come to be? Written with what it is about, in the same transaction; nothing is sent here."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import IntEnum
from functools import cache
from typing import Any, Final, Literal

from sqlalchemy import bindparam, case, false, insert, select, update
from sqlalchemy.orm import Session

from immigration.contacts import Contact, know
from immigration.database import upsert_of
from immigration.messages.quiet import QuietHours
from immigration.messages.states import PENDING, RANK, State
from immigration.messages.tables import Message, MessageEvent
from immigration.messages.texts import Texts
from immigration.offices.catalogue import Catalogue
from immigration.people import Language
from immigration.vault import Vault

Category = Literal["case", "reminder", "visit", "reply", "privacy"]
PRIVACY: Final = "R_PRIVASI"
_PRIVACY_VALID: Final = timedelta(days=2)
# So that the privacy text comes before what it introduces.
_BEFORE: Final = timedelta(milliseconds=1)
_QUEUED: Final = "messages_queued"
_DRAFTED: Final = (
    "occasion",
    "application_id",
    "office",
    "lane",
    "category",
    "reason",
    "waits",
    "template",
    "language",
)
_REPEATED: Final = (
    "application_id",
    "phone_hash",
    "office",
    "reason",
    "template",
    "template_version",
    "language",
    "segments",
)


_GREETED: Final = select(Contact.privacy_at, Contact.greeting_id).where(Contact.phone_hash == bindparam("whose"))


@cache
def _new(dialect: str) -> Any:
    return upsert_of(dialect, Message).on_conflict_do_nothing().returning(Message.__table__.c.id)


class Lane(IntEnum):
    """The order of sending: what is urgent first."""

    URGENT = 0
    NORMAL = 1
    BULK = 2


@dataclass(frozen=True)
class Draft:
    """A message to be.

    `occasion` names what it is about (case, event): the same again is no second message. `validity` is how long it
    makes sense, from `delay` on. One that `waits` keeps quiet hours. One that does not `greet` is never preceded by
    the privacy text.
    """

    occasion: str
    template: str
    values: Mapping[str, str]
    language: Language
    office: str
    phone: str
    lane: Lane
    category: Category
    reason: str
    validity: timedelta
    application_id: int | None = None
    waits: bool = False
    greets: bool = True
    delay: timedelta = timedelta()


def body_about(uid: bytes) -> str:
    """The associated data of a message's sealed text."""
    return f"messages.body:{uid.hex()}"


class Outbox:
    """Writes messages as this deployment words them.

    `can_reply`: whether people can text back; `ussd_code` is what texts name instead where they cannot.
    """

    def __init__(
        self,
        vault: Vault,
        texts: Texts,
        catalogue: Callable[[], Catalogue],
        *,
        can_reply: bool,
        ussd_code: str,
        quiet: QuietHours | None,
    ) -> None:
        self.vault = vault
        self.texts = texts
        self.catalogue = catalogue
        self.can_reply = can_reply
        self.ussd_code = ussd_code
        self._quiet = quiet

    def put(self, session: Session, draft: Draft, now: datetime) -> int | None:
        """Write a message in the caller's transaction; its id, or none where this occasion had its message."""
        phone_hash = know(session, self.vault, draft.phone, now)
        due = now + draft.delay
        if draft.waits:
            due = self.not_quiet(draft.office, due)
        made = self._write(session, draft, phone_hash, due, now)
        if made is not None and draft.greets:
            self.greet(session, made, greeting_before(draft), phone_hash, due, now)
        return made

    def not_quiet(self, office: str, moment: datetime) -> datetime:
        """The first moment from this one on at which what can wait may go out."""
        return moment if self._quiet is None else self._quiet.until(moment, self.catalogue().office(office).zone)

    def put_again(
        self,
        session: Session,
        original: Message,
        text: str,
        occasion: str,
        now: datetime,
        *,
        category: Category | None = None,
    ) -> int | None:
        """Write the same text to the same phone once more, for a reason of its own; its id, or none if it was."""
        values = {name: getattr(original, name) for name in _REPEATED} | {
            "occasion": occasion,
            "category": category or original.category,
            "lane": Lane.URGENT,
            "waits": False,
        }
        until = now + (original.expires_at - original.created_at)
        return self._insert(session, values | self._new(text, now, now, until))

    def greet(
        self, session: Session, message_id: int, greeting: Draft, phone_hash: bytes, due: datetime, now: datetime
    ) -> bool:
        """Have this message preceded by the privacy text, if its phone was never sent one; whether it now is.

        One that waits already must not keep what follows it waiting for quiet hours or a lane that are not its own.
        """
        contact = session.execute(_GREETED, {"whose": phone_hash}).one()
        greeting_id = contact.greeting_id
        if contact.privacy_at is None:
            greeting_id = self._write(session, greeting, phone_hash, due - _BEFORE, now)
            session.execute(
                update(Contact)
                .where(Contact.phone_hash == phone_hash)
                .values(privacy_at=now, greeting_id=greeting_id)
                .execution_options(synchronize_session=False)
            )
        elif greeting_id is not None:
            until = due + greeting.validity
            session.execute(
                update(Message)
                .where(Message.id == greeting_id, Message.state == State.QUEUED)
                .values(
                    lane=case((Message.lane > greeting.lane, int(greeting.lane)), else_=Message.lane),
                    due_at=case((Message.due_at > due - _BEFORE, due - _BEFORE), else_=Message.due_at),
                    waits=Message.waits if greeting.waits else false(),
                    expires_at=case((Message.expires_at < until, until), else_=Message.expires_at),
                )
                .execution_options(synchronize_session=False)
            )
        if greeting_id is not None:
            session.execute(
                update(Message)
                .where(Message.id == message_id)
                .values(after_id=greeting_id)
                .execution_options(synchronize_session=False)
            )
        return contact.privacy_at is None

    def _write(self, session: Session, draft: Draft, phone_hash: bytes, due: datetime, now: datetime) -> int | None:
        return self._insert(session, self.row(draft, phone_hash, due, now))

    def row(self, draft: Draft, phone_hash: bytes, due: datetime, now: datetime) -> dict[str, Any]:
        """A message's columns, its text worded and sealed."""
        rendered = self.texts.render(
            draft.template, draft.language, draft.values, can_reply=self.can_reply, ussd_code=self.ussd_code
        )
        values = {name: getattr(draft, name) for name in _DRAFTED} | {
            "phone_hash": phone_hash,
            "template_version": rendered.version,
            "segments": rendered.segments,
        }
        return values | self._new(rendered.text, now, due, due + draft.validity)

    def _new(self, text: str, now: datetime, due: datetime, until: datetime) -> dict[str, Any]:
        uid = os.urandom(16)
        return {
            "uid": uid,
            "body_sealed": self.vault.seal(text, body_about(uid)),
            "key_id": self.vault.ring.newest_id,
            "state": State.QUEUED,
            "rank": RANK[State.QUEUED],
            "attempts": 0,
            "created_at": now,
            "due_at": due,
            "expires_at": until,
        }

    def _insert(self, session: Session, values: dict[str, Any]) -> int | None:
        made = session.scalar(_new(session.get_bind().dialect.name), values)
        if made is None:
            return None
        queued(session)
        return int(made)


def queued(session: Session) -> None:
    """This session has written a message."""
    session.info[_QUEUED] = True


def greeting_before(draft: Draft) -> Draft:
    """The privacy text that goes before the first message to a phone."""
    return replace(
        draft,
        occasion=f"privacy:{os.urandom(16).hex()}",
        template=PRIVACY,
        values={},
        category="privacy",
        reason="first contact",
        validity=max(_PRIVACY_VALID, draft.validity),
        application_id=draft.application_id if draft.category == "case" else None,
    )


def anything_queued(session: Session) -> bool:
    """Whether this session wrote a message: then the workers should hear of it once it is committed."""
    return bool(session.info.get(_QUEUED))


def cancel(session: Session, reason: str, now: datetime, *conditions: Any) -> int:
    """Cancel what has not begun, of these messages; how many. Each keeps the reason."""
    gone = session.execute(
        update(Message)
        .where(Message.state.in_(PENDING), *conditions)
        .values(
            state=State.CANCELLED,
            rank=RANK[State.CANCELLED],
            fault=reason,
            ended_at=now,
            lease=None,
            lease_until=None,
        )
        .returning(Message.id, Message.category, Message.phone_hash)
        .execution_options(synchronize_session=False)
    ).all()
    ids = [row.id for row in gone]
    untold(session, [row.phone_hash for row in gone if row.category == "privacy"])
    if ids:
        session.execute(
            insert(MessageEvent),
            [
                {"message_id": id_, "at": now, "source": "check", "state": State.CANCELLED, "fault": reason, "word": ""}
                for id_ in ids
            ],
        )
    return len(ids)


def untold(session: Session, phones: Sequence[bytes | None]) -> None:
    """The privacy text to these phones did not leave: the next message is again preceded by it."""
    known = [phone for phone in phones if phone is not None]
    if known:
        session.execute(
            update(Contact)
            .where(Contact.phone_hash.in_(known))
            .values(privacy_at=None, greeting_id=None)
            .execution_options(synchronize_session=False)
        )


def body_of(vault: Vault, message: Message) -> str | None:
    """The text; none where it is past its time. Raises `Unreadable`."""
    return None if message.body_sealed is None else vault.unseal(message.body_sealed, body_about(message.uid))


def newest_to(session: Session, phone_hash: bytes, *conditions: Any) -> Message | None:
    """The newest message to this phone that these conditions hold for."""
    query = select(Message).where(Message.phone_hash == phone_hash, *conditions)
    return session.scalar(query.order_by(Message.id.desc()).limit(1))
