"""Does a caller get a seat? In five hops, from any phone, with plain words where there is none."""

from datetime import date

import pytest
from sqlalchemy import select

from immigration.applications.states import Status
from immigration.appointments.codes import spoken
from immigration.appointments.tables import QuotaAlert, Waiting
from menus.testing import CallKit
from tests.menus.conftest import ONE, STRANGER, Office
from tests.menus.seats import OTHER, PAID, THIRD, WEDNESDAY, Seats, dialled

DAYS = (
    "Pilih hari:\n1 Sel 24 Nov sisa 6\n2 Rab 25 Nov sisa 18\n3 Kam 26 Nov sisa 18\n4 Jum 27 Nov sisa 18\n"
    "5 Sen 30 Nov sisa 18\n6 Sel 1 Des sisa 18\n98 Lanjut\n0 Kembali"
)
SESSIONS = (
    "Rab 25 Nov, pilih jam:\n1 08.00-09.00 sisa 3\n2 09.00-10.00 sisa 3\n3 10.00-11.00 sisa 3\n4 11.00-12.00 sisa 3\n"
    "5 13.00-14.00 sisa 3\n6 14.00-15.00 sisa 3\n0 Kembali"
)
NINE = (
    "Rab 25 Nov 09.00-10.00 di UKK Sijunjung. Bawa KTP, KK, dan salah satu: akta lahir, ijazah, atau buku nikah. "
    "Datang 15 menit lebih awal.\n1 Ya, pesan\n0 Kembali"
)
FULL = "Jadwal Rab 25 Nov penuh.\n1 Tanggal lain\n2 Masuk daftar tunggu\n3 Lansia/difabel/hamil/balita\n0 Kembali"


def test_five_hops_bring_the_code_of_a_visit(kit: CallKit, counter: Seats) -> None:
    call = kit.dial(PAID)
    call.replies("2").sees(DAYS)
    call.replies("2").sees(SESSIONS)
    call.replies("2").sees(NINE)
    call.replies("1")
    visit = counter.only()
    call.ends(
        f"Jadwal Rab 25 Nov 09.00-10.00 di UKK Sijunjung. Tunjukkan: {spoken(visit.code)}. "
        "Info dikirim lewat SMS. Terima kasih."
    )
    assert len(call.history) == 5
    assert (visit.through, visit.slot_id) == ("ussd", counter.slot(WEDNESDAY, "09:00").id)
    [text] = counter.texts()
    assert spoken(visit.code) in text
    assert counter.holds() == []


def test_a_phone_without_a_record_books_too(kit: CallKit, counter: Seats) -> None:
    call = dialled(kit, STRANGER, "2")
    assert call.screen.startswith("Pilih keperluan:\n1 Paspor 5 tahun\n2 Paspor 10 tahun\n")
    call.replies("3").sees(DAYS)
    call.replies("2").replies("1")
    assert call.screen.startswith("Rab 25 Nov 08.00-09.00 di UKK Sijunjung. Bawa KTP dan KK asli. ")
    call.replies("1")
    visit = counter.only()
    assert (visit.service, visit.application_id) == ("PANAK", None)
    assert visit.phone_hash == counter.office.vault.lookup("phone", STRANGER)


def test_only_applications_that_need_a_visit_are_asked_about(kit: CallKit, counter: Seats, office: Office) -> None:
    assert dialled(kit, ONE, "2").screen.startswith(
        "Permohonan Anda belum perlu datang. Keperluan lain:\n1 Paspor 5 tahun\n"
    )
    office.keep("9900000000000031", PAID, Status.PERLU_LENGKAPI)
    office.keep("9900000000000032", PAID, Status.DISERAHKAN)
    call = dialled(kit, PAID, "2").sees(
        "Kunjungan untuk apa?\n1 ..0021 Paspor 10 tahun\n2 ..0031 Paspor 10 tahun\n3 Keperluan lain\n0 Kembali"
    )
    call.replies("2").replies("2").replies("2").replies("1")
    # The other application still needs one; what has a date is not offered a second.
    call = dialled(kit, PAID, "2")
    assert call.screen.endswith("\n3 Pesan jadwal lain\n0 Kembali")
    call.replies("3")
    assert call.screen.startswith("Pilih hari:\n")
    call.replies("2").replies("3").replies("1")
    assert [visit.application_id is not None for visit in counter.visits()] == [True, True]
    assert (
        dialled(kit, PAID, "2").screen == "Jadwal Anda:\n1 Rab 25 Nov 09.00-10.00\n2 Rab 25 Nov 10.00-11.00\n0 Kembali"
    )


@pytest.mark.parametrize(
    ("language", "head", "yes", "done"),
    [("2", "Piliah hari:", "Yo, pasan", "Tarimo kasih."), ("3", "Choose a day:", "Yes, book it", "Thank you.")],
)
def test_it_is_said_in_the_callers_language(
    kit: CallKit, counter: Seats, language: str, head: str, yes: str, done: str
) -> None:
    call = dialled(kit, PAID, "7", language, "2")
    assert call.screen.startswith(f"{head}\n1 ")
    call.replies("2").replies("2")
    assert f"\n1 {yes}\n" in call.screen
    assert call.replies("1").screen.endswith(done)


def test_a_seat_that_is_gone_a_moment_later_is_replaced_in_the_same_call(kit: CallKit, counter: Seats) -> None:
    counter.leave(1)
    slow = dialled(kit, PAID, "2", "2")
    dialled(kit, OTHER, "2", "1", "2", "2", "1")
    slow.replies("2").sees(
        "Baru saja terisi. Masih ada:\n1 Rab 25 Nov 08.00-09.00 sisa 1\n2 Rab 25 Nov 10.00-11.00 sisa 1\n"
        "3 Rab 25 Nov 11.00-12.00 sisa 1\n98 Lanjut\n0 Kembali"
    )
    slow.replies("2").replies("1")
    assert "10.00-11.00" in slow.screen
    assert [visit.slot_id for visit in counter.visits()] == [
        counter.slot(WEDNESDAY, begins).id for begins in ("09:00", "10:00")
    ]


def test_numbers_of_sessions_stay_whichever_are_free(kit: CallKit, counter: Seats) -> None:
    counter.leave(0, WEDNESDAY, "08:00")
    counter.leave(0, WEDNESDAY, "10:00")
    assert dialled(kit, PAID, "2", "2").screen.startswith(
        "Rab 25 Nov, pilih jam:\n2 09.00-10.00 sisa 3\n4 11.00-12.00 sisa 3\n"
    )


def test_a_full_day_says_so_and_leads_to_the_waiting_list(kit: CallKit, counter: Seats) -> None:
    counter.leave(0, WEDNESDAY)
    call = dialled(kit, PAID, "2")
    assert "\n2 Rab 25 Nov penuh\n" in call.screen
    call.replies("2").sees(FULL)
    assert call.replies("1").screen.startswith("Pilih hari:\n")
    call.replies("2").replies("2").sees(
        "Daftar tunggu untuk:\n1 Rab 25 Nov saja\n2 Hari apa saja sampai Min 20 Des\n0 Kembali"
    )
    call.replies("1").ends(
        "Anda masuk daftar tunggu UKK Sijunjung. Kami kirim SMS bila ada tempat sampai Rab 25 Nov. Terima kasih."
    )
    call.repeats()
    kit.wipe()
    call.repeats()
    with counter.office.database.reading() as session:
        entry = session.scalars(select(Waiting)).one()
    assert (entry.first_day, entry.last_day, entry.about) == (WEDNESDAY, WEDNESDAY, f"case:{entry.application_id}")
    assert len(counter.texts()) == 1


def test_where_all_is_full_one_waits_for_any_day_or_for_new_weeks(kit: CallKit, counter: Seats) -> None:
    counter.leave(0)
    call = dialled(kit, PAID, "2").sees(
        "Semua jadwal penuh sampai Min 20 Des.\n1 Kabari saat jadwal baru dibuka\n2 Masuk daftar tunggu\n"
        "3 Lansia/difabel/hamil/balita\n0 Kembali"
    )
    call.replies("1").ends("Kami kirim SMS saat jadwal baru dibuka. Terima kasih.")
    dialled(kit, PAID, "2", "2").ends(
        "Anda masuk daftar tunggu UKK Sijunjung. Kami kirim SMS bila ada tempat sampai Min 20 Des. Terima kasih."
    )
    caller = counter.office.vault.lookup("phone", PAID)
    with counter.office.database.reading() as session:
        assert session.scalars(select(QuotaAlert.phone_hash)).all() == [caller]
        entry = session.scalars(select(Waiting)).one()
    assert (entry.first_day, entry.last_day) == (date(2026, 11, 24), date(2026, 12, 20))


def test_those_who_go_first_hear_so_and_may_book_a_seat_of_theirs(kit: CallKit, counter: Seats) -> None:
    counter.leave(0, WEDNESDAY)
    for place in ("08:00", "09:00"):
        slot = counter.slot(WEDNESDAY, place, "priority")
        assert slot.capacity == 0
    call = dialled(kit, PAID, "2", "2", "3").sees(
        "Usia 60+, difabel, hamil/menyusui, balita, sakit: datang saja ke UKK Sijunjung di hari buka sampai jam 11.00, "
        "tanpa jadwal.\n1 Pesan jadwal\n0 Kembali"
    )
    call.replies("1").replies("2").replies("1")
    assert call.screen.startswith("Kam 26 Nov 08.00-09.00 di UKK Sijunjung.")
    call.replies("1")
    assert counter.only().lane == "priority"


def test_a_phone_may_hold_so_many_seats_and_no_more(kit: CallKit, counter: Seats, office: Office) -> None:
    for last in (31, 32):
        office.keep(f"99000000000000{last}", PAID, Status.PERLU_LENGKAPI)
    for place in ("1", "2"):
        dialled(kit, PAID, "2", place, "2", "2")
    call = dialled(kit, PAID, "2", "3", "2", "2")
    call.sees("Sudah terlalu banyak tempat ditahan untuk HP ini. Coba lagi nanti.\n0 Kembali")
    assert len(counter.holds()) == 2
    assert call.replies("0").screen.startswith("Imigrasi Sijunjung\n")


def test_whoever_has_a_visit_is_shown_it_instead_of_a_second(kit: CallKit, counter: Seats, office: Office) -> None:
    late = dialled(kit, PAID, "2", "2", "3")
    again = dialled(kit, PAID, "2", "2", "2", "1")
    assert not again.open
    late.replies("1")
    assert late.screen.startswith("Sudah ada jadwal. Jadwal Anda Rab 25 Nov 09.00-10.00 di UKK Sijunjung. ")
    assert len(counter.visits()) == 1


def test_a_visit_booked_from_another_phone_is_shown_and_left_alone(
    kit: CallKit, counter: Seats, office: Office
) -> None:
    dialled(kit, PAID, "2", "2", "2", "1")
    office.keep("9900000000000021", THIRD, Status.LUNAS_TERJADWAL)
    assert dialled(kit, THIRD, "2").screen == (
        f"Jadwal Anda Rab 25 Nov 09.00-10.00 di UKK Sijunjung. Tunjukkan: {spoken(counter.only().code)}.\n0 Kembali"
    )


def test_seats_for_distant_districts_have_a_way_of_their_own(kit: CallKit, counter: Seats) -> None:
    assert "Sumpur Kudus" not in dialled(kit, PAID, "2").screen
    counter.keeps_back("13:00")
    call = dialled(kit, PAID, "2")
    assert call.screen.startswith("Pilih hari:\n90 Warga Sumpur Kudus, Kamang Baru, IV Nagari\n1 ")
    # A day of that lane has a single session: nothing is asked about it.
    call.replies("90").replies("2")
    assert call.screen.startswith("Rab 25 Nov 13.00-14.00 di UKK Sijunjung.")
    call.replies("1")
    assert counter.only().lane == "far"


@pytest.mark.parametrize(
    ("status", "head"),
    [
        (Status.CETAK, "Permohonan Anda belum perlu datang. Keperluan lain:\n1 "),
        (Status.KEDALUWARSA, "Pilih keperluan:\n1 "),
        (Status.DISERAHKAN, "Pilih keperluan:\n1 "),
    ],
)
def test_only_what_is_under_way_needs_no_visit(
    kit: CallKit, counter: Seats, office: Office, status: Status, head: str
) -> None:
    office.keep("9900000000000041", OTHER, status)
    assert dialled(kit, OTHER, "2").screen.startswith(head)


def test_the_state_names_the_visit_and_where_to_get_a_new_date(kit: CallKit, counter: Seats, office: Office) -> None:
    dialled(kit, PAID, "2", "2", "2", "1")
    assert dialled(kit, PAID, "1").screen.startswith(
        "..0021 Paspor 10 tahun, 24 Nov\nPembayaran diterima. Datang Rab 25 Nov jam 09.00 WIB ke UKK Sijunjung. "
        "Bawa berkas asli, 15 menit lebih awal.\n"
    )
    office.keep("9900000000000041", OTHER, Status.TIDAK_HADIR)
    assert dialled(kit, OTHER, "1").screen.startswith(
        "..0041 Paspor 10 tahun, 24 Nov\nAnda belum datang sesuai jadwal. Pilih 2 Jadwal di menu utama untuk tanggal "
        "baru di UKK Sijunjung.\n"
    )
