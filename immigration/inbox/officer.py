"""What did people write that an officer reads, and how does an officer answer it?"""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from immigration.contacts import Contact
from immigration.gsm7 import is_gsm7, septets
from immigration.inbox.replies import Sender
from immigration.inbox.tables import Inbound, text_about
from immigration.messages.outbox import Draft, Lane, Outbox
from immigration.messages.tables import Message
from immigration.messages.texts import SEGMENT_SEPTETS
from immigration.people import Language
from immigration.tasks import Task, finish_about, open_task
from immigration.vault import Vault

TEMPLATE: Final = "A_PETUGAS"
WAITING: Final = ("office", "stuck")
"""States of a message that a person is to read."""

_VALID: Final = timedelta(days=3)


class NoSuchInbound(Exception):
    """Nobody's message has this number."""


class NotAnswered(Exception):
    """The answer cannot be sent; the text says why and what to change."""


def waiting(session: Session, limit: int) -> list[Inbound]:
    """What waits for an officer, the longest wait first."""
    query = select(Inbound).where(Inbound.state.in_(WAITING)).order_by(Inbound.id)
    return list(session.scalars(query.limit(limit)))


def next_waiting(session: Session, phone_hash: bytes | None) -> Inbound | None:
    """What waits longest of what this phone wrote in its own words."""
    query = select(Inbound).where(Inbound.phone_hash == phone_hash, Inbound.state == "office")
    return session.scalar(query.order_by(Inbound.id).limit(1))


def has_task(session: Session, phone_hash: bytes | None) -> bool:
    """Whether an officer has a task about what this phone wrote."""
    query = (
        select(Task.id)
        .join(Inbound, Task.inbound_id == Inbound.id)
        .where(Task.kind == "free_text", Task.done_at.is_(None), Inbound.phone_hash == phone_hash)
    )
    return session.scalar(query.limit(1)) is not None


def leave_task(session: Session, row: Inbound, now: datetime) -> None:
    """Have an officer read and answer a message."""
    words = f"somebody wrote in their own words: `inbox list`, then `inbox answer {row.id}`"
    open_task(session, "free_text", str(row.id), words, now, office=row.office, inbound_id=row.id)


def received(session: Session, limit: int) -> list[Inbound]:
    """Everything that people wrote, newest first."""
    return list(session.scalars(select(Inbound).order_by(Inbound.id.desc()).limit(limit)))


def said(vault: Vault, row: Inbound) -> str | None:
    """What a message says; none where it was let go. Raises `Unreadable`."""
    return None if row.text_sealed is None else vault.unseal(row.text_sealed, text_about(row.uid))


def answer(session: Session, outbox: Outbox, number: int, text: str, actor: str, now: datetime) -> Inbound:
    """Write an officer's answer to a message, in its sender's language; the message that it answers.

    Raises `NoSuchInbound` and `NotAnswered`.
    """
    row = session.scalar(select(Inbound).where(Inbound.id == number).with_for_update())
    if row is None:
        raise NoSuchInbound
    if row.phone_hash is None or session.get(Contact, row.phone_hash) is None:
        raise NotAnswered("its sender cannot be answered: no phone number is known")
    if row.state == "stored":
        raise NotAnswered("it is about to be answered by itself: look again in a minute")
    sender = Sender.of(session, outbox.vault, outbox, row)
    values = {"jawaban": fitting(outbox, sender.language, text)}
    made = outbox.put(
        session,
        Draft(
            occasion=_occasion(session, row),
            template=TEMPLATE,
            values=values,
            language=sender.language,
            office=row.office,
            phone=sender.phone,
            lane=Lane.URGENT,
            category="reply",
            reason="officer",
            validity=_VALID,
        ),
        now,
    )
    assert made is not None, "the row is locked, so nobody else writes under this occasion"
    session.execute(
        update(Inbound)
        .where(Inbound.id == number)
        .values(state="answered", handled_at=now)
        .execution_options(synchronize_session=False)
    )
    finish_about(session, "free_text", str(number), actor, now)
    following = next_waiting(session, row.phone_hash)
    if following is not None:
        leave_task(session, following, now)
    finish_about(session, "inbound_stuck", str(number), actor, now)
    return row


def _occasion(session: Session, row: Inbound) -> str:
    """A new one each time: an officer may have more to say."""
    times = 1
    while session.scalar(select(Message.id).where(Message.occasion == f"inbox-answer:{row.uid.hex()}:{times}")):
        times += 1
    return f"inbox-answer:{row.uid.hex()}:{times}"


def fitting(outbox: Outbox, language: Language, text: str) -> str:
    """An officer's answer on one line. Raises `NotAnswered` where it is not one SMS as it stands."""
    line = " ".join(text.split())
    if not line:
        raise NotAnswered("the text is empty: write the answer")
    if not is_gsm7(line):
        strange = " ".join(dict.fromkeys(character for character in line if not is_gsm7(character)))
        raise NotAnswered(f"the text has what no SMS can hold: {strange} - write plain letters and signs instead")
    rendered = outbox.texts.render(
        TEMPLATE, language, {"jawaban": line}, can_reply=outbox.can_reply, ussd_code=outbox.ussd_code
    )
    excess = septets(rendered.text) - SEGMENT_SEPTETS
    if excess > 0:
        raise NotAnswered(f"the text is {excess} characters too long for one SMS: shorten it")
    return line
