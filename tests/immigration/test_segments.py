"""Are segments counted as others count them? Against smsutil's splitter and a walk over the encoded text."""

from random import Random

import pytest
from smsutil import split
from smsutil.codecs import GSM_BASIC_CHARSET, GSM_EXT_CHARSET

from immigration.messages.texts import segments

BASIC = GSM_BASIC_CHARSET.replace("\x1b", "")
EXTENSION = GSM_EXT_CHARSET
JAVANESE = "ꦄꦏ꧀ꦱꦫꦗꦮ"
EMOJI = "😀🙏🏽📄"


def walked(text: str) -> int:
    """Steps of a part's length through the encoded text, each drawn back from the middle of a character."""
    if set(text) <= set(BASIC + EXTENSION):
        # ESC and a letter stand for a character of the extension table.
        units = list("".join("\x1bx" if c in EXTENSION else "x" for c in text))
        single, part, first_halves = 160, 153, {"\x1b"}
    else:
        encoded = text.encode("utf-16-be")
        units = [encoded[at : at + 2] for at in range(0, len(encoded), 2)]
        single, part = 70, 67
        first_halves = {unit for unit in units if 0xD8 <= unit[0] < 0xDC}
    if len(units) <= single:
        return 1
    at = steps = 0
    while at < len(units):
        at += part
        if at < len(units) and units[at - 1] in first_halves:
            at -= 1
        steps += 1
    return steps


def texts(random: Random, count: int) -> list[str]:
    """Texts of a few segments, most of them about as long as a whole number of segments."""
    made = []
    for _ in range(count):
        border = random.choice([67, 70, 134, 153, 160, 201, 306, 459])
        length = max(0, border - random.choice([0, 0, 0, 1, 5, 20]) + random.randint(-3, 3))
        letters = random.choice([BASIC, BASIC + EXTENSION, EXTENSION, BASIC + JAVANESE, BASIC + EMOJI, EMOJI])
        text = [random.choice("abc " if random.random() < 0.8 else letters) for _ in range(length)]
        for _ in range(random.randint(0, 3)):
            if text:
                # Where a character of two units would straddle the border of two segments.
                at = random.choice([66, 67, 133, 152, 153, 305, 306])
                text[min(at, len(text) - 1)] = random.choice(letters)
        made.append("".join(text))
    return made


def test_segments_are_counted_as_two_others_count_them() -> None:
    made = texts(Random(20261124), 2000)
    counted = [segments(text) for text in made]
    assert counted == [walked(text) for text in made]
    assert counted == [len(split(text).parts) for text in made]
    assert {1, 2, 3, 4, 5} <= set(counted)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("a" * 158 + "€", 1),
        ("a" * 159 + "€", 2),
        ("€" * 80, 1),
        ("€" * 153, 3),
        ("a" * 152 + "€" + "a" * 152, 3),
        ("a" * 151 + "€" + "a" * 153, 2),
        ("ꦏ" * 70, 1),
        ("ꦏ" * 71, 2),
        ("ꦏ" * 134, 2),
        ("ꦏ" * 135, 3),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        ("😀" * 67, 3),
    ],
)
def test_a_character_never_lies_across_two_segments(text: str, count: int) -> None:
    assert segments(text) == count
