"""Do sealed values open for whom they should, and for nobody else?"""

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from immigration.vault import LOOKUP_BYTES, BadKeyRing, KeyRing, Unreadable, Vault

OLD, NEW, OTHER = (bytes(range(start, start + 32)) for start in (0, 32, 64))


@pytest.fixture
def vault() -> Vault:
    return Vault(KeyRing([OLD]), b"lookup")


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_what_is_sealed_opens_to_the_same_text(text: str) -> None:
    vault = Vault(KeyRing([OLD]), b"lookup")
    assert vault.unseal(vault.seal(text, "applications.name:1"), "applications.name:1") == text


def test_a_value_copied_into_another_row_or_column_does_not_open(vault: Vault) -> None:
    sealed = vault.seal("Siti", "applications.name:1")
    for about in ("applications.name:2", "applications.phone:1", ""):
        with pytest.raises(Unreadable, match="another row"):
            vault.unseal(sealed, about)


def test_a_changed_byte_anywhere_is_noticed(vault: Vault) -> None:
    sealed = vault.seal("Siti", "row")
    for place in range(len(sealed)):
        damaged = bytearray(sealed)
        damaged[place] ^= 1
        with pytest.raises(Unreadable):
            vault.unseal(bytes(damaged), "row")
    for end in range(len(sealed)):
        with pytest.raises(Unreadable):
            vault.unseal(sealed[:end], "row")


def test_the_same_text_is_never_sealed_to_the_same_bytes(vault: Vault) -> None:
    assert len({vault.seal("Siti", "row") for _ in range(100)}) == 100


def test_sealed_alike_is_the_same_for_the_same_and_differs_for_everything_else() -> None:
    ring = KeyRing([OLD])
    alike = ring.seal_alike(b"1*2", b"call")
    assert ring.seal_alike(b"1*2", b"call") == alike
    assert ring.unseal(alike, b"call") == b"1*2"
    others = {ring.seal_alike(b"1*3", b"call"), ring.seal_alike(b"1*2", b"cal"), ring.seal_alike(b"2", b"call1*")}
    assert len({alike, *others}) == 4
    # Text and subject that meet at another place are another input.
    assert ring.seal_alike(b"b", b"a")[4:16] != ring.seal_alike(b"", b"ab")[4:16]
    assert KeyRing([NEW]).seal_alike(b"1*2", b"call") != alike


def test_the_newest_key_seals_and_every_key_opens() -> None:
    before, after = KeyRing([OLD]), KeyRing([NEW, OLD])
    sealed = before.seal(b"Siti", b"row")
    assert after.unseal(sealed, b"row") == b"Siti"
    again = after.seal(b"Siti", b"row")
    assert again[:4] == after.newest_id == KeyRing([NEW]).newest_id
    assert after.ids == [KeyRing([NEW]).newest_id, before.newest_id]
    with pytest.raises(Unreadable, match="no key"):
        before.unseal(again, b"row")


def test_a_ring_without_the_key_opens_nothing(vault: Vault) -> None:
    with pytest.raises(Unreadable, match="no key of DATA_KEYS"):
        KeyRing([OTHER]).unseal(vault.seal("Siti", "row"), b"row")


def test_a_derived_ring_is_another_ring_for_each_purpose_and_rotates_along() -> None:
    old, both = KeyRing([OLD]), KeyRing([NEW, OLD])
    sealed = old.derived("redis").seal(b"x", b"row")
    for ring in (old, old.derived("echo")):
        with pytest.raises(Unreadable):
            ring.unseal(sealed, b"row")
    assert both.derived("redis").unseal(sealed, b"row") == b"x"


def test_a_lookup_is_the_same_under_every_ring_and_tells_kinds_apart(vault: Vault) -> None:
    number = vault.lookup("number", "9900000000000001")
    assert len(number) == LOOKUP_BYTES
    assert Vault(KeyRing([NEW]), b"lookup").lookup("number", "9900000000000001") == number
    assert vault.lookup("phone", "9900000000000001") != number
    assert vault.lookup("number", "9900000000000002") != number
    assert Vault(KeyRing([OLD]), b"other").lookup("number", "9900000000000001") != number
    assert vault.lookup("number", "\ud800")


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ([], "DATA_KEYS is empty"),
        (["not base64!"], "key 1 is not base64"),
        ([b64encode(OLD).decode(), b64encode(b"short").decode()], "key 2 has 5 bytes, 32 are needed"),
        ([b64encode(OLD).decode()] * 2, "names the same key twice"),
    ],
)
def test_a_ring_that_cannot_be_used_says_which_key_and_why_and_never_the_key(keys: list[str], words: str) -> None:
    with pytest.raises(BadKeyRing, match=words) as refused:
        KeyRing.from_base64(keys)
    assert all(key not in str(refused.value) for key in keys)
