"""What does a row of the outbox cost, from its claim to its settled answer, and does it cost more as the table grows?

The worker's own drain runs in this process against an aggregator that accepts at once, so that the outbox alone is
timed. Prints the plans by which the database finds its rows, too.
"""

import itertools
import time
from dataclasses import dataclass
from typing import Final

from benchmarks.stage import Stage
from gateway.aggregators.sms import Outcome, Sms
from immigration.clock import utc_now
from immigration.messages import sweeping
from tests.support.filling import add_finished, fill
from tests.support.plans import noted
from tests.support.sms import SmsOffice, sending

ROWS: Final = 100_000
FINISHED: Final = 1_000_000
_PART: Final = 5_000


class _Instant:
    """Accepts at once, and notes when each thousand was full."""

    name = "africastalking"

    def __init__(self) -> None:
        self._ids = itertools.count(1)
        self.moments: list[tuple[float, float]] = []

    def send(self, sms: Sms) -> Outcome:
        self.moments.append((time.perf_counter(), time.process_time()))
        return Outcome("accepted", aggregator_id=f"ATXid_bench{next(self._ids):032d}", word="Success")

    def balance(self) -> str | None:
        return None


def measure(stage: Stage, rows: int = ROWS, finished: int = FINISHED) -> None:
    """Drain so many rows; then add so many finished ones, and drain some more. Prints what each thousand took."""
    fill(stage.database, stage.vault, 1, rows + 1, utc_now())
    costs = _drained(stage)
    first, last = _cost(costs[: _PART + 1]), _cost(costs[-_PART - 1 :])
    print(f"drain of {rows} rows, {_cost(costs)}; a thousand rows take")
    print(f"  at the start {first}")
    print(f"  at the end   {last}: end / start = {last.wall_ms / first.wall_ms:.2f}")
    add_finished(stage.database, 2 * rows, 2 * rows + finished, utc_now())
    start = 3 * rows + finished
    fill(stage.database, stage.vault, start, start + 2 * _PART, utc_now())
    with noted(stage.database) as statements:
        grown = _cost(_drained(stage)[-_PART:])
        with stage.database.writing() as session:
            sweeping.is_due(session, utc_now())
            sweeping.release_dead(session, utc_now())
    print(f"  with {rows + finished} finished rows {grown}: grown / start = {grown.wall_ms / first.wall_ms:.2f}")
    for statement, plan in statements.plans().items():
        if "messages" in statement or "message_events" in statement:
            print(f"  {statement[:110]}")
            print("".join(f"      {line}\n" for line in plan.splitlines()), end="")


@dataclass(frozen=True)
class _Cost:
    """Milliseconds that a thousand rows take, on the wall and of this process's CPU time."""

    wall_ms: float
    cpu_ms: float

    def __str__(self) -> str:
        return f"{self.wall_ms:.0f} ms ({self.cpu_ms:.0f} ms of CPU)"


def _drained(stage: Stage) -> list[tuple[float, float]]:
    """The moment of each message: by the clock, and in CPU seconds."""
    channel = _Instant()
    office = SmsOffice(stage.database, stage.vault, utc_now)
    with sending(office, channel, threads=32, rate=10_000) as sender:
        sender.drain()
    return sorted(channel.moments)


def _cost(moments: list[tuple[float, float]]) -> _Cost:
    """What a thousand rows took between the first and the last moment."""
    (wall, cpu), (wall_end, cpu_end) = moments[0], moments[-1]
    rows = len(moments) - 1
    return _Cost(1_000_000 * (wall_end - wall) / rows, 1_000_000 * (cpu_end - cpu) / rows)
