"""What is a visit called? A short code that can be read out, typed on a phone and not be guessed.

Six random characters of an alphabet without look-alikes and one check character: with 23 characters, a prime, the
weighted sum of ISBN-10 (ISO 2108:2005, Annex C) finds every single wrong character and every two that changed places.
"""

import re
import secrets
from typing import Final

ALPHABET: Final = "34679ACDEFGHJKMNPQRTWXY"
"""Without 0/O, 1/I/L, 2/Z, 5/S, 8/B and U/V, which look or sound alike."""

LENGTH: Final = 7
_BODY: Final = LENGTH - 1
_SEPARATORS: Final = re.compile(r"[\s\-._/#]+")


class BadCode(Exception):
    """This is no visit code: something was misread or mistyped."""


def new_code() -> str:
    """A code at random: one of 148 million."""
    body = "".join(secrets.choice(ALPHABET) for _ in range(_BODY))
    return body + _check(body)


def spoken(code: str) -> str:
    """The code in two groups, as it is written for people: `K7M 4P3Q`."""
    return f"{code[:3]} {code[3:]}"


def as_code(typed: str) -> str:
    """The code that was typed, in whatever case and grouping. Raises `BadCode`."""
    code = _SEPARATORS.sub("", typed).upper()
    if len(code) != LENGTH or any(character not in ALPHABET for character in code):
        raise BadCode
    if _check(code[:_BODY]) != code[_BODY]:
        raise BadCode
    return code


def _check(body: str) -> str:
    weighted = sum(weight * ALPHABET.index(character) for weight, character in enumerate(body, start=2))
    return ALPHABET[-weighted % len(ALPHABET)]
