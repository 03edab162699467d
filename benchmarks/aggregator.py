"""The pretend aggregator in a process of its own: its work is not the worker's. Asked by lines, it answers in JSON.

`python -m benchmarks.aggregator LATENCY_S` says its address; then each line on standard input is answered by counts.
"""

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Any

from gateway.simulator.aggregator import Accepted, PretendAggregator


@dataclass(frozen=True)
class Counts:
    """What was accepted, over how many connections; `at`: when, in Unix seconds, by phone (the last time)."""

    accepted: int
    connections: int
    open_at_once: int
    at: dict[str, float]


class Aggregator:
    """The process, as a bench sees it."""

    def __init__(self, latency_s: float) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.aggregator", str(latency_s)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.url = str(self._line())

    def counts(self, *, times: bool = False) -> Counts:
        """What it took so far; when, if asked."""
        assert self.process.stdin is not None
        self.process.stdin.write("times\n" if times else "\n")
        self.process.stdin.flush()
        return Counts(**self._line())

    def stop(self) -> None:
        """End it."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(15)

    def _line(self) -> Any:
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())


def main() -> None:
    """Serve until standard input ends."""
    at: dict[str, float] = {}

    def accepted(message: Accepted) -> None:
        at[message.phone] = time.time()

    with PretendAggregator(latency_s=float(sys.argv[1]), on_accept=accepted) as pretend:
        print(json.dumps(pretend.url), flush=True)
        for asked in sys.stdin:
            ledger = pretend.ledger
            told = {
                "accepted": len(ledger.accepted()),
                "connections": ledger.connections,
                "open_at_once": ledger.open_at_once,
                "at": dict(at) if asked.strip() else {},
            }
            print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
