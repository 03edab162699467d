"""What does every SMS aggregator have in common? A message out, its outcome; a message, a report, an opt-out in."""

import re
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from gateway.aggregators.port import Request

OutcomeKind = Literal["accepted", "retry", "permanent", "channel", "unknown"]
News = Literal["accepted", "delivered", "absent", "failed"]


# What is kept of an aggregator's id, its words, and its reason.
ID_KEPT: Final = 100
WORD_KEPT: Final = 80
FAULT_KEPT: Final = 40


def storable(told: object, length: int) -> str:
    """What an aggregator wrote, cut short, as every database takes it: no NUL, and no half of a surrogate pair."""
    return str(told).replace("\x00", "").encode("utf-8", "ignore").decode()[:length]


def wording(told: object, length: int) -> str:
    """An aggregator's own word, such as `DeliveryFailure`; what is not one word may be about a person: `other`."""
    word = storable(told, length)
    return word if re.fullmatch(r"[A-Za-z][A-Za-z_/-]*|", word) else "other"


@dataclass(frozen=True)
class Sms:
    """A message to send: E.164, GSM-7 text, and our own id (32 hex) where an aggregator echoes one."""

    phone: str
    text: str
    client_id: str


@dataclass(frozen=True)
class Outcome:
    """What an answer, or silence, means for the message.

    `retry`: surely not accepted, may be tried again; `permanent`: never will be; `channel`: nothing goes this way until
    somebody puts it right; `unknown`: it may have been accepted, so it is never sent again by itself. `fault` is a
    short name of ours, `word` the aggregator's own, without anything personal. `holds_channel`: what it asked us to
    wait goes for every message.
    """

    kind: OutcomeKind
    fault: str | None = None
    aggregator_id: str | None = None
    retry_after_s: float | None = None
    word: str = ""
    holds_channel: bool = False


class SmsChannel(Protocol):
    """A way out. May be used by many threads at once."""

    name: str

    def send(self, sms: Sms) -> Outcome:
        """Hand a message over, within 10 s. Never raises."""

    def balance(self) -> str | None:
        """What credit is left, as the aggregator writes it (`IDR 1000.00`); none where it does not say."""


@dataclass(frozen=True)
class InboundSms:
    """A message from a citizen. `id` is opaque, and empty where an aggregator sends none."""

    id: str
    sender: str
    text: str


@dataclass(frozen=True)
class DeliveryReport:
    """An aggregator's word on a message of ours. `news` is none for a word that we do not know."""

    id: str
    news: News | None
    word: str
    phone: str = ""
    fault: str | None = None
    client_id: str = ""


@dataclass(frozen=True)
class OptOut:
    """A subscriber told the carrier to stop our messages."""

    phone: str


class SmsWebhooks(Protocol):
    """One aggregator's wire format for what it tells us. Each raises `Unusable` where the body lacks what is needed."""

    name: str

    def read_inbound(self, request: Request) -> InboundSms:
        """A message from a citizen."""

    def read_report(self, request: Request) -> DeliveryReport:
        """A delivery report."""

    def read_optout(self, request: Request) -> OptOut:
        """A bulk opt-out."""
