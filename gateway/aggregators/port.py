"""What does every USSD aggregator have in common? A hop in, a reply out, an end of session."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

# A network's code and a session's id are opaque; longer ones are no aggregator's (africastalking.md 2.1, 8).
ID_LENGTH: Final = 200


class Unusable(Exception):
    """The request has not what a hop needs; the message says what, without quoting it."""


@dataclass(frozen=True)
class Request:
    """An HTTP request as an aggregator's module may see it."""

    body: bytes


@dataclass(frozen=True)
class Latest:
    """The latest input, where an aggregator sends no history: hop number (1 begins), input, our echoed state."""

    number: int
    typed: str
    state: str


@dataclass(frozen=True)
class UssdHop:
    """A hop. `typed` is the whole history joined by `*`, or the latest input alone."""

    session_id: str
    phone: str
    network: str
    typed: str | Latest


@dataclass(frozen=True)
class UssdEnd:
    """The aggregator's word that a session is over. Neither inputs nor our last answer are taken over."""

    session_id: str
    status: str
    phone: str = ""
    duration_ms: int | None = None
    hops: int | None = None
    cost: str | None = None


@dataclass(frozen=True)
class UssdReply:
    """What the phone shall show; `label` names the screen, `state` is to come back with the next hop."""

    text: str
    more: bool
    label: str = ""
    state: str = ""


@dataclass(frozen=True)
class HttpAnswer:
    """The reply in the aggregator's own form."""

    body: str
    content_type: str
    headers: Mapping[str, str] = field(default_factory=dict)


class UssdAggregator(Protocol):
    """One aggregator's wire format for USSD."""

    name: str

    def read(self, request: Request) -> UssdHop | UssdEnd:
        """The hop, or the end of the session where it is told by the same way. Raises `Unusable`."""

    def read_end(self, request: Request) -> UssdEnd:
        """An end-of-session event. Raises `Unusable`."""

    def write(self, reply: UssdReply, hop: UssdHop | UssdEnd | None) -> HttpAnswer:
        """The reply to this hop; without one, to a request that could not be read."""


def whole_number(text: object) -> int | None:
    """A count as aggregators write it, as text or number; none where it is missing or odd."""
    written = str(text).strip()
    return int(written) if written.isascii() and written.isdigit() and len(written) < 10 else None
