"""Does a caller learn what to pay, by when and where, and does "I have paid" get a ticket that stays the same?"""

from datetime import timedelta

import pytest
from sqlalchemy import select

from immigration import privacy, tasks
from immigration.applications.record import Billing
from immigration.applications.states import Status
from immigration.applications.tables import Payment, PaymentEvent
from immigration.messages.outbox import body_of
from immigration.messages.tables import Message
from immigration.payments.answering import answer
from immigration.payments.expiring import due
from immigration.payments.paying import Paid, pay
from immigration.tasks import Task
from menus.testing import CallKit
from tests.menus.conftest import BORN, STRANGER, UNPAID, Office

BILL = (
    "..0005 Bayar Rp950.000\nBilling 8202 6112 4000 001\nSisa 2 jam, sampai 12.00 WIB\n"
    "1 Kirim lewat SMS\n2 Di mana bayar\n3 Sudah bayar\n4 Nomor lain\n0 Kembali"
)
TICKET = "Tiket A26-{:05d}: petugas memeriksa pembayaran. Kabar lewat SMS paling lambat Rab 25 Nov. Simpan struk."
ASKS = "Ketik 4 huruf/angka terakhir di struk bayar.\n9 Tidak ada struk\n0 Kembali"
NTPN = "1A2B3C4D5E6F7G8H"


def open_tickets(office: Office) -> list[Task]:
    with office.database.reading() as session:
        return list(
            session.scalars(select(Task).where(Task.kind == "ticket", Task.done_at.is_(None)).order_by(Task.id))
        )


def texts(office: Office) -> list[str]:
    """What was written to people since, privacy texts left out."""
    with office.database.reading() as session:
        rows = session.scalars(select(Message).where(Message.template != "R_PRIVASI").order_by(Message.id)).all()
        return [body_of(office.vault, row) or "" for row in rows]


def state_of(office: Office, billing: str = "820261124000001") -> str:
    with office.database.reading() as session:
        billing_hash = office.vault.lookup("billing", billing)
        return session.scalars(select(Payment.state).where(Payment.billing_hash == billing_hash)).one()


def paid(office: Office) -> str:
    with office.database.writing() as session:
        told = Paid("820261124000001", office.clock(), NTPN)
        return pay(session, office.outbox, told, "test", office.clock())[1]


def test_the_only_bill_is_shown_at_once_with_the_time_that_is_left(kit: CallKit, office: Office) -> None:
    call = kit.dial(UNPAID).replies("3").sees(BILL)
    office.clock.move(minutes=78)
    call.replies("00").replies("3")
    assert "Sisa 42 menit, sampai 12.00 WIB" in call.screen


def test_the_bill_goes_out_by_sms_once(kit: CallKit, office: Office) -> None:
    call = kit.dial(UNPAID).replies("3").replies("1").ends("Info dikirim lewat SMS. Terima kasih.")
    call.repeats()
    [text] = texts(office)
    assert "Billing 820261124000001. Bayar sebelum 12.00 WIB 24 Nov 2026." in text


def test_a_bill_of_another_day_names_the_day(kit: CallKit, office: Office) -> None:
    late = Billing("820261124000009", 650_000, office.clock() + timedelta(days=2, hours=3))
    office.keep("9900000000000009", STRANGER, Status.MENUNGGU_BAYAR, payment=late)
    assert "Sisa 2 hari 3 jam, sampai Kam 26 Nov 13.00 WIB" in kit.dial(STRANGER).replies("3").screen


def test_where_to_pay_is_told_by_kind(kit: CallKit, office: Office) -> None:
    call = kit.dial(UNPAID).replies("3").replies("2")
    call.sees("Bayar di mana?\n1 Bank/ATM\n2 Kantor Pos\n3 Minimarket\n4 Aplikasi HP\n0 Kembali")
    call.replies("3").sees(
        "Kasir minimarket: bilang bayar Penerimaan Negara (MPN). Misalnya Indomaret, Alfamart. "
        "Sebut 15 angka billing. Simpan struk.\n0 Kembali"
    )
    call.replies("0").replies("0").sees(BILL)


def test_already_paid_opens_a_ticket_and_keeps_the_billing_from_running_out(kit: CallKit, office: Office) -> None:
    call = kit.dial(UNPAID).replies("3").replies("3").sees(ASKS).replies("5e6f 7g8h")
    [ticket] = open_tickets(office)
    call.ends(TICKET.format(ticket.id) + " Terima kasih.")
    assert ticket.words == "application ..0005: Rp950.000 said to be paid, receipt ..7G8H"
    [text] = texts(office)
    assert f"No ..0005 Tiket A26-{ticket.id:05d}" in text
    assert state_of(office) == "disputed"
    with office.database.reading() as session:
        assert due(session, office.clock() + timedelta(hours=3)) == []
        kinds = session.scalars(select(PaymentEvent.kind).order_by(PaymentEvent.id)).all()
        words = session.scalars(select(Task.words).where(Task.kind == "payment_disputed")).all()
    assert kinds == ["made", "disputed"]
    told = f"application ..0005: Rp950.000, its payer says that it is paid (ticket A26-{ticket.id:05d}). "
    assert words == [told + "Check with the bank, then settle it"]


def test_asked_again_it_shows_the_ticket_and_opens_no_second(kit: CallKit, office: Office) -> None:
    kit.dial(UNPAID).replies("3").replies("3").replies("9")
    [ticket] = open_tickets(office)
    assert ticket.words.endswith("said to be paid, without a receipt")
    call = kit.dial(UNPAID).replies("3")
    call.sees(f"..0005 {TICKET.format(ticket.id)}\n4 Nomor lain\n0 Kembali")
    assert [one.id for one in open_tickets(office)] == [ticket.id]
    assert len(texts(office)) == 1


def test_a_promise_given_on_friday_is_for_monday(kit: CallKit, office: Office) -> None:
    office.clock.move(days=3)
    call = kit.dial(STRANGER).replies("3").replies("3").replies("9")
    assert "paling lambat Sen 30 Nov" in call.screen


def test_the_money_that_arrives_closes_the_ticket_and_is_told_once(kit: CallKit, office: Office) -> None:
    kit.dial(UNPAID).replies("3").replies("3").replies("7g8h")
    assert paid(office) == "paid"
    assert open_tickets(office) == []
    assert [text.split("Pembayaran diterima")[0] for text in texts(office)][1:] == ["IMIGRASI SIJUNJUNG: No ..0005 "]
    with office.database.reading() as session:
        assert tasks.open_counts(session) == {}
        assert session.scalars(select(Task.phone_hash).where(Task.kind == "ticket")).all() == [None]
    assert kit.dial(UNPAID).replies("3").screen.startswith("Tidak ada tagihan untuk HP ini.")


@pytest.mark.parametrize("typed", ["123", "struk saya hilang bu", "12;4", ""])
def test_what_is_no_receipt_is_asked_for_again(kit: CallKit, office: Office, typed: str) -> None:
    call = kit.dial(UNPAID).replies("3").replies("3").replies(typed).sees(f"Pilihan salah.\n{ASKS}")
    assert call.open
    assert open_tickets(office) == []


def test_a_phone_without_a_bill_may_ask_too_and_gets_its_answer(kit: CallKit, office: Office) -> None:
    call = kit.dial(STRANGER).replies("3")
    call.sees("Tidak ada tagihan untuk HP ini.\n1 Nomor lain\n2 Di mana bayar\n3 Sudah bayar\n0 Kembali")
    call.replies("3").replies("NTPN1234")
    [ticket] = open_tickets(office)
    call.ends(TICKET.format(ticket.id) + " Terima kasih.")
    assert ticket.words == "no application on record: said to be paid, receipt ..1234"
    kit.dial(STRANGER).replies("3").replies("3").sees(TICKET.format(ticket.id) + "\n0 Kembali")
    with office.database.writing() as session:
        _, whose = answer(session, office.outbox, ticket.id, "Pembayaran sudah masuk.", "officer", office.clock())
    assert whose == office.vault.lookup("phone", STRANGER)
    assert texts(office)[-1] == "IMIGRASI SIJUNJUNG: Jawaban petugas: Pembayaran sudah masuk."


def test_another_phone_asks_by_number_and_birth_date_and_is_answered_itself(kit: CallKit, office: Office) -> None:
    call = kit.dial(STRANGER).replies("3").replies("1").replies("9900000000000005").replies(BORN).sees(BILL)
    call.replies("3").replies("9")
    [ticket] = open_tickets(office)
    assert ticket.phone_hash == office.vault.lookup("phone", STRANGER)
    # The owner has a ticket of its own, for each of them waits for an answer.
    kit.dial(UNPAID).replies("3").replies("3").replies("9")
    assert len(open_tickets(office)) == 2
    with office.database.reading() as session:
        assert session.scalar(select(Task.id).where(Task.kind == "payment_disputed")) is not None


def test_a_wrong_birth_date_shows_no_bill(kit: CallKit, office: Office) -> None:
    call = kit.dial(STRANGER).replies("3").replies("1").replies("9900000000000005").replies("24111991")
    assert "Nomor tidak ditemukan" in call.screen
    assert "950" not in call.screen


def test_several_bills_are_listed_each_as_it_stands(kit: CallKit, office: Office) -> None:
    soon = Billing("820261124000002", 650_000, office.clock() + timedelta(minutes=30))
    office.keep("9900000000000011", STRANGER, Status.MENUNGGU_BAYAR, payment=soon)
    office.keep("9900000000000012", STRANGER, Status.KEDALUWARSA)
    office.keep("9900000000000013", STRANGER, Status.MENUNGGU_BAYAR)
    call = (
        kit.dial(STRANGER)
        .replies("3")
        .sees(
            "Pilih tagihan:\n1 ..0011 Rp650.000\n2 ..0012 lewat waktu\n3 ..0013 belum dibayar\n4 Nomor lain\n0 Kembali"
        )
    )
    call.replies("2").sees(
        "..0012 Billing lewat waktu dan batal. Jangan dibayar.\n3 Sudah bayar\n4 Nomor lain\n0 Kembali"
    )
    call.replies("3").replies("9")
    assert [one.words for one in open_tickets(office)] == ["application ..0012: said to be paid, without a receipt"]


def test_a_receipt_that_was_typed_after_the_payment_arrived_opens_nothing(kit: CallKit, office: Office) -> None:
    call = kit.dial(UNPAID).replies("3").replies("3")
    assert paid(office) == "paid"
    call.replies("7g8h").sees("..0005 Tidak ada yang perlu dibayar.\n4 Nomor lain\n0 Kembali")
    assert open_tickets(office) == []


def test_a_phone_that_asks_to_be_forgotten_leaves_no_ticket(kit: CallKit, office: Office) -> None:
    kit.dial(UNPAID).replies("3").replies("3").replies("9")
    with office.database.writing() as session:
        privacy.erase(session, office.vault, office.vault.lookup("phone", UNPAID), "citizen", "sms", office.clock())
    assert open_tickets(office) == []
    with office.database.reading() as session:
        assert set(session.scalars(select(Task.phone_hash))) == {None}
