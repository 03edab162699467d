"""Is an SMS said whole, in its language, in GSM-7 and in one segment, whatever the values are?"""

import hashlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from immigration.gsm7 import is_gsm7, septets
from immigration.messages.texts import LONGEST, SHORTENED, BadTemplate, Rendered, Texts, texts
from immigration.people import LANGUAGES, Language
from tests.support.sms_texts import copied_texts

USSD = "*384*1303#"
LONG_LIST = "KTP, KK, akta lahir, ijazah, buku nikah, surat ganti nama dan paspor lama bila masih ada"

any_text = st.one_of(
    st.text(st.characters(exclude_categories=()), max_size=300),
    st.text(st.sampled_from("ꦄꦏ꧀ꦱꦫꦗꦮ😀🙏🏽📄 ’“–…[]{}|~^€\\?\n\t"), max_size=300),
    st.lists(st.sampled_from(["akta", "lahir,", "KK", "{no}", "[a|b]", "Sião"]), max_size=80).map(" ".join),
)
messages = st.tuples(st.sampled_from(texts().codes), st.sampled_from(LANGUAGES), st.booleans())


def render(code: str, values: dict[str, str], language: Language = "id", *, can_reply: bool = True) -> Rendered:
    return texts().render(code, language, values, can_reply=can_reply, ussd_code=USSD)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Texts to be changed."""
    return copied_texts(tmp_path / "templates_sms")


def test_an_sms_is_the_brand_and_the_text_with_its_values() -> None:
    said = render("SIAP_DIAMBIL", {**LONGEST, "no": "..0001", "tgl": "1 Des 2026"})
    assert said.text == (
        "IMIGRASI SIJUNJUNG: No ..0001 SIAP DIAMBIL di UKK Sijunjung, Sen-Jum 13.00-15.30. "
        "Bawa KTP dan bukti bayar. Batas ambil 1 Des 2026."
    )
    assert said.segments == 1


def test_each_language_has_its_own_words() -> None:
    said = {render("CETAK", {"no": "..4821"}, language).text[30:] for language in LANGUAGES}
    assert said == {
        "Paspor sedang dicetak. Kami kirim SMS bila sudah siap diambil.",
        "Paspor sadang dicetak. Kami kirim SMS kalau alah siap diambiak.",
        "Your passport is being printed. We will SMS you when it is ready.",
    }


def test_where_nobody_can_reply_the_ussd_code_is_named_instead() -> None:
    values = {"no": "..4821", "kurang": "KK", "tgl": "24 Nov 2026"}
    assert render("PERLU_LENGKAPI", values).text.endswith("24 Nov 2026. Balas BANTUAN untuk bertanya.")
    assert render("PERLU_LENGKAPI", values, can_reply=False).text.endswith(
        "24 Nov 2026. Hubungi *384*1303# untuk bertanya."
    )


@settings(max_examples=150)
@given(messages, st.dictionaries(st.sampled_from(sorted(LONGEST)), any_text))
def test_an_sms_is_gsm7_on_one_line_whatever_the_values(
    message: tuple[str, Language, bool], odd: dict[str, str]
) -> None:
    code, language, can_reply = message
    said = render(code, {**LONGEST, **odd}, language, can_reply=can_reply)
    assert is_gsm7(said.text)
    assert "\n" not in said.text
    assert said.text.startswith("IMIGRASI SIJUNJUNG: ")


@settings(max_examples=250)
@given(messages, st.dictionaries(st.sampled_from(SHORTENED), any_text))
def test_an_sms_fits_a_segment_and_says_every_other_value_whole(
    message: tuple[str, Language, bool], odd: dict[str, str]
) -> None:
    code, language, can_reply = message
    said = render(code, {**LONGEST, **odd}, language, can_reply=can_reply)
    assert septets(said.text) <= 160
    assert said.segments == 1
    used = texts().template(code, language).wording(can_reply=can_reply)
    for name in texts().placeholders(code, language).difference(SHORTENED):
        assert f"{{{name}}}" not in used or LONGEST[name] in said.text


def test_what_is_too_long_ends_after_a_word_with_dots_and_the_deadline_stays() -> None:
    said = render("PERLU_LENGKAPI", {"no": "..4821", "kurang": LONG_LIST, "tgl": "24 Nov 2026"})
    assert said.text == (
        "IMIGRASI SIJUNJUNG: No ..4821 Berkas belum lengkap: KTP, KK, akta lahir, ijazah, buku... "
        "Lengkapi paling lambat 24 Nov 2026. Balas BANTUAN untuk bertanya."
    )


@pytest.mark.parametrize("code", ["PERLU_LENGKAPI", "A_SYARAT_LAYANAN"])
def test_a_value_is_shortened_by_no_septet_more_or_less_than_needed(code: str) -> None:
    for length in range(200):
        value = "a" * length
        said = render(code, {**LONGEST, "kurang": value, "syarat": value}).text
        if value in said:
            room = 160 - len(said) + length
            assert room >= length
        else:
            assert len(said) == 160
            assert length > room
            assert f"{'a' * (room - 2)}..." in said


def test_a_value_that_stands_twice_is_shortened_in_both_places(folder: Path) -> None:
    (folder / "id/CETAK.txt").write_text("{kurang}; {kurang}.\n")
    said = Texts.load(folder).render("CETAK", "id", {"kurang": "a" * 99}, can_reply=True, ussd_code=USSD).text
    assert said.partition(": ")[2] == f"{'a' * 66}..; {'a' * 66}..."


def test_requirements_give_way_before_the_name_of_the_service() -> None:
    said = render("A_SYARAT_LAYANAN", {"layanan": "Ganti paspor (habis atau penuh)", "syarat": LONG_LIST * 3})
    assert "Ganti paspor (habis atau penuh): KTP, KK" in said.text
    assert said.text.endswith("... Lengkap: *384*1303#.")


def test_an_amount_that_is_too_long_makes_a_second_segment_rather_than_a_wrong_amount() -> None:
    said = render("MENUNGGU_BAYAR", {**LONGEST, "rp": "Rp1.000.000.000.000.000"})
    assert "Rp1.000.000.000.000.000." in said.text
    assert said.segments == 2


def test_names_and_places_are_transliterated_and_never_become_question_marks() -> None:
    said = render("PERLU_LENGKAPI-no-date", {"no": "..4821", "kurang": "surat “Raba’a”\n\ufffdꦏꦏ", "lokasi": "São"})
    assert 'surat "Raba\'a" ' in said.text
    assert "Bawa ke Sao." in said.text
    assert "?" not in said.text


def test_a_value_that_looks_like_a_template_is_said_as_it_is() -> None:
    assert render("A_PETUGAS", {"jawaban": "{no} [ya|tidak] {ussd}"}).text.endswith(": {no} [ya|tidak] {ussd}")


def test_a_missing_value_is_refused_in_both_variants() -> None:
    for can_reply in (True, False):
        with pytest.raises(BadTemplate, match=r"^id/A_LAYANAN\.txt: no value for contoh, perintah$"):
            render("A_LAYANAN", {}, can_reply=can_reply)


def test_an_unknown_code_is_refused() -> None:
    with pytest.raises(BadTemplate, match=r"^en/NOWHERE\.txt: there is no such text"):
        render("NOWHERE", {}, "en")
    with pytest.raises(BadTemplate, match=r"^en/NOWHERE\.txt"):
        texts().placeholders("NOWHERE", "en")


@pytest.mark.parametrize("broken", ["[a", "a]", "a|b", "[a|b|c]", "[a]", "[a|[b|c]]", "{no", "no}", "{No}", "{}"])
def test_a_bracket_that_belongs_to_nothing_is_refused(folder: Path, broken: str) -> None:
    (folder / "id/CETAK.txt").write_text(f"Paspor {broken}.\n")
    with pytest.raises(BadTemplate, match=r"^id/CETAK\.txt: a bracket"):
        Texts.load(folder).render("CETAK", "id", LONGEST, can_reply=True, ussd_code=USSD)


def test_an_empty_part_leaves_no_hole(folder: Path) -> None:
    (folder / "id/CETAK.txt").write_text("Satu [|dua] tiga [empat|]\n")
    changed = Texts.load(folder)
    said = [changed.render("CETAK", "id", {}, can_reply=reply, ussd_code=USSD).text[20:] for reply in (True, False)]
    assert said == ["Satu tiga empat", "Satu dua tiga"]


def test_a_language_that_lacks_a_text_says_it_in_indonesian(folder: Path) -> None:
    (folder / "min/CETAK.txt").unlink()
    changed = Texts.load(folder)
    values = {"no": "..4821"}
    assert changed.render("CETAK", "min", values, can_reply=True, ussd_code=USSD) == render("CETAK", values)
    assert changed.placeholders("CETAK", "min") == {"no"}


def test_the_version_is_that_of_the_file(folder: Path) -> None:
    content = (folder / "en/CETAK.txt").read_bytes()
    version = render("CETAK", {"no": "..4821"}, "en").version
    assert version == hashlib.sha256(content).hexdigest()[:8]
    (folder / "en/CETAK.txt").write_bytes(content + b" ")
    changed = Texts.load(folder).render("CETAK", "en", {"no": "..4821"}, can_reply=True, ussd_code=USSD)
    assert changed.version != version


@pytest.mark.parametrize("brand", ["KANTOR:", "KANTOR: ", "KANTOR: \n", "KANTOR:\r\n"])
def test_the_brand_is_followed_by_one_space_however_its_file_ends(folder: Path, brand: str) -> None:
    (folder / "brand.txt").write_bytes(brand.encode())
    said = Texts.load(folder).render("A_SALAH_KOSONG", "id", {}, can_reply=True, ussd_code=USSD)
    assert said.text.startswith("KANTOR: Tidak ada")


@pytest.mark.parametrize("file", ["brand.txt", "en/CETAK.txt"])
def test_a_file_that_is_no_text_is_refused_by_name(folder: Path, file: str) -> None:
    (folder / file).write_bytes(b"\xff\xfe")
    with pytest.raises(BadTemplate, match=f"^{file}: cannot be read: UnicodeDecodeError$"):
        Texts.load(folder)


def test_texts_without_a_brand_are_refused(folder: Path) -> None:
    (folder / "brand.txt").write_text("\n")
    with pytest.raises(BadTemplate, match=r"^brand\.txt: empty$"):
        Texts.load(folder)
