"""How does the same turn always get the same answer? Turn safety around the machine (architecture facts 1-4).

A turn is (session id, whole text). What was answered is kept and given again; what is being answered elsewhere is
waited for; a call whose session is gone is replayed from its text; effects are keyed by call and position.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from msgspec.structs import replace
from redis.exceptions import RedisError
from sqlalchemy.orm import Session as DatabaseSession

from immigration.appointments import seats
from immigration.calls import HopFact, menus_replaced_at, note_start
from immigration.clock import Clock
from immigration.database import Database
from immigration.people import as_language
from immigration.vault import Unreadable, Vault
from menus.description import Effect, Memory
from menus.desk import Beginning, Caller, Desk, EffectKey, Effects
from menus.machine import MAIN, RESUME, Machine, Reply
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
    unpack_start,
)
from menus.sessions import FORGOTTEN, UNCHANGED, Opened, PlaceChange, Sessions
from menus.turn import Turn, Typed

# Shorter than the hop's 8 s, so that a waiting copy still says something itself.
WAIT_SECONDS: Final = 7.0
_POLL_SECONDS: Final = 0.03
# A replay that has taken this long begins no further step: an effect may have to wait 3 s for its turn to write.
_REPLAY_SECONDS: Final = 4.0
# Longer than any call: a session that is gone this soon after a deploy may have begun with the menus before.
_SETTLED: Final = timedelta(minutes=10)

How = Literal["new", "repeat", "late", "replay", "unstored", "busy"]


class _Strayed(Exception):
    """A replay came to an effect that binds and that the call has never had: it went other ways than the call."""


class _Past:
    """The effects of an input behind which the call has gone on: of those that bind, a replay begins after the last."""

    def __init__(self, effects: Effects) -> None:
        self._effects = effects

    def perform(self, key: EffectKey, effect: Effect) -> Memory:
        if self._effects.binds(effect):
            raise _Strayed
        return self._effects.perform(key, effect)

    def binds(self, effect: Effect) -> bool:
        return self._effects.binds(effect)


class TooLate(Exception):
    """The answer would come after the aggregator has given the session up."""


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
        self._effects = effects
        self._database = database
        self._vault = vault
        self._clock = clock
        self._busy = busy
        self._ring = vault.derived("redis")
        with database.writing() as session:
            self._replaced_at = menus_replaced_at(session, machine.version, clock())

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
        session, reply = self._step(turn, call, caller, session, Typed(typed, turn.typed.length))
        return _Advanced(_answered(session, turn, mark, reply), self._new(call, session, reply, left), keep=True)

    def _step(self, turn: Turn, call: bytes, caller: Caller, session: Session, typed: Typed) -> tuple[Session, Reply]:
        return self._stepped(turn, caller, session, typed, EffectKey(call, typed.position, caller.hash, turn.phone))

    def _stepped(
        self, turn: Turn, caller: Caller, session: Session, typed: Typed, key: EffectKey, *, past: bool = False
    ) -> tuple[Session, Reply]:
        effects = _Past(self._effects) if past else self._effects
        session, reply, effect = self._machine.step(session, typed.input, key, caller, self._desk, effects, turn.budget)
        if effect is not None and self._effects.binds(effect):
            self._note_bound(key, session.place)
        return session, reply

    def _began(self, turn: Turn, call: bytes, caller: Caller, place: Place | None, mark: bytes) -> _Advanced:
        beginning = self._desk.beginning(caller.hash, call)
        start = self._noted(beginning, call)
        # A call that was answered before began at the main menu; the place is that of a call that came after it.
        if start is None and place is not None and beginning.reached is None:
            start = Start(0, place.language, place)
            self._note_start(call, start)
        session = self._begin(start or Start(0, beginning.language))
        session, reply = self._machine.draw(session, caller, self._desk, turn.budget)
        answer = self._new(call, session, reply, None)
        if beginning.reached is not None:
            answer = replace_how(answer, "late")
        # After a wiped Redis a late copy of the first hop must not set a call back that is further on.
        keep = beginning.reached is None or beginning.reached <= turn.typed.length
        return _Advanced(_answered(session, turn, mark, reply), answer, keep)

    def _rebuilt(self, turn: Turn, call: bytes, caller: Caller, mark: bytes) -> _Advanced:
        """Replay: the call from where it began, through everything that was typed."""
        start, reached = self._start(turn, call, caller)
        begin, session, is_certain = start.length, self._begin(start), False
        if start.bound is not None and start.bound[0] <= turn.typed.length:
            begin, place = start.bound
            session, is_certain = Session(self._machine.version, place), True
        session, reply = self._machine.draw(session, caller, self._desk, turn.budget)
        left = None
        deadline = time.monotonic() + _REPLAY_SECONDS
        inputs = turn.typed.inputs(begin) or []
        for typed in inputs:
            if session.ended:
                break
            if time.monotonic() > deadline:
                raise TooLate
            left = session.place.screen
            key = EffectKey(call, typed.position, caller.hash, turn.phone, replayed=not is_certain)
            try:
                session, reply = self._stepped(turn, caller, session, typed, key, past=typed is not inputs[-1])
            except _Strayed:
                break
            is_certain = False
        # A hop that is in the funnel already is not counted again, however often it is replayed.
        how: How = "replay" if reached is None or reached < turn.typed.length else "late"
        answer = replace_how(self._new(call, session, reply, left), how)
        session = replace(_answered(session, turn, mark, reply), rebuilt=True)
        return _Advanced(session, answer, keep=reached is None or reached <= turn.typed.length)

    def _replayed(self, turn: Turn, call: bytes, caller: Caller) -> Answer:
        """The answer without a store, which stays behind the call: the funnel must know of it at once."""
        answer = self._rebuilt(turn, call, caller, turn.typed.mark(self._vault.lookup)).answer
        return replace_how(answer, "unstored") if answer.how == "replay" else answer

    def _is_behind(self, session: Session, turn: Turn, call: bytes, caller: Caller) -> bool:
        """Whether the store missed a hop of this call, so that what looks like one input with `*` in it is several."""
        reached = self._desk.beginning(caller.hash, call).reached
        return reached is not None and reached > session.length and turn.typed.length > reached

    def _begin(self, start: Start) -> Session:
        return self._machine.begin(as_language(start.language), start.held)

    def _start(self, turn: Turn, call: bytes, caller: Caller) -> tuple[Start, int | None]:
        """Where a replay begins, and how far the call is known to be; what text alone does not tell is not guessed."""
        beginning = self._desk.beginning(caller.hash, call)
        noted = self._noted(beginning, call)
        if noted is not None:
            return noted, beginning.reached
        recent = self._replaced_at is not None and self._clock() - self._replaced_at < _SETTLED
        if beginning.start is not None or recent or turn.typed.inputs(0) is None:
            # What was typed was typed to other menus, or cannot be known: the main menu is never wrong.
            start = Start(turn.typed.length, beginning.language)
            self._note_start(call, start)
            return start, beginning.reached
        return Start(0, beginning.language), beginning.reached

    def _noted(self, beginning: Beginning, call: bytes) -> Start | None:
        """Where the call began, if that was written down by these menus."""
        if beginning.start is None or beginning.start[0] != self._machine.version:
            return None
        try:
            return unpack_start(self._vault.ring.unseal(beginning.start[1], _about_start(call)))
        except (Unreadable, OtherFormat):
            return None

    def _note_start(self, call: bytes, start: Start, *, anew: bool = False) -> None:
        with self._database.writing() as session:
            sealed = self._vault.ring.seal(pack(start), _about_start(call))
            note_start(session, call, self._machine.version, sealed, self._clock(), anew=anew)

    def _note_bound(self, key: EffectKey, place: Place) -> None:
        """Keep the place that an effect that binds has led to, in the database: nobody else can tell it later."""
        beginning = self._desk.beginning(key.caller, key.call)
        start = self._noted(beginning, key.call) or Start(0, beginning.language)
        if start.bound is None or start.bound[0] < key.position:
            self._note_start(key.call, replace(start, bound=(key.position, place)), anew=True)

    def _new(self, call: bytes, session: Session, reply: Reply, left: str | None) -> Answer:
        return Answer(reply, "new", call, left, session.place.screen, session.place.language)


def replace_how(answer: Answer, how: How) -> Answer:
    """The same answer, come about otherwise."""
    return Answer(answer.reply, how, answer.call, answer.left, answer.shown, answer.language)


def _about_start(call: bytes) -> bytes:
    return f"call_starts.state:{call.hex()}".encode()


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
