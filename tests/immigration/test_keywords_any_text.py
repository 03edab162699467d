"""Does no text at all break the reading, no noise hide a keyword, and no slip of the finger bind anyone?"""

from string import ascii_uppercase

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from immigration.inbox.arguments import VisitArguments
from immigration.inbox.dates import WrittenDay
from immigration.inbox.keywords import KEYWORDS, Keyword, Wish, parse
from immigration.inbox.words import ALIASES, CLAIMS, HARMLESS, OTHER_WORDS, PHRASES

NUMBER = "1061234567890123"
BINDING = (
    *(Keyword.STOP, Keyword.HAPUS, Keyword.SALAH, Keyword.YA, Keyword.TIDAK),
    *(Keyword.DAFTAR, Keyword.UBAH, Keyword.BATAL, Keyword.INGAT),
)
FIRST_WORDS = KEYWORDS | {"".join(phrase) for phrase in PHRASES}

any_text = st.text(st.characters(exclude_categories=())) | st.lists(
    st.sampled_from(
        [
            *sorted(KEYWORDS),
            "SUDAH BAYAR ",
            NUMBER,
            "9F3K",
            "24 nov 1990",
            "1/12",
            " besok ",
            "P1O",
            "0",
            "O",
            "l",
            " ",
            "#",
            "?",
            "\x00",
            "\ud800",
            "ﷺ",
        ]
    )
).map("".join)
huge = st.sampled_from(
    [
        *("1" * 10_000, "O" * 10_000, "1 " * 5_000, "O " * 5_000, "#" * 10_000, "\u0301" * 10_000, "tolong " * 1_500),
        *("STATUS " + "O" * 10_000, "STATUS " + "a1 " * 3_000, f"STATUS {NUMBER} " + "l O " * 2_500, "stop " * 2_000),
        *(
            "BIAYA " + "Oi" * 5_000,
            "no" * 5_000,
            "\x00" * 10_000,
            "\ud83d" * 10_000,
            "salah " + "O12 " * 2_500,
            "ß" * 10_000,
            "daftar " + "1 " * 5_000,
            "ubah " + "O/" * 5_000,
            "batal " + "H9K " * 2_500,
            "sudah bayar " + "A1B2 " * 2_000,
            "sudah bayar " + "1/" * 5_000,
            "sudah bayar " + "A" * 10_000,
        ),
    ]
)


@settings(max_examples=300)
@given(any_text | huge)
def test_any_text_has_an_answer(text: str) -> None:
    wish = parse(text)
    assert wish.keyword is not None or wish == Wish(None, text.strip())
    assert wish.number is None or (len(wish.number) == 16 and wish.number.isdecimal() and wish.number.isascii())
    assert wish.last4 is None or (len(wish.last4) == 4 and wish.last4.isdecimal() and wish.last4.isascii())
    assert not wish.confirmed or wish.keyword in (Keyword.HAPUS, Keyword.BATAL)
    assert not wish.paid or (wish.keyword is Keyword.BAYAR and wish.rest == "")
    assert wish.receipt is None or (len(wish.receipt) == 4 and wish.receipt.isascii() and wish.receipt.isalnum())


ARGUMENTS = {
    Keyword.STATUS: (NUMBER, {"number": NUMBER}),
    Keyword.BIAYA: ("P10", {"service": "P10"}),
    Keyword.SYARAT: ("ITK30", {"service": "ITK30"}),
    Keyword.BAHASA: ("EN", {"language": "en"}),
    Keyword.HAPUS: ("YA", {"confirmed": True}),
    Keyword.SALAH: ("0123", {"last4": "0123"}),
    Keyword.STOP: ("SMS", {}),
    Keyword.JADWAL: ("01122026", {"visit": VisitArguments(WrittenDay(day=1, month=12, year=2026))}),
    Keyword.DAFTAR: ("01122026", {"visit": VisitArguments(WrittenDay(day=1, month=12, year=2026))}),
    Keyword.UBAH: ("01122026", {"visit": VisitArguments(WrittenDay(day=1, month=12, year=2026))}),
    Keyword.BATAL: ("YA", {"confirmed": True}),
    Keyword.BAYAR: ("4821", {"last4": "4821"}),
    Keyword.INGAT: ("TIDAK", {"refused": True}),
}
noise = st.text("#,.:;/- \n\t\"'()[]*!_\u200b\u00a0", max_size=4)
dress = st.sampled_from(
    [str.upper, str.lower, lambda letter: letter + "\u200d", lambda letter: chr(ord(letter) + 0xFEE0)]
)


@settings(max_examples=200)
@given(st.sampled_from(sorted(KEYWORDS)), st.booleans(), noise, noise, noise, st.lists(dress, min_size=8, max_size=8))
def test_noise_case_and_separators_hide_no_keyword(word, argued, before, between, after, dresses) -> None:
    keyword = ALIASES[word]
    argument, found = ARGUMENTS.get(keyword, ("", {})) if argued else ("", {})
    dressed = [
        "".join(dresses[place % 8](letter) for place, letter in enumerate(letters)) for letters in (word, argument)
    ]
    assert parse(before + dressed[0] + between + dressed[1] + after) == Wish(keyword, **found)


@st.composite
def slips(draw: st.DrawFn) -> str:
    """A word with one letter changed, added, dropped or swapped."""
    word = draw(st.sampled_from(sorted(KEYWORDS | OTHER_WORDS | {"STOK", "STEP", "SETOR", "HAPAL", "LAPUS", "SALAM"})))
    place = draw(st.integers(0, len(word) - 1))
    letter = draw(st.sampled_from(ascii_uppercase))
    head, tail = word[:place], word[place:]
    return draw(
        st.sampled_from(
            [head + letter + tail[1:], head + letter + tail, head + tail[1:], head + tail[1::-1] + tail[2:]]
        )
    )


@settings(max_examples=400)
@given(slips(), st.sampled_from(["", " SMS", " DATA", " YA", " 0123", " PAK", " SUDAH"]))
def test_no_slip_of_the_finger_stops_deletes_or_answers(word: str, behind: str) -> None:
    assume(word and word not in FIRST_WORDS)
    wish = parse(word + behind)
    assert wish.keyword not in BINDING
    assert not wish.paid


ordinary = st.text("abcdefghijklmnoprstuwy", min_size=1, max_size=9) | st.sampled_from(
    ["saya", "mau", "tanya", "kapan", "paspor", "pak", "sudah", "belum", "kalau", "di", "ke", "yang", "untuk", "biasa"]
)


@settings(max_examples=200)
@given(ordinary, st.lists(ordinary | st.sampled_from(sorted(KEYWORDS)), max_size=6), st.sampled_from(" ,.-"))
@example("kapan", ["STOP"], " ")
def test_a_sentence_that_begins_with_no_keyword_is_free_text(first: str, others: list[str], between: str) -> None:
    assume(not any(first.upper().startswith(word) for word in FIRST_WORDS if len(word) > 3 or word == first.upper()))
    text = between.join([first, *others, "gimana"])
    assert parse(text) == Wish(None, text.strip())


@given(st.sampled_from(sorted(HARMLESS)), st.lists(ordinary, min_size=2, max_size=6))
def test_a_sentence_after_a_harmless_keyword_still_asks_for_it(keyword: Keyword, others: list[str]) -> None:
    assume(others[0].upper() not in FIRST_WORDS)
    assert parse(" ".join([keyword, *others])).keyword is keyword


@given(st.sampled_from(sorted(set(Keyword) - HARMLESS)), st.lists(ordinary, max_size=4))
def test_a_sentence_after_a_binding_keyword_is_free_text(keyword: Keyword, others: list[str]) -> None:
    text = " ".join([keyword, *others, "calo"])
    assert parse(text) == Wish(None, text)


@given(st.sampled_from(sorted(CLAIMS)), st.lists(ordinary, max_size=4))
def test_a_sentence_after_the_word_that_it_is_paid_is_free_text(claim: str, others: list[str]) -> None:
    text = " ".join([claim, *others, "calo"])
    assert parse(text) == Wish(None, text)
