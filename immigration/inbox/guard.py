"""Is this a person who wants an answer? Robots, echoes and delivery notices are left in peace.

Otherwise two machines would talk for ever.
"""

import re
from typing import Final

from immigration.gsm7 import to_gsm7

ANSWERS_AN_HOUR: Final = 20
"""More answers than that within an hour no person reads; what stops or deletes is still done."""

# What operators and handsets send by themselves when a message arrives, or cannot.
_NOTICE: Final = re.compile(
    r"(pesan|sms|message|msg)( anda| kepada| ke| to)?\b.{0,60}"
    r"\b(terkirim|telah sampai|telah diterima|delivered|undelivered|failed to send|has been received)\b"
    r"|^(delivered|delivery report|laporan pengiriman|terkirim|auto[ -]?reply|automatic reply|balasan otomatis"
    r"|out of office)\b",
    re.IGNORECASE,
)
_LONGEST_NOTICE: Final = 200
# Only a person asks, or speaks of themselves: "apakah pesan saya sudah terkirim".
_PERSON: Final = re.compile(r"\?|\b(saya|ambo|aku|den|my|i|apakah|apo|kenapa|kok)\b", re.IGNORECASE)


def is_echo(text: str, brand: str, last_sent: str | None) -> bool:
    """Whether our own words come back."""
    said = _plain(text)
    return said.startswith(_plain(brand)) or (last_sent is not None and said == _plain(last_sent))


def is_notice(text: str) -> bool:
    """Whether a machine tells what became of a message."""
    return len(text) <= _LONGEST_NOTICE and _NOTICE.search(text) is not None and _PERSON.search(text) is None


def is_empty(text: str) -> bool:
    """Whether nothing is left of a text that a person could have meant."""
    return not any(map(str.isalnum, text)) and "?" not in to_gsm7(text)


def _plain(text: str) -> str:
    return " ".join(to_gsm7(text).casefold().split())
