"""What did the pretend aggregator accept, and over how many requests and connections?"""

from dataclasses import dataclass
from threading import Lock
from typing import Literal


@dataclass(frozen=True)
class Accepted:
    """A message that was taken on, whatever the client heard of it. `phone` is E.164 with `+`."""

    id: str
    phone: str
    sender: str
    text: str
    aggregator: Literal["africastalking", "8x8"]
    client_id: str


class Ledger:
    """Counts over the aggregator's whole life, stops and starts included; any thread may ask."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._accepted: list[Accepted] = []
        self._requests = 0
        self._connections = 0
        self._open = 0
        self._open_at_once = 0

    def accepted(self) -> list[Accepted]:
        """What was accepted so far, in order."""
        with self._lock:
            return list(self._accepted)

    @property
    def requests(self) -> int:
        """The requests that arrived whole, of every kind."""
        return self._requests

    @property
    def connections(self) -> int:
        """The TCP connections that were made."""
        return self._connections

    @property
    def open_at_once(self) -> int:
        """The most connections that were open at the same time."""
        return self._open_at_once

    def note_accepted(self, message: Accepted) -> None:
        with self._lock:
            self._accepted.append(message)

    def note_request(self) -> None:
        with self._lock:
            self._requests += 1

    def note_opened(self) -> None:
        with self._lock:
            self._connections += 1
            self._open += 1
            self._open_at_once = max(self._open_at_once, self._open)

    def note_closed(self) -> None:
        with self._lock:
            self._open -= 1
