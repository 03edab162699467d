"""How long is a text on the air, and how is it said in GSM-7 alone? Septets, transliteration, clipping.

The alphabet is the default one of 3GPP TS 23.038 (6.2.1), as `smsutil` tabulates it.
"""

import unicodedata
from typing import Final

from anyascii import anyascii
from smsutil.codecs import GSM_BASIC_CHARSET, GSM_EXT_CHARSET

# ESC announces a character of the extension table; it is no character itself.
_BASIC: Final[frozenset[str]] = frozenset(GSM_BASIC_CHARSET) - {"\x1b"}
_EXTENSION: Final[frozenset[str]] = frozenset(GSM_EXT_CHARSET)
_ALPHABET: Final = _BASIC | _EXTENSION
# CR and form feed belong to the alphabet, but a phone's screen has no use for them.
_KEPT: Final = _ALPHABET - {"\r", "\f"}
# Where anyascii would say something else, or where a removed character would glue two words together.
_INSTEAD: Final = {"\t": " ", "\u2028": "\n", "\u2029": "\n", "•": "-", "`": "'", "«": '"', "»": '"'}


class NotGsm7(ValueError):
    """A text holds a character that GSM-7 does not have, so its septets cannot be counted."""


def is_gsm7(text: str) -> bool:
    """Whether every character of the text can be sent in GSM-7. A bare ESC cannot."""
    return _ALPHABET.issuperset(text)


def septets(text: str) -> int:
    """Septets that the text takes: 1 per basic character, 2 per extension character. Raises `NotGsm7`."""
    if _BASIC.issuperset(text):
        return len(text)
    if not is_gsm7(text):
        # The text itself stays out of the message: it may be a person's.
        raise NotGsm7("the text is not GSM-7; pass it through to_gsm7 first")
    return len(text) + sum(map(_EXTENSION.__contains__, text))


def to_gsm7(text: str) -> str:
    """The text in GSM-7 characters, for whatever is about to be shown or sent.

    What GSM-7 lacks is transliterated or, failing that, dropped: a "?" stands only where a question mark
    stood. Line feeds stay, other control characters go. Applied twice it changes nothing more.
    """
    if _KEPT.issuperset(text):
        return text
    return "".join(map(_sendable, unicodedata.normalize("NFC", text)))


def clip(text: str, budget: int) -> str:
    """The beginning of the text that takes at most `budget` septets, cut after a word.

    A text that fits is returned as it is. A first word that is longer than the budget is cut hard.
    Raises `NotGsm7`.
    """
    if septets(text) <= max(budget, 0):
        return text
    room, end = budget, 0
    while (room := room - (2 if text[end] in _EXTENSION else 1)) >= 0:
        end += 1
    if not text[end].isspace():
        # Between words where there are any; otherwise through the word.
        word = max(text.rfind(" ", 0, end), text.rfind("\n", 0, end))
        if text[: word + 1].strip():
            end = word
    return text[:end].rstrip()


def _sendable(character: str) -> str:
    if character in _KEPT:
        return character
    if character in _INSTEAD:
        return _INSTEAD[character]
    if unicodedata.category(character) == "Cc":
        return ""
    said = anyascii(character).replace("`", "'")
    if "?" in said and not _is_question_mark(character):
        # anyascii says "?" for some characters that it cannot read, U+FFFD among them.
        said = said.replace("?", "")
    return "".join(filter(_KEPT.__contains__, said))


def _is_question_mark(character: str) -> bool:
    """A question mark of another script or width, such as the Arabic one."""
    return unicodedata.category(character) == "Po" and "QUESTION" in unicodedata.name(character, "")
