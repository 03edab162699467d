"""Is a citizen's message stored once and handled once whatever happens, and are machines left in peace?"""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from threading import Barrier

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from immigration.applications.states import Status
from immigration.inbox import guard
from immigration.inbox.desk import LONGEST
from immigration.inbox.tables import Inbound, text_about
from immigration.messages.outbox import body_of
from tests.support.citizen import BRAND, Citizen
from tests.support.clock import MovedClock
from tests.support.sms import SmsOffice, phone_of

on_sqlite_alone = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
STATES = {"answered", "office", "left"}
THREADS = 4


def at_once(*calls: Callable[[], object]) -> list[object]:
    """Run these in threads that begin together."""
    together = Barrier(len(calls))

    def run(call: Callable[[], object]) -> object:
        together.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def states(office: SmsOffice) -> list[str]:
    return [row.state for row in Citizen(office, 1, greeted=False).inbox()]


def test_a_message_told_twice_is_answered_once(office: SmsOffice) -> None:
    citizen = Citizen(office, 1)
    for _ in range(2):
        citizen.write("JAM", "id-1")
    assert len(citizen.inbox()) == len(office.messages()) == 1
    assert citizen.asks("JAM", "id-2").template == "A_JAM", "another message with the same words"
    number = office.inbox.store("8x8", "id-1", citizen.phone, "JAM")
    assert number is not None, "another aggregator has ids of its own"


def test_the_same_words_without_an_id_within_ten_minutes_are_one_message(office: SmsOffice, clock: MovedClock) -> None:
    citizen = Citizen(office, 1)
    assert citizen.asks("JAM", "").template == "A_JAM"
    for minutes in (0, 5, 4.9):
        clock.move(minutes=minutes)
        assert citizen.write("JAM", "") == []
    assert citizen.asks("AMBIL", "").template == "A_AMBIL"
    assert Citizen(office, 2).asks("JAM", "").template == "A_JAM"
    clock.move(minutes=0.2)
    assert citizen.asks("JAM", "").template == "A_JAM"


@pytest.mark.parametrize("their_id", ["id-1", ""])
def test_a_message_told_by_several_at_once_is_answered_once(office: SmsOffice, their_id: str) -> None:
    citizen = Citizen(office, 1)

    def arrive() -> object:
        number = citizen.store("JAM", their_id)
        return None if number is None else office.inbox.answer(number)

    assert Counter(at_once(*[arrive] * THREADS)) == {None: THREADS - 1, True: 1}
    assert [message.template for message in office.messages()] == ["A_JAM"]


def test_what_a_crash_left_unanswered_is_answered_once_by_whoever_comes_next(
    office: SmsOffice, clock: MovedClock
) -> None:
    citizen = Citizen(office, 1)
    numbers = [citizen.store(text) for text in ("JAM", "STOP", "Halo pak")]
    assert office.inbox.answer_waiting() == 0, "its own process may still be at it"
    clock.move(seconds=6)
    at_once(*[office.inbox.answer_waiting] * 2)
    assert sorted(message.template for message in office.messages()) == ["A_JAM", "A_STOP", "A_TERUSKAN"]
    assert Counter(states(office)) == {"answered": 2, "office": 1}
    assert office.inbox.answer_waiting() == 0
    assert [office.inbox.answer(number or 0) for number in numbers] == [False] * 3


@on_sqlite_alone
def test_what_fails_three_times_is_left_to_an_officer(office: SmsOffice, clock: MovedClock) -> None:
    citizen = Citizen(office, 1)
    broken = citizen.store("JAM")
    with office.database.writing() as session:
        session.execute(update(Inbound).where(Inbound.id == broken).values(text_sealed=b"damaged"))
    whole = citizen.store("AMBIL")
    for tries in (1, 2):
        clock.move(seconds=6)
        assert office.inbox.answer_waiting() == 3 - tries
        assert (states(office), office.open_tasks()) == (["stored", "answered"], [])
    assert office.inbox.answer(broken or 0) is False
    assert (states(office), office.open_tasks()) == (["stuck", "answered"], ["inbound_stuck"])
    assert office.inbox.answer_waiting() == 0
    assert [message.template for message in office.messages()] == ["A_AMBIL"]
    assert whole is not None


@on_sqlite_alone
def test_after_so_many_answers_an_hour_nothing_is_said_but_stopping_still_works(
    office: SmsOffice, clock: MovedClock
) -> None:
    citizen = Citizen(office, 1)
    office.record(1)
    for place in range(guard.ANSWERS_AN_HOUR):
        assert citizen.asks(("JAM", "Halo pak", "STATUS")[place % 3 and 2]).template
    assert citizen.write("JAM") == citizen.write("BAHASA EN") == []
    assert states(office)[-2:] == ["left", "left"]
    assert citizen.write("Halo?") == [], "and yet an officer reads it"
    assert states(office)[-1] == "office"
    assert citizen.write("STOP") == []
    contact = citizen.contact()
    assert contact is not None
    assert contact.reminders is False
    assert citizen.write("SALAH") == []
    assert office.open_tasks() == ["free_text", "wrong_phone"]
    assert Citizen(office, 2).asks("JAM").template == "A_JAM", "others are served"
    clock.move(hours=1, seconds=1)
    assert citizen.asks("JAM").template == "A_JAM"


@on_sqlite_alone
def test_who_has_everything_repeated_is_no_person_either(office: SmsOffice, clock: MovedClock) -> None:
    citizen = Citizen(office, 1)
    office.record(1, status=Status.CETAK, notify=True)
    with office.database.writing() as session:
        session.merge(office.messages()[0]).submitting_at = clock()
    answers = [citizen.write("ULANG") for _ in range(guard.ANSWERS_AN_HOUR + 2)]
    assert [len(said) for said in answers] == [1] * guard.ANSWERS_AN_HOUR + [0, 0]


@on_sqlite_alone
def test_our_own_words_and_delivery_notices_are_left_in_peace(office: SmsOffice) -> None:
    citizen = Citizen(office, 1)
    office.record(1, notify=True)
    said = body_of(office.vault, office.messages()[0]) or ""
    echoes = (said, f"  {said.upper()}\n", said.removesuffix("."), f"{BRAND}STOP")
    notices = (
        "Pesan Anda ke +6281200000001 telah terkirim",
        "SMS to IMIGRASI delivered",
        "Your message to 12345 could not be delivered. Not delivered",
        "Delivered",
        "Balasan otomatis: kami tutup",
        "Auto-reply: back on Monday",
    )
    for text in (*echoes, *notices):
        assert citizen.write(text) == [], text
    assert set(states(office)) == {"left"}
    assert office.open_tasks() == []


@on_sqlite_alone
@pytest.mark.parametrize(
    "text",
    [
        "Apakah pesan saya sudah terkirim ke petugas",
        "Pesan saya tidak terkirim, tolong dibantu",
        "Has my message been received and delivered",
        "SMS konfirmasi belum ada, kenapa tidak terkirim",
        "Imigrasi Sijunjung kapan buka lagi",
    ],
)
def test_a_person_who_asks_about_messages_is_answered(office: SmsOffice, text: str) -> None:
    assert len(Citizen(office, 1).write(text)) == 1


@on_sqlite_alone
@pytest.mark.parametrize("sender", ["IMIGRASI", "21512", "3636", "", "anonymous", "\x00", "+62", "TELKOMSEL 081"])
def test_who_cannot_be_written_to_is_left_in_peace(office: SmsOffice, sender: str) -> None:
    number = office.inbox.store("simulated", "", sender, "STATUS")
    assert number is not None
    assert office.inbox.answer(number) is False
    assert (states(office), office.messages(), office.open_tasks()) == (["left"], [], [])


@on_sqlite_alone
@pytest.mark.parametrize(
    ("text", "state", "kept"),
    [
        ("", "left", ""),
        (" \n\t", "left", " \n\t"),
        ("\x00\x00", "left", ""),
        ("ST\x00OP", "answered", "STOP"),
        ("\ud800", "left", ""),
        ("JAM \udfff\ud83d", "answered", "JAM "),
        ("...!!", "left", "...!!"),
        ("🙏👍", "left", "🙏👍"),
        ("🙏 JAM 🙏", "answered", "🙏 JAM 🙏"),
        ("ꦩꦠꦸꦂ ꦤꦸꦮꦸꦤ꧀", "office", "ꦩꦠꦸꦂ ꦤꦸꦮꦸꦤ꧀"),
        ("a" * 4000, "office", "a" * 4000),
        ("JAM " * 1500, "answered", ("JAM " * 1500)[:LONGEST]),
    ],
)
def test_odd_texts_are_kept_and_answered_or_left(office: SmsOffice, text: str, state: str, kept: str) -> None:
    citizen = Citizen(office, 1)
    citizen.write(text)
    [row] = citizen.inbox()
    assert row.state == state
    assert row.text_sealed is not None
    assert office.vault.unseal(row.text_sealed, text_about(row.uid)) == kept
    assert office.open_tasks() == (["free_text"] if state == "office" else [])


SENDERS = st.integers(1, 40).map(phone_of) | st.text(max_size=20) | st.text(st.characters(), max_size=20)
WORDS = (
    *("STATUS", "CEK", "BIAYA", "SYARAT", "JAM", "AMBIL", "BAHASA", "STOP", "MULAI", "HAPUS", "DATA", "ULANG", "SALAH"),
    *("P10", "PANAK", "paspor", "EN", "YA", "TIDAK", "bukan", "saya", "0001", "9900000000000001", "24111990"),
    *("#", ",", ".", "?", "pak", "pesan", "terkirim", "IMIGRASI", "SIJUNJUNG:"),
)
TEXTS = (
    st.text(st.characters(), max_size=80)
    | st.text(max_size=300)
    | st.lists(st.sampled_from(WORDS), max_size=5).map(" ".join)
)
_IDS = count()


@on_sqlite_alone
@given(sender=SENDERS, text=TEXTS)
@example(sender=phone_of(1), text="\udc00" * 4001)
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_from_any_sender_ends_in_a_known_state(office: SmsOffice, sender: str, text: str) -> None:
    number = office.inbox.store("simulated", f"any-{next(_IDS)}", sender, text)
    assert number is not None
    office.inbox.answer(number)
    with office.database.reading() as session:
        row = session.get_one(Inbound, number)
    assert row.state in STATES
    assert row.tries == 0
