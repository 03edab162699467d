"""`clock once` does everything that is due and prints what it did; production never runs ahead of time."""

from base64 import b64encode
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway import valkey
from gateway.cli import main
from gateway.simulator.inbox import SimulatorInbox
from gateway.wiring import connect_redis
from immigration.clock import utc_now
from immigration.database import Database
from immigration.keys import load_vault
from immigration.vault import KeyRing
from tests.support.sms import SmsOffice, phone_of
from workers.upkeep import UPKEEP

AHEAD = (utc_now() + timedelta(days=2)).isoformat()


def _once(database: Database, var_dir: Path, *arguments: str, **env: str) -> Result:
    url = database.engine.url.render_as_string(hide_password=False)
    keys = b64encode(bytes(range(32))).decode()
    settings = {"DATABASE_URL": url, "VAR_DIR": str(var_dir), "DATA_KEYS": keys, **env}
    return CliRunner(env=settings).invoke(main, ["clock", "once", *arguments])


def test_it_prints_a_count_per_line(database: Database, tmp_path: Path) -> None:
    result = _once(database, tmp_path, "--at", AHEAD)
    assert result.exit_code == 0, result.output
    counts = dict(line.split("=") for line in result.stdout.splitlines())
    assert set(counts.values()) == {"0"}
    assert {*UPKEEP, "messages_given_back", "messages_accepted", "inbound_answered"} <= counts.keys()


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_what_it_sends_reaches_the_phones_of_a_demonstration_that_runs_here(
    database: Database, key_ring: KeyRing, tmp_path: Path
) -> None:
    office = SmsOffice(database, load_vault(database, key_ring), utc_now)
    office.greeted(1)
    office.record(1, notify=True)
    running = valkey.start(tmp_path)
    try:
        assert _once(database, tmp_path, QUIET_HOURS="").exit_code == 0
        with connect_redis(running.url, timeout_s=5.0) as redis:
            [received] = SimulatorInbox(redis, office.vault).received(phone_of(1))
    finally:
        running.stop()
    assert received.text.startswith("IMIGRASI SIJUNJUNG: No ..0001 Berkas diterima")


def test_a_time_ahead_of_now_is_refused_in_production(database: Database, tmp_path: Path) -> None:
    production = {
        "GATEWAY_ENV": "production",
        "REDIS_URL": "redis://127.0.0.1:1",
        "WEBHOOK_SECRET": "correct horse battery staple",
        "SECRET_KEY": "another horse battery staple",
        "DATA_KEYS": b64encode(bytes(range(32))).decode(),
    }
    assert _once(database, tmp_path, **production).exit_code == 0
    refused = _once(database, tmp_path, "--at", AHEAD, **production)
    assert refused.exit_code == 1
    assert "ahead of now" in refused.stderr


def test_a_time_without_a_zone_is_wrong_usage(database: Database, tmp_path: Path) -> None:
    assert _once(database, tmp_path, "--at", "2026-11-24T08:00:00").exit_code == 2
