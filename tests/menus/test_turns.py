"""Does the same turn always get the same answer, whatever happens between?"""

import pytest
from sqlalchemy import select

from immigration import calls
from menus.session import ANSWERS_KEPT
from menus.testing import Call, CallKit
from tests.menus.conftest import BORN, NUMBER, ONE, STRANGER, THREE, Office

MAIN = (
    "Imigrasi Sijunjung\n1 Cek status\n2 Jadwal kunjungan\n3 Bayar\n4 Syarat & biaya\n5 Jam & lokasi\n"
    "7 Bahasa/Language\n0 Keluar"
)
PRINTING = (
    "..0001 Paspor 10 tahun, 24 Nov\n"
    "Paspor sedang dicetak. Belum perlu datang. Cek lagi besok.\n"
    "1 Kirim lewat SMS\n2 Nomor lain\n0 Kembali"
)
ASK_NUMBER = "Ketik 16 angka nomor permohonan (di bawah barcode):\n0 Kembali"
ASK_BIRTH = "Ketik tanggal lahir pemohon TTBBTTTT\nContoh 24111990\n0 Kembali"
CALLS = (
    (ONE, ["1"]),
    (THREE, ["1", "2", "0", "4"]),
    (STRANGER, ["1", NUMBER, BORN, "0", "7", "2", "5", "98", "99"]),
    (STRANGER, ["1", "1303041509900001", "15091990", "1", NUMBER, "01011990"]),
    (ONE, ["9", "", "x", "1", "00", "0"]),
    (ONE, ["4", "1", "4", "98", "0", "0", "00", "1", "0", "0"]),
)


def walk(kit: CallKit, phone: str, inputs: list[str]) -> Call:
    call = kit.dial(phone)
    for typed in inputs:
        call.replies(typed)
    return call


def test_the_state_is_read_in_two_hops(kit: CallKit) -> None:
    call = kit.dial(ONE).sees(MAIN)
    call.replies("1").sees(PRINTING)


def test_another_phone_needs_number_and_birth_date(kit: CallKit) -> None:
    call = kit.dial(STRANGER).replies("1").sees(ASK_NUMBER)
    call.replies(NUMBER).sees(ASK_BIRTH)
    call.replies(BORN).sees(PRINTING.replace("\n2 Nomor lain", ""))


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)  # Old answers come from Redis.
@pytest.mark.parametrize(("phone", "inputs"), CALLS)
def test_a_repeat_gets_the_same_answer_even_after_the_end(kit: CallKit, phone: str, inputs: list[str]) -> None:
    call = walk(kit, phone, inputs)
    for _ in range(3):
        call.repeats()


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)  # Old answers come from Redis.
@pytest.mark.parametrize(("phone", "inputs"), CALLS)
def test_a_copy_that_arrives_late_gets_its_old_answer_and_changes_nothing(
    kit: CallKit, phone: str, inputs: list[str]
) -> None:
    call = kit.dial(phone)
    for typed in inputs:
        call.replies(typed)
        for position in range(-min(ANSWERS_KEPT, len(call.history)), 0):
            call.repeats(position)


@pytest.mark.parametrize(("phone", "inputs"), CALLS)
def test_redis_wiped_before_any_hop_changes_no_answer(
    kit: CallKit, office: Office, phone: str, inputs: list[str]
) -> None:
    undisturbed = [reply for _, reply in walk(kit, phone, inputs).history]
    for wiped in range(1, len(inputs) + 1):
        kit.wipe()
        office.forget(phone)
        call = kit.dial(phone)
        for position, typed in enumerate(inputs, start=1):
            if position >= wiped:
                kit.wipe()
            call.replies(typed)
            if position == wiped:
                kit.wipe()
                call.repeats()
        assert [reply for _, reply in call.history] == undisturbed


def test_a_direct_dial_goes_to_its_place(kit: CallKit) -> None:
    kit.dial(ONE, text="1").sees(PRINTING)
    kit.dial(STRANGER, text="1").sees(ASK_NUMBER).replies(NUMBER).sees(ASK_BIRTH)


def test_typed_stars_and_empty_inputs_are_single_inputs(kit: CallKit) -> None:
    wrong = "Pilihan salah.\n" + MAIN
    call = kit.dial(ONE)
    assert call.asks("*").text == wrong
    call = kit.dial(ONE)
    call.replies("7")
    assert "Piliah baso" in call.asks("7*12*5").text
    assert call.asks("7*12*5*0").text == MAIN
    call = kit.dial(STRANGER).replies("1")
    assert call.asks("1*").text == "Pilihan salah.\n" + ASK_NUMBER
    assert call.asks(f"1**{NUMBER}").text == ASK_BIRTH


def test_a_dropped_call_goes_on_where_it_stopped(kit: CallKit) -> None:
    kit.dial(STRANGER).replies("1").replies(NUMBER).sees(ASK_BIRTH)
    again = kit.dial(STRANGER).sees("Telepon tadi terputus.\n1 Lanjut\n2 Mulai dari awal")
    again.replies("1").sees(ASK_BIRTH)
    again.replies(BORN)
    assert again.screen.startswith("..0001")


def test_a_resumed_call_survives_a_wiped_redis(kit: CallKit) -> None:
    kit.dial(STRANGER).replies("1").replies(NUMBER)
    again = kit.dial(STRANGER)
    kit.wipe()
    again.replies("1").sees(ASK_BIRTH)
    kit.wipe()
    again.repeats(0)
    again.replies(BORN)
    assert again.screen.startswith("..0001")


def test_a_dropped_call_can_be_started_over(kit: CallKit) -> None:
    kit.dial(STRANGER).replies("1")
    kit.dial(STRANGER).replies("2").sees(MAIN)
    kit.dial(STRANGER).sees(MAIN)


def test_a_finished_call_is_not_offered_again(kit: CallKit) -> None:
    kit.dial(ONE).replies("5").replies("00").replies("0").ends("Terima kasih.")
    kit.dial(ONE).sees(MAIN)


def test_the_offer_is_the_callers_own(kit: CallKit) -> None:
    kit.dial(STRANGER).replies("1")
    kit.dial(ONE).sees(MAIN)


def test_three_wrong_inputs_lead_to_a_person_and_three_more_out(kit: CallKit) -> None:
    call = kit.dial(ONE).replies("8").sees("Pilihan salah.\n" + MAIN).replies("8").replies("8")
    call.sees("Tidak apa-apa. Tanya petugas di UKK Sijunjung, Muaro Sijunjung.\n1 Menu utama\n0 Keluar")
    call.replies("8").replies("8").replies("8").ends("Terima kasih.")


def test_a_choice_of_language_is_kept_for_the_next_call_and_survives_redis(kit: CallKit) -> None:
    kit.dial(ONE).replies("7").replies("3")
    kit.wipe()
    assert "1 Check status" in kit.dial(ONE).screen
    assert "1 Cek status" in kit.dial(STRANGER).screen


def test_every_key_has_a_time_to_live_and_holds_nothing_personal(kit: CallKit) -> None:
    kit.dial(STRANGER).replies("1").replies(NUMBER)
    keys = list(kit.redis.scan_iter())
    assert keys
    tags = {key.split(b"}")[0] for key in keys}
    assert len(tags) == 1
    for key in keys:
        assert 0 < kit.redis.ttl(key) <= 600
        stored = kit.redis.hgetall(key) if kit.redis.type(key) == b"hash" else {b"": kit.redis.get(key)}
        for canary in (STRANGER, STRANGER.lstrip("+"), NUMBER, NUMBER[-4:]):
            assert canary.encode() not in key
            assert all(canary.encode() not in value for value in stored.values())


def test_a_hop_takes_two_round_trips_to_redis_and_a_repeat_one(kit: CallKit, office: Office) -> None:
    call = kit.dial(ONE)
    call.replies("1")
    before = kit.redis.info("commandstats")
    call.replies("0")
    after_hop = kit.redis.info("commandstats")
    call.repeats()
    after_repeat = kit.redis.info("commandstats")

    def trips(stats: dict[str, dict[str, int]]) -> int:
        return stats["cmdstat_evalsha"]["calls"]

    assert trips(after_hop) - trips(before) == 2
    assert trips(after_repeat) - trips(after_hop) == 1


def test_a_call_of_many_hops_stays_small(kit: CallKit) -> None:
    call = kit.dial(THREE)
    for _ in range(10):
        call.replies("4").replies("1").replies("4").replies("00")
    sizes = [sum(map(len, kit.redis.hgetall(key).values())) for key in kit.redis.scan_iter(match="*:call:*")]
    assert max(sizes) <= 4096


def test_a_text_longer_than_any_call_begins_at_the_main_menu(kit: CallKit) -> None:
    call = kit.dial(ONE, text="*".join(["4"] * 2000)).sees(MAIN)
    call.replies("1").sees(PRINTING)
    kit.wipe()
    call.repeats()


def test_a_late_copy_of_the_first_hop_is_not_offered_the_place_of_a_later_call(kit: CallKit) -> None:
    first = kit.dial(STRANGER).sees(MAIN)
    kit.wipe()
    kit.dial(STRANGER, text="1").sees(ASK_NUMBER)
    first.repeats()
    first.replies("4")
    assert first.screen.startswith("Syarat & biaya")


def test_hops_that_are_replayed_again_and_again_count_once(kit: CallKit) -> None:
    call = kit.dial(STRANGER).replies("1")
    for _ in range(3):
        kit.wipe()
        call.repeats()
    kit.wipe()
    call.replies(NUMBER).sees(ASK_BIRTH)
    with kit.database.reading() as session:
        assert session.scalars(select(calls.Call.hops)).all() == [3]
    kit.dial(STRANGER).replies("1").sees(ASK_BIRTH)


def test_a_replay_does_not_take_back_a_choice_of_language_made_since(kit: CallKit) -> None:
    first = kit.dial(ONE).replies("7").replies("3")
    kit.dial(ONE, text="7").replies("2")
    kit.wipe()
    first.repeats()
    assert "1 Caliak status" in kit.dial(ONE).screen
