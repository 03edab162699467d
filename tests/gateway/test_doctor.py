"""Does `doctor` name what is wrong, and only that?"""

import os
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from redis import Redis
from sqlalchemy import text

from gateway.cli.doctor import examine_database, examine_redis, examine_texts
from gateway.settings import load_settings
from immigration.clock import utc_now
from immigration.database import Database
from immigration.messages.channels import pause
from tests.conftest import DATA_KEY
from tests.support.commands import gateway
from tests.support.product import Product
from tests.support.sms_texts import copied_texts
from workers.clock import tick

Given = dict[str, str]
Doctor = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def given(database: Database, redis_url: str, tmp_path: Path) -> Given:
    """The environment of a product over a migrated database and a real Redis; a setting given as empty is not set."""
    return {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": database.engine.url.render_as_string(hide_password=False),
        "DATA_KEYS": DATA_KEY,
        "REDIS_URL": redis_url,
        "VAR_DIR": str(tmp_path / "var"),
    }


@pytest.fixture
def doctor(given: Given) -> Doctor:
    """The whole command."""
    return lambda **environ: gateway("doctor", env=given | environ)


def faults(lines: Iterable[object]) -> list[str]:
    return [line.removeprefix("FAULT ") for line in map(str, lines) if line.startswith("FAULT ")]


def test_a_healthy_product_has_a_line_for_each_part_and_exit_0(
    doctor: Doctor, database: Database, redis_client: Redis
) -> None:
    tick(redis_client, database, utc_now())
    run = doctor()
    assert (run.returncode, run.stderr) == (0, "")
    settings, data, keys, reference, seats, channels, redis, queue, clock, menus, texts = run.stdout.splitlines()
    assert settings == "ok    settings: demo, SMS by simulated"
    assert data.startswith(f"ok    database: {database.dialect}, revision ")
    assert keys == "ok    keys: DATA_KEYS opens the database (1 in the ring)"
    assert reference.startswith("ok    reference data: 2 offices, ")
    assert seats == "ok    seats: each slot's numbers are what its events, holds and visits add up to"
    assert channels == "ok    channels: open: simulated"
    assert redis.startswith("ok    redis: version ")
    assert queue.startswith("note  queue work: no worker seen, 2 jobs wait")
    assert clock == "ok    clock: seen within the last minute"
    assert menus.startswith("ok    menus: every screen fits")
    assert texts.startswith("ok    texts: each is one SMS")


def test_seats_that_do_not_add_up_are_faults(doctor: Doctor, database: Database) -> None:
    with database.writing() as session:
        session.execute(text("UPDATE slots SET booked = 1 WHERE id = (SELECT max(id) FROM slots)"))
        slot = session.scalar(text("SELECT max(id) FROM slots"))
    run = doctor()
    assert run.returncode == 1
    assert faults(run.stdout.splitlines()) == [
        f"seats: slot {slot}: 0 held, 1 booked; events say (0, 0)",
        f"seats: slot {slot}: 1 booked; 0 visits",
    ]


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
class TestFaults:
    """One database is enough where the fault is elsewhere; and one part, since menus and texts take seconds."""

    def test_settings_that_cannot_be_read_are_all_named_with_exit_2(self, doctor: Doctor) -> None:
        run = doctor(PORT="none", WEB_PROCESSES="0")
        assert run.returncode == 2
        assert [fault.split(":")[1] for fault in faults(run.stdout.splitlines())] == [" PORT", " WEB_PROCESSES"]

    def test_an_unmigrated_database_says_how_to_migrate(self, given: Given, tmp_path: Path) -> None:
        found = database_findings(given, DATABASE_URL=f"sqlite:///{tmp_path / 'other.db'}")
        assert faults(found) == ["database: sqlite, new and empty: run `python -m gateway db upgrade`"]

    def test_a_database_newer_than_the_code_is_left_alone(self, given: Given, database: Database) -> None:
        with database.writing() as session:
            session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        (fault,) = faults(database_findings(given))
        assert fault.startswith("database: the database is at revision 9999, which this version does not know")

    def test_a_database_that_cannot_be_opened_is_a_line(self, given: Given, tmp_path: Path) -> None:
        (fault,) = faults(database_findings(given, DATABASE_URL=f"sqlite:///{tmp_path}"))
        assert fault == "database: cannot be used: unable to open database file"

    def test_a_ring_that_does_not_open_the_database_is_a_fault(self, given: Given) -> None:
        (fault,) = faults(database_findings(given, DATA_KEYS=b64encode(bytes(range(32, 64))).decode()))
        assert fault.startswith("keys: DATA_KEYS does not open this database")

    def test_an_office_that_is_not_there_is_a_fault(self, given: Given) -> None:
        found = database_findings(given, OFFICE_DEFAULT="XXX")
        assert faults(found) == ["reference data: OFFICE_DEFAULT=XXX is no office of PDG, SJJ"]

    def test_a_paused_channel_is_named_with_what_helps_and_is_no_fault(self, given: Given, database: Database) -> None:
        with database.writing() as session:
            pause(session, "simulated", "no credit", utc_now())
        found = database_findings(given)
        assert faults(found) == []
        assert (
            "note  channel simulated: paused: the credit is used up: top up the account, then `channels resume`"
            in found
        )
        assert not any(line.startswith("ok    channels") for line in found)

    def test_a_redis_that_does_not_answer_is_a_fault(self, given: Given) -> None:
        (fault,) = faults(redis_findings(given, REDIS_URL="unix:///nonexistent"))
        assert fault.startswith("redis: cannot be reached (ConnectionError)")

    def test_without_a_redis_url_the_embedded_server_is_expected(self, given: Given) -> None:
        found = redis_findings(given, REDIS_URL="")
        assert found == ["ok    redis: embedded: started by `up`, which is not running here"]


def database_findings(given: Given, **environ: str) -> list[str]:
    return list(map(str, examine_database(load_settings(given | environ))))


def redis_findings(given: Given, **environ: str) -> list[str]:
    return list(map(str, examine_redis(load_settings(given | environ))))


@pytest.mark.xdist_group("demonstration")
def test_beside_a_running_product_worker_and_clock_are_seen(demonstration: Product) -> None:
    command = [sys.executable, "-m", "gateway", "doctor"]
    run = subprocess.run(command, env=demonstration.environment, capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stdout
    assert "redis: embedded: started by `up`, version" in run.stdout


def test_texts_that_cannot_be_sent_are_faults(tmp_path: Path) -> None:
    folder = copied_texts(tmp_path / "templates_sms")
    (folder / "min" / "CETAK.txt").unlink()
    assert list(map(str, examine_texts(folder))) == ["FAULT texts: min/CETAK.txt: missing"]
    (folder / "brand.txt").unlink()
    (fault,) = examine_texts(folder)
    assert str(fault).startswith("FAULT texts: brand.txt: cannot be read")
