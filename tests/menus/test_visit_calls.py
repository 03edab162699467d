"""Does a call book what it was shown and nothing else, when Redis forgets it, it drops, or others call in between?"""

from datetime import timedelta

import pytest

from immigration.applications.states import Status
from menus.testing import CallKit
from tests.menus.conftest import Office
from tests.menus.seats import OTHER, PAID, THIRD, WEDNESDAY, Seats, dialled

INPUTS = ("2", "2", "2", "1")
"""Visits, Wednesday, 09.00, yes: of the one who is PAID."""


@pytest.mark.parametrize("wiped", range(1, 5))
def test_a_wiped_redis_changes_nothing_in_a_booking(kit: CallKit, counter: Seats, wiped: int) -> None:
    call = kit.dial(PAID)
    for place, typed in enumerate(INPUTS, start=1):
        if place == wiped:
            kit.wipe()
        call.replies(typed)
        if place >= wiped:
            call.repeats()
            kit.wipe()
            call.repeats()
    assert not call.open
    assert counter.only().slot_id == counter.slot(WEDNESDAY, "09:00").id
    assert len(counter.texts()) == 1


def test_a_repeated_confirmation_is_the_same_visit(kit: CallKit, counter: Seats) -> None:
    call = dialled(kit, PAID, *INPUTS)
    for _ in range(2):
        call.repeats()
        kit.wipe()
        call.repeats()
    assert len(counter.visits()) == 1


def test_the_last_seat_that_a_call_holds_is_still_shown_to_it_after_a_wipe(kit: CallKit, counter: Seats) -> None:
    counter.leave(0, WEDNESDAY)
    counter.leave(1, WEDNESDAY, "09:00")
    call = dialled(kit, PAID, "2", "2", "2")
    assert "\n2 Rab 25 Nov penuh\n" in dialled(kit, OTHER, "2", "1").screen
    kit.wipe()
    call.replies("1")
    assert counter.only().slot_id == counter.slot(WEDNESDAY, "09:00").id


def test_others_who_book_in_between_do_not_change_what_is_confirmed(kit: CallKit, counter: Seats) -> None:
    counter.leave(1, WEDNESDAY)
    call = dialled(kit, PAID, "2", "2", "2")
    dialled(kit, OTHER, "2", "1", "2", "1", "1")
    dialled(kit, THIRD, "2", "1", "2", "3", "1")
    kit.wipe()
    call.replies("1")
    assert counter.visits()[-1].slot_id == counter.slot(WEDNESDAY, "09:00").id


def test_what_is_chosen_instead_of_a_lost_seat_is_not_booked_by_a_replay(kit: CallKit, counter: Seats) -> None:
    counter.leave(1)
    call = dialled(kit, PAID, "2", "2")
    dialled(kit, OTHER, "2", "1", "2", "2", "1")
    call.replies("2")
    assert call.screen.startswith("Baru saja terisi. Masih ada:\n1 Rab 25 Nov 08.00-09.00 sisa 1\n")
    call.replies("1")
    assert call.screen.startswith("Rab 25 Nov 08.00-09.00 di UKK Sijunjung.")
    # The seat that was wished for first is free again: a replay that took it would read this "1" as its confirmation.
    dialled(kit, OTHER, "2", "2", "1")
    kit.wipe()
    call.repeats()
    assert [visit.state for visit in counter.visits()] == ["cancelled"]
    kit.wipe()
    call.replies("1")
    assert counter.visits()[-1].slot_id == counter.slot(WEDNESDAY, "08:00").id


def test_a_hold_that_ran_out_and_was_taken_books_nothing(kit: CallKit, counter: Seats) -> None:
    counter.leave(1, WEDNESDAY)
    call = dialled(kit, PAID, "2", "2", "2")
    counter.office.clock.move(minutes=11)
    dialled(kit, OTHER, "2", "1", "2", "2", "1")
    kit.wipe()
    call.replies("1")
    assert call.open
    assert "08.00-09.00 sisa 1" in call.screen
    assert "09.00-10.00 di" not in call.screen
    assert [visit.application_id for visit in counter.visits()] == [None]
    kit.wipe()
    call.repeats()
    assert len(counter.visits()) == 1


def test_a_hold_that_ran_out_books_while_its_seat_is_free(kit: CallKit, counter: Seats) -> None:
    call = dialled(kit, PAID, "2", "2", "2")
    counter.office.clock.move(minutes=11)
    call.replies("1")
    assert counter.only().slot_id == counter.slot(WEDNESDAY, "09:00").id


def test_days_that_are_numbered_anew_do_not_change_what_is_confirmed(kit: CallKit, counter: Seats) -> None:
    call = dialled(kit, PAID, "2", "2", "2")
    # Today's last session is about to begin: 2 is Thursday by now.
    counter.office.clock.move(hours=4)
    assert "\n2 Kam 26 Nov " in dialled(kit, OTHER, "2", "1").screen
    kit.wipe()
    call.replies("1")
    assert counter.only().slot_id == counter.slot(WEDNESDAY, "09:00").id


def test_a_dropped_call_goes_on_with_its_seat(kit: CallKit, counter: Seats) -> None:
    counter.leave(0)
    counter.leave(1, WEDNESDAY, "09:00")
    held = dialled(kit, PAID, "2", "2", "2").screen
    assert dialled(kit, OTHER, "2", "1").screen.startswith("Semua jadwal penuh")
    again = kit.dial(PAID).sees("Telepon tadi terputus.\n1 Lanjut\n2 Mulai dari awal")
    again.replies("1").sees(held)
    kit.wipe()
    again.replies("1")
    assert not again.open
    assert counter.only().slot_id == counter.slot(WEDNESDAY, "09:00").id


def test_a_redial_that_begins_anew_finds_its_seat_too(kit: CallKit, counter: Seats) -> None:
    counter.leave(0)
    counter.leave(1, WEDNESDAY, "09:00")
    dialled(kit, PAID, "2", "2", "2")
    kit.wipe()
    dialled(kit, PAID, "2", "2", "2", "1")
    assert counter.only().slot_id == counter.slot(WEDNESDAY, "09:00").id


def test_an_offer_is_the_first_thing_shown_and_taken_in_one_step(kit: CallKit, counter: Seats) -> None:
    slot = counter.slot(WEDNESDAY, "09:00")
    counter.offers(OTHER, slot)
    call = dialled(kit, OTHER, "2").sees(
        "Ada tempat Rab 25 Nov 09.00-10.00 di UKK Sijunjung. Mau? Jawab sebelum 12.00 WIB Sel 24 Nov.\n"
        "1 Ya, ambil\n2 Tidak\n0 Kembali"
    )
    call.replies("1")
    assert call.screen.startswith("Jadwal Rab 25 Nov 09.00-10.00 di UKK Sijunjung. Tunjukkan: ")
    kit.wipe()
    call.repeats()
    assert counter.only().slot_id == slot.id


def test_an_offer_that_is_refused_goes_to_the_next(kit: CallKit, counter: Seats) -> None:
    counter.offers(OTHER, counter.slot(WEDNESDAY, "09:00"))
    call = dialled(kit, OTHER, "2", "2").ends("Baik. Anda tetap di daftar tunggu. Terima kasih.")
    kit.wipe()
    call.repeats()
    assert dialled(kit, OTHER, "2").screen.startswith("Pilih keperluan:")


def test_an_offer_that_came_during_a_call_is_not_taken_by_its_replay(kit: CallKit, counter: Seats) -> None:
    call = dialled(kit, PAID, "2")
    counter.offers(PAID, counter.slot(WEDNESDAY, "09:00"))
    kit.wipe()
    # Typed to the list of days.
    call.replies("1")
    assert counter.visits() == []
    assert call.screen.startswith("Ada tempat Rab 25 Nov 09.00-10.00 ")
    kit.wipe()
    call.replies("1")
    assert not call.open
    assert len(counter.visits()) == 1


def test_an_offer_answered_too_late_says_so(kit: CallKit, counter: Seats) -> None:
    counter.offers(OTHER, counter.slot(WEDNESDAY, "09:00"))
    call = dialled(kit, OTHER, "2")
    counter.office.clock.move(hours=2, minutes=1)
    call.replies("1").sees("Tawaran tempat ini sudah lewat.\n1 Jadwal kunjungan\n0 Kembali")
    assert counter.visits() == []


def test_a_visit_is_moved_and_frees_its_seat(kit: CallKit, counter: Seats) -> None:
    dialled(kit, PAID, *INPUTS)
    call = dialled(kit, PAID, "2", "1", "3", "1").sees(
        "Pindah ke Kam 26 Nov 08.00-09.00 di UKK Sijunjung?\n1 Ya, pindah\n0 Kembali"
    )
    kit.wipe()
    call.replies("1")
    assert call.screen.startswith("Jadwal pindah ke Kam 26 Nov 08.00-09.00 di UKK Sijunjung. Tunjukkan: ")
    kit.wipe()
    call.repeats()
    visit = counter.only()
    assert (visit.slot_id, visit.moves) == (counter.slot(WEDNESDAY + timedelta(days=1), "08:00").id, 1)
    assert counter.slot(WEDNESDAY, "09:00").booked == 0
    assert len(counter.texts()) == 2


def test_a_schedule_that_was_paid_for_is_moved_once_and_to_another_day(
    kit: CallKit, counter: Seats, office: Office
) -> None:
    counter.paid("9900000000000051", OTHER)
    dialled(kit, OTHER, *INPUTS)
    same_day = dialled(kit, OTHER, "2", "1", "2", "3", "1")
    same_day.sees("Pilih hari lain, bukan hari yang sama.\n1 Tanggal lain\n0 Kembali")
    same_day.replies("1").replies("3").replies("1").replies("1")
    assert same_day.screen.startswith("Jadwal pindah ke Kam 26 Nov")
    dialled(kit, OTHER, "2", "1").sees(
        "Jadwal ini sudah pernah dipindah dan tidak bisa lagi. Tanya petugas di UKK Sijunjung.\n0 Kembali"
    )


def test_a_visit_that_is_moved_to_its_own_session_stays_and_is_shown(kit: CallKit, counter: Seats) -> None:
    dialled(kit, OTHER, "2", "1", "2", "2", "1")
    call = dialled(kit, OTHER, "2", "1", "2", "2", "1")
    assert call.screen.startswith("Jadwal Anda Rab 25 Nov 09.00-10.00 di UKK Sijunjung. Tunjukkan: ")
    kit.wipe()
    call.repeats()
    assert (counter.only().moves, len(counter.texts())) == (0, 1)
    assert (counter.slot(WEDNESDAY, "09:00").booked, counter.slot(WEDNESDAY, "09:00").held) == (1, 0)


def test_a_visit_of_today_is_not_moved(kit: CallKit, counter: Seats) -> None:
    dialled(kit, PAID, "2", "1", "2", "1")
    dialled(kit, PAID, "2", "1").sees(
        "Jadwal hari ini tidak bisa dipindah lagi. Terlambat? Datang dan tanya petugas di UKK Sijunjung.\n0 Kembali"
    )


def test_a_visit_is_cancelled_after_a_second_question(kit: CallKit, counter: Seats) -> None:
    dialled(kit, PAID, *INPUTS)
    call = dialled(kit, PAID, "2", "2").sees(
        "Batalkan jadwal Rab 25 Nov 09.00-10.00 di UKK Sijunjung?\n1 Ya, batalkan\n0 Kembali"
    )
    assert counter.only().state == "booked"
    call.replies("1").ends("Jadwal dibatalkan. Info dikirim lewat SMS. Terima kasih.")
    kit.wipe()
    call.repeats()
    assert counter.only().state == "cancelled"
    assert counter.slot(WEDNESDAY, "09:00").booked == 0


def test_a_replay_asks_once_more_before_it_cancels(kit: CallKit, counter: Seats) -> None:
    dialled(kit, PAID, *INPUTS)
    call = dialled(kit, PAID, "2", "2")
    question = call.screen
    kit.wipe()
    call.replies("1").sees(question)
    kit.wipe()
    call.repeats()
    assert counter.only().state == "booked"
    kit.wipe()
    call.replies("1").ends("Jadwal dibatalkan. Info dikirim lewat SMS. Terima kasih.")
    assert counter.only().state == "cancelled"


def test_a_new_date_brings_back_whoever_did_not_come(kit: CallKit, counter: Seats, office: Office) -> None:
    office.keep("9900000000000061", OTHER, Status.TIDAK_HADIR)
    dialled(kit, OTHER, *INPUTS)
    assert dialled(kit, OTHER, "1").screen.startswith(
        "..0061 Paspor 10 tahun, 24 Nov\nPembayaran diterima. Datang Rab 25 Nov jam 09.00 WIB "
    )
