"""`/readyz` fails where a hop could not be served, and only reports what can do without for a while."""

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis

from gateway.health import health_blueprint
from gateway.settings import load_settings
from gateway.wiring import Wiring, assemble, connect_redis
from immigration.applications.states import Status
from immigration.database import Database
from immigration.keys import load_vault
from immigration.messages.channels import pause
from immigration.vault import KeyRing
from tests.support.clock import MovedClock
from tests.support.sms import SmsOffice
from workers.clock import tick


@pytest.fixture
def wiring(database: Database, key_ring: KeyRing, redis_url: str, clock: MovedClock, tmp_path: Path) -> Wiring:
    settings = load_settings({"VAR_DIR": str(tmp_path)})
    vault = load_vault(database, key_ring)
    return assemble(settings, database, vault, connect_redis(redis_url, timeout_s=0.5), clock)


def _client(wiring: Wiring) -> FlaskClient:
    app = Flask("health")
    app.register_blueprint(health_blueprint(wiring))
    return app.test_client()


def test_an_absent_worker_or_clock_is_reported_and_still_ready(wiring: Wiring, redis_client: Redis) -> None:
    answer = _client(wiring).get("/readyz")
    assert (answer.status_code, answer.get_json()["parts"]["clock"]) == (200, "absent")
    tick(redis_client, wiring.database, wiring.clock())
    parts = _client(wiring).get("/readyz").get_json()["parts"]
    assert parts == {
        "database": "ok",
        "redis": "ok",
        "messages": "ok",
        "queue_age_seconds": 0,
        "paused_channels": [],
        "worker": "absent",
        "clock": "ok",
    }


def test_a_message_that_waits_over_five_minutes_is_503_and_a_paused_channel_is_told(
    wiring: Wiring, clock: MovedClock
) -> None:
    office = SmsOffice(wiring.database, wiring.vault, clock)
    office.greeted(1)
    office.record(1)
    office.change(1, Status.CETAK)
    with wiring.database.writing() as session:
        pause(session, "africastalking", "no credit", clock())
    clock.move(minutes=5)
    assert _client(wiring).get("/readyz").status_code == 200
    clock.move(seconds=1)
    answer = _client(wiring).get("/readyz")
    assert (answer.status_code, answer.get_json()["failing"]) == (503, ["messages"])
    assert answer.get_json()["parts"]["paused_channels"] == ["africastalking"]
    assert answer.get_json()["parts"]["queue_age_seconds"] == 301


def test_a_lost_redis_is_named_with_503(wiring: Wiring) -> None:
    away = assemble(
        wiring.settings,
        wiring.database,
        wiring.vault,
        connect_redis("unix:///nonexistent", timeout_s=0.5),
        wiring.clock,
    )
    answer = _client(away).get("/readyz")
    assert (answer.status_code, answer.get_json()["failing"]) == (503, ["redis"])
    assert _client(away).get("/healthz").status_code == 200


def test_a_lost_database_is_named_with_503(wiring: Wiring, tmp_path: Path) -> None:
    # A folder where the file should be: SQLite cannot open it.
    away = assemble(wiring.settings, Database(f"sqlite:///{tmp_path}"), wiring.vault, wiring.redis, wiring.clock)
    answer = _client(away).get("/readyz")
    assert (answer.status_code, answer.get_json()["failing"]) == (503, ["database"])
