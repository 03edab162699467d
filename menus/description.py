"""What does a screen return? A description: a choice, a question, an information or an end. Nothing is drawn here.

Text stays lazy until the caller's language is known: a screen names what to say and with which values.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

Memory = dict[str, Any]
"""What a call remembers between screens: small, of plain JSON kinds."""


@dataclass(frozen=True)
class Say:
    """A text of the wording files by its key, with values for its placeholders."""

    key: str
    values: Mapping[str, "Text | int"] = field(default_factory=dict)


@dataclass(frozen=True)
class ByLanguage:
    """A text that reference data give per language, such as the name of a service."""

    texts: Mapping[str, str]


@dataclass(frozen=True)
class Verbatim:
    """A text that is the same in every language, such as an address."""

    text: str


@dataclass(frozen=True)
class Rupiah:
    """An amount in whole rupiah: `Rp650.000` (EYD spelling)."""

    amount: int


@dataclass(frozen=True)
class Day:
    """A date: `24 Nov 2026`."""

    date: date


@dataclass(frozen=True)
class ShortDay:
    """A date without its year where that is `this_year`: `24 Nov`."""

    date: date
    this_year: int


@dataclass(frozen=True)
class NearDay:
    """A day within weeks: `Sel 1 Des`."""

    date: date


@dataclass(frozen=True)
class Moment:
    """A time of day in the office's zone: `08.00`."""

    local: datetime


@dataclass(frozen=True)
class Lines:
    """Several texts below each other, or after each other with `joint` between."""

    texts: tuple["Text", ...]
    joint: str = "\n"


Text = Say | ByLanguage | Verbatim | Rupiah | Day | ShortDay | NearDay | Moment | Lines


@dataclass(frozen=True)
class Effect:
    """Something that a call does beyond its own memory, such as choosing a language. It happens once per position."""

    kind: str
    values: Memory


@dataclass(frozen=True)
class Go:
    """On to another screen, with what to remember and what to do on the way."""

    to: str
    remember: Memory = field(default_factory=dict)
    effect: Effect | None = None


@dataclass(frozen=True)
class Again:
    """The same screen once more: the input did not fit."""


@dataclass(frozen=True)
class Option:
    """A line to choose. Its number is published and stays, whatever else the screen offers."""

    number: str
    label: Text
    go: Go


@dataclass(frozen=True)
class Menu:
    """A text with options; without options it only informs.

    `back` adds the line that leads back: to the screen before, or to `back_to`. A menu that `settles` has told what
    the caller came for: a call that drops there has nothing to go on with.
    """

    text: Text
    options: tuple[Option, ...] = ()
    back: bool = True
    back_to: str = ""
    settles: bool = False


@dataclass(frozen=True)
class Question:
    """A text that asks for free input, which goes to the screen's own `answer`."""

    text: Text


@dataclass(frozen=True)
class End:
    """The last words of a call."""

    text: Text


View = Menu | Question | End | Go
"""What a screen returns; `Go` hands over to another screen without a hop."""
