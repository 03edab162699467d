"""Can every SMS be sent as it is worded? The linter of templates_sms/: alphabet, length, words, languages, files.

A fault is a line that names the file first.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from immigration.gsm7 import NotGsm7, septets
from immigration.inbox.words import CLAIM_WORDS, KEYWORDS
from immigration.messages.texts import LONGEST, SEGMENT_SEPTETS, BadTemplate, Template, Texts
from immigration.people import LANGUAGES, Language

# Written in capitals for another reason: abbreviations, what follows a keyword, and what catches the eye.
_OTHER_CAPITALS: Final = frozenset(
    {
        *("HP", "KTP", "NIK", "SMS", "ID", "MIN", "EN", "PANAK", "DDMMYYYY", "TTBBTTTT", "TUNGGU", "WAIT"),
        *("SIAP", "DIAMBIL", "DIAMBIAK", "READY"),
    }
)
# Kept for other routes, or mistaken for fraud (domain.md 5.3, 6.3).
_FORBIDDEN_WORDS: Final = frozenset({"otp", "pin", "kode", "selamat", "hadiah", "menang", "promo", "verify"})
# Lists of papers may be longer than an SMS; every other longest value is said whole.
_MAY_BE_CUT: Final = "syarat"
_MUST_REMAIN: Final = 60

_CAPITALS: Final = re.compile(r"\b[A-Z][A-Z0-9]+\b")
_BRACED: Final = re.compile(r"\{[^{}]*\}")
_CODE: Final = re.compile(r"[A-Z0-9]+(_[A-Z0-9]+)*(-[a-z]+)*")
_BRAND: Final = "brand.txt"
_REVIEWED: Final = "reviewed.txt"


def faults(texts: Texts) -> list[str]:
    """Every fault of the texts and of the files in their folder, a line each."""
    found = [*_file_faults(texts), *_brand_faults(texts)]
    for code in texts.codes:
        found += _sibling_faults(texts, code)
    for (language, code), template in texts.templates.items():
        found += _template_faults(texts, code, language, template)
    found += [
        f"{_REVIEWED}: there is no min/{code}.txt" for code in reviewed(texts) if ("min", code) not in texts.templates
    ]
    return sorted(set(found))


def reviewed(texts: Texts) -> list[str]:
    """The Minangkabau texts that a native speaker has reviewed."""
    file = texts.folder / _REVIEWED
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def unreviewed(texts: Texts) -> list[str]:
    """The Minangkabau texts that no native speaker has looked at yet: no fault, but to be known."""
    known = set(reviewed(texts))
    return [code for language, code in texts.templates if language == "min" and code not in known]


def _file_faults(texts: Texts) -> Iterator[str]:
    expected = {template.file for template in texts.templates.values()} | {_BRAND, _REVIEWED}
    there = {str(path.relative_to(texts.folder)) for path in texts.folder.rglob("*") if not path.is_dir()}
    yield from (f"{file}: a file that nobody reads" for file in there - expected)
    yield from (f"{file}: missing" for file in {_BRAND, _REVIEWED} - there)
    for template in texts.templates.values():
        if not _CODE.fullmatch(Path(template.file).stem):
            yield f"{template.file}: a name that is no code"


def _brand_faults(texts: Texts) -> Iterator[str]:
    yield from (f"{_BRAND}: {fault}" for fault in _alphabet_faults(texts.brand))
    yield from (f"{_BRAND}: the word {word}" for word in _forbidden(texts.brand))


def _sibling_faults(texts: Texts, code: str) -> Iterator[str]:
    siblings = {language: texts.templates.get((language, code)) for language in LANGUAGES}
    wanted: frozenset[str] | None = None
    for language, template in siblings.items():
        if template is None:
            yield f"{language}/{code}.txt: missing"
            continue
        names = texts.placeholders(code, language)
        if wanted is None:
            wanted = names
        elif names != wanted:
            yield f"{template.file}: other placeholders than in another language"


def _template_faults(texts: Texts, code: str, language: Language, template: Template) -> Iterator[str]:
    file = template.file
    if template.source != " ".join(template.source.split(" ")).strip() or len(template.source.splitlines()) != 1:
        yield f"{file}: not one line, or a space at its begin or end"
    yield from (f"{file}: the placeholder {name} is not known" for name in template.placeholders() - LONGEST.keys())
    try:
        variants = {reply: template.wording(can_reply=reply) for reply in (True, False)}
    except BadTemplate as fault:
        yield str(fault)
        return
    for can_reply, wording in variants.items():
        variant = "where people can reply" if can_reply else "where the sender is one-way"
        yield from (f"{file}: {fault}" for fault in _wording_faults(wording, texts.brand, can_reply=can_reply))
        if not template.placeholders() - LONGEST.keys():
            yield from (f"{file}: {fault} {variant}" for fault in _length_faults(texts, code, language, can_reply))


def _wording_faults(wording: str, brand: str, *, can_reply: bool) -> Iterator[str]:
    plain = _BRACED.sub(" ", wording)
    if not plain.strip():
        yield "no words of its own"
    if brand.strip().casefold() in wording.casefold():
        yield "the brand, which every SMS begins with anyway"
    yield from _alphabet_faults(plain)
    yield from (f"the word {word}" for word in _forbidden(plain))
    for word in sorted(set(_CAPITALS.findall(plain)) - _OTHER_CAPITALS):
        if word not in KEYWORDS | CLAIM_WORDS:
            yield f"{word} is no keyword of this version"
        elif not can_reply:
            yield f"the keyword {word} where nobody can reply"


def _length_faults(texts: Texts, code: str, language: Language, can_reply: bool) -> Iterator[str]:
    try:
        text = texts.render(code, language, LONGEST, can_reply=can_reply, ussd_code=LONGEST["ussd"]).text
        taken = septets(text)
    except NotGsm7:
        # Said already, as a character.
        return
    if taken > SEGMENT_SEPTETS:
        yield f"{taken} septets, {SEGMENT_SEPTETS} fit,"
    wording = texts.template(code, language).wording(can_reply=can_reply)
    for name in sorted(set(re.findall(r"\{(\w+)\}", wording))):
        least = LONGEST[name][:_MUST_REMAIN] if name == _MAY_BE_CUT else LONGEST[name]
        if least not in text:
            yield f"no room for the longest {name}"


def _alphabet_faults(text: str) -> Iterator[str]:
    for character in sorted(set(text)):
        try:
            if septets(character) > 1:
                yield f"{character!r} takes two septets"
        except NotGsm7:
            yield f"{character!r} is not GSM-7"


def _forbidden(text: str) -> Iterable[str]:
    return sorted(_FORBIDDEN_WORDS.intersection(re.findall(r"\w+", text.lower())))
