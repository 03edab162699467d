"""Is the time that is left said as people say it, and never more than there is?"""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from immigration.people import LANGUAGES, Language
from immigration.written import time_left


@pytest.mark.parametrize(
    ("left", "said"),
    [
        (timedelta(hours=1, minutes=42, seconds=59), "1 jam 42 menit"),
        (timedelta(hours=2), "2 jam"),
        (timedelta(minutes=42), "42 menit"),
        (timedelta(seconds=59), "0 menit"),
        (timedelta(days=2, hours=3, minutes=59), "2 hari 3 jam"),
        (timedelta(days=7), "7 hari"),
        (timedelta(days=1, minutes=5), "1 hari"),
    ],
)
def test_the_two_largest_units_are_said(left: timedelta, said: str) -> None:
    assert time_left(left, "id") == said


@given(st.integers(0, 7 * 24 * 3600), st.sampled_from(LANGUAGES))
def test_never_more_than_is_left_and_less_than_an_hour_too_little(seconds: int, language: Language) -> None:
    units = {"hari": 1440, "d": 1440, "jam": 60, "h": 60, "menit": 1, "min": 1}
    words = time_left(timedelta(seconds=seconds), language).split()
    minutes = sum(int(number) * units[unit] for number, unit in zip(words[::2], words[1::2], strict=True))
    assert 0 <= seconds // 60 - minutes < (60 if seconds >= 86400 else 1)
