"""Who may see an application from another phone, and what does somebody learn who guesses? Nothing."""

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event, select, update

from immigration.applications.tables import Application
from immigration.clock import utc_now
from immigration.identity import IdentityTry, tries
from menus.testing import CallKit
from tests.conftest import DATA_KEY
from tests.menus.conftest import BORN, NUMBER, ONE, STRANGER, Office
from tests.menus.test_turns import ASK_NUMBER
from tests.support.clock import MovedClock
from tests.support.commands import gateway

OTHER = "+6281200000008"
WRONG = "01011991"
UNKNOWN = "9999999999999999"
NIK = "1303041509900001"
REFUSED = (
    "Nomor tidak ditemukan atau bukan dari HP ini. Cek 16 angka di bawah barcode bukti, lalu coba lagi."
    "\n1 Coba lagi\n0 Kembali"
)
LIKE_NIK = f"Yang diketik mirip NIK. NIK tidak dipakai di sini. {REFUSED.split(' coba')[0]}"
LIMITED = "Sudah terlalu banyak percobaan. Coba lagi 1 jam lagi, atau bawa bukti permohonan ke kantor.\n0 Kembali"


def claim(kit: CallKit, phone: str, number: str, born: str) -> str:
    """The whole screen that a claim ends in, in a call of its own."""
    call = kit.dial(phone).replies("00").replies("1")
    if call.screen != ASK_NUMBER:
        call.replies("2")
    assert call.screen == ASK_NUMBER
    return call.replies(number).replies(born).screen


def kept(office: Office) -> list[IdentityTry]:
    with office.database.reading() as session:
        return list(session.scalars(select(IdentityTry).order_by(IdentityTry.at)))


@contextmanager
def statements(office: Office) -> Iterator[list[str]]:
    """What is said to the database, word for word but for the values."""
    said: list[str] = []

    def hear(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        said.append(statement)

    event.listen(office.database.engine, "before_cursor_execute", hear)
    yield said
    event.remove(office.database.engine, "before_cursor_execute", hear)


def test_a_wrong_date_and_an_unknown_number_get_the_same_words(kit: CallKit) -> None:
    assert claim(kit, STRANGER, NUMBER, WRONG) == REFUSED
    assert claim(kit, STRANGER, UNKNOWN, BORN) == REFUSED


def test_they_cost_the_same_statements_and_the_same_writes(kit: CallKit, office: Office) -> None:
    heard = []
    for number, born in ((NUMBER, WRONG), (UNKNOWN, BORN), (NIK, BORN)):
        call = kit.dial(STRANGER).replies("00").replies("1").replies(number)
        with statements(office) as said:
            call.replies(born)
        heard.append(said)
    wrong_date, unknown, like_nik = heard
    assert wrong_date == unknown == like_nik
    assert Counter(words.split()[0] for words in wrong_date)["INSERT"] >= 1
    assert [row.verdict for row in kept(office)] == ["refused"] * 3


def test_the_sixth_try_of_an_hour_is_answered_neutrally_whatever_it_says(kit: CallKit, clock: MovedClock) -> None:
    for place in range(5):
        assert claim(kit, STRANGER, f"999999999999999{place}", BORN) == REFUSED
    # Even what is right: a guesser must not see that it was.
    assert claim(kit, STRANGER, NUMBER, BORN) == LIMITED
    assert claim(kit, STRANGER, UNKNOWN, BORN) == LIMITED
    clock.move(minutes=59)
    assert claim(kit, STRANGER, NUMBER, BORN) == LIMITED
    clock.move(minutes=1)
    assert claim(kit, STRANGER, NUMBER, BORN).startswith("..0001 ")


def test_a_number_is_counted_from_all_phones_together(kit: CallKit) -> None:
    for place in range(5):
        assert claim(kit, f"+628120000010{place}", NUMBER, WRONG) == REFUSED
    assert claim(kit, OTHER, NUMBER, BORN) == LIMITED
    # Another number is not touched by it.
    assert claim(kit, OTHER, "9900000000000002", BORN).startswith("..0002 ")


def test_the_phone_on_record_is_never_locked_out(kit: CallKit) -> None:
    for place in range(5):
        claim(kit, f"+628120000010{place}", NUMBER, WRONG)
    assert kit.dial(ONE).replies("1").screen.startswith("..0001 ")
    assert claim(kit, ONE, NUMBER, BORN).startswith("..0001 ")
    for _ in range(6):
        assert claim(kit, ONE, NUMBER, WRONG) == REFUSED
    assert claim(kit, ONE, NUMBER, BORN).startswith("..0001 ")


def test_what_was_right_is_not_counted(kit: CallKit) -> None:
    for _ in range(7):
        assert claim(kit, STRANGER, NUMBER, BORN).startswith("..0001 ")


def test_the_count_survives_redis(kit: CallKit) -> None:
    for _ in range(5):
        claim(kit, STRANGER, UNKNOWN, BORN)
        kit.wipe()
    assert claim(kit, STRANGER, NUMBER, BORN) == LIMITED


def test_a_replay_counts_nothing_twice_and_gives_the_same_verdict(kit: CallKit, office: Office) -> None:
    call = kit.dial(STRANGER).replies("1").replies(NUMBER).replies(WRONG)
    for _ in range(6):
        kit.wipe()
        assert call.repeats().text == REFUSED
    assert len(kept(office)) == 1
    # Should the office correct the date meanwhile, this try stays what it was.
    kit.wipe()
    assert call.replies("1").replies(NUMBER).replies(BORN).screen.startswith("..0001 ")
    kit.wipe()
    assert call.repeats().text.startswith("..0001 ")
    assert [row.verdict for row in kept(office)] == ["refused", "matched"]


def test_an_application_without_a_birth_date_opens_to_nobody(kit: CallKit, office: Office) -> None:
    with office.database.writing() as session:
        session.execute(update(Application).values(birth_date_sealed=None))
    for born in (BORN, "01010001", "01011900"):
        call = kit.dial(STRANGER).replies("00").replies("1").replies(NUMBER).replies(born)
        assert not call.screen.startswith("..")


def test_what_looks_like_a_nik_is_explained_counted_for_the_caller_and_kept_nowhere(
    kit: CallKit, office: Office, clock: MovedClock
) -> None:
    assert claim(kit, STRANGER, NIK, BORN).startswith(LIKE_NIK)
    (row,) = kept(office)
    assert row.number_hash is None
    hashed = office.vault.lookup("number", NIK)
    with office.database.reading() as session:
        assert tries(session, hashed, clock()) == 0
        assert tries(session, office.vault.lookup("phone", STRANGER), clock()) == 1
    for _ in range(4):
        claim(kit, STRANGER, NIK, BORN)
    assert claim(kit, STRANGER, NIK, BORN) == LIMITED
    assert {row.number_hash for row in kept(office)} == {None}


def test_an_application_number_that_looks_like_a_nik_is_an_application_number(kit: CallKit, office: Office) -> None:
    office.keep(NIK, None)
    assert claim(kit, STRANGER, NIK, BORN).startswith("..0001 ")
    assert claim(kit, STRANGER, NIK, WRONG).startswith(LIKE_NIK)


@pytest.mark.parametrize("born", ["1990-11-24", "241190", "31021990", "24112027", "24111880", "kemarin"])
def test_what_is_no_birth_date_is_asked_again_and_not_counted(kit: CallKit, office: Office, born: str) -> None:
    call = kit.dial(STRANGER).replies("1").replies(NUMBER).replies(born)
    assert call.screen.startswith("Pilihan salah.\nKetik tanggal lahir")
    assert kept(office) == []


@pytest.mark.parametrize("subject", [("--phone", "0812 0000 0009"), ("--number", UNKNOWN)])
@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_an_operator_sees_and_forgets_the_tries(kit: CallKit, office: Office, subject: tuple[str, str]) -> None:
    office.clock.now = utc_now()
    for _ in range(5):
        claim(kit, STRANGER, UNKNOWN, BORN)
    assert claim(kit, STRANGER, NUMBER if subject[0] == "--phone" else UNKNOWN, BORN) == LIMITED
    assert _limits(office, "show", *subject) == "tries=5 of 5\n"
    assert _limits(office, "reset", *subject).startswith("forgotten=")
    assert _limits(office, "show", *subject) == "tries=0 of 5\n"
    assert claim(kit, STRANGER, NUMBER, BORN).startswith("..0001 ")


def _limits(office: Office, *arguments: str) -> str:
    url = office.database.engine.url.render_as_string(hide_password=False)
    environ = {"PATH": os.environ["PATH"], "DATABASE_URL": url, "DATA_KEYS": DATA_KEY, "SECRET_KEY": "unused"}
    run = gateway("limits", *arguments, env=environ)
    assert run.returncode == 0, run.stderr
    return run.stdout
