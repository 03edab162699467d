"""How is a screen that is too long shown? In pages: nothing is lost and the options keep their numbers."""

from collections.abc import Sequence
from typing import Final

from immigration.gsm7 import clip, septets

LEAST_ROOM: Final = 40
"""Septets that must be left for content on a page with all its lines below; less shows a few words a page."""


def paginate(
    head: str, options: Sequence[tuple[str, str]], foot: Sequence[str], more: str, back: str, budget: int
) -> tuple[str, ...]:
    """The pages of a screen, each of at most `budget` septets and none empty.

    `head` is the text, `options` the lines to choose as (number, label), `foot` the lines that every page
    ends with; `more` and `back` are the lines that lead to the next and to the previous page, shown only
    where there is one. Everything is GSM-7. An option moves to the next page whole, unless it is longer than
    a page; text is split between words, and only a word longer than a page is cut.

    Raises `ValueError` where there is nothing to show, or where `foot`, `more` and `back` together leave less
    than `LEAST_ROOM`, and `NotGsm7` (a `ValueError` too) where a text is not GSM-7.
    """
    room = budget - septets("\n".join(("", more, back, *foot)))
    if room < LEAST_ROOM:
        raise ValueError(f"foot, more and back leave {room} of {budget} septets for content, not {LEAST_ROOM}")
    rest = [line for line in (head.strip(), *(f"{number} {label}".strip() for number, label in options)) if line]
    if not rest and not foot:
        raise ValueError("a screen without text, options and foot has nothing to show")
    pages: list[str] = []
    while True:
        below = [back, *foot] if pages else [*foot]
        whole = "\n".join((*rest, *below))
        if septets(whole) <= budget:
            return (*pages, whole)
        below = [more, *below]
        content, rest = _filled(rest, budget - septets("\n".join(("", *below))))
        pages.append("\n".join((content, *below)))


def _filled(lines: list[str], room: int) -> tuple[str, list[str]]:
    """As many lines as fit in `room` septets, at least a part of the first, and what is left."""
    first, *others = lines
    if septets(first) > room:
        part = clip(first, room)
        return part, [first[len(part) :].lstrip(), *others]
    content = first
    while others and septets(f"{content}\n{others[0]}") <= room:
        content = f"{content}\n{others.pop(0)}"
    return content, others
