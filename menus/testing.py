"""A kit for testing calls: callers, phones and a clock to wind, over the real turns, store and database.

    call = kit.dial("+6281200000001")
    call.sees("Imigrasi Sijunjung...")
    call.replies("1").sees("...")
    call.repeats()            # the aggregator sends the same hop again: the same answer, to the byte
    kit.wipe()                # Redis loses everything
    kit.dial("+6281200000001").sees("...")

A call speaks as Africa's Talking does: each hop sends all that was typed, joined by `*`. The length limit is checked
on every reply, asked or not.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count

from redis import Redis

from immigration.calls import note_hops
from immigration.clock import Clock
from immigration.database import Database
from immigration.gsm7 import septets
from menus.machine import Reply
from menus.turn import Turn, Whole
from menus.turns import Turns

BUDGET = 160


@dataclass
class CallKit:
    """A gateway to call, in this process. `renewed` gives turns as a process started anew would have them."""

    renewed: Callable[[], Turns]
    redis: Redis
    database: Database
    clock: Clock
    budget: int = BUDGET
    demonstration: Callable[[datetime], None] | None = None
    _sessions: "count[int]" = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.turns = self.renewed()

    def dial(self, phone: str, text: str = "") -> "Call":
        """A new call from this phone; `text` is what a direct dial brings along."""
        return Call(self, phone, f"ATUid_{next(self._sessions):032x}", text)

    def demonstrates(self, moment: str) -> None:
        """Set the clock to when a call was recorded, and the office to what the demonstration shows then."""
        assert self.demonstration is not None, "this kit has no demonstration: give it one where it is made"
        self.demonstration(datetime.fromisoformat(moment))

    def wipe(self) -> None:
        """Redis loses everything, scripts included."""
        self.redis.flushall()
        self.redis.script_flush()


class Call:
    """One call; `text` is all that was typed in it."""

    def __init__(self, kit: CallKit, phone: str, session_id: str, text: str) -> None:
        self.kit = kit
        self.phone = phone
        self.session_id = session_id
        self.text = text
        self.history: list[tuple[str, Reply]] = []
        self._send(text)

    @property
    def screen(self) -> str:
        """What the phone shows."""
        return self.history[-1][1].text

    @property
    def open(self) -> bool:
        """Whether an input is expected."""
        return self.history[-1][1].more

    def replies(self, typed: str) -> "Call":
        """The caller types this and sends it."""
        self.text = f"{self.text}*{typed}" if len(self.history) > 1 or self.text else typed
        self._send(self.text)
        return self

    def sees(self, text: str) -> "Call":
        """Check the whole screen, and that the call goes on."""
        assert self.screen == text
        assert self.open
        return self

    def ends(self, text: str) -> "Call":
        """Check the last words of a call that is over."""
        assert self.screen == text
        assert not self.open
        return self

    def repeats(self, position: int = -1) -> Reply:
        """The aggregator sends a hop again (by default the last); the answer must be the one that was given."""
        text, given = self.history[position]
        again = self.asks(text)
        assert again == given
        return again

    def asks(self, text: str) -> Reply:
        """The answer to any text in this session; the call's own history stays as it is."""
        turn = Turn("africastalking", self.session_id, self.phone, "51010", Whole(text), self.kit.budget)
        answer = self.kit.turns.answer(turn)
        fact = answer.fact(turn, self.kit.clock())
        if fact is not None:
            with self.kit.database.writing() as session:
                note_hops(session, [fact])
        reply = answer.reply
        assert septets(reply.text) <= self.kit.budget
        assert reply.text.strip()
        return reply

    def _send(self, text: str) -> None:
        self.history.append((text, self.asks(text)))
