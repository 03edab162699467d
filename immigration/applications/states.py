"""Which state may follow which? The one table of states, for the API, the dialogue, the import and the tests.

Source: domain.md 9.2. Back offices skip states, so a step forward over states in between is a known transition too,
except past a payment, past an examination (DITUNDA_BAP) and past an end.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Final, Literal

Group = Literal["passport", "permit"]


class Status(StrEnum):
    """The states of an application, by the office's own names."""

    MENUNGGU_BAYAR = "MENUNGGU_BAYAR"
    KEDALUWARSA = "KEDALUWARSA"
    LUNAS_TERJADWAL = "LUNAS_TERJADWAL"
    TIDAK_HADIR = "TIDAK_HADIR"
    BERKAS_DIPERIKSA = "BERKAS_DIPERIKSA"
    PERLU_LENGKAPI = "PERLU_LENGKAPI"
    FOTO_WAWANCARA = "FOTO_WAWANCARA"
    VERIFIKASI = "VERIFIKASI"
    ADJUDIKASI = "ADJUDIKASI"
    DITUNDA_BAP = "DITUNDA_BAP"
    CETAK = "CETAK"
    IT_DITERUSKAN = "IT_DITERUSKAN"
    IT_TERBIT = "IT_TERBIT"
    SIAP_DIAMBIL = "SIAP_DIAMBIL"
    DIKIRIM_POS = "DIKIRIM_POS"
    DISERAHKAN = "DISERAHKAN"
    DITOLAK = "DITOLAK"
    DIBATALKAN = "DIBATALKAN"
    BATAL_30HARI = "BATAL_30HARI"


S = Status
ENDS: Final = frozenset({S.DISERAHKAN, S.DITOLAK, S.DIBATALKAN, S.BATAL_30HARI})

_ONLY: Final[dict[Status, Group]] = {
    S.CETAK: "passport",
    S.DIKIRIM_POS: "passport",
    S.BATAL_30HARI: "passport",
    S.IT_DITERUSKAN: "permit",
    S.IT_TERBIT: "permit",
}

_STEPS: Final[dict[Status, tuple[Status, ...]]] = {
    S.MENUNGGU_BAYAR: (S.LUNAS_TERJADWAL, S.KEDALUWARSA),
    S.KEDALUWARSA: (S.MENUNGGU_BAYAR, S.LUNAS_TERJADWAL),
    S.LUNAS_TERJADWAL: (S.BERKAS_DIPERIKSA, S.TIDAK_HADIR),
    S.TIDAK_HADIR: (S.LUNAS_TERJADWAL, S.BERKAS_DIPERIKSA),
    S.BERKAS_DIPERIKSA: (S.FOTO_WAWANCARA, S.PERLU_LENGKAPI),
    S.PERLU_LENGKAPI: (S.BERKAS_DIPERIKSA,),
    S.FOTO_WAWANCARA: (S.VERIFIKASI,),
    S.VERIFIKASI: (S.ADJUDIKASI, S.DITUNDA_BAP),
    S.ADJUDIKASI: (S.CETAK, S.IT_DITERUSKAN, S.IT_TERBIT, S.DITUNDA_BAP, S.DITOLAK),
    S.DITUNDA_BAP: (S.ADJUDIKASI, S.DITOLAK),
    S.CETAK: (S.SIAP_DIAMBIL,),
    S.IT_DITERUSKAN: (S.IT_TERBIT, S.DITOLAK),
    S.IT_TERBIT: (S.SIAP_DIAMBIL,),
    S.SIAP_DIAMBIL: (S.DISERAHKAN, S.DIKIRIM_POS, S.BATAL_30HARI),
    S.DIKIRIM_POS: (S.DISERAHKAN,),
}

# States that a back office may leave out: work in progress, where nothing was paid, examined or ended.
_PASSABLE: Final = frozenset(
    {
        S.BERKAS_DIPERIKSA,
        S.FOTO_WAWANCARA,
        S.VERIFIKASI,
        S.ADJUDIKASI,
        S.CETAK,
        S.IT_DITERUSKAN,
        S.SIAP_DIAMBIL,
    }
)
# A lapse after 30 days is counted from the day the passport was ready, so that state must have been there.
_NEVER_SKIPPED_TO: Final = frozenset({S.BATAL_30HARI})


def belongs(status: Status, group: Group) -> bool:
    """Whether an application of this group can be in this state at all."""
    return _ONLY.get(status, group) == group


def is_end(status: Status) -> bool:
    """Whether nothing more is expected to happen; IT_TERBIT ends too, unless a card is to be collected."""
    return status in ENDS or status is S.IT_TERBIT


def is_under_way(status: Status) -> bool:
    """Whether it goes on by itself: neither over, nor lapsed for want of a payment, after which one registers anew."""
    return not is_end(status) and status is not S.KEDALUWARSA


def _forward(status: Status, group: Group) -> Iterator[Status]:
    for following in _STEPS.get(status, ()):
        if belongs(following, group):
            yield following


def _reachable(start: Status, group: Group) -> frozenset[Status]:
    direct = set(_forward(start, group))
    found = set(direct)
    # From an examination the officers' decision is the next step, and from an end nothing is skipped.
    steady = start is S.DITUNDA_BAP or is_end(start)
    open_ends = [] if steady else [status for status in direct if status in _PASSABLE]
    while open_ends:
        for following in _forward(open_ends.pop(), group):
            if following in found or following in _NEVER_SKIPPED_TO or following is start:
                continue
            found.add(following)
            if following in _PASSABLE:
                open_ends.append(following)
    if not is_end(start):
        found.add(S.DIBATALKAN)
    return frozenset(found)


_NEXT: Final[dict[tuple[Status, Group], frozenset[Status]]] = {
    (status, group): _reachable(status, group)
    for group in ("passport", "permit")
    for status in Status
    if belongs(status, group)
}


def following(status: Status, group: Group) -> tuple[Status, ...]:
    """The states that may follow, in the table's order."""
    possible = _NEXT[status, group]
    return tuple(candidate for candidate in Status if candidate in possible)


def may_follow(status: Status, new: Status, group: Group) -> bool:
    """Whether the state machine knows this transition."""
    return new in _NEXT.get((status, group), frozenset())
