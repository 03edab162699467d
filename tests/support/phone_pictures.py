"""How does a call or an SMS look on paper? Screens of a small phone, side by side, as text."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from textwrap import wrap
from typing import Final

SCREEN_COLUMNS: Final = 20
"""What a small phone shows in a line."""

SMS_COLUMNS: Final = 88
_SIDE_BY_SIDE: Final = 4


@dataclass(frozen=True)
class Screen:
    """A hop: what was typed for it, what the phone shows, and whether the call is over then."""

    typed: str
    shows: str
    ends: bool


def call_picture(screens: Sequence[Screen]) -> str:
    """The screens of a call in rows, each with what was typed above it; ends in a line's end."""
    pictures = [[screen.typed, *_framed(screen.shows), *(["(selesai)"] if screen.ends else [])] for screen in screens]
    rows = [pictures[at : at + _SIDE_BY_SIDE] for at in range(0, len(pictures), _SIDE_BY_SIDE)]
    return "\n".join(_beside(row) for row in rows)


def sms_picture(heading: str, text: str) -> str:
    """An SMS under its heading; ends in a line's end."""
    return "".join([f"{heading}\n", *(f"│ {line}\n" for line in _lines(text, SMS_COLUMNS))])


def _lines(text: str, columns: int) -> list[str]:
    """Words that do not fit into a line go to the next."""
    return [part for line in text.split("\n") for part in wrap(line, columns) or [""]]


def _framed(text: str) -> list[str]:
    edge = "─" * (SCREEN_COLUMNS + 2)
    lines = (f"│ {line:<{SCREEN_COLUMNS}} │" for line in _lines(text, SCREEN_COLUMNS))
    return [f"┌{edge}┐", *lines, f"└{edge}┘"]


def _beside(pictures: Sequence[Sequence[str]]) -> str:
    width = SCREEN_COLUMNS + 4
    lines = zip_longest(*pictures, fillvalue="")
    return "".join(" ".join(f"{part:<{width}}" for part in line).rstrip() + "\n" for line in lines)
