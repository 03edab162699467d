"""Is a day or a time read as whoever wrote it meant it, and is what may mean two things left unread?"""

from contextlib import suppress
from datetime import date, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from immigration.inbox.dates import PASSED_LATELY, BadDay, WrittenDay, WrittenTime, day_meant, read
from immigration.inputs import MONTHS

TODAY = date(2026, 11, 24)
"""A Tuesday."""

TOMORROW, OVERMORROW, FIRST = date(2026, 11, 25), date(2026, 11, 26), date(2026, 12, 1)


def day_of(text: str, today: date = TODAY) -> date | None:
    written = read(text).day
    return None if written is None else day_meant(written, today)


@pytest.mark.parametrize(
    ("meant", "texts"),
    [
        (TODAY, "hari ini|Hari Ko|hari iko|harini|today|TODAY!|24/11|selasa|salasa|tue|24 nov"),
        (TOMORROW, "besok|bsk|BISUAK|bisuk|tomorrow|tmrw|rabu|rabaa|Wednesday|besok 25/11|besok, rabu"),
        (OVERMORROW, "lusa|besok lusa|bisuak lusa|day after tomorrow|kamis|kamih|Thu"),
        (date(2026, 11, 27), "jumat|Jum'at|jumaik|friday|jum at|Jum 27 Nov"),
        (date(2026, 11, 28), "sabtu|Sat|saturday"),
        (date(2026, 11, 29), "minggu|ahad|akad|sunday"),
        (date(2026, 11, 30), "senin|Sinayan|monday|senin, 30 november"),
        (
            FIRST,
            (
                "1/12|01/12|1-12|1.12|1,12|1 12|1#12|1 / 12|1/12/2026|01-12-2026|1.12.26|1-12-26|1 12 2026|01122026|"
                "011226|2026-12-01|1 des|1des|1 Desember|1 desember 2026|1 des 26|01-DES-2026|Dec 1|December 1st, 2026|"
                "1st of December|1 dec|l/l2|O1/12|0l122026|tgl 1|tanggal 1|tgl. 1|Selasa 1/12|Sel, 1 Des 2026"
            ),
        ),
        (date(2026, 10, 1), "1/10|1 oktober|1oktober|1 okt"),
        (date(2027, 1, 5), "5/1|05/01|5 januari|5 jan 2027|050127|5-1-27"),
        (date(2027, 8, 17), "17 agustus 2027|17 agustuih 27|17/8/27"),
    ],
)
def test_a_day_is_read_in_every_form_that_people_use(meant: date, texts: str) -> None:
    for text in texts.split("|"):
        assert day_of(text) == meant, text


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        *(
            ("1/12 09.00", (9, 0)),
            ("1/12 9", (9, 0)),
            ("1/12 9:00", (9, 0)),
            ("1/12#9", (9, 0)),
            ("1/12,09,00", (9, 0)),
        ),
        *(("1/12 jam 9", (9, 0)), ("jam 9 1/12", (9, 0)), ("1 12 9", (9, 0)), ("1 des pukul 09.30", (9, 30))),
        *(("besok pkl 10", (10, 0)), ("besok @10.00", (10, 0)), ("besok 1000", (10, 0)), ("besok l0.OO", (10, 0))),
        *(("1 dec at 2pm", (14, 0)), ("1 dec 9am", (9, 0)), ("1 dec 12 am", (0, 0)), ("1 dec 12.30 pm", (12, 30))),
        *(("1 des 20.00", (20, 0)), ("1/12/26 9", (9, 0)), ("10.00 1.12", (10, 0)), ("9:00, 1/12", (9, 0))),
        *(("Sen 30 Nov 13.30", (13, 30)), ("011226 0800", (8, 0)), ("tgl 1 jam 8", (8, 0)), ("jam 9.10", (9, 10))),
    ],
)
def test_a_time_is_read_beside_the_day(text: str, meant: tuple[int, int]) -> None:
    assert read(text).time == WrittenTime(*meant)


@pytest.mark.parametrize("text", ["1/12 S2", "s2 1/12", "besok sesi 2", "session 2, 1 dec", "sesi 2 1 12"])
def test_a_session_may_be_told_by_its_number(text: str) -> None:
    found = read(text)
    assert (found.time, found.day is not None) == (WrittenTime(session=2), True)


@pytest.mark.parametrize(
    "text", ["senin depan", "jumat muko", "next friday", "next week", "minggu depan", "minggu ini"]
)
def test_a_day_that_may_be_either_of_two_is_not_read(text: str) -> None:
    found = read(f"{text} jam 9")
    assert (found.day, found.unsure) == (None, True)


@pytest.mark.parametrize(
    "text",
    ["31/2", "45/13", "32 des", "0/1", "29/2/2027", "00122026", "senin 1/12", "besok 1/12", "besok senin", "tgl 32"],
)
def test_a_day_that_is_none_is_refused(text: str) -> None:
    written = read(text).day
    assert written is not None
    with pytest.raises(BadDay):
        day_meant(written, TODAY)


@pytest.mark.parametrize(
    "text", ["", "9", "jam 9", "saya", "paspor 10 tahun", "min", "mei", "P10", "1", "i/o", "bulan 12"]
)
def test_what_is_no_day_is_left_alone(text: str) -> None:
    assert read(text).day is None


@pytest.mark.parametrize("text", ["1/12 jam 45", "1/12 25.00", "1/12 9 10", "1/12 3/12", "45 1/12 9", "1/12 0000000"])
def test_figures_that_say_nothing_stay_in_the_rest(text: str) -> None:
    found = read(text)
    assert found.day == WrittenDay(day=1, month=12)
    assert any(letter.isdecimal() for letter in found.rest)


def test_a_weekday_is_today_only_while_today_is_not_over() -> None:
    tuesday = WrittenDay(weekday=1)
    assert day_meant(tuesday, TODAY) == TODAY
    assert day_meant(tuesday, TODAY, today_is_over=True) == FIRST
    assert day_meant(WrittenDay(ahead=0), TODAY, today_is_over=True) == TODAY, "who says today means today"


@pytest.mark.parametrize(
    ("today", "text", "meant"),
    [
        (date(2026, 12, 30), "2/1", date(2027, 1, 2)),
        (date(2026, 12, 31), "besok", date(2027, 1, 1)),
        (date(2027, 1, 2), "30/12", date(2026, 12, 30)),
        (date(2027, 12, 20), "29/2", date(2028, 2, 29)),
        (date(2026, 11, 24), "tgl 24", date(2026, 11, 24)),
        (date(2026, 11, 24), "tgl 23", date(2026, 12, 23)),
        (date(2026, 12, 24), "tgl 2", date(2027, 1, 2)),
        (date(2026, 11, 24), "20 nov", date(2026, 11, 20)),
    ],
)
def test_what_is_left_out_is_the_nearest_that_fits(today: date, text: str, meant: date) -> None:
    assert day_of(text, today) == meant


dates = st.dates(date(2026, 1, 1), date(2039, 12, 31))
names = st.sampled_from(sorted(MONTHS))
between = st.sampled_from(["/", "-", ".", " ", " / ", "#"])
looks = st.sampled_from(["01", "Ol", "OI"])


def dressed(text: str, look: str) -> str:
    """With letters in place of some digits, as thumbs and memory have it; the first stays a digit."""
    return text[:1] + text[1:].translate(str.maketrans("01", look))


@st.composite
def with_year(draw: st.DrawFn) -> tuple[str, date]:
    day = draw(dates)
    sign, look = draw(between), draw(looks)
    name = draw(st.sampled_from([name for name, number in MONTHS.items() if number == day.month]))
    forms = [
        dressed(f"{day.day}{sign}{day.month}{sign}{day.year}", look),
        dressed(f"{day:%d}{sign}{day:%m}{sign}{day.year}", look),
        f"{day:%d%m%Y}",
        f"{day:%d%m%y}",
        f"{day.day}/{day.month}/{day:%y}",
        f"{day.day} {name} {day.year}",
        f"{day:%d}{name.upper()}{day.year}",
        f"{name.title()} {day.day}, {day.year}",
        f"{day:%Y-%m-%d}",
    ]
    return draw(st.sampled_from(forms)), day


hours = st.integers(0, 23)


@example(("1/1/27", date(2027, 1, 1)), 20, " {:02}00")
@settings(max_examples=500)
@given(
    with_year(), hours, st.sampled_from([" {:02}.00", " {}:00", ", jam {}", " pukul {:02}.00", "#{:02}.00", " {:02}00"])
)
def test_a_day_that_is_written_whole_is_read_back_as_itself(told: tuple[str, date], hour: int, form: str) -> None:
    text, meant = told
    found = read(text + form.format(hour))
    assert found.day is not None
    assert day_meant(found.day, TODAY) == meant
    assert found.time == WrittenTime(hour)
    assert not any(letter.isalnum() for letter in found.rest)


@settings(max_examples=300)
@given(
    dates,
    st.integers(1, 270),
    st.sampled_from(["{0.day}/{0.month}", "{0.day}-{0.month}", "{0.day} {1}", "{1} {0.day}"]),
)
def test_a_day_without_its_year_is_the_next_such_day(today: date, ahead: int, form: str) -> None:
    meant = today + timedelta(days=ahead)
    name = next(name for name, number in MONTHS.items() if number == meant.month)
    assert day_of(form.format(meant, name), today) == meant


@given(dates, st.integers(1, PASSED_LATELY.days))
def test_a_day_that_passed_lately_is_not_next_years(today: date, ago: int) -> None:
    meant = today - timedelta(days=ago)
    assert day_of(f"{meant.day}/{meant.month}", today) == meant


any_text = st.text(max_size=200) | st.lists(
    st.sampled_from(
        [*"0123456789/.-#, :OolI@", "des", "senin", "jam ", "besok", "am", "tgl ", "2026", "\x01", "next ", "sesi "]
    )
).map("".join)


@settings(max_examples=400)
@given(any_text, dates, st.booleans())
@example("1 " * 4000, TODAY, False)
@example("O/" * 4000, TODAY, False)
@example("jam " * 3000 + "1/12", TODAY, False)
def test_no_text_at_all_breaks_the_reading(text: str, today: date, over: bool) -> None:
    found = read(text)
    if found.day is not None:
        with suppress(BadDay):
            day_meant(found.day, today, today_is_over=over)
    if found.time is not None:
        assert found.time.hour < 24
        assert found.time.minute < 60
