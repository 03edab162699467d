"""Is BAYAR answered with what is due, and does "I have paid" have somebody look into it, once?"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select

from immigration.applications.states import Status
from immigration.database import Database
from immigration.keys import load_vault
from immigration.payments import answering
from immigration.payments.settling import settle
from immigration.people import LANGUAGES
from immigration.tasks import Task
from immigration.vault import KeyRing
from tests.support.citizen import Citizen, Said
from tests.support.clock import MovedClock
from tests.support.payments import PayDesk, billing_of
from tests.support.reminders import Times
from tests.support.sms import number, phone_of

BORN = "24111990"
on_sqlite_alone = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)


@pytest.fixture
def desk(database: Database, key_ring: KeyRing, clock: MovedClock) -> PayDesk:
    return PayDesk.over(database, load_vault(database, key_ring), clock)


def tickets(desk: PayDesk, *, done: bool = False) -> list[Task]:
    with desk.sms.database.reading() as session:
        return list(reversed(answering.tickets(session, done=done)))


def ticket_words(desk: PayDesk) -> list[str]:
    return [one.words for one in tickets(desk)]


def at_once(*doings: Callable[[], object]) -> None:
    with ThreadPoolExecutor(len(doings)) as pool:
        for doing in [pool.submit(doing) for doing in doings]:
            doing.result(60)


@on_sqlite_alone
def test_what_is_due_is_told_in_each_language_with_the_billing_as_it_is_read_out(
    desk: PayDesk, clock: MovedClock
) -> None:
    desk.billed(1)
    clock.move(minutes=18)
    citizen = Citizen(desk.sms, 1)
    asked = {"id": "BAYAR", "min": "bayia pak", "en": "pay?"}
    assert {language: citizen.speaks(language).asks(asked[language]).words for language in LANGUAGES} == {
        "id": "No ..0001 Bayar Rp950.000 sampai 12.00 WIB 24 Nov, sisa 1 jam 42 menit. Billing 8202 0000 0000 001. "
        "Sudah bayar? Balas SUDAH BAYAR.",
        "min": "No ..0001 Bayia Rp950.000 sampai 12.00 WIB 24 Nov, sisa 1 jam 42 menit. Billing 8202 0000 0000 001. "
        "Alah bayia? Baleh ALAH BAYIA.",
        "en": "No ..0001 Pay Rp950.000 by 12.00 WIB 24 Nov, 1 h 42 min left. Billing 8202 0000 0000 001. "
        "Already paid? Reply PAID.",
    }
    assert (tickets(desk), desk.payment(1).state) == ([], "waiting"), "asking changes nothing"


@on_sqlite_alone
def test_without_a_number_to_write_to_each_text_names_the_code_to_dial(desk: PayDesk) -> None:
    one_way = desk.sms.with_settings(sms_reply_number="")
    assert "hubungi *384*1303#, pilih 3." in Citizen(one_way, 1).asks("BAYAR").words.lower()
    desk.billed(1)
    assert Citizen(one_way, 1).asks("BAYAR").words.endswith("Sudah bayar? *384*1303# pilih 3.")
    desk.billed(2, phone=phone_of(1))
    assert Citizen(one_way, 1).asks("BAYAR").words.endswith("Hubungi *384*1303#, pilih 3.")


def test_i_have_paid_opens_one_ticket_that_is_told_again_and_stops_the_clock(desk: PayDesk, clock: MovedClock) -> None:
    desk.billed(1)
    citizen = Citizen(desk.sms, 1)
    times = Times(desk.sms, clock)
    told = citizen.asks("sudah bayar struk 9F3K")
    [ticket] = tickets(desk)
    assert told == Said(
        "P_TIKET",
        f"No ..0001 Tiket A26-{ticket.id:05d}: petugas memeriksa pembayaran Anda. Kabar paling lambat 25 Nov 2026. "
        "Simpan struk.",
    )
    assert ticket.words == "application ..0001: Rp950.000 said to be paid, receipt ..9F3K"
    assert {citizen.asks(text) for text in ("SUDAH BAYAR", "BAYAR", "paid", "bayar 0001")} == {told}
    assert len(tickets(desk)) == 1
    assert (desk.payment(1).state, desk.events(1)) == ("disputed", ["made", "disputed"])
    # Reminders come 60, 30 and 10 minutes before, and the end would have come after two hours.
    said = {message.template for message in desk.sms.messages()}
    times.minutes(150)
    assert {message.template for message in desk.sms.messages()} == said == {"P_TIKET"}
    assert desk.status(1) == "MENUNGGU_BAYAR"


@on_sqlite_alone
@pytest.mark.parametrize(
    "text",
    ["belum bayar", "bayar dimana", "kenapa harus bayar", "sudah bayar belum", "SUDAH BAYAR?", "bayar?", "mau bayar"],
)
@pytest.mark.parametrize("minutes", [1, 130])
def test_what_only_asks_opens_no_ticket_not_even_when_time_is_over(
    desk: PayDesk, clock: MovedClock, text: str, minutes: int
) -> None:
    desk.billed(1)
    clock.move(minutes=minutes)
    Citizen(desk.sms, 1).write(text)
    assert tickets(desk) == []
    assert desk.payment(1).state == "waiting"


@pytest.mark.parametrize("text", ["BAYAR", "bayia", "PAY 0001", "SUDAH BAYAR", "bayar pak"])
def test_run_out_the_keyword_alone_says_that_it_is_paid(desk: PayDesk, clock: MovedClock, text: str) -> None:
    desk.billed(1)
    clock.move(hours=2, minutes=1)
    desk.lets_run_out()
    assert "Sudah bayar? Balas BAYAR." in desk.bodies()[0]
    assert Citizen(desk.sms, 1).asks(text).template == "P_TIKET"
    assert ticket_words(desk) == ["application ..0001: Rp950.000 said to be paid, without a receipt"]
    assert desk.status(1) == "KEDALUWARSA"


def test_a_word_in_time_for_the_clocks_next_pass_keeps_the_application(desk: PayDesk, clock: MovedClock) -> None:
    desk.billed(1)
    clock.move(hours=2, seconds=1)
    assert Citizen(desk.sms, 1).asks("BAYAR").template == "P_TIKET"
    assert (desk.lets_run_out(), desk.status(1)) == (0, "MENUNGGU_BAYAR")


@on_sqlite_alone
def test_of_several_the_last_four_digits_choose(desk: PayDesk, clock: MovedClock) -> None:
    citizen = Citizen(desk.sms, 1)
    desk.billed(1)
    desk.billed(2, phone=citizen.phone, within=timedelta(hours=1))
    desk.sms.record(3, phone=citizen.phone, status=Status.MENUNGGU_BAYAR)
    clock.move(hours=1)
    listed = citizen.asks("bayar")
    assert listed == Said(
        "A_BAYAR_DAFTAR",
        "Tagihan Anda: ..0001 Rp950.000, ..0002 lewat waktu, ..0003. Yang mana? Misal balas BAYAR ..0001.",
    )
    assert citizen.asks("BAYAR ..0001").template == "A_BAYAR"
    assert citizen.asks("BAYAR 0003").template == "MENUNGGU_BAYAR-plain"
    assert citizen.asks("BAYAR 0009").template == "A_TIDAK_DITEMUKAN"
    which = citizen.asks("sudah bayar")
    assert which.template == "A_BAYAR_DAFTAR-lunas"
    assert which.words.startswith("Yang mana sudah dibayar? ..0001 Rp950.000, ..0002 lewat waktu, ..0003.")
    assert tickets(desk) == []
    assert citizen.asks("SUDAH BAYAR ..0001").template == "P_TIKET"
    assert citizen.asks("BAYAR 0002").template == "P_TIKET", "run out, as the text about it says"
    assert citizen.asks("sudah bayar 7788 0003").template == "P_TIKET"
    assert ticket_words(desk) == [
        "application ..0001: Rp950.000 said to be paid, without a receipt",
        "application ..0002: Rp950.000 said to be paid, without a receipt",
        "application ..0003: said to be paid, receipt ..7788",
    ]


@on_sqlite_alone
@pytest.mark.parametrize(
    ("text", "receipt"),
    [
        ("SUDAH BAYAR", "without a receipt"),
        ("SUDAH BAYAR 7788", "receipt ..7788"),
        ("SUDAH BAYAR 0001", "without a receipt"),
        ("SUDAH BAYAR 0001 7788", "receipt ..7788"),
        ("SUDAH BAYAR 7788 0001", "receipt ..7788"),
        ("alah bayia NTPN 1A2B3C4D5E6F7G8H", "receipt ..7G8H"),
        (f"I have paid {number(1)}, receipt 1234567890", "receipt ..7890"),
        ("sudah bayar Rp950.000 tadi jam 10.30 di ATM BRI", "without a receipt"),
        ("sudah bayar tapi status belum berubah", "without a receipt"),
    ],
)
def test_figures_are_the_applications_or_else_the_receipts(desk: PayDesk, text: str, receipt: str) -> None:
    desk.billed(1)
    assert Citizen(desk.sms, 1).asks(text).template == "P_TIKET"
    assert ticket_words(desk) == [f"application ..0001: Rp950.000 said to be paid, {receipt}"]


@on_sqlite_alone
def test_where_nothing_is_due_a_receipt_is_still_looked_into(desk: PayDesk) -> None:
    citizen = Citizen(desk.sms, 1)
    nothing = citizen.asks("BAYAR")
    assert (nothing.template, "SUDAH BAYAR dan 4 angka" in nothing.words) == ("A_BAYAR_KOSONG", True)
    desk.sms.record(1, status=Status.CETAK)
    assert citizen.asks("BAYAR") == nothing
    assert citizen.asks("SUDAH BAYAR").template == "CETAK"
    assert citizen.asks("SUDAH BAYAR 0001").template == "CETAK"
    assert citizen.asks("BAYAR 0001").template == "CETAK"
    assert tickets(desk) == []
    told = citizen.asks("SUDAH BAYAR 7788")
    [ticket] = tickets(desk)
    assert (told.template, f"Tiket A26-{ticket.id:05d}:" in told.words) == ("P_TIKET-plain", True)
    assert (ticket.words, ticket.application_id, ticket.office) == (
        "no application on record: said to be paid, receipt ..7788",
        None,
        "SJJ",
    )
    assert citizen.asks("alah bayia 7788") == told


@on_sqlite_alone
def test_a_receipt_of_who_is_cancelled_or_unknown_needs_no_application(desk: PayDesk) -> None:
    desk.sms.record(1, status=Status.DIBATALKAN)
    desk.sms.record(3, status=Status.DIBATALKAN)
    asked = {1: "SUDAH BAYAR", 2: "SUDAH BAYAR", 3: "SUDAH BAYAR 0003"}
    told = [Citizen(desk.sms, place).asks(text).template for place, text in asked.items()]
    assert told == ["P_TIKET-plain"] * 3
    assert ticket_words(desk) == [
        "no application on record: said to be paid, without a receipt",
        "no application on record: said to be paid, without a receipt",
        "no application on record: said to be paid, receipt ..0003",
    ]
    assert Citizen(desk.sms, 3).asks("BAYAR 0003").template == "DIBATALKAN"


@on_sqlite_alone
def test_what_an_officer_looks_into_is_said_and_not_asked_for_again(desk: PayDesk, clock: MovedClock) -> None:
    desk.billed(1)
    clock.move(hours=3)
    desk.pays(1)
    citizen = Citizen(desk.sms, 1)
    assert citizen.asks("BAYAR").template == "A_BAYAR_PERIKSA"
    assert citizen.asks("SUDAH BAYAR").template == "P_TIKET"
    assert citizen.asks("BAYAR").template == "P_TIKET"


def test_the_money_ends_the_ticket_with_its_own_news(desk: PayDesk) -> None:
    desk.billed(1)
    citizen = Citizen(desk.sms, 1)
    citizen.asks("SUDAH BAYAR")
    assert desk.pays(1) == "paid"
    assert [tickets(desk), desk.sms.open_tasks()] == [[], []]
    assert [one.phone_hash for one in tickets(desk, done=True)] == [None]
    assert desk.texts() == ["P_TIKET", "LUNAS_TERJADWAL"]
    assert citizen.asks("SUDAH BAYAR").template == "LUNAS_TERJADWAL"


def test_another_phone_needs_the_birth_date_for_money_as_for_the_state(desk: PayDesk, clock: MovedClock) -> None:
    desk.billed(1)
    stranger = Citizen(desk.sms, 9)
    refused = {
        stranger.asks(text)
        for text in (
            *(f"BAYAR {number(1)}", f"BAYAR {number(8)}", f"BAYAR {number(1)}#25111990", f"BAYAR {number(8)}#{BORN}"),
            *(f"SUDAH BAYAR {number(1)}", f"SUDAH BAYAR {number(1)} 25111990", "BAYAR 0001"),
        )
    }
    assert {said.template for said in refused} == {"A_TIDAK_DITEMUKAN"}
    assert (len(refused), tickets(desk)) == (1, [])
    assert stranger.asks(f"BAYAR {number(1)}#{BORN}").template == "A_BAYAR"
    told = stranger.asks(f"SUDAH BAYAR {number(1)}#{BORN} 7788")
    assert told.template == "P_TIKET"
    assert ticket_words(desk) == ["application ..0001: Rp950.000 said to be paid, receipt ..7788"]
    assert desk.sms.messages()[-1].phone_hash == stranger.phone_hash
    assert stranger.asks("BAYAR").template == "A_BAYAR_KOSONG", "whose bill it is, stays with who knows its number"
    for text in ("01011991", "02011991"):
        stranger.asks(f"BAYAR {number(1)} {text}")
    assert stranger.asks(f"SUDAH BAYAR {number(1)} {BORN}").template == "A_TERBATAS"


def test_an_officers_answer_reaches_who_asked_in_their_language(desk: PayDesk) -> None:
    desk.billed(1, language="id")
    stranger, unknown = Citizen(desk.sms, 9).speaks("en"), Citizen(desk.sms, 10)
    stranger.asks(f"PAID {number(1)} {BORN}")
    unknown.asks("SUDAH BAYAR 7788")
    for citizen, ticket in zip((stranger, unknown), tickets(desk), strict=True):
        with desk.sms.database.writing() as session:
            answering.answer(session, desk.sms.outbox, ticket.id, "Uang sudah masuk.", "officer", desk.now)
        told = desk.sms.messages()[-1]
        assert (told.phone_hash, told.template) == (citizen.phone_hash, "A_PETUGAS")
    assert [message.language for message in desk.sms.messages()][-2:] == ["en", "id"]
    assert tickets(desk) == []


def test_to_be_forgotten_closes_the_ticket_and_leaves_no_phone(desk: PayDesk) -> None:
    desk.billed(1)
    citizen = Citizen(desk.sms, 1)
    citizen.asks("SUDAH BAYAR 7788")
    assert citizen.asks("HAPUS YA").template == "A_HAPUS_OK"
    [ticket] = tickets(desk, done=True)
    assert (tickets(desk), ticket.phone_hash, ticket.done_by) == ([], None, "citizen")
    assert citizen.phone_hash.hex() not in ticket.about
    assert desk.sms.open_tasks() == ["payment_disputed"], "the payment itself is still looked into"


@on_sqlite_alone
def test_nothing_of_a_person_stands_in_a_ticket(desk: PayDesk) -> None:
    desk.billed(1)
    citizen = Citizen(desk.sms, 1)
    citizen.asks("sudah bayar 7788")
    with desk.sms.database.reading() as session:
        rows = session.scalars(select(Task)).all()
    kept = " ".join(f"{row.about} {row.words}" for row in rows)
    told = (citizen.phone[3:], citizen.phone_hash.hex(), "Siti", number(1), billing_of(1))
    assert [secret for secret in told if secret in kept] == []


def test_who_says_it_many_times_at_once_gets_one_ticket(desk: PayDesk) -> None:
    desk.billed(1)
    citizen, unknown = Citizen(desk.sms, 1), Citizen(desk.sms, 2)
    written = [one.store("SUDAH BAYAR 7788") for one in (citizen, unknown) for _ in range(4)]
    at_once(*(lambda number=number: desk.sms.inbox.answer(number) for number in written))
    assert sorted(ticket_words(desk)) == [
        "application ..0001: Rp950.000 said to be paid, receipt ..7788",
        "no application on record: said to be paid, receipt ..7788",
    ]
    bodies = desk.bodies()
    assert (len(bodies), len(set(bodies))) == (8, 2)
    assert desk.events(1) == ["made", "disputed"]


def test_the_same_message_delivered_twice_is_answered_once(desk: PayDesk) -> None:
    desk.billed(1)
    citizen = Citizen(desk.sms, 1)
    assert citizen.asks("SUDAH BAYAR", "their-id").template == "P_TIKET"
    assert citizen.write("SUDAH BAYAR", "their-id") == []


def test_money_and_the_word_of_it_arriving_at_once_leave_nothing_open(desk: PayDesk) -> None:
    for place in range(1, 9):
        desk.billed(place)
        written = Citizen(desk.sms, place).store("SUDAH BAYAR")
        assert written is not None
        at_once(lambda place=place: desk.pays(place), lambda written=written: desk.sms.inbox.answer(written))
        assert (desk.status(place), desk.payment(place).state) == ("LUNAS_TERJADWAL", "paid")
    assert desk.sms.open_tasks() == []
    assert {row.state for row in Citizen(desk.sms, 1).inbox()} == {"answered"}


def test_a_word_and_the_end_of_its_time_at_once_leave_one_truth(desk: PayDesk, clock: MovedClock) -> None:
    for place in range(1, 9):
        desk.billed(place)
    clock.move(hours=2, seconds=1)
    for place in range(1, 9):
        written = Citizen(desk.sms, place).store("BAYAR")
        assert written is not None
        at_once(desk.lets_run_out, lambda written=written: desk.sms.inbox.answer(written))
        assert (desk.status(place), desk.payment(place).state) in (
            ("MENUNGGU_BAYAR", "disputed"),
            ("KEDALUWARSA", "expired"),
        )
    assert len(tickets(desk)) == 8


@on_sqlite_alone
def test_a_bill_that_waits_again_after_all_is_told_once_its_ticket_is_answered(desk: PayDesk) -> None:
    desk.billed(1)
    citizen = Citizen(desk.sms, 1)
    citizen.asks("SUDAH BAYAR")
    [ticket] = tickets(desk)
    with desk.sms.database.writing() as session:
        settle(session, desk.sms.outbox, billing_of(1), "cancelled", "officer", desk.now)
        answering.answer(session, desk.sms.outbox, ticket.id, "Belum ada uang.", "officer", desk.now)
    assert citizen.asks("BAYAR").template == "A_BAYAR"
    assert citizen.asks("SUDAH BAYAR").template == "P_TIKET"
    assert len(tickets(desk)) == 1
