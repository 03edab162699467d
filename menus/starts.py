"""Where does a replay of a call begin? What text alone does not tell is written down, or not guessed (fact 3)."""

from datetime import timedelta
from typing import Final

from immigration.calls import menus_replaced_at, note_start
from immigration.clock import Clock
from immigration.database import Database
from immigration.vault import Unreadable, Vault
from menus.desk import Beginning, Caller, Desk, EffectKey
from menus.session import OtherFormat, Place, Start, pack, unpack_start
from menus.turn import Turn

# Longer than any call: a session that is gone this soon after a deploy may have begun with the menus before.
_SETTLED: Final = timedelta(minutes=10)


class Starts:
    """The beginnings of calls to the menus of this version."""

    def __init__(self, desk: Desk, database: Database, vault: Vault, version: str, clock: Clock) -> None:
        self._desk = desk
        self._database = database
        self._vault = vault
        self._version = version
        self._clock = clock
        with database.writing() as session:
            self._replaced_at = menus_replaced_at(session, version, clock())

    def of(self, turn: Turn, call: bytes, caller: Caller) -> tuple[Start, int | None]:
        """Where a replay begins, and how far the call is known to be."""
        beginning = self._desk.beginning(caller.hash, call)
        noted = self.noted(beginning, call)
        if noted is not None:
            return noted, beginning.reached
        recent = self._replaced_at is not None and self._clock() - self._replaced_at < _SETTLED
        if beginning.start is not None or recent or turn.typed.inputs(0) is None:
            # What was typed was typed to other menus, or cannot be known: the main menu is never wrong.
            start = Start(turn.typed.length, beginning.language)
            self.note(call, start)
            return start, beginning.reached
        return Start(0, beginning.language), beginning.reached

    def noted(self, beginning: Beginning, call: bytes) -> Start | None:
        """Where the call began, if that was written down by these menus."""
        if beginning.start is None or beginning.start[0] != self._version:
            return None
        try:
            return unpack_start(self._vault.ring.unseal(beginning.start[1], _about(call)))
        except (Unreadable, OtherFormat):
            return None

    def note(self, call: bytes, start: Start, *, anew: bool = False) -> None:
        """Write down where the call began; the first word holds, but for one that is said `anew`."""
        with self._database.writing() as session:
            sealed = self._vault.ring.seal(pack(start), _about(call))
            note_start(session, call, self._version, sealed, self._clock(), anew=anew)

    def note_bound(self, key: EffectKey, place: Place) -> None:
        """Keep the place that an effect that binds has led to: nobody else can tell it later."""
        beginning = self._desk.beginning(key.caller, key.call)
        start = self.noted(beginning, key.call) or Start(0, beginning.language)
        if start.bound is None or start.bound[0] < key.position:
            self.note(key.call, Start(start.length, start.language, start.held, (key.position, place)), anew=True)


def _about(call: bytes) -> bytes:
    return f"call_starts.state:{call.hex()}".encode()
