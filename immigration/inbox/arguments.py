"""Which application number, birth date, service or visit stands in what follows a keyword?

Texts come in folded (`keywords.parse`): digits and Latin letters are ASCII, what is invisible is gone.
"""

import re
from typing import Final, NamedTuple

from immigration import inputs
from immigration.appointments.codes import BadCode, as_code
from immigration.inbox import dates
from immigration.inbox.dates import WrittenDay, WrittenTime
from immigration.inbox.words import POLITE, WAITING

# A digit never is a separator too, and nothing is repeated within a repetition without the other of them between:
# whatever the text, reading it takes time in proportion to its length.
_D: Final = "[0-9OolI]"
_S: Final = r"[\W_]"
_FREE_BEFORE: Final = r"(?<![^\W_])"
_FREE_AFTER: Final = r"(?![^\W_])"
# Letters alone are no number, however much they look like one.
_TWO_DIGITS: Final = "(?=(?:[OolI]*[0-9]){2})"
_MANY_DIGITS: Final = 8
_LONGEST_RECEIPT: Final = 30

WORD: Final = re.compile(r"[^\W_]+")
# What is a number though it is glued to a word.
NUMBER: Final = f"{_TWO_DIGITS}{_D}{{4,}}"
LAST_FOUR: Final = f"{_TWO_DIGITS}{_D}{{4}}"

_SIXTEEN: Final = re.compile(f"(?:{_D}{_S}*){{15}}{_D}")
_FOUR: Final = re.compile(f"{_FREE_BEFORE}({LAST_FOUR}){_FREE_AFTER}")
_NUMBER_BEGINS: Final = re.compile(f"{_FREE_BEFORE}(?=[OolI]*[0-9])")
_LABEL: Final = re.compile(
    f"{_S}*(?:(?:nomor|nomer|number|nmr|no){_S}*(?:(?:permohonan|pamohonan|aplikasi|application|registrasi){_S}*)?)?",
    re.IGNORECASE,
)
_YEAR: Final = f"(?:{_D}{{4}}|{_D}{{2}})"
_ONE_OR_TWO: Final = f"{_D}{{1,2}}"
_BETWEEN: Final = f"{_S}{{1,3}}"
_DATE: Final = re.compile(
    f"{_FREE_BEFORE}(?=[OolI]?[0-9])(?:"
    f"{_D}{{6}}|{_D}{{2}}{_S}{{0,3}}{_D}{{2}}{_S}{{0,3}}{_D}{{4}}"
    f"|{_ONE_OR_TWO}{_BETWEEN}{_ONE_OR_TWO}{_BETWEEN}{_YEAR}"
    f"|{_D}{{4}}{_BETWEEN}{_ONE_OR_TWO}{_BETWEEN}{_ONE_OR_TWO}"
    f"|{_ONE_OR_TWO}{_S}{{0,3}}[A-Za-z]{{3,10}}{_S}{{0,3}}{_YEAR}"
    f"){_FREE_AFTER}"
)
_GLUED_DATE: Final = re.compile(f"{_D}{{8}}{_FREE_AFTER}")
# inputs.birth_date reads these between the parts of a date, and no others.
_NO_DATE_SEPARATOR: Final = re.compile(r"(?:[^\w\s\-./,]|_)+")

_CODE_DIGIT: Final = "[0-9OoIil]"
_CODE_LETTERS: Final = "[A-Za-z]{1,7}"
_CODE_NUMBER: Final = f"(?=[OoIil]*[0-9]){_CODE_DIGIT}{{1,2}}"
CODE: Final = f"{_CODE_LETTERS}?{_CODE_NUMBER}"
_CODE_FIRST: Final = re.compile(f"{_S}*({_CODE_LETTERS}?)({_CODE_NUMBER}){_FREE_AFTER}")
# "ITAS I": a figure of its own may be written without any digit.
_CODE_SPACED: Final = re.compile(f"({_CODE_LETTERS}){_BETWEEN}([0-9Iil]{_CODE_DIGIT}?)")
_CODE_LOOKALIKES: Final = str.maketrans("OoIil", "00111")
_CODE_AMONG_WORDS: Final = re.compile(f"{_FREE_BEFORE}({_CODE_LETTERS})({_CODE_NUMBER}){_FREE_AFTER}")
# "Paspor 10 tahun" holds neither a day nor an hour.
_YEARS: Final = re.compile(f"{_FREE_BEFORE}(?:5|10){_S}?(?:tahun|taun|thn|th|years?){_FREE_AFTER}", re.IGNORECASE)
_MARKED_FOUR: Final = re.compile(rf"\.\.\s?({LAST_FOUR}){_FREE_AFTER}")
# An amount or a day is no receipt.
_AMOUNT_OR_DAY: Final = re.compile(
    f"{_FREE_BEFORE}(?:(?:Rp|IDR)[0-9]+|[0-9]{{3,4}}000|[0-9]{{1,2}}([-./])[0-9]{{1,2}}\\1(?:[0-9]{{2}}){{1,2}}){_FREE_AFTER}",
    re.IGNORECASE,
)
_FIGURES: Final = re.compile(
    f"{_FREE_BEFORE}(?:NTPN|NTB|STRUK|RESI|NO)?(?=[A-Z]*[0-9])([0-9A-Z]{{4,{_LONGEST_RECEIPT}}}){_FREE_AFTER}",
    re.IGNORECASE,
)
_VISIT_CODE: Final = re.compile(f"{_FREE_BEFORE}[0-9A-Z]{{3}}{_S}?[0-9A-Z]{{4}}{_FREE_AFTER}", re.IGNORECASE)


class CaseArguments(NamedTuple):
    """Which application is meant, as far as it is clear; `rest` is what is not."""

    number: str | None
    last4: str | None
    birth_date_text: str | None
    rest: str


class VisitArguments(NamedTuple):
    """Which seat or visit is meant, as far as it is clear; `unread` says that something of it is not."""

    day: WrittenDay | None = None
    time: WrittenTime | None = None
    code: str | None = None
    # On the waiting list.
    waits: bool = False
    unread: bool = False

    @property
    def names_nothing(self) -> bool:
        """Whether no day or time was written at all."""
        return self.day is None and self.time is None and not self.unread


class ClaimArguments(NamedTuple):
    """What was paid for and under which receipt, as far as that is clear, and the words that are left.

    Four digits may be of either; of two groups the first is `last4`, whatever it turns out to be.
    """

    number: str | None
    last4: str | None
    birth_date_text: str | None
    receipt: str | None
    rest: list[str]


NO_VISIT: Final = VisitArguments()


class VisitRead(NamedTuple):
    """What a visit is for, and the words that are left."""

    visit: VisitArguments
    service: str | None
    last4: str | None
    rest: list[str]


def words(text: str) -> list[str]:
    """The words and figures of a text in upper case."""
    return [found[0].upper() for found in WORD.finditer(text)]


def trimmed(text: str) -> str:
    """The text without separators at either end."""
    found = list(WORD.finditer(text))
    return text[found[0].start() : found[-1].end()] if found else ""


def case(text: str) -> CaseArguments:
    """The 16 digits, grouped or not, and the date behind them; or the last 4 digits alone.

    A number of another length stays in the rest: it is not cut, and no date is taken from it.
    """
    label_end = _label_end(text)
    begins = _NUMBER_BEGINS.search(text)
    whole = _whole(text, label_end, begins.start()) if begins else None
    if whole is not None:
        return whole
    four = _FOUR.match(text, label_end)
    if four is not None and not re.search("[0-9]", text[four.end() :]):
        return CaseArguments(None, inputs.digits(four[1]), None, trimmed(text[four.end() :]))
    return CaseArguments(None, None, None, trimmed(text))


def number_first(text: str) -> CaseArguments | None:
    """The arguments of a text that begins with 16 digits, perhaps after "no." or the like."""
    label_end = _label_end(text)
    return _whole(text, label_end, label_end)


def last_four(text: str) -> tuple[str | None, str]:
    """The last 4 digits of a number, where they are its only figures, and the words around them."""
    four = _FOUR.search(text)
    if four is None:
        return None, text
    return inputs.digits(four[1]), f"{text[: four.start()]} {text[four.end() :]}"


def service(text: str) -> tuple[str | None, str]:
    """The service code that the text begins with, and the rest.

    Only the catalogue can tell a code from a word ("PANAK", "paspor"; "ITAS 1", "anak 2"): what may be either is
    returned as code and stays in the rest as well.
    """
    code = _CODE_FIRST.match(text)
    if code is not None:
        return _code(*code.groups()), trimmed(text[code.end() :])
    rest = trimmed(text)
    spaced = _CODE_SPACED.fullmatch(rest)
    if spaced is not None:
        return _code(*spaced.groups()), rest
    word = rest.upper()
    return (word if re.fullmatch(_CODE_LETTERS, word) and word not in POLITE else None), rest


def claim(text: str) -> ClaimArguments | None:
    """What stands beside "I have paid"; none where there are more figures than can be told apart."""
    whole = case(text)
    left = _AMOUNT_OR_DAY.sub(" ", text if whole.number is None else whole.rest)
    ends = [found[1].upper()[-inputs.RECEIPT_ENDING :] for found in _FIGURES.finditer(left)]
    fours = [inputs.digits(end) for end in ends if re.fullmatch(LAST_FOUR, end)]
    receipts = [end for end in ends if not re.fullmatch(LAST_FOUR, end)] + fours[1:]
    if len(ends) > (2 if whole.number is None else 1):
        return None
    # Hours, parts of an amount.
    beside = [word for word in words(_FIGURES.sub(" ", left)) if not word.isdecimal()]
    return ClaimArguments(
        whole.number, fours[0] if fours else None, whole.birth_date_text, receipts[0] if receipts else None, beside
    )


def visit(text: str) -> VisitRead:
    """The day, time, code, service and last 4 digits that stand anywhere in the text."""
    code, text = _visit_code(text)
    years, text = _cut(_YEARS, text)
    marked, text = _cut(_MARKED_FOUR, text)
    read = dates.read(text)
    found, rest = _cut(_CODE_AMONG_WORDS, read.rest)
    last4, rest = (inputs.digits(marked[1]), rest) if marked else last_four(rest)
    left = words(rest)
    unread = read.unsure or any(not word.isalpha() for word in left)
    asked = VisitArguments(read.day, read.time, code, not WAITING.isdisjoint(left), unread)
    named = f"{rest} {years[0]}" if years else rest
    return VisitRead(asked, _code(*found.groups()) if found else None, last4, words(named))


def _visit_code(text: str) -> tuple[str | None, str]:
    found = _VISIT_CODE.search(text)
    while found:
        try:
            return as_code(found[0]), f"{text[: found.start()]} {text[found.end() :]}"
        except BadCode:
            found = _VISIT_CODE.search(text, found.start() + 1)
    return None, text


def _cut(pattern: re.Pattern[str], text: str) -> tuple[re.Match[str] | None, str]:
    """What the pattern finds, and the text without it."""
    found = pattern.search(text)
    return found, text if found is None else f"{text[: found.start()]} ; {text[found.end() :]}"


def _label_end(text: str) -> int:
    label = _LABEL.match(text)
    return label.end() if label else 0


def _whole(text: str, label_end: int, start: int) -> CaseArguments | None:
    """The application number that begins at `start` with what stands around it, unless it has another length."""
    found = _SIXTEEN.match(text, start)
    if found is None or len(re.findall("[0-9]", found[0])) < _MANY_DIGITS:
        return None
    number = inputs.digits(re.sub(_S, "", found[0]))
    in_one = len(found[0]) == inputs.APPLICATION_NUMBER_LENGTH
    tail = text[found.end() :]
    if tail[:1].isalnum():
        date = _GLUED_DATE.match(tail) if in_one else None
        if date is None:
            return None
    else:
        date = _DATE.search(tail)
        after = WORD.search(tail)
        goes_on = after and not in_one and _NUMBER_BEGINS.match(tail, after.start())
        if goes_on and not (date and date.start() == goes_on.start()):
            # What goes on after groups of digits is a date, or else this is a longer number.
            return None
    before = trimmed(text[label_end:start])
    if date is None:
        return CaseArguments(number, None, None, _joined(before, tail))
    typed = _NO_DATE_SEPARATOR.sub(" ", date[0])
    return CaseArguments(number, None, typed, _joined(before, tail[: date.start()], tail[date.end() :]))


def _joined(*parts: str) -> str:
    return " ".join(filter(None, map(trimmed, parts)))


def _code(letters: str, number: str) -> str:
    return letters.upper() + number.translate(_CODE_LOOKALIKES)
