"""Do the pages of a screen hold all of it, each within the budget?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from immigration.gsm7 import NotGsm7, septets
from menus.pager import LEAST_ROOM, paginate

FOOT = ("0 Kembali", "00 Menu")
MORE = "98 Lanjut"
BACK = "99 Sebelumnya"

word = st.text(st.sampled_from("abcXYZ019.,:-()€[]|"), min_size=1, max_size=12)
long_word = st.text(st.sampled_from("ab€"), min_size=100, max_size=400)
words = st.lists(word | word | word | long_word, max_size=60)
head_text = st.tuples(words, st.sampled_from([" ", "\n", "  ", "\n\n"])).map(lambda parts: parts[1].join(parts[0]))
label = st.lists(word, min_size=1, max_size=40).map(" ".join) | word
option_lines = st.lists(label, max_size=25).map(
    lambda labels: [(str(number), text) for number, text in enumerate(labels, start=1)]
)
feet = st.sampled_from([(), ("0 Kembali",), FOOT])


def content(page: str, foot: tuple[str, ...]) -> list[str]:
    """The lines of a page without those below."""
    lines = page.split("\n")
    if foot:
        assert tuple(lines[-len(foot) :]) == foot
        lines = lines[: -len(foot)]
    for below in (BACK, MORE):
        if lines and lines[-1] == below:
            lines.pop()
    return lines


def test_a_screen_that_fits_is_one_page_without_more_or_back() -> None:
    assert paginate("Pilih:", [("1", "Status"), ("4", "Syarat")], FOOT, MORE, BACK, 160) == (
        "Pilih:\n1 Status\n4 Syarat\n0 Kembali\n00 Menu",
    )


def test_a_screen_of_exactly_the_budget_is_one_page_and_one_septet_more_makes_two() -> None:
    head = "kata " * 20 + "x" * 40
    assert [septets(page) for page in paginate(head, [], FOOT, MORE, BACK, 158)] == [158]
    assert len(paginate(head + "x", [], FOOT, MORE, BACK, 158)) == 2


def test_a_long_list_keeps_its_numbers_and_moves_whole_lines() -> None:
    options = [(str(number), f"Pilihan yang ke-{number}") for number in range(1, 10)]
    pages = paginate("Pilih layanan:", options, ("0 Kembali",), MORE, BACK, 100)
    assert pages == (
        "Pilih layanan:\n1 Pilihan yang ke-1\n2 Pilihan yang ke-2\n3 Pilihan yang ke-3\n98 Lanjut\n0 Kembali",
        "4 Pilihan yang ke-4\n5 Pilihan yang ke-5\n6 Pilihan yang ke-6\n98 Lanjut\n99 Sebelumnya\n0 Kembali",
        "7 Pilihan yang ke-7\n8 Pilihan yang ke-8\n9 Pilihan yang ke-9\n99 Sebelumnya\n0 Kembali",
    )


def test_a_word_longer_than_a_page_is_cut_and_never_through_a_character() -> None:
    pages = paginate("€" * 100, [], (), MORE, BACK, 101)
    assert "".join("".join(content(page, ())) for page in pages) == "€" * 100
    assert all(septets(page) <= 101 for page in pages)


def test_a_label_longer_than_a_page_goes_on_on_the_next() -> None:
    pages = paginate("", [("1", "kata " * 40), ("2", "akhir")], (), MORE, BACK, 100)
    assert pages[0].startswith("1 kata kata")
    assert pages[-1].split("\n")[-2:] == ["2 akhir", BACK]


def test_lines_below_that_leave_no_room_are_a_named_fault() -> None:
    below = septets("\n".join(("", MORE, BACK, *FOOT)))
    assert paginate("a", [], FOOT, MORE, BACK, below + LEAST_ROOM) == ("a\n0 Kembali\n00 Menu",)
    with pytest.raises(ValueError, match=f"leave {LEAST_ROOM - 1} of {below + LEAST_ROOM - 1} septets"):
        paginate("a", [], FOOT, MORE, BACK, below + LEAST_ROOM - 1)


def test_a_screen_with_nothing_to_show_is_a_named_fault() -> None:
    with pytest.raises(ValueError, match="nothing to show"):
        paginate(" \n", [], (), MORE, BACK, 160)


def test_a_text_outside_gsm7_is_a_named_fault() -> None:
    with pytest.raises(NotGsm7):
        paginate("Raba’a", [], (), MORE, BACK, 160)


@given(head_text, option_lines, feet, st.integers(min_value=90, max_value=182))
def test_nothing_is_lost_and_no_page_is_empty_or_over_the_budget(
    head: str, options: list[tuple[str, str]], foot: tuple[str, ...], budget: int
) -> None:
    if not head and not options and not foot:
        return
    pages = paginate(head, options, foot, MORE, BACK, budget)
    shown = [content(page, foot) for page in pages]

    assert all(0 < septets(page) <= budget for page in pages)
    assert all(any(lines) for lines in shown) or pages == ("\n".join(foot),)
    # Only the places where pages meet may lose white space.
    written = [head, *(f"{number} {text}" for number, text in options)]
    assert "".join("".join(map("\n".join, shown)).split()) == "".join("".join(written).split())
    for page, text in enumerate(pages):
        above = text.split("\n")[: -len(foot) or None]
        assert (MORE in above) == (page < len(pages) - 1)
        assert (BACK in above) == (page > 0)


@given(head_text.filter(lambda text: all(len(w) <= 12 for w in text.split())), option_lines, feet)
def test_no_word_is_cut_that_fits_on_a_page(head: str, options: list[tuple[str, str]], foot: tuple[str, ...]) -> None:
    if not head and not options and not foot:
        return
    shown = [content(page, foot) for page in paginate(head, options, foot, MORE, BACK, 160)]
    written = [head, *(f"{number} {text}" for number, text in options)]
    assert " ".join(" ".join(lines) for lines in shown).split() == " ".join(written).split()


@given(head_text, option_lines)
def test_an_option_that_fits_on_a_page_is_a_whole_line_with_its_own_number(
    head: str, options: list[tuple[str, str]]
) -> None:
    if not head and not options:
        return
    lines = [line for page in paginate(head, options, (), MORE, BACK, 160) for line in content(page, ())]
    short = [f"{number} {text}" for number, text in options if len(text) <= 50]
    after = iter(lines)
    assert all(line in after for line in short)
