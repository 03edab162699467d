"""What happens when a citizen writes to us? Stored first, once; then understood and answered, once."""

import os
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from immigration.clock import Clock
from immigration.contacts import know
from immigration.database import Database, is_unreachable, upsert
from immigration.inbox import guard
from immigration.inbox.answers import Answers
from immigration.inbox.keywords import Keyword, parse
from immigration.inbox.officer import has_task, leave_task
from immigration.inbox.replies import FORWARDED, Sender
from immigration.inbox.tables import Inbound, text_about
from immigration.messages.outbox import Outbox, anything_queued, body_of, newest_to
from immigration.messages.tables import Message
from immigration.messages.texts import segments
from immigration.phones import InvalidPhone, international
from immigration.tasks import open_task
from immigration.vault import Vault

LONGEST: Final = 4000
"""Characters kept of a text; no phone sends more."""

_HOUR: Final = timedelta(hours=1)
_RECEIPT_EVERY: Final = timedelta(hours=6)
# Without an id of theirs: the same words from the same phone so soon again are a repeat of the aggregator's.
_WINDOW_S: Final = 600
_MOST_TRIES: Final = 3
_ALWAYS_DONE: Final = frozenset({Keyword.STOP, Keyword.HAPUS, Keyword.SALAH})


class InboxDesk:
    """Takes what people write, and answers. `report` is told of each fault of ours, for the log."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        outbox: Outbox,
        clock: Clock,
        office: str,
        report: Callable[[Exception], None] = lambda fault: None,
    ) -> None:
        self._database = database
        self._vault = vault
        self._outbox = outbox
        self._clock = clock
        self._office = office
        self._report = report
        self._answers = Answers(outbox)

    @property
    def outbox(self) -> Outbox:
        """What writes the answers."""
        return self._outbox

    def store(self, channel: str, their_id: str, sender: str, text: str) -> int | None:
        """Keep a message; its number, none where it is here already. Raises the database's errors."""
        now = self._clock()
        # Half of a surrogate pair, or a NUL: no phone sends them, and no database takes them.
        text = text.replace("\x00", "").encode("utf-8", "ignore").decode()[:LONGEST]
        phone = _phone(sender)
        with self._database.writing() as session:
            uid = os.urandom(16)
            phone_hash = None if phone is None else know(session, self._vault, phone, now)
            dedupe = self._dedupe(session, channel, their_id, phone or sender, text, now)
            made = dedupe and session.scalar(
                upsert(session, Inbound)
                .values(
                    uid=uid,
                    dedupe=dedupe,
                    channel=channel,
                    phone_hash=phone_hash,
                    office=self._office_of(session, phone_hash),
                    text_sealed=self._vault.seal(text, text_about(uid)),
                    key_id=self._vault.ring.newest_id,
                    segments=segments(text),
                    received_at=now,
                    state="stored",
                    tries=0,
                )
                .on_conflict_do_nothing()
                .returning(Inbound.__table__.c.id)
            )
            if made is None:
                # A repeat is no new contact: whoever asked to be forgotten stays so.
                session.rollback()
                return None
            return int(made)

    def answer(self, number: int) -> bool:
        """Do what the message asks for and write the answer, in one transaction; whether one was written.

        What fails for a reason of ours is tried again by `answer_waiting`, and after three times left to an officer.
        Raises the database's errors where it is away.
        """
        try:
            with self._database.writing() as session:
                self._handle(session, number)
                return anything_queued(session)
        except Exception as fault:
            if is_unreachable(fault):
                raise
            self._report(fault)
            self._failed(number, type(fault).__name__)
            return False

    def answer_waiting(self) -> int:
        """Answer what was stored and not answered: the process that was about to is gone. How many."""
        with self._database.reading() as session:
            waiting = session.scalars(
                select(Inbound.id)
                .where(Inbound.state == "stored", Inbound.received_at < self._clock() - timedelta(seconds=5))
                .order_by(Inbound.id)
                .limit(200)
            ).all()
        answered = 0
        for number in waiting:
            try:
                self.answer(number)
            except Exception as fault:
                # One that takes too long must not keep those behind it waiting.
                if not is_unreachable(fault):
                    raise
            else:
                answered += 1
        return answered

    def _dedupe(
        self, session: Session, channel: str, their_id: str, sender: str, text: str, now: datetime
    ) -> bytes | None:
        """What makes this message the same as another; none where another is here."""
        if their_id:
            return self._vault.lookup("inbound-id", f"{channel}\x1f{their_id}")
        window = int(now.timestamp()) // _WINDOW_S
        here, before = (
            self._vault.lookup("inbound-text", f"{channel}\x1f{sender}\x1f{text}\x1f{part}")
            for part in (window, window - 1)
        )
        recent = now - timedelta(seconds=_WINDOW_S)
        known = select(Inbound.id).where(Inbound.dedupe == before, Inbound.received_at > recent)
        return None if session.scalar(known) is not None else here

    def _office_of(self, session: Session, phone_hash: bytes | None) -> str:
        """The office that wrote to this phone last, else the deployment's."""
        last = None if phone_hash is None else newest_to(session, phone_hash)
        return self._office if last is None else last.office

    def _handle(self, session: Session, number: int) -> None:
        row = session.scalar(select(Inbound).where(Inbound.id == number, Inbound.state == "stored").with_for_update())
        if row is None:
            return
        now = self._clock()
        text = "" if row.text_sealed is None else self._vault.unseal(row.text_sealed, text_about(row.uid))
        wish = parse(text)
        keyword: str | None = None if wish.keyword is None else wish.keyword.value
        quiet = self._is_talkative(session, row.phone_hash, now)
        if row.phone_hash is None or self._is_machine(session, row.phone_hash, text):
            state, keyword = "left", None
        elif quiet and wish.keyword is not None and wish.keyword not in _ALWAYS_DONE:
            state = "left"
        else:
            sender = Sender.of(session, self._vault, self._outbox, row)
            reply = self._answers.to(session, sender, wish, now)
            if reply is None:
                state = "office"
                self._forward(session, row, now)
                reply = None if self._has_receipt(session, row.phone_hash, now) else FORWARDED
            else:
                state = "answered"
            if reply is not None and not quiet:
                self._answers.write(session, sender, reply, now)
        session.execute(
            update(Inbound)
            .where(Inbound.id == number)
            .values(state=state, keyword=keyword, handled_at=now)
            .execution_options(synchronize_session=False)
        )

    def _is_machine(self, session: Session, phone_hash: bytes, text: str) -> bool:
        if guard.is_empty(text) or guard.is_notice(text):
            return True
        last = newest_to(session, phone_hash, Message.body_sealed.is_not(None))
        return guard.is_echo(text, self._outbox.texts.brand, None if last is None else body_of(self._vault, last))

    def _is_talkative(self, session: Session, phone_hash: bytes | None, now: datetime) -> bool:
        if phone_hash is None:
            return False
        answers = (Inbound.phone_hash == phone_hash, Inbound.state == "answered", Inbound.handled_at > now - _HOUR)
        answered = session.scalar(select(func.count()).select_from(Inbound).where(*answers))
        return int(answered or 0) >= guard.ANSWERS_AN_HOUR

    def _has_receipt(self, session: Session, phone_hash: bytes, now: datetime) -> bool:
        """Whether this phone was told lately that its words go to an officer: once is polite."""
        return (
            newest_to(
                session, phone_hash, Message.template == FORWARDED.template, Message.created_at > now - _RECEIPT_EVERY
            )
            is not None
        )

    def _forward(self, session: Session, row: Inbound, now: datetime) -> None:
        """Leave a task; one for all that a phone writes until that is answered, however much it is."""
        if not has_task(session, row.phone_hash):
            leave_task(session, row, now)

    def _failed(self, number: int, reason: str) -> None:
        now = self._clock()
        with self._database.writing() as session:
            tries = session.scalar(
                update(Inbound)
                .where(Inbound.id == number, Inbound.state == "stored")
                .values(tries=Inbound.tries + 1)
                .returning(Inbound.tries)
                .execution_options(synchronize_session=False)
            )
            if tries is None or tries < _MOST_TRIES:
                return
            session.execute(
                update(Inbound)
                .where(Inbound.id == number)
                .values(state="stuck", handled_at=now)
                .execution_options(synchronize_session=False)
            )
            words = f"message {number} of a citizen could not be answered ({reason}): `inbox list`"
            open_task(session, "inbound_stuck", str(number), words, now, inbound_id=number)


def _phone(sender: str) -> str | None:
    """The sender in E.164; none for an alphanumeric name or a short code, which nobody can be answered at."""
    try:
        return international(sender)
    except InvalidPhone:
        return None
