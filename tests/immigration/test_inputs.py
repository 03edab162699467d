"""Is sloppy input understood, and is what is unclear left alone?"""

import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from immigration.inputs import (
    BadDate,
    BadNumber,
    application_number,
    birth_date,
    choice,
    digits,
    looks_like_nik,
    receipt_ending,
)

TODAY = date(2026, 11, 24)
MENU = ("1", "4", "5", "7", "0", "00", "98")

any_text = st.text(st.characters(exclude_categories=())) | st.text(st.sampled_from("0123456789OolI|. -/()#no\x00٣"))
huge = st.sampled_from(["1" * 16_000, "O" * 16_000, "- " * 8_000, "\u0301" * 16_000, "no " * 5_000, "1 x" * 5_000])


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("１２３", "123"),
        ("٠١٢٣٤٥٦٧٨٩", "0123456789"),
        ("۰۱۲۳۴۵۶۷۸۹", "0123456789"),
        ("०१२३", "0123"),
        ("1O6o", "1060"),
        ("24-1l-I99|", "24111991"),
        ("O8 12.34/56–78\u00a09", "08123456789"),
        ("Ｏ１", "01"),
        ("24 Oct 1990", "24Oct1990"),
        ("lolo", "lolo"),
        ("no 1", "no1"),
        ("\u200e1\u200b2\x003", "123"),
        ("\ud800", "\ud800"),
        ("", ""),
    ],
)
def test_digits_are_read_in_any_script_and_letters_only_within_numbers(typed: str, read: str) -> None:
    assert digits(typed) == read


@pytest.mark.parametrize(
    "typed",
    [
        *(
            "1",
            "1.",
            " 1 ",
            "no 1",
            "no. 1",
            "No.1",
            "NOMOR 1",
            "nomer 1",
            "pilih 1",
            "piliah 1",
            "pilih no 1",
        ),
        *(
            "1)",
            "(1",
            "(1)",
            "#1",
            "1#",
            "1,",
            '"1"',
            "satu",
            "Ciek",
            "ONE",
            "nomor satu",
            "pilih ciek.",
            "no1",
        ),
        *(
            "１",
            "١",
            "۱",
            "१",
            "\u200f1",
            "1\r\n",
            "1\x00",
            "\u00a01",
            "01",
            "001",
            "O1",
            "l",
            "I",
            "|",
            "no l",
        ),
    ],
)
def test_all_of_these_mean_one(typed: str) -> None:
    assert choice(typed, MENU) == "1"


@pytest.mark.parametrize(
    "typed",
    [
        *(
            "",
            " ",
            "1 2",
            "12",
            "1.2",
            "1/2",
            "1-1",
            "-1",
            "1*",
            "*1",
            "1 1",
            "satu dua",
            "no",
            "nomor",
            "?",
            "#",
        ),
        *(
            "2",
            "dua",
            "001 1",
            "10",
            "l0",
            "II",
            "lo",
            "ll",
            "L",
            "i",
            "1x",
            "x1",
            "1a",
            "none",
            "saya",
            "0 0",
        ),
        *("000", "O O", "9 8", "½", "10²", "\ud800", "1" * 200, "eins"),
    ],
)
def test_none_of_these_is_taken_for_an_option(typed: str) -> None:
    assert choice(typed, MENU) is None


@pytest.mark.parametrize(
    ("typed", "numbers", "meant"),
    [
        ("0", MENU, "0"),
        ("00", MENU, "00"),
        ("O", MENU, "0"),
        ("oo", MENU, "00"),
        ("nol", MENU, "0"),
        ("kosong", MENU, "0"),
        ("zero", MENU, "0"),
        ("98", MENU, "98"),
        ("no. 98#", MENU, "98"),
        ("0", ("1", "00"), None),
        ("00", ("1", "0"), None),
        ("nol", ("1", "00"), None),
        ("01", ("1", "01"), "01"),
        ("1", ("1", "01"), "1"),
        ("1", ("01",), None),
        ("satu", ("01",), None),
        ("10", ("1", "10"), "10"),
        ("sepuluh", ("1", "10"), "10"),
        ("sapuluah", ("1", "10"), "10"),
        ("1", (), None),
    ],
)
def test_zero_and_leading_zeros_are_never_mixed_up(typed: str, numbers: tuple[str, ...], meant: str | None) -> None:
    assert choice(typed, numbers) == meant


@pytest.mark.parametrize(
    "words",
    [
        "nol satu dua tiga empat lima enam tujuh delapan sembilan sepuluh",
        "nol ciek duo tigo ampek limo anam tujuah salapan sambilan sapuluah",
        "zero one two three four five six seven eight nine ten",
    ],
)
def test_numbers_may_be_written_out_in_each_language(words: str) -> None:
    offered = [str(number) for number in range(11)]
    assert [choice(word, offered) for word in words.split()] == offered


@given(any_text | huge, st.lists(st.from_regex(r"[0-9]{1,2}", fullmatch=True)))
def test_a_choice_is_always_among_the_offered(typed: str, offered: list[str]) -> None:
    assert choice(typed, offered) in {None, *offered}


@given(any_text, st.integers(min_value=0, max_value=99).map(str))
def test_a_choice_is_made_only_of_a_number_that_stands_alone(typed: str, number: str) -> None:
    if choice(f"{typed} {number}", [number]) == number:
        assert not any(character.isdecimal() for character in typed)


@pytest.mark.parametrize(
    "typed",
    [
        *(
            "1060123412341234",
            "1060 1234 1234 1234",
            "1060-1234-1234-1234",
            "1060.1234/1234 1234",
            " 1060123412341234\n",
        ),
        *("IO6O 1234 l234 |234", "no 1060123412341234", "Nomor: 1060123412341234", "#1060123412341234#"),
        *("１０６０１２３４１２３４１２３４", "١٠٦٠١٢٣٤١٢٣٤١٢٣٤", "1060\u00a01234–1234\u200b1234"),
    ],
)
def test_an_application_number_is_read_however_it_is_written(typed: str) -> None:
    assert application_number(typed) == "1060123412341234"


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("", "length"),
        ("no", "not_digits"),
        ("106012341234123", "length"),
        ("10601234123412345", "length"),
        ("1" * 20_000, "length"),
        ("1060123412341x34", "not_digits"),
        ("1060*1234", "not_digits"),
        ("saya lupa", "not_digits"),
        ("\ud800", "not_digits"),
    ],
)
def test_what_is_no_application_number_says_why(typed: str, reason: str) -> None:
    with pytest.raises(BadNumber) as refused:
        application_number(typed)
    assert refused.value.reason == reason


@given(any_text | huge)
def test_reading_a_number_never_crashes(typed: str) -> None:
    digits(typed)
    try:
        number = application_number(typed)
    except BadNumber:
        return
    assert len(number) == 16
    assert number.isascii()
    assert number.isdecimal()


@pytest.mark.parametrize(
    "typed",
    [
        *("24111990", "24-11-1990", "24/11/1990", "24 11 1990", "24.11.1990", "24 - 11 - 1990", "2411 1990"),
        *("24 Nov 1990", "24 november 1990", "24 NOPEMBER 1990", "24nov1990", "24-Nov-1990", "24 Nov. 1990"),
        *(
            "24 11 199O",
            "24-l1-1990",
            "٢٤١١١٩٩٠",
            "２４／１１／１９９０",
            "24111990#",
            " 24111990. ",
            "24\u201311\u20131990",
        ),
    ],
)
def test_a_birth_date_is_read_however_it_is_written(typed: str) -> None:
    assert birth_date(typed, TODAY) == date(1990, 11, 24)


@pytest.mark.parametrize(
    ("typed", "born"),
    [
        ("4-1-1990", date(1990, 1, 4)),
        ("04011990", date(1990, 1, 4)),
        ("4 jan 1990", date(1990, 1, 4)),
        ("O4 Okt 1990", date(1990, 10, 4)),
        ("5 6 1990", date(1990, 6, 5)),
        ("29 Feb 2000", date(2000, 2, 29)),
        ("24112026", TODAY),
        ("24111896", date(1896, 11, 24)),
    ],
)
def test_the_day_comes_first(typed: str, born: date) -> None:
    assert birth_date(typed, TODAY) == born


@pytest.mark.parametrize(
    "names",
    [
        "januari februari maret april mei juni juli agustus september oktober november desember",
        "Jan Feb Mar Apr Mei Jun Jul Agu Sep Okt Nov Des",
        "january february march april may june july august september october november december",
        "jan feb mar apr may jun jul aug sept oct nov dec",
        "jan peb mar apr mei jun jul agustuih sep okt nop des",
    ],
)
def test_months_are_known_by_name_in_each_language(names: str) -> None:
    assert [birth_date(f"1 {name} 1990", TODAY).month for name in names.split()] == list(range(1, 13))


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("", "shape"),
        ("241190", "shape"),
        ("24-11-90", "shape"),
        ("24 nov 90", "shape"),
        ("1990-11-24", "shape"),
        ("4 11990", "shape"),
        ("24 foo 1990", "shape"),
        ("nov 24 1990", "shape"),
        ("241119900", "shape"),
        ("24*11*1990", "shape"),
        ("2" * 20_000, "shape"),
        ("\ud800", "shape"),
        ("31021990", "no_such_day"),
        ("29021900", "no_such_day"),
        ("11241990", "no_such_day"),
        ("00011990", "no_such_day"),
        ("01010000", "no_such_day"),
        ("25112026", "future"),
        ("23111896", "too_old"),
    ],
)
def test_what_is_no_birth_date_says_why(typed: str, reason: str) -> None:
    with pytest.raises(BadDate) as refused:
        birth_date(typed, TODAY)
    assert refused.value.reason == reason


@given(st.dates(min_value=date(1896, 11, 24), max_value=TODAY), st.sampled_from(["", "-", "/", " ", ".", " - "]))
def test_every_date_is_read_back(born: date, between: str) -> None:
    assert birth_date(born.strftime(f"%d{between}%m{between}%Y"), TODAY) == born


@given(any_text | huge, st.dates())
def test_reading_a_date_never_crashes(typed: str, today: date) -> None:
    try:
        assert birth_date(typed, today) <= today
    except BadDate:
        return


@pytest.mark.parametrize(
    ("number", "shaped"),
    [
        ("1303041509900001", True),
        ("1303045509900001", True),
        ("1303042902000001", True),
        ("9701010101010001", True),
        ("1303041509900000", False),
        ("1303040009900001", False),
        ("1303044009900001", False),
        ("1303047209900001", False),
        ("1303043102900001", False),
        ("1303042902010001", False),
        ("1303041513900001", False),
        ("2003041509900001", False),
        ("1060123412341234", False),
        ("3101230000123456", False),
        ("1179000000123456", False),
        ("130304150990001", False),
        ("١٣٠٣٠٤١٥٠٩٩٠٠٠٠١", False),
        ("", False),
    ],
)
def test_a_nik_is_known_by_its_shape(number: str, shaped: bool) -> None:
    assert looks_like_nik(number) is shaped


@given(any_text | huge)
def test_telling_a_nik_never_crashes(typed: str) -> None:
    looks_like_nik(typed)


@pytest.mark.parametrize(
    ("typed", "ending"),
    [
        ("4821", "4821"),
        ("1a2b 3c4d-5e6f.7g8h", "7G8H"),
        ("..4821", "4821"),
        ("abcd", "ABCD"),
        ("\u0664\u0668\u0662\u0661", "4821"),
        ("123", None),
        ("", None),
        ("struk saya hilang", None),
        ("12;34", None),
        ("4" * 31, None),
    ],
)
def test_a_receipt_is_known_by_its_end(typed: str, ending: str | None) -> None:
    assert receipt_ending(typed) == ending


@given(st.text())
def test_reading_a_receipt_never_crashes(typed: str) -> None:
    assert receipt_ending(typed) is None or re.fullmatch("[0-9A-Z]{4}", str(receipt_ending(typed)))
