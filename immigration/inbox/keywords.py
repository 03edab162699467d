"""What does a citizen who texts us want? A keyword with its arguments out of sloppy typing, or a person's own words.

What only asks is read generously; what stops, deletes, consents or refuses only where it says so word by word. A text
that is not sure is free text, which a person reads.
"""

import re
import unicodedata
from dataclasses import dataclass, replace
from itertools import islice, zip_longest
from typing import Final

from immigration.inbox import arguments, dates
from immigration.inbox.arguments import NO_VISIT, VisitArguments
from immigration.inbox.spelling import nearest
from immigration.inbox.words import (
    ALIASES,
    ASKED_POLITELY,
    CLAIMS,
    CODES,
    COMPANIONS,
    CONFIRMATIONS,
    HARMLESS,
    KEYWORDS,
    LANGUAGE_WORDS,
    LEADERS,
    LONGEST_PHRASE,
    NO,
    NOT_YET,
    OTHER_WORDS,
    PAID_ALREADY,
    PHRASES,
    POLITE,
    POLITE_LEADERS,
    RECORDED,
    SERVICE_WORDS,
    Keyword,
)
from immigration.people import Language

__all__ = ["KEYWORDS", "Keyword", "Wish", "parse"]

# Fillers of Hangul are letters that nobody sees.
_INVISIBLE_LETTERS: Final = "\u115f\u1160"
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Mn", "Me"})

_MOST_LEADERS: Final = 3
_MOST_COMPANIONS: Final = 6

# What may stand behind a keyword with nothing between; each group is a word.
_SERVICE_GLUED: Final = re.compile(f"({arguments.CODE})")
_DAY_GLUED: Final = re.compile("([0-9].*)")
_GLUED: Final = {
    Keyword.STATUS: re.compile(f"({arguments.NUMBER})"),
    Keyword.BIAYA: _SERVICE_GLUED,
    Keyword.SYARAT: _SERVICE_GLUED,
    Keyword.BAHASA: re.compile(f"({'|'.join(LANGUAGE_WORDS)})", re.IGNORECASE),
    Keyword.STOP: re.compile("(SMS|PESAN|PENGINGAT)", re.IGNORECASE),
    Keyword.HAPUS: re.compile("(DATA)?(YA|YO|YES|SAYA)?", re.IGNORECASE),
    Keyword.SALAH: re.compile(f"({arguments.LAST_FOUR})"),
    Keyword.JADWAL: _DAY_GLUED,
    Keyword.DAFTAR: _DAY_GLUED,
    Keyword.UBAH: _DAY_GLUED,
    Keyword.BATAL: re.compile("(YA|YO|YES|IYA)", re.IGNORECASE),
    Keyword.BAYAR: re.compile(f"({arguments.NUMBER})"),
    Keyword.INGAT: re.compile("(YA|YO|YES|IYA|TIDAK|INDAK|NO)", re.IGNORECASE),
}
# "BIAYAPANAK"; with the other aliases this would take apart words such as "request".
_WORD_GLUED: Final = re.compile("([A-Za-z]{3,6})")
_WORD_GLUED_TO: Final = frozenset({"BIAYA", "BIAYO", "SYARAT", "SYARAIK"})
_WORD_THEN_NUMBER: Final = re.compile("([A-Za-z]+)([0-9].*)?")
_FIRST_WORDS: Final = ALIASES | {"".join(phrase): keyword for phrase, keyword in PHRASES.items()}
_CLAIMS: Final = CLAIMS | {claim.replace(" ", "") for claim in CLAIMS}
_LONGEST_FIRST: Final = sorted(_FIRST_WORDS, key=len, reverse=True)


@dataclass(frozen=True)
class Wish:
    """What a text asks for; without a keyword it is free text.

    `rest` is what was typed beside the keyword and not understood, of a free text all of it as it came. A `service`
    without a digit may be an ordinary word and then stands in `rest` too: the catalogue decides.
    """

    keyword: Keyword | None
    rest: str = ""
    number: str | None = None
    last4: str | None = None
    birth_date_text: str | None = None
    language: Language | None = None
    service: str | None = None
    confirmed: bool = False
    refused: bool = False
    visit: VisitArguments = NO_VISIT
    # That something is paid; `receipt` is the end of its receipt's number, or what may be that.
    paid: bool = False
    receipt: str | None = None


@dataclass(frozen=True)
class _Beginning:
    keyword: Keyword
    word: str
    behind: str

    @property
    def claims(self) -> bool:
        """Whether it says outright that something is paid."""
        return self.word in _CLAIMS


def parse(text: str) -> Wish:
    """What the text asks for. Any text at all has an answer, and none takes long."""
    typed = _folded(text)
    return (
        _spelt(typed) or _number_alone(typed) or _misspelt(typed) or _question_mark(typed) or Wish(None, text.strip())
    )


def _spelt(typed: str) -> Wish | None:
    """The wish of a text that begins with a keyword, spelt as it should be."""
    first = _beginning(typed)
    if first is None:
        return None
    asked = first
    for _ in range(_MOST_LEADERS):
        following = _beginning(asked.behind) if asked.word in LEADERS else None
        if following is None:
            break
        if following.keyword in HARMLESS and (not following.claims or asked.word in POLITE_LEADERS):
            asked = following
        elif asked.word in POLITE_LEADERS and following.keyword in ASKED_POLITELY:
            wish = _wish(following)
            return _wish(asked) if wish is None else replace(wish, confirmed=False)
        else:
            break
    return _wish(asked)


def _beginning(typed: str) -> _Beginning | None:
    """The keyword that the text begins with, alone or with an argument glued to it."""
    found = list(islice(arguments.WORD.finditer(typed), LONGEST_PHRASE))
    upper = [word[0].upper() for word in found]
    for length in range(len(found), 1, -1):
        phrase = tuple(upper[:length])
        if phrase in PHRASES:
            return _Beginning(PHRASES[phrase], " ".join(phrase), typed[found[length - 1].end() :])
    if not found:
        return None
    if upper[0] in _FIRST_WORDS:
        return _Beginning(_FIRST_WORDS[upper[0]], upper[0], typed[found[0].end() :])
    if upper[0] in OTHER_WORDS:
        return None
    for alias in _LONGEST_FIRST:
        if upper[0].startswith(alias):
            glued = found[0][0][len(alias) :]
            pattern = _GLUED.get(_FIRST_WORDS[alias])
            argument = (pattern and pattern.fullmatch(glued)) or (
                _WORD_GLUED.fullmatch(glued) if alias in _WORD_GLUED_TO else None
            )
            if argument:
                behind = " ".join(filter(None, argument.groups())) + typed[found[0].end() :]
                return _Beginning(_FIRST_WORDS[alias], alias, behind)
    return None


def _wish(asked: _Beginning) -> Wish | None:
    """The keyword with its arguments; none where what stands behind it makes it something else."""
    keyword, behind = asked.keyword, asked.behind
    if keyword is Keyword.STATUS:
        case = arguments.case(behind)
        if asked.word == "S" and case.rest and not (case.number or case.last4 or re.match("[0-9]{4}", case.rest)):
            # "S" before ordinary words is an initial.
            return None
        return Wish(keyword, case.rest, case.number, case.last4, case.birth_date_text)
    if keyword in (Keyword.BIAYA, Keyword.SYARAT):
        service, rest = arguments.service(behind)
        return Wish(keyword, rest, service=service)
    if keyword is Keyword.JADWAL:
        read = dates.read(behind)
        return Wish(
            keyword, arguments.trimmed(read.rest), visit=VisitArguments(read.day, read.time, unread=read.unsure)
        )
    if keyword is Keyword.BAYAR:
        return _payment_wish(asked)
    if keyword in HARMLESS:
        return Wish(keyword, arguments.trimmed(behind))
    return _firm_wish(asked)


def _payment_wish(asked: _Beginning) -> Wish | None:
    """What is due, read generously; that it is paid, only where every word beside it goes with that."""
    behind = asked.behind
    if asked.claims:
        return _claim(behind)
    first = arguments.WORD.search(behind)
    claim = _claim(behind[first.end() :]) if first and first[0].upper() in PAID_ALREADY else None
    if claim is not None:
        return claim
    case = arguments.case(behind)
    is_bare = "?" not in behind and POLITE.issuperset(arguments.words(case.rest))
    # A question without words is none the less one: only a bare keyword may mean more.
    rest = "" if is_bare else case.rest or "?"
    return Wish(Keyword.BAYAR, rest, case.number, case.last4, case.birth_date_text)


def _claim(behind: str) -> Wish | None:
    read = arguments.claim(behind)
    if read is None or "?" in behind or len(read.rest) > _MOST_COMPANIONS:
        return None
    pairs = zip_longest(read.rest, read.rest[1:])
    said = (word for word, following in pairs if word not in NOT_YET or following not in RECORDED)
    if not COMPANIONS[Keyword.BAYAR].issuperset(said):
        return None
    return Wish(
        Keyword.BAYAR,
        number=read.number,
        last4=read.last4,
        birth_date_text=read.birth_date_text,
        paid=True,
        receipt=read.receipt,
    )


def _firm_wish(asked: _Beginning) -> Wish | None:
    """A keyword that binds: only with the words that are known to go with it."""
    keyword, companions = asked.keyword, arguments.words(asked.behind)
    wish = Wish(keyword)
    if keyword is Keyword.HAPUS:
        # "HAPUS YA?" asks.
        wish = Wish(keyword, confirmed=" ".join(companions) in CONFIRMATIONS and "?" not in asked.behind)
    elif keyword is Keyword.BAHASA and companions and companions[0] in LANGUAGE_WORDS:
        wish = Wish(keyword, language=LANGUAGE_WORDS[companions.pop(0)])
    elif keyword is Keyword.SALAH:
        four, others = arguments.last_four(asked.behind)
        wish, companions = Wish(keyword, last4=four), arguments.words(others)
    elif keyword is Keyword.INGAT:
        wish = Wish(keyword, refused=not NO.isdisjoint(companions))
    elif keyword in (Keyword.DAFTAR, Keyword.UBAH, Keyword.BATAL):
        wish, companions = _visit_wish(keyword, asked.behind)
    known = all(word in COMPANIONS[keyword] or ALIASES.get(word) is keyword for word in companions)
    return wish if known and len(companions) <= _MOST_COMPANIONS else None


def _visit_wish(keyword: Keyword, behind: str) -> tuple[Wish, list[str]]:
    """A seat or visit, with the words beside it; figures that say nothing make it one that was not understood."""
    visit, service, last4, beside = arguments.visit(behind)
    if service is None:
        service = next((word for word in beside if word in CODES), None)
    said = (word for word in beside if word in SERVICE_WORDS or not word.isalpha())
    rest = " ".join(said) if keyword is Keyword.DAFTAR else ""
    asks = keyword is not Keyword.BATAL or visit.day is not None or "?" in behind
    confirmed = not asks and " ".join(beside) in CONFIRMATIONS
    wish = Wish(keyword, rest, last4=last4, service=service, confirmed=confirmed, visit=visit)
    return wish, [word for word in beside if word.isalpha()]


def _number_alone(typed: str) -> Wish | None:
    """A text that is an application number, perhaps with the birth date, asks for the status."""
    case = arguments.number_first(typed)
    if case is None or not POLITE.issuperset(arguments.words(case.rest)):
        return None
    return Wish(Keyword.STATUS, case.rest, case.number, None, case.birth_date_text)


def _misspelt(typed: str) -> Wish | None:
    """The wish of a text that begins with a misspelt keyword and holds nothing but its arguments besides."""
    first = arguments.WORD.search(typed)
    found = first and _WORD_THEN_NUMBER.fullmatch(first[0])
    if not (first and found):
        return None
    word = found[1].upper()
    keyword = nearest(word)
    wish = _wish(_Beginning(keyword, word, (found[2] or "") + typed[first.end() :])) if keyword else None
    if wish is None or any(word not in POLITE and not word.isdecimal() for word in arguments.words(wish.rest)):
        return None
    return wish


def _question_mark(typed: str) -> Wish | None:
    return Wish(Keyword.INFO) if "?" in typed and not arguments.words(typed) else None


def _folded(text: str) -> str:
    """The text with letters and digits as ASCII has them, where it has them, and without what is invisible."""
    return text if text.isascii() and text.isprintable() else "".join(map(_folded_character, text))


def _folded_character(character: str) -> str:
    if character.isspace():
        return " "
    parts = unicodedata.normalize("NFKD", character)
    return "".join(
        str(unicodedata.digit(part)) if part.isdecimal() else part
        for part in parts
        if part not in _INVISIBLE_LETTERS and unicodedata.category(part) not in _INVISIBLE
    )
