"""Do the simulator's questions, and the terminal's `sms`, say what a phone received and which fault comes next?"""

import re
from collections.abc import Iterator
from threading import Thread
from urllib.parse import parse_qs

import pytest
from click.testing import CliRunner, Result
from flask import Flask, request
from flask.testing import FlaskClient
from redis import Redis
from werkzeug.serving import make_server

from gateway.cli import main
from gateway.simulator.faults import FAULT_KINDS
from gateway.simulator.inbox import SimulatorInbox
from gateway.simulator.page import simulator_blueprint
from gateway.wiring import connect_redis
from immigration.vault import KeyRing, Vault
from tests.support.clock import MovedClock

PHONE = "+6281200000001"


@pytest.fixture
def vault(key_ring: KeyRing) -> Vault:
    return Vault(key_ring, bytes(range(32)))


@pytest.fixture
def inbox(redis_url: str, vault: Vault) -> Iterator[SimulatorInbox]:
    redis = connect_redis(redis_url, timeout_s=0.5)
    yield SimulatorInbox(redis, vault)
    redis.close()


@pytest.fixture
def app(inbox: SimulatorInbox) -> Flask:
    return simulator(inbox)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def simulator(inbox: SimulatorInbox) -> Flask:
    app = Flask("simulator", static_folder=None)
    app.register_blueprint(simulator_blueprint("demo", "*384*1303#", "", inbox))
    return app


@pytest.mark.parametrize("written", ["%2B6281200000001", "+6281200000001", "081200000001"])
def test_a_phone_is_known_however_it_is_written(
    client: FlaskClient, inbox: SimulatorInbox, clock: MovedClock, written: str
) -> None:
    inbox.deliver(PHONE, "IMIGRASI", "Halo", clock())
    answer = client.get(f"/simulator/inbox?phone={written}")
    assert answer.get_json() == [{"at": "2026-11-24T03:00:00+00:00", "from": "IMIGRASI", "text": "Halo"}]
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'self'")


def test_what_is_no_phone_is_refused_with_the_fix(client: FlaskClient) -> None:
    answer = client.get("/simulator/inbox")
    assert (answer.status_code, "081234567890" in answer.get_json()["error"]) == (400, True)


def test_a_fault_is_set_shown_and_ended(client: FlaskClient) -> None:
    assert client.get("/simulator/faults").get_json() == {"fault": None, "sticky": False}
    told = client.post("/simulator/faults", json={"fault": "429:30", "sticky": True})
    assert told.get_json() == client.get("/simulator/faults").get_json() == {"fault": "429:30", "sticky": True}
    assert client.post("/simulator/faults", json={"fault": None}).get_json() == {"fault": None, "sticky": False}


@pytest.mark.parametrize("fault", ["explode", "slow", "refuse:999"])
def test_an_unknown_fault_is_refused_and_the_kinds_are_named(client: FlaskClient, fault: str) -> None:
    answer = client.post("/simulator/faults", json={"fault": fault})
    assert answer.status_code == 400
    assert answer.get_json()["kinds"] == FAULT_KINDS
    assert client.get("/simulator/faults").get_json()["fault"] is None


@pytest.mark.parametrize("body", ["", "hang", "[]", "{}", '{"fault": "hang", "often": 1}', '{"fault": 500}',
                                  '{"fault": "hang", "sticky": "yes"}'])  # fmt: skip
def test_what_is_no_fault_at_all_is_refused(client: FlaskClient, body: str) -> None:
    answer = client.post("/simulator/faults", data=body, content_type="application/json")
    assert answer.status_code == 400
    assert answer.get_json()["error"]
    assert client.get("/simulator/faults").get_json()["fault"] is None


def test_another_site_cannot_set_a_fault(client: FlaskClient) -> None:
    # A browser sends this type across sites without asking first; JSON it does not.
    answer = client.post("/simulator/faults", data='{"fault": "hang"}', content_type="text/plain")
    assert answer.status_code == 400


def test_without_redis_it_says_so(vault: Vault) -> None:
    away: Redis = connect_redis("redis://127.0.0.1:1", timeout_s=0.1)
    answer = simulator(SimulatorInbox(away, vault)).test_client().get(f"/simulator/inbox?phone={PHONE[1:]}")
    assert (answer.status_code, "Redis" in answer.get_json()["error"]) == (503, True)


@pytest.fixture
def texted(app: Flask) -> list[dict[str, str]]:
    """What phones have sent to the webhook, as decoded forms."""
    forms: list[dict[str, str]] = []

    @app.post("/webhooks/demo/simulated/sms/inbound")
    def inbound() -> str:
        forms.append({name: values[0] for name, values in parse_qs(request.get_data(as_text=True)).items()})
        return ""

    return forms


@pytest.fixture
def url(app: Flask, texted: list[dict[str, str]]) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


def sms(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["sms", *arguments])


def test_the_terminal_reads_what_the_phone_received(url: str, inbox: SimulatorInbox, clock: MovedClock) -> None:
    assert sms("read", "--phone", "0812 0000 0001", "--url", url).output == "No SMS.\n"
    inbox.deliver(PHONE, "IMIGRASI", "Halo \x1b[31mSiti", clock())
    inbox.deliver(PHONE, "IMIGRASI", "Paspor siap", clock.move(minutes=5))
    result = sms("read", "--phone", "0812 0000 0001", "--url", url)
    moments = [f"{at.astimezone():%Y-%m-%d %H:%M}" for at in (clock.move(minutes=-5), clock.move(minutes=5))]
    assert result.output.splitlines() == [
        f"{moments[0]}  IMIGRASI  Halo [31mSiti",
        f"{moments[1]}  IMIGRASI  Paspor siap",
    ]


def test_the_terminal_sends_each_sms_under_an_id_of_its_own(url: str, texted: list[dict[str, str]]) -> None:
    for _ in range(2):
        result = sms("send", "--phone", "0812 0000 0001", "--url", url, "STATUS 99")
        assert (result.exit_code, result.output) == (0, "Sent.\n")
    first, second = texted
    assert first["id"] != second["id"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", first["date"])
    assert {name: first[name] for name in ("from", "to", "text")} == {
        "from": PHONE,
        "to": "IMIGRASI",
        "text": "STATUS 99",
    }


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("send", "--secret", "wrong", "Halo"), "wrong --secret"),
        (("send", "--url", "http://127.0.0.1:1", "Halo"), "is it running?"),
        (("read", "--url", "http://127.0.0.1:1"), "is it running?"),
    ],
)
def test_what_does_not_reach_the_gateway_is_said_in_a_line(url: str, arguments: tuple[str, ...], said: str) -> None:
    command, *more = arguments
    result = sms(command, "--phone", "081200000001", "--url", url, *more)
    assert result.exit_code == 1
    assert said in result.output
    assert len(result.output.splitlines()) == 1
