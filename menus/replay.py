"""How does a call go on whose session is gone? Through everything that was typed, from where it began (fact 3)."""

import time
from dataclasses import dataclass
from typing import Final

from immigration.people import as_language
from menus.description import Effect, Memory
from menus.desk import Caller, Desk, EffectKey, Effects
from menus.machine import Machine, Reply
from menus.session import Session, Start
from menus.starts import Starts
from menus.turn import Turn, Typed

# A replay that has taken this long begins no further step: an effect may have to wait 3 s for its turn to write.
_REPLAY_SECONDS: Final = 4.0


class TooLate(Exception):
    """The answer would come after the aggregator has given the session up."""


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


@dataclass(frozen=True)
class Rebuilt:
    """A call as a replay has made it: the screen before its last input, and how far it was known to be."""

    session: Session
    reply: Reply
    left: str | None
    reached: int | None


class Replay:
    """Steps of calls, and calls rebuilt from their steps."""

    def __init__(self, machine: Machine, desk: Desk, effects: Effects, starts: Starts) -> None:
        self._machine = machine
        self._desk = desk
        self._effects = effects
        self._starts = starts

    def begin(self, start: Start) -> Session:
        """A call at its beginning."""
        return self._machine.begin(as_language(start.language), start.held)

    def step(self, turn: Turn, call: bytes, caller: Caller, session: Session, typed: Typed) -> tuple[Session, Reply]:
        """One hop of a call whose session is at hand."""
        return self._step(turn, caller, session, typed, EffectKey(call, typed.position, caller.hash, turn.phone))

    def rebuild(self, turn: Turn, call: bytes, caller: Caller) -> Rebuilt:
        """The call from its text. Raises `TooLate`."""
        start, reached = self._starts.of(turn, call, caller)
        begin, session, is_certain = start.length, self.begin(start), False
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
                session, reply = self._step(turn, caller, session, typed, key, past=typed is not inputs[-1])
            except _Strayed:
                break
            is_certain = False
        return Rebuilt(session, reply, left, reached)

    def _step(
        self, turn: Turn, caller: Caller, session: Session, typed: Typed, key: EffectKey, *, past: bool = False
    ) -> tuple[Session, Reply]:
        effects = _Past(self._effects) if past else self._effects
        session, reply, effect = self._machine.step(session, typed.input, key, caller, self._desk, effects, turn.budget)
        if effect is not None and self._effects.binds(effect):
            self._starts.note_bound(key, session.place)
        return session, reply
