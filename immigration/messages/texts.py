"""How is an SMS worded? The files of templates_sms/, filled with values, in GSM-7 and within one segment.

`{name}` stands for a value. `[with|without]` gives the left words where people can answer by SMS, the right ones
where the sender is one-way. Every SMS begins with the brand (domain.md 5.3), which stands in brand.txt alone.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

from immigration.gsm7 import NotGsm7, clip, septets, to_gsm7
from immigration.people import LANGUAGES, Language

FOLDER: Final = Path(__file__).parents[2] / "templates_sms"
SEGMENT_SEPTETS: Final = 160

# 3GPP TS 23.040, 9.2.3.24.1: a part of several gives six octets to the header that joins them.
_PART_SEPTETS: Final = 153
_SEGMENT_UNITS: Final = 70
_PART_UNITS: Final = 67

LONGEST: Final[Mapping[str, str]] = MappingProxyType(
    {
        "alamat": "Jl Khatib Sulaiman 50, Padang",
        "billing": "8202 4112 4123 456",
        "biaya": "Paspor 5 th Rp650.000, 10 th Rp950.000, hilang + Rp1.000.000",
        "contoh": "P5 P10 PANAK PGANTI PHILANG PRUSAK ITAS1",
        "daftar": "..4821 Paspor 10 tahun, ..4822 Paspor anak, ..4823 ITAS 1 th",
        "hari": "Sen-Jum 13.00-15.30",
        "jam": "Sen-Kam 08.00-12.00 & 13.00-16.00, Jum 08.00-11.30 & 13.30-16.30",
        "jam1": "16.30 WITA",
        "jam2": "16.30",
        "jawaban": "Surat hilang dari polisi cukup satu lembar. Bawa juga KTP, KK dan akta lahir "
        "yang asli ke loket dua, Senin sampai Jumat.",
        "kode": "820241124123456",
        "kunjungan": "K7M 4P3Q",
        "kurang": "KK, akta lahir",
        "layanan": "Paspor elektronik 10 tahun 17+",
        "lokasi": "UKK Sijunjung",
        "menit": "30",
        "misal": "24/12 16.30",
        "misal2": "24/12",
        "no": "..4821",
        "perintah": "SYARAIK",
        "pilihan": "Kam 24 Des (18), Sen 28 Des (18), Sel 29 Des (18), Rab 30 Des (18)",
        "pilihan2": "Kam 24 Des (18), Sen 28 Des (18)",
        "resi": "P2611240001234/EMS-SIJUNJUNG-PADANG-0001",
        "rp": "Rp1.000.000.000",
        "sisa": "59",
        "syarat": "KTP ayah ibu, KK, akta lahir anak, buku nikah orang tua, paspor lama bila ada. "
        "Kedua orang tua wajib datang bersama.",
        "tanggal": "Kam 24 Des",
        "tanggal2": "Kam 24 Des",
        "tgl": "24 Nov 2026",
        "tgl1": "24 Des",
        "tgl2": "24 Des 2026",
        "tiket": "A26-01234",
        "ussd": "*384*1303#",
        "waktu": "23 jam 59 menit",
    }
)
"""Each placeholder's longest value that a text must hold; only what `SHORTENED` names may be longer.

`rp` and `resi` are as long as the API and the import accept them.
"""

SHORTENED: Final = ("kurang", "syarat", "layanan", "alamat", "daftar")
"""Whose values give way where an SMS would be longer than a segment, in this order: never a deadline or an amount."""

# What a shortened value ends with; with the full stop that follows most of them, an ellipsis.
_SHORTENED_SIGN: Final = ".."
_ALTERNATIVE: Final = re.compile(r"\[([^\[\]|]*)\|([^\[\]|]*)\]")
_PLACEHOLDER: Final = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_MARKS: Final = frozenset("[]{}|")
# `render` knows it itself.
_OWN: Final = "ussd"


class BadTemplate(Exception):
    """An SMS cannot be worded; the message names file and fault, never a value."""


@dataclass(frozen=True)
class Rendered:
    """An SMS as it is sent, with the segments it takes and the version of its template."""

    text: str
    segments: int
    version: str


@dataclass(frozen=True)
class Template:
    """One message in one language, without the brand."""

    file: str
    source: str
    version: str

    def wording(self, *, can_reply: bool) -> str:
        """The words of one variant, with placeholders. Raises `BadTemplate` for brackets that do not pair."""
        if _MARKS.intersection(_PLACEHOLDER.sub("", _ALTERNATIVE.sub(r"\1\2", self.source))):
            raise BadTemplate(f"{self.file}: a bracket or bar that belongs to no {{name}} and no [with|without]")
        return _line(_ALTERNATIVE.sub(r"\1" if can_reply else r"\2", self.source))

    def placeholders(self) -> frozenset[str]:
        """Every name in braces, whichever variant it stands in."""
        return frozenset(_PLACEHOLDER.findall(self.source))


@dataclass(frozen=True)
class _Wording:
    """One variant of a template behind the brand, taken apart: what it says, fills in, and wants told."""

    template: Template
    pattern: str
    used: tuple[str, ...]
    wanted: frozenset[str]


class Texts:
    """The wording of every SMS. What a language lacks is said in Indonesian."""

    def __init__(self, folder: Path, brand: str, templates: Mapping[tuple[Language, str], Template]) -> None:
        self.folder = folder
        self.brand = brand
        self.templates = templates
        self._wordings: dict[tuple[str, Language, bool], _Wording] = {}

    @classmethod
    def load(cls, folder: Path = FOLDER) -> "Texts":
        """Read all files; what stands in them is for `check` and `render` to judge. Raises `BadTemplate`."""
        brand = _read(folder, "brand.txt")[0].strip()
        if not brand:
            raise BadTemplate("brand.txt: empty")
        templates: dict[tuple[Language, str], Template] = {}
        for language in LANGUAGES:
            for path in sorted((folder / language).glob("*.txt")):
                file = f"{language}/{path.name}"
                content, version = _read(folder, file)
                templates[language, path.stem] = Template(file, content.removesuffix("\n"), version)
        # One space, whatever an editor makes of the end of the line.
        return cls(folder, f"{brand} ", templates)

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes of all messages, whichever languages they are in."""
        return tuple(sorted({code for _, code in self.templates}))

    def template(self, code: str, language: Language) -> Template:
        """The template that is used for this language. Raises `BadTemplate`."""
        found = self.templates.get((language, code)) or self.templates.get(("id", code))
        if found is None:
            raise BadTemplate(f"{language}/{code}.txt: there is no such text, nor one in id")
        return found

    def placeholders(self, code: str, language: Language) -> frozenset[str]:
        """The names of the values that `render` wants, in either variant. Raises `BadTemplate`."""
        return self.template(code, language).placeholders() - {_OWN}

    def render(
        self, code: str, language: Language, values: Mapping[str, str], *, can_reply: bool, ussd_code: str
    ) -> Rendered:
        """The whole SMS. Raises `BadTemplate` for an unknown code and for a missing value, used or not."""
        wording = self._wordings.get((code, language, can_reply)) or self._wording(code, language, can_reply)
        missing = wording.wanted.difference(values)
        if missing:
            raise BadTemplate(f"{wording.template.file}: no value for {', '.join(sorted(missing))}")
        said = {name: _line(to_gsm7(ussd_code if name == _OWN else values[name])) for name in wording.used}
        for name in filter(said.__contains__, SHORTENED):
            excess = septets(_line(_fill(wording.pattern, said))) - SEGMENT_SEPTETS
            if excess > 0:
                # A value may stand in several places, all of which get shorter.
                said[name] = _shortened(said[name], septets(said[name]) - -(-excess // wording.used.count(name)))
        text = _line(_fill(wording.pattern, said))
        return Rendered(text, segments(text), wording.template.version)

    def _wording(self, code: str, language: Language, can_reply: bool) -> _Wording:
        """Taken apart once, for it is filled in with every SMS. Raises `BadTemplate`."""
        template = self.template(code, language)
        pattern = self.brand + template.wording(can_reply=can_reply)
        made = _Wording(template, pattern, tuple(_PLACEHOLDER.findall(pattern)), template.placeholders() - {_OWN})
        self._wordings[code, language, can_reply] = made
        return made


@cache
def texts() -> Texts:
    """The product's own texts, read once. Raises `BadTemplate`."""
    return Texts.load()


def segments(text: str) -> int:
    """How many segments a text takes: GSM-7 160 or 153 septets each, else UCS-2 70 or 67 units each."""
    try:
        return 1 if septets(text) <= SEGMENT_SEPTETS else _parts(map(septets, text), _PART_SEPTETS)
    except NotGsm7:
        units = [2 if ord(character) > 0xFFFF else 1 for character in text]
        return 1 if sum(units) <= _SEGMENT_UNITS else _parts(units, _PART_UNITS)


def _parts(widths: Iterable[int], room: int) -> int:
    """Parts that a sequence of characters fills, none of which straddles the border between two."""
    parts, used = 1, 0
    for width in widths:
        used += width
        if used > room:
            parts, used = parts + 1, width
    return parts


def _fill(pattern: str, said: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda found: said[found[1]], pattern)


def _line(text: str) -> str:
    """On one line, with one space between words: an empty part or a line break in a value leaves no hole."""
    return " ".join(text.split())


def _shortened(value: str, budget: int) -> str:
    room = budget - len(_SHORTENED_SIGN)
    return clip(value, room).rstrip(" .,;:&-/(") + _SHORTENED_SIGN if room >= 0 else ""


def _read(folder: Path, file: str) -> tuple[str, str]:
    """A file's text and version."""
    try:
        content = (folder / file).read_bytes()
        return content.decode(), hashlib.sha256(content).hexdigest()[:8]
    except (OSError, UnicodeDecodeError) as error:
        raise BadTemplate(f"{file}: cannot be read: {type(error).__name__}") from error
