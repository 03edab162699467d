"""Is a visit code that was misread, mistyped or guessed refused? Every single slip of one, and the way people write."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from immigration.appointments.codes import ALPHABET, LENGTH, BadCode, as_code, new_code, spoken

bodies = st.text(ALPHABET, min_size=LENGTH - 1, max_size=LENGTH - 1)


def is_code(text: str) -> bool:
    try:
        as_code(text)
    except BadCode:
        return False
    return True


def whole(body: str) -> str:
    """The one code that begins so."""
    (code,) = [body + last for last in ALPHABET if is_code(body + last)]
    return code


@given(bodies)
def test_every_wrong_character_is_noticed(body: str) -> None:
    code = whole(body)
    for place, right in enumerate(code):
        for wrong in ALPHABET.replace(right, ""):
            assert not is_code(code[:place] + wrong + code[place + 1 :])


@given(bodies)
def test_every_two_characters_that_changed_places_are_noticed(body: str) -> None:
    code = whole(body)
    for one, other in combinations(range(LENGTH), 2):
        if code[one] != code[other]:
            swapped = list(code)
            swapped[one], swapped[other] = code[other], code[one]
            assert not is_code("".join(swapped))


def test_new_codes_are_codes_of_letters_that_cannot_be_mistaken_for_each_other() -> None:
    codes = {new_code() for _ in range(500)}
    assert len(codes) > 490
    for code in codes:
        assert as_code(code) == code
        assert not set(code) & set("0O1IL2Z5S8BUV")


@pytest.mark.parametrize("way", ["{0}", "{0} ", " {0}", "{1}", "#{0}", "{2}", "{3}"])
def test_a_code_is_known_however_it_is_grouped_and_cased(way: str) -> None:
    code = new_code()
    told = way.format(code, spoken(code), code.lower(), "-".join(code))
    assert as_code(told) == code


@given(st.text(max_size=12))
def test_any_other_text_is_refused_and_never_breaks(text: str) -> None:
    if is_code(text):
        assert len(as_code(text)) == LENGTH


@pytest.mark.parametrize("text", ["", "K7M", "K7M4P3Q9", "KODE K7M", "0000000", "ÄÄÄÄÄÄÄ", "٣٣٣٣٣٣٣"])
def test_what_is_no_code_is_refused(text: str) -> None:
    assert not is_code(text)
