"""Is a text measured, said and clipped in GSM-7 as the standard has it?"""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from immigration.gsm7 import NotGsm7, clip, is_gsm7, septets, to_gsm7

# 3GPP TS 23.038, 6.2.1 and 6.2.1.1, column by column; ESC is no character.
BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅå"
    "Δ_ΦΓΛΩΠΨΣΘΞÆæßÉ"
    " !\"#¤%&'()*+,-./"
    "0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNO"
    "PQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmno"
    "pqrstuvwxyzäöñüà"
)
EXTENSION = "\f^{}\\[~]|€"

gsm7_text = st.text(st.sampled_from(BASIC + EXTENSION))
any_text = st.text(st.characters(exclude_categories=()))


def test_the_alphabet_is_the_one_of_the_standard_and_no_more() -> None:
    assert len(BASIC) == 127
    counted = {c: septets(c) for c in map(chr, range(sys.maxunicode + 1)) if is_gsm7(c)}
    assert counted == {**dict.fromkeys(BASIC, 1), **dict.fromkeys(EXTENSION, 2)}


@given(gsm7_text)
def test_septets_are_one_per_basic_and_two_per_extension_character(text: str) -> None:
    assert septets(text) == sum(1 if c in BASIC else 2 for c in text)


@pytest.mark.parametrize("text", ["’", "`", "\x1b", "á", "1–2", "\ud800"])
def test_a_text_outside_gsm7_is_not_counted(text: str) -> None:
    assert not is_gsm7(text)
    with pytest.raises(NotGsm7):
        septets(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Raba’a, ba‘a, “surek” „jo‟", 'Raba\'a, ba\'a, "surek" "jo"'),
        ("08.00–16.00 — hari‑ini − 1", "08.00-16.00 - hari-ini - 1"),
        ("Rp\u00a0650.000\u2009ya\u3000", "Rp 650.000 ya "),
        ("tunggu…", "tunggu..."),
        ("• KTP\n• KK", "- KTP\n- KK"),
        ("`Sanak´", "'Sanak'"),
        ("cafe\u0301 São Łódź", "café Sao Lodz"),
        ("[x] {y} ~ ^ | \\ €", "[x] {y} ~ ^ | \\ €"),
        ("½ ™", "1/2 TM"),
        ("satu\r\ndua\x1b\x00\x07\x0c tiga\x85\x7f", "satu\ndua tiga"),
        ("kolom\tdua\u2028baris", "kolom dua\nbaris"),
        ("ﬁnal１２", "final12"),
        ("Апа хабар?", "Apa khabar?"),
        ("apa？ apa؟", "apa? apa?"),
        ("rusak \ufffd\ufffc\ud83d\U00018b3a.", "rusak ."),
        ("a\u200bb\u00adc\ufeff", "abc"),
    ],
)
def test_what_gsm7_lacks_is_said_with_what_it_has(text: str, said: str) -> None:
    assert to_gsm7(text) == said


@given(any_text)
def test_whatever_is_said_can_be_sent_and_does_not_change_again(text: str) -> None:
    said = to_gsm7(text)
    assert is_gsm7(said)
    assert not set(said) & set("\r\f\x1b\t")
    assert to_gsm7(said) == said


def test_no_question_mark_stands_for_a_character_that_was_none() -> None:
    # Beyond lie Han characters and invisible tags alone.
    guessed = [c for c in map(chr, range(0x20000)) if "?" in to_gsm7(c) and "QUESTION" not in unicodedata.name(c, "")]
    assert guessed == []


@given(gsm7_text.filter(lambda text: not set(text) & {"\r", "\f"}))
def test_what_can_be_sent_is_said_unchanged(text: str) -> None:
    assert to_gsm7(text) == text


@pytest.mark.parametrize(
    ("text", "budget", "clipped"),
    [
        ("Belum perlu datang", 18, "Belum perlu datang"),
        ("Belum perlu datang", 17, "Belum perlu"),
        ("Belum perlu datang", 11, "Belum perlu"),
        ("Belum perlu datang", 10, "Belum"),
        ("Belum\nperlu", 8, "Belum"),
        ("Belum", 3, "Bel"),
        ("€€€", 5, "€€"),
        ("a€ b", 2, "a"),
        ("Belum", 0, ""),
        ("", -1, ""),
        ("x", -1, ""),
    ],
)
def test_a_clipped_text_ends_at_a_word(text: str, budget: int, clipped: str) -> None:
    assert clip(text, budget) == clipped


@given(gsm7_text, st.integers(min_value=-5, max_value=60))
def test_a_clipped_text_is_a_beginning_within_the_budget(text: str, budget: int) -> None:
    clipped = clip(text, budget)
    assert text.startswith(clipped)
    assert septets(clipped) <= max(budget, 0)
