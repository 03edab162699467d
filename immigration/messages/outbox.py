"""How does a message come to be? Written with what it is about, in the same transaction; nothing is sent here."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any, Final, Literal

from sqlalchemy import case, false, insert, select, update
from sqlalchemy.orm import Session

from immigration.contacts import Contact, know
from immigration.database import upsert
from immigration.messages.quiet import QuietHours
from immigration.messages.states import PENDING, RANK, State
from immigration.messages.tables import Message, MessageEvent
from immigration.messages.texts import Texts
from immigration.offices.catalogue import Catalogue
from immigration.people import Language
from immigration.vault import Vault

Category = Literal["case", "reminder", "reply", "privacy"]
PRIVACY: Final = "R_PRIVASI"
_PRIVACY_VALID: Final = timedelta(days=2)
# So that the privacy text comes before what it introduces.
_BEFORE: Final = timedelta(milliseconds=1)
_QUEUED: Final = "messages_queued"


class Lane(IntEnum):
    """The order of sending: what is urgent first."""

    URGENT = 0
    NORMAL = 1
    BULK = 2


@dataclass(frozen=True)
class Draft:
    """A message to be.

    `occasion` names what it is about (case, event): the same again is no second message. `validity` is how long it
    makes sense. One that `waits` keeps quiet hours. One that does not `greet` is never preceded by the privacy text.
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
        rendered = self.texts.render(
            draft.template, draft.language, draft.values, can_reply=self.can_reply, ussd_code=self.ussd_code
        )
        phone_hash = know(session, self.vault, draft.phone, now)
        due = now
        if draft.waits:
            due = self.not_quiet(draft.office, now)
        made = self._insert(session, draft, phone_hash, rendered.text, rendered.segments, rendered.version, due, now)
        if made is not None and draft.greets:
            self._greet(session, draft, phone_hash, made, due, now)
        if made is not None:
            session.info[_QUEUED] = True
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
        uid = os.urandom(16)
        validity = original.expires_at - original.created_at
        values = {
            "uid": uid,
            "occasion": occasion,
            "body_sealed": self.vault.seal(text, body_about(uid)),
            "key_id": self.vault.ring.newest_id,
            "lane": Lane.URGENT,
            "state": State.QUEUED,
            "rank": RANK[State.QUEUED],
            "waits": False,
            "created_at": now,
            "due_at": now,
            "expires_at": now + validity,
            "attempts": 0,
        }
        kept = (
            "application_id",
            "phone_hash",
            "office",
            "category",
            "reason",
            "template",
            "template_version",
            "language",
            "segments",
        )
        values |= {name: getattr(original, name) for name in kept}
        if category is not None:
            values["category"] = category
        made = session.scalar(
            upsert(session, Message).values(**values).on_conflict_do_nothing().returning(Message.__table__.c.id)
        )
        if made is not None:
            session.info[_QUEUED] = True
        return None if made is None else int(made)

    def _insert(
        self,
        session: Session,
        draft: Draft,
        phone_hash: bytes,
        text: str,
        segments: int,
        version: str,
        due: datetime,
        now: datetime,
    ) -> int | None:
        uid = os.urandom(16)
        values: dict[str, Any] = {
            "uid": uid,
            "occasion": draft.occasion,
            "application_id": draft.application_id,
            "phone_hash": phone_hash,
            "office": draft.office,
            "lane": draft.lane,
            "category": draft.category,
            "reason": draft.reason,
            "waits": draft.waits,
            "template": draft.template,
            "template_version": version,
            "language": draft.language,
            "body_sealed": self.vault.seal(text, body_about(uid)),
            "key_id": self.vault.ring.newest_id,
            "segments": segments,
            "state": State.QUEUED,
            "rank": RANK[State.QUEUED],
            "created_at": now,
            "due_at": due,
            "expires_at": due + draft.validity,
            "attempts": 0,
        }
        made = session.scalar(
            upsert(session, Message).values(**values).on_conflict_do_nothing().returning(Message.__table__.c.id)
        )
        return None if made is None else int(made)

    def _greet(
        self, session: Session, draft: Draft, phone_hash: bytes, message_id: int, due: datetime, now: datetime
    ) -> None:
        """The first contact is told once what its number is used for, before anything else."""
        contact = session.execute(
            select(Contact.privacy_at, Contact.greeting_id).where(Contact.phone_hash == phone_hash)
        ).one()
        greeting_id = contact.greeting_id
        if greeting_id is not None:
            # What follows it must not wait for quiet hours or a slower lane that are not its own.
            session.execute(
                update(Message)
                .where(Message.id == greeting_id, Message.state == State.QUEUED)
                .values(
                    lane=case((Message.lane > draft.lane, int(draft.lane)), else_=Message.lane),
                    due_at=case((Message.due_at > due - _BEFORE, due - _BEFORE), else_=Message.due_at),
                    waits=Message.waits if draft.waits else false(),
                    expires_at=case(
                        (Message.expires_at < due + draft.validity, due + draft.validity), else_=Message.expires_at
                    ),
                )
                .execution_options(synchronize_session=False)
            )
        if contact.privacy_at is None:
            greeting_id = self._greeting(session, draft, phone_hash, due, now)
            session.execute(
                update(Contact)
                .where(Contact.phone_hash == phone_hash)
                .values(privacy_at=now, greeting_id=greeting_id)
                .execution_options(synchronize_session=False)
            )
        if greeting_id is not None:
            session.execute(
                update(Message)
                .where(Message.id == message_id)
                .values(after_id=greeting_id)
                .execution_options(synchronize_session=False)
            )

    def greet_late(
        self,
        session: Session,
        message_id: int,
        phone: str,
        office: str,
        language: Language,
        application_id: int,
        lane: int,
        now: datetime,
    ) -> bool:
        """Have news that follows its record to a new phone preceded by the privacy text; whether one was due."""
        draft = Draft(
            occasion="",
            template="",
            values={},
            language=language,
            office=office,
            phone=phone,
            lane=Lane(lane),
            category="case",
            reason="",
            validity=_PRIVACY_VALID,
            application_id=application_id,
        )
        phone_hash = self.vault.lookup("phone", phone)
        asked = select(Contact.privacy_at).where(Contact.phone_hash == phone_hash)
        if session.execute(asked).one().privacy_at is not None:
            return False
        self._greet(session, draft, phone_hash, message_id, now, now)
        return True

    def _greeting(self, session: Session, draft: Draft, phone_hash: bytes, due: datetime, now: datetime) -> int | None:
        rendered = self.texts.render(PRIVACY, draft.language, {}, can_reply=self.can_reply, ussd_code=self.ussd_code)
        greeting = Draft(
            occasion=f"privacy:{os.urandom(16).hex()}",
            template=PRIVACY,
            values={},
            language=draft.language,
            office=draft.office,
            phone=draft.phone,
            lane=draft.lane,
            category="privacy",
            reason="first contact",
            validity=max(_PRIVACY_VALID, draft.validity),
            application_id=draft.application_id if draft.category == "case" else None,
            waits=draft.waits,
        )
        return self._insert(
            session, greeting, phone_hash, rendered.text, rendered.segments, rendered.version, due - _BEFORE, now
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
