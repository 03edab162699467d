"""What is a hop, whoever sends it? A turn: the call, the caller, and what was typed so far.

Africa's Talking sends the whole history, Hubtel the latest input with its number (africastalking.md 2.2, 12.1).
Both name the turn by a length and a keyed hash, so that a store needs to keep nothing that was typed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from menus.session import Session

Keyed = Callable[[str, str], bytes]
# No call has more hops: a network ends it after some three minutes.
INPUTS_REPLAYED: Final = 60


@dataclass(frozen=True)
class Typed:
    """One input, with how far the call had come when it was typed: the key of what it caused."""

    input: str
    position: int


@dataclass(frozen=True)
class Whole:
    """Everything typed in this call, joined by `*`; the aggregator escapes nothing."""

    text: str

    @property
    def begins(self) -> bool:
        """Whether this is the first hop."""
        return self.text == ""

    @property
    def length(self) -> int:
        """How far the call has come."""
        return len(self.text)

    def mark(self, keyed: Keyed) -> bytes:
        """The keyed hash of the whole history."""
        return keyed("turn", self.text)

    def follows(self, session: Session, keyed: Keyed) -> str | None:
        """The input that is new since the session, whole even with a typed `*` in it; none if it does not follow."""
        if session.length == 0:
            return self.text or None
        before, rest = self.text[: session.length], self.text[session.length :]
        if session.rebuilt and "*" in rest[1:]:
            # Several inputs behind a session that was rebuilt from an older copy: replay knows them apart.
            return None
        if rest[:1] == "*" and keyed("turn", before) == session.mark:
            return rest[1:]
        return None

    def inputs(self, after: int) -> list[Typed] | None:
        """All inputs behind the first `after` characters; none if there are more than a call can have.

        Where the session is gone a typed `*` shows as two empty inputs, and is read as the `*` that it most likely was.
        """
        if self.length <= after:
            return []
        begin = after + 1 if after else 0
        inputs: list[Typed] = []
        for part in self.text[begin:].split("*"):
            end = begin + len(part)
            if part == "" and inputs and inputs[-1].input == "":
                inputs[-1] = Typed("*", end)
            else:
                inputs.append(Typed(part, end))
            begin = end + 1
        return inputs if len(inputs) <= INPUTS_REPLAYED else None


@dataclass(frozen=True)
class Latest:
    """The latest input with its hop number (1 begins); `before` are the earlier inputs, where their echo came back."""

    number: int
    typed: str
    before: tuple[str, ...] | None

    @property
    def begins(self) -> bool:
        """Whether this is the first hop."""
        return self.number <= 1

    @property
    def length(self) -> int:
        """How far the call has come."""
        return self.number

    def mark(self, keyed: Keyed) -> bytes:
        """The keyed hash of the hop number, which names the turn."""
        return keyed("turn", f"#{self.number}")

    def follows(self, session: Session, keyed: Keyed) -> str | None:
        """The input, if its number follows the session's; a gap is replayed where the echoed history fills it."""
        follows = self.number == session.length + 1 or (self.number > session.length and self.before is None)
        return self.typed if follows else None

    def inputs(self, after: int) -> list[Typed] | None:
        """All inputs behind hop `after`; none where the echoed history is missing or too long."""
        if self.begins or self.number <= after:
            return []
        if self.before is None or len(self.before) > INPUTS_REPLAYED:
            return None
        inputs = [*self.before, self.typed]
        first = self.number - len(self.before)
        return [Typed(typed, first + place) for place, typed in enumerate(inputs) if first + place > after]


@dataclass(frozen=True)
class Turn:
    """One hop as any aggregator tells it."""

    aggregator: str
    session_id: str
    phone: str
    network: str
    typed: Whole | Latest
    budget: int
