"""Which state may follow which? The table against domain.md 9.2, read here a second time, as its arrows stand."""

from itertools import product

import pytest

from immigration.applications.states import ENDS, Group, Status, belongs, following, is_end, may_follow

S = Status
GROUPS: tuple[Group, ...] = ("passport", "permit")
ARROWS = """
MENUNGGU_BAYAR > LUNAS_TERJADWAL KEDALUWARSA
KEDALUWARSA > MENUNGGU_BAYAR LUNAS_TERJADWAL
LUNAS_TERJADWAL > BERKAS_DIPERIKSA TIDAK_HADIR
TIDAK_HADIR > LUNAS_TERJADWAL BERKAS_DIPERIKSA DIBATALKAN
BERKAS_DIPERIKSA > FOTO_WAWANCARA PERLU_LENGKAPI
PERLU_LENGKAPI > BERKAS_DIPERIKSA
FOTO_WAWANCARA > VERIFIKASI
VERIFIKASI > ADJUDIKASI DITUNDA_BAP
ADJUDIKASI > CETAK IT_DITERUSKAN IT_TERBIT DITUNDA_BAP DITOLAK
DITUNDA_BAP > ADJUDIKASI DITOLAK
CETAK > SIAP_DIAMBIL
IT_DITERUSKAN > IT_TERBIT DITOLAK
IT_TERBIT > SIAP_DIAMBIL
SIAP_DIAMBIL > DIKIRIM_POS DISERAHKAN BATAL_30HARI
DIKIRIM_POS > DISERAHKAN
"""
STEPS = [
    (S(line.split(" > ")[0]), S(to)) for line in ARROWS.strip().splitlines() for to in line.split(" > ")[1].split()
]
PASSPORT = {S.CETAK, S.DIKIRIM_POS, S.BATAL_30HARI}
PERMIT = {S.IT_DITERUSKAN, S.IT_TERBIT}
WAY = (
    S.LUNAS_TERJADWAL,
    S.BERKAS_DIPERIKSA,
    S.FOTO_WAWANCARA,
    S.VERIFIKASI,
    S.ADJUDIKASI,
    S.CETAK,
    S.SIAP_DIAMBIL,
    S.DISERAHKAN,
)


def in_group(status: Status, group: Group) -> bool:
    return status not in (PERMIT if group == "passport" else PASSPORT)


@pytest.mark.parametrize("group", GROUPS)
def test_every_arrow_of_the_office_is_known_to_the_group_that_has_both_states(group: Group) -> None:
    for old, new in STEPS:
        assert may_follow(old, new, group) == (in_group(old, group) and in_group(new, group)), (old, new)


def test_passports_are_printed_and_posted_and_permits_are_forwarded_and_issued() -> None:
    assert {status for status in Status if not belongs(status, "permit")} == PASSPORT
    assert {status for status in Status if not belongs(status, "passport")} == PERMIT


def test_a_step_forward_over_states_in_between_is_known() -> None:
    for place, old in enumerate(WAY):
        for new in WAY[place + 1 :]:
            assert may_follow(old, new, "passport"), (old, new)
    assert may_follow(S.BERKAS_DIPERIKSA, S.IT_TERBIT, "permit")


@pytest.mark.parametrize("group", GROUPS)
def test_nothing_skips_a_payment(group: Group) -> None:
    paid_first = set(Status) - {S.LUNAS_TERJADWAL, S.KEDALUWARSA, S.MENUNGGU_BAYAR, S.DIBATALKAN}
    for old, new in product((S.MENUNGGU_BAYAR, S.KEDALUWARSA), paid_first):
        assert not may_follow(old, new, group), (old, new)


@pytest.mark.parametrize("group", GROUPS)
def test_from_an_examination_only_the_officers_decision_leads_on(group: Group) -> None:
    assert set(following(S.DITUNDA_BAP, group)) == {S.ADJUDIKASI, S.DITOLAK, S.DIBATALKAN}


def test_no_state_moves_backward() -> None:
    for place, new in enumerate(WAY):
        for old in WAY[place + 1 :]:
            assert not may_follow(old, new, "passport"), (old, new)


def test_a_lapse_comes_only_after_the_passport_was_ready() -> None:
    assert {old for old in Status if may_follow(old, S.BATAL_30HARI, "passport")} == {S.SIAP_DIAMBIL}


@pytest.mark.parametrize("group", GROUPS)
def test_whatever_is_no_end_can_be_cancelled_and_from_an_end_nothing_follows(group: Group) -> None:
    for status in Status:
        if not in_group(status, group):
            assert not any(may_follow(status, new, group) for new in Status)
        elif status in ENDS:
            assert following(status, group) == ()
        else:
            assert may_follow(status, S.DIBATALKAN, group) == (status is not S.IT_TERBIT)


def test_the_ends_are_those_of_the_office_and_an_issued_permit_ends_unless_a_card_is_collected() -> None:
    ends = {S.DISERAHKAN, S.DITOLAK, S.DIBATALKAN, S.BATAL_30HARI, S.IT_TERBIT}
    assert {status for status in Status if is_end(status)} == ends
    assert following(S.IT_TERBIT, "permit") == (S.SIAP_DIAMBIL,)


@pytest.mark.parametrize("group", GROUPS)
def test_no_state_follows_itself_and_what_may_follow_is_listed(group: Group) -> None:
    for old, new in product(Status, Status):
        if in_group(old, group):
            assert may_follow(old, new, group) == (new in following(old, group))
        assert old is not new or not may_follow(old, new, group)
