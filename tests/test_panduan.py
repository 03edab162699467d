"""Does the officers' guide say what is so? Each call, SMS and command in it, on the demonstration."""

import shutil
from pathlib import Path

import pytest
from redis import Redis

from gateway.valkey import Valkey
from immigration.database import Database
from tests.support.guide import GUIDE, Told, office_in

# Carried out once, by one process.
pytestmark = pytest.mark.xdist_group("guide")


@pytest.fixture(scope="module")
def guide() -> str:
    return GUIDE.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def told(guide: str, tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path, valkey_server: Valkey) -> Told:
    folder = tmp_path_factory.mktemp("guide")
    shutil.copy(sqlite_template, folder / "gateway.db")
    with Redis.from_url(valkey_server.url) as client:
        client.flushall()
    database = Database(f"sqlite:///{folder / 'gateway.db'}")
    with office_in(folder, database, valkey_server.url) as office:
        told = office.carry_out(guide)
    database.close()
    return told


def test_every_call_and_every_sms_is_pictured_as_the_product_gives_it(guide: str, told: Told) -> None:
    assert told.text == guide, "`python -m tests.support.guide` draws the pictures anew"


def test_every_command_of_the_guide_ends_well(guide: str, told: Told) -> None:
    assert told.failed == []
    assert len(told.commands) == guide.count("python -m gateway")


def test_the_guide_shows_state_visit_payment_and_fees_and_draws_nothing_by_hand(guide: str, told: Told) -> None:
    assert {call[0] for call in told.calls} == {"1", "2", "3", "4"}
    assert guide.count("```text") == sum(guide.count(f"<!-- {kind} ") for kind in ("telepon", "sms", "tulis"))
