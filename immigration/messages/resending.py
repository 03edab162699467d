"""May an officer send a message again? What surely did not arrive, or of which nobody can tell; once at a time."""

from datetime import datetime
from typing import Final

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from immigration.messages.outbox import Outbox, body_of
from immigration.messages.reading import NoSuchMessage
from immigration.messages.states import State
from immigration.messages.tables import Message, MessageEvent
from immigration.messages.words import STATES
from immigration.tasks import finish_about

AGAIN: Final = frozenset({State.UNKNOWN, State.FAILED, State.EXPIRED})
"""What an officer may send again."""

# One that was sent again and came to this end is no reason against another try.
_IN_VAIN: Final = frozenset({State.FAILED, State.EXPIRED, State.CANCELLED})
_WORD: Final = 80


class NotAgain(Exception):
    """The message is not to be sent again; the text says why."""


def resend(session: Session, outbox: Outbox, number: int, actor: str, now: datetime) -> int:
    """Write the message once more, note who did it and close the tasks about it; the new message's number.

    Raises `NoSuchMessage` and `NotAgain`.
    """
    message = session.scalar(select(Message).where(Message.id == number).with_for_update())
    if message is None:
        raise NoSuchMessage
    state = State(message.state)
    if state not in AGAIN:
        raise NotAgain(f"message {number} {STATES[state]}")
    text = body_of(outbox.vault, message)
    if text is None:
        raise NotAgain(f"the text of message {number} is no longer kept")
    times = _times(session, number)
    if times:
        _last_in_vain(session, number, times)
    made = outbox.put_again(session, message, text, _occasion(number, times + 1), now)
    assert made is not None, "the row is locked, so nobody else writes under this occasion"
    session.execute(
        insert(MessageEvent).values(
            message_id=number, at=now, source="officer", word=f"sent again as {made} by {actor}"[:_WORD]
        )
    )
    finish_about(session, "unknown_result", str(number), actor, now)
    finish_about(session, "message_failed", str(number), actor, now)
    return made


def _occasion(number: int, times: int) -> str:
    return f"resend:{number}:{times}"


def _times(session: Session, number: int) -> int:
    """How often it was sent again."""
    query = select(func.count()).where(MessageEvent.message_id == number, MessageEvent.source == "officer")
    return int(session.scalar(query) or 0)


def _last_in_vain(session: Session, number: int, times: int) -> None:
    """Raises `NotAgain` where the last time may have done, or may still do, what another would."""
    last = session.scalar(select(Message).where(Message.occasion == _occasion(number, times)))
    if last is not None and State(last.state) not in _IN_VAIN:
        raise NotAgain(f"message {number} was sent again as message {last.id}, which {STATES[State(last.state)]}")
