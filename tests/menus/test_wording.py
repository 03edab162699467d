"""Is everything said in every language, and are dates, amounts and times written the way each language writes them?"""

import json
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from immigration.people import LANGUAGES, Language
from menus.description import ByLanguage, Day, Lines, Moment, Rupiah, Say, ShortDay, Verbatim
from menus.wording import BadWording, Wording

WORDING = Wording.load()
MONTHS = {
    "id": "Jan Feb Mar Apr Mei Jun Jul Agu Sep Okt Nov Des",
    "min": "Jan Feb Mar Apr Mei Jun Jul Agu Sep Okt Nov Des",
    "en": "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_text_with_the_same_placeholders(language: Language) -> None:
    assert WORDING.texts[language].keys() == WORDING.texts["id"].keys()
    for key in WORDING.texts["id"]:
        assert WORDING.placeholders(language, key) == WORDING.placeholders("id", key), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_month_has_its_name(language: Language) -> None:
    written = [WORDING.say(Day(date(2026, month, 1)), language) for month in range(1, 13)]
    assert written == [f"1 {name} 2026" for name in MONTHS[language].split()]


def test_the_year_is_left_out_only_where_it_is_this_one() -> None:
    assert WORDING.say(ShortDay(date(2026, 5, 24), 2026), "en") == "24 May"
    assert WORDING.say(ShortDay(date(2025, 5, 24), 2026), "en") == "24 May 2025"


@pytest.mark.parametrize(
    ("amount", "written"),
    [(0, "Rp0"), (500, "Rp500"), (650_000, "Rp650.000"), (1_000_000, "Rp1.000.000"), (15_000_000, "Rp15.000.000")],
)
def test_an_amount_has_dots_between_thousands_in_every_language(amount: int, written: str) -> None:
    assert {WORDING.say(Rupiah(amount), language) for language in LANGUAGES} == {written}


def test_a_time_is_written_with_a_dot_as_of_its_own_zone() -> None:
    moment = datetime(2026, 11, 24, 8, 5, tzinfo=ZoneInfo("Asia/Jakarta"))
    assert {WORDING.say(Moment(moment), language) for language in LANGUAGES} == {"08.05"}


def test_values_are_written_into_the_text_in_its_language() -> None:
    text = Say("state.FOTO_WAWANCARA.ready", {"date": Day(date(2026, 12, 8))})
    assert WORDING.say(text, "id") == "Perkiraan siap diambil 8 Des 2026."
    assert WORDING.say(text, "min") == "Kiro-kiro siap diambiak 8 Des 2026."
    assert WORDING.say(text, "en") == "Expected ready 8 Dec 2026."


def test_a_value_that_looks_like_a_placeholder_stays_as_it_is() -> None:
    text = Say("state.PERLU_LENGKAPI.missing", {"missing": Verbatim("{office}"), "office": Verbatim("UKK")})
    assert WORDING.say(text, "en") == "Documents incomplete: {office}. Bring them to UKK."


def test_empty_parts_leave_no_gap() -> None:
    assert WORDING.say(Lines((Verbatim("a"), Verbatim(""), Verbatim("b"))), "id") == "a\nb"


def test_what_is_missing_in_a_language_is_said_in_indonesian() -> None:
    texts = {"id": {"bye": "Terima kasih."}, "min": {}, "en": {"bye": ""}}
    wording = Wording(texts, {})
    assert {wording.say(Say("bye"), language) for language in LANGUAGES} == {"Terima kasih."}
    assert wording.say(ByLanguage({"id": "Paspor", "en": ""}), "min") == "Paspor"
    assert wording.say(ByLanguage({"id": "Paspor", "en": ""}), "en") == "Paspor"


def test_what_gsm7_lacks_is_written_with_what_it_has() -> None:
    assert WORDING.say(Verbatim("Raba’a – “Siti” …"), "min") == 'Raba\'a - "Siti" ...'


def test_minangkabau_texts_wait_for_a_native_speaker_and_the_others_do_not() -> None:
    assert WORDING.reviewed["id"] == WORDING.texts["id"].keys()
    assert WORDING.reviewed["en"] == WORDING.texts["en"].keys()
    assert WORDING.reviewed["min"] <= WORDING.texts["min"].keys()


@pytest.mark.parametrize("content", ["", "[]", '{"bye": "x"}', '{"texts": ["x"]}'])
def test_a_file_that_is_no_wording_is_refused_by_name(tmp_path: Path, content: str) -> None:
    for language in LANGUAGES:
        (tmp_path / f"{language}.json").write_text(json.dumps({"texts": {"bye": "x"}}))
    (tmp_path / "min.json").write_text(content)
    with pytest.raises(BadWording, match=r"^min\.json: "):
        Wording.load(tmp_path)
