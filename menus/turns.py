"""How does the same turn always get the same answer? Turn safety around the machine (architecture facts 1-4).

A turn is (session id, whole text). What was answered is kept and given again; what is being answered elsewhere is
waited for; a call whose session is gone is replayed from its text; effects are keyed by call and position.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from msgspec.structs import replace
from redis.exceptions import RedisError
from sqlalchemy.orm import Session as DatabaseSession

from immigration.appointments import seats
from immigration.calls import HopFact
from immigration.clock import Clock
from immigration.database import Database
from immigration.vault import Unreadable, Vault
from menus.desk import Caller, Desk, Effects
from menus.machine import MAIN, RESUME, Machine, Reply
from menus.replay import Replay
from menus.session import (
    ANSWERS_KEPT,
    Answered,
    OtherFormat,
    Place,
    Session,
    Start,
    pack,
    unpack_place,
    unpack_session,
)
from menus.sessions import FORGOTTEN, UNCHANGED, Opened, PlaceChange, Sessions
from menus.starts import Starts
from menus.turn import Turn, Typed

# Shorter than the hop's 8 s, so that a waiting copy still says something itself.
WAIT_SECONDS: Final = 7.0
_POLL_SECONDS: Final = 0.03

How = Literal["new", "repeat", "late", "replay", "unstored", "busy"]


@dataclass(frozen=True)
class Answer:
    """What to send, and how it came about; `left` and `shown` are the screens before and after, for the funnel."""

    reply: Reply
    how: How
    call: bytes
    left: str | None = None
    shown: str = ""
    language: str = ""

    def fact(self, turn: Turn, now: datetime) -> HopFact | None:
        """What the funnel wants to know of it; nothing where it was given before."""
        if self.how not in ("new", "replay", "unstored"):
            return None
        return HopFact(
            call=self.call,
            at=now,
            aggregator=turn.aggregator,
            network=turn.network,
            length=turn.typed.length,
            left=self.left,
            shown=self.shown,
            language=self.language,
            ended=not self.reply.more,
        )


@dataclass(frozen=True)
class _Advanced:
    session: Session
    answer: Answer
    keep: bool


class Turns:
    """Answers turns. `busy` draws the safe words for a turn that cannot be answered in time."""

    def __init__(
        self,
        machine: Machine,
        sessions: Sessions,
        desk: Desk,
        effects: Effects,
        database: Database,
        vault: Vault,
        clock: Clock,
        busy: Callable[[], Reply],
    ) -> None:
        self._machine = machine
        self._sessions = sessions
        self._desk = desk
        self._vault = vault
        self._clock = clock
        self._busy = busy
        self._ring = vault.derived("redis")
        self._starts = Starts(desk, database, vault, machine.version, clock)
        self._replay = Replay(machine, desk, effects, self._starts)

    def answer(self, turn: Turn) -> Answer:
        """The answer to this turn. Raises `TooLate`, and the database's errors where it is needed and away."""
        call = self.call_of(turn.aggregator, turn.session_id)
        caller = self._vault.lookup("phone", turn.phone)
        mark = turn.typed.mark(self._vault.lookup)
        try:
            opened = self._opened(caller, call, mark)
        except RedisError:
            return self._replayed(turn, call, Caller(caller, {}, self._clock()))
        if opened.kind == "busy":
            return Answer(self._busy(), "busy", call)
        session = self._unsealed(opened.session, call)
        if opened.kind == "repeat":
            known = None if session is None else _known(session, turn.typed.length, mark)
            if known is not None:
                return _given(known, "repeat", call)
            return self._replayed(turn, call, Caller(caller, {}, self._clock()))
        try:
            advanced = self._advance(turn, call, Caller(caller, {}, self._clock()), session, opened.place, mark)
        except Exception:
            self._give_back(caller, call, opened.token)
            raise
        return self._closed(turn, caller, call, mark, opened, advanced)

    def cut_off(self, session: DatabaseSession, phone: str) -> None:
        """Keep the seats that this caller holds for as long as they may take to dial again."""
        rules = self._desk.catalogue.office(self._desk.office_code).visits
        if rules is not None:
            seats.hold_on(session, self._vault.lookup("phone", phone), rules, self._clock())

    def call_of(self, aggregator: str, session_id: str) -> bytes:
        """The keyed hash that a call goes by everywhere."""
        return self._vault.lookup("session", f"{aggregator}:{session_id}")

    # --- around the store ---

    def _opened(self, caller: bytes, call: bytes, mark: bytes) -> Opened:
        deadline = time.monotonic() + WAIT_SECONDS
        opened = self._sessions.open(caller, call, mark)
        while opened.kind == "busy" and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
            opened = self._sessions.open(caller, call, mark)
        return opened

    def _closed(
        self, turn: Turn, caller: bytes, call: bytes, mark: bytes, opened: Opened, advanced: _Advanced
    ) -> Answer:
        if not advanced.keep:
            self._give_back(caller, call, opened.token)
            return advanced.answer if advanced.answer.how == "repeat" else replace_how(advanced.answer, "late")
        sealed = self._ring.seal(pack(advanced.session), call)
        try:
            kept = self._sessions.close(
                caller, call, opened.token, mark, sealed, self._place_change(caller, advanced.session)
            )
            if not kept:
                # We took longer than our hold lasted and another copy went ahead: what it said is the answer.
                again = self._sessions.open(caller, call, mark)
                session = self._unsealed(again.session, call)
                known = None if session is None else _known(session, turn.typed.length, mark)
                if again.kind == "held":
                    self._give_back(caller, call, again.token)
                if known is not None:
                    return _given(known, "repeat", call)
        except RedisError:
            # The answer stands; a repeat is replayed to it, and the next hop must know that the store is behind.
            return replace_how(advanced.answer, "unstored")
        return advanced.answer

    def _give_back(self, caller: bytes, call: bytes, token: str) -> None:
        try:
            self._sessions.close(caller, call, token, None, b"", UNCHANGED)
        except RedisError:
            return  # The hold ends by itself.

    def _place_change(self, caller: bytes, session: Session) -> PlaceChange:
        if session.ended or session.settled or session.place.screen == MAIN:
            return FORGOTTEN
        if session.place.screen == RESUME:
            return UNCHANGED
        return PlaceChange("keep", self._ring.seal(pack(session.place), self._about_place(caller)))

    def _about_place(self, caller: bytes) -> bytes:
        # Bound to the version: after a deploy with other menus a place does not open, and is not offered.
        return caller + self._machine.version.encode()

    def _unsealed(self, sealed: bytes | None, call: bytes) -> Session | None:
        if sealed is None:
            return None
        try:
            return unpack_session(self._ring.unseal(sealed, call))
        except (Unreadable, OtherFormat):
            return None

    def _place_of(self, sealed: bytes | None, caller: bytes) -> Place | None:
        if sealed is None:
            return None
        try:
            return unpack_place(self._ring.unseal(sealed, self._about_place(caller)))
        except (Unreadable, OtherFormat):
            return None

    # --- one turn ---

    def _advance(
        self,
        turn: Turn,
        call: bytes,
        caller: Caller,
        session: Session | None,
        place: bytes | None,
        mark: bytes,
    ) -> _Advanced:
        if session is None:
            if turn.typed.begins:
                return self._began(turn, call, caller, self._place_of(place, caller.hash), mark)
            return self._rebuilt(turn, call, caller, mark)
        known = _known(session, turn.typed.length, mark)
        if known is not None:
            return _Advanced(session, _given(known, "late", call), keep=False)
        typed = turn.typed.follows(session, self._vault.lookup)
        if typed is None or ("*" in typed and self._is_behind(session, turn, call, caller)):
            rebuilt = self._rebuilt(turn, call, caller, mark)
            # A copy older than what is kept is answered, and changes nothing.
            if turn.typed.length > session.length:
                return rebuilt
            return _Advanced(session, replace_how(rebuilt.answer, "late"), keep=False)
        if session.ended:
            return _Advanced(session, _given(session.answers[-1], "repeat", call), keep=False)
        left = session.place.screen
        session, reply = self._replay.step(turn, call, caller, session, Typed(typed, turn.typed.length))
        return _Advanced(_answered(session, turn, mark, reply), _new(call, session, reply, left), keep=True)

    def _began(self, turn: Turn, call: bytes, caller: Caller, place: Place | None, mark: bytes) -> _Advanced:
        beginning = self._desk.beginning(caller.hash, call)
        start = self._starts.noted(beginning, call)
        # A call that was answered before began at the main menu; the place is that of a call that came after it.
        if start is None and place is not None and beginning.reached is None:
            start = Start(0, place.language, place)
            self._starts.note(call, start)
        session = self._replay.begin(start or Start(0, beginning.language))
        session, reply = self._machine.draw(session, caller, self._desk, turn.budget)
        answer = _new(call, session, reply, None)
        if beginning.reached is not None:
            answer = replace_how(answer, "late")
        # After a wiped Redis a late copy of the first hop must not set a call back that is further on.
        keep = beginning.reached is None or beginning.reached <= turn.typed.length
        return _Advanced(_answered(session, turn, mark, reply), answer, keep)

    def _rebuilt(self, turn: Turn, call: bytes, caller: Caller, mark: bytes) -> _Advanced:
        """The call from its text."""
        rebuilt = self._replay.rebuild(turn, call, caller)
        # A hop that is in the funnel already is not counted again, however often it is replayed.
        how: How = "replay" if rebuilt.reached is None or rebuilt.reached < turn.typed.length else "late"
        answer = replace_how(_new(call, rebuilt.session, rebuilt.reply, rebuilt.left), how)
        session = replace(_answered(rebuilt.session, turn, mark, rebuilt.reply), rebuilt=True)
        return _Advanced(session, answer, keep=rebuilt.reached is None or rebuilt.reached <= turn.typed.length)

    def _replayed(self, turn: Turn, call: bytes, caller: Caller) -> Answer:
        """The answer without a store, which stays behind the call: the funnel must know of it at once."""
        answer = self._rebuilt(turn, call, caller, turn.typed.mark(self._vault.lookup)).answer
        return replace_how(answer, "unstored") if answer.how == "replay" else answer

    def _is_behind(self, session: Session, turn: Turn, call: bytes, caller: Caller) -> bool:
        """Whether the store missed a hop of this call, so that what looks like one input with `*` in it is several."""
        reached = self._desk.beginning(caller.hash, call).reached
        return reached is not None and reached > session.length and turn.typed.length > reached


def replace_how(answer: Answer, how: How) -> Answer:
    """The same answer, come about otherwise."""
    return Answer(answer.reply, how, answer.call, answer.left, answer.shown, answer.language)


def _new(call: bytes, session: Session, reply: Reply, left: str | None) -> Answer:
    return Answer(reply, "new", call, left, session.place.screen, session.place.language)


def _known(session: Session, length: int, mark: bytes) -> Answered | None:
    for answered in session.answers:
        if answered.length == length and answered.mark == mark:
            return answered
    return None


def _given(answered: Answered, how: How, call: bytes) -> Answer:
    """An answer that was given before."""
    return Answer(Reply(answered.reply, answered.more), how, call, shown=answered.screen)


def _answered(session: Session, turn: Turn, mark: bytes, reply: Reply) -> Session:
    answered = Answered(turn.typed.length, mark, reply.text, reply.more, session.place.screen)
    answers = [*session.answers, answered][-ANSWERS_KEPT:]
    return replace(session, length=turn.typed.length, mark=mark, answers=answers, rebuilt=False)
