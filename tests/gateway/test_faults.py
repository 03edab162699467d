"""What does a citizen read when Redis or the database is away, hanging or slow?"""

import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from gateway import valkey
from gateway.aggregators.port import Request
from gateway.app import create_app
from gateway.demo import ONE_APPLICATION, load
from gateway.webhooks import AGGREGATORS, UssdDesk
from gateway.wiring import Wiring, assemble, connect_redis
from menus.desk import Beginning

PATH = "/webhooks/demo/africastalking/ussd"
MAIN = (
    "CON Imigrasi Sijunjung\n1 Cek status\n2 Jadwal kunjungan\n3 Bayar\n4 Syarat & biaya\n5 Jam & lokasi\n"
    "7 Bahasa/Language\n0 Keluar"
)
AWAY = "END Maaf, sistem sedang terganggu. Tekan *384*1303# lagi nanti."
BUSY = "END Sedang sibuk. Tekan *384*1303# lagi."


def hop(client: FlaskClient, text: str, session: str = "a") -> str:
    answer = client.post(PATH, data={"sessionId": session, "phoneNumber": ONE_APPLICATION, "text": text})
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[valkey.Valkey]:
    """A Redis that this test may hurt."""
    server = valkey.start(tmp_path / "redis")
    yield server
    server.process.send_signal(signal.SIGCONT)
    server.stop()


@pytest.fixture
def app_over(wiring: Wiring, own_redis: valkey.Valkey) -> Iterator[Flask]:
    with wiring.database.writing() as session:
        load(session, wiring.outbox, wiring.clock())
    redis = connect_redis(own_redis.url, timeout_s=0.5)
    settings = wiring.settings.model_copy(update={"redis_url": own_redis.url})
    app = create_app(assemble(settings, wiring.database, wiring.vault, redis, wiring.clock))
    yield app
    app.extensions["funnel"].stop()


@pytest.mark.timeout(30)
@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_hanging_redis_changes_no_answer(app_over: Flask, own_redis: valkey.Valkey) -> None:
    client = app_over.test_client()
    assert hop(client, "") == MAIN
    state = hop(client, "1")
    assert state.startswith("CON ..0001 Paspor 10 tahun")
    own_redis.process.send_signal(signal.SIGSTOP)
    assert hop(client, "1") == state
    assert hop(client, "1*0") == MAIN
    assert hop(client, "", session="new") == MAIN
    own_redis.process.send_signal(signal.SIGCONT)
    assert hop(client, "1*0*7").startswith("CON Imigrasi Sijunjung\nPilih bahasa")


@pytest.mark.timeout(30)
@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_killed_redis_changes_no_answer(app_over: Flask, own_redis: valkey.Valkey) -> None:
    client = app_over.test_client()
    assert hop(client, "") == MAIN
    os.kill(own_redis.process.pid, signal.SIGKILL)
    own_redis.process.wait()
    for _ in range(2):
        assert hop(client, "7").startswith("CON Imigrasi Sijunjung\nPilih bahasa")
    assert "Check status" in hop(client, "7*3")
    assert "Check status" in hop(client, "", session="new")


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_database_that_is_away_is_said_honestly(app: Flask, wiring: Wiring) -> None:
    client = app.test_client()
    assert hop(client, "") == MAIN
    file = Path(wiring.database.engine.url.database or "")
    wiring.database.close()
    for left in file.parent.glob("gateway.db*"):
        left.rename(left.with_suffix(left.suffix + ".away"))
    file.mkdir()
    # What needs no database is answered; what does, says so and ends.
    assert hop(client, "5").startswith("CON Buka sekarang")
    assert hop(client, "5*00") == MAIN
    assert hop(client, "5*00*1") == AWAY
    assert hop(client, "", session="new") == AWAY
    file.rmdir()
    for left in file.parent.glob("*.away"):
        left.rename(left.with_suffix(""))
    assert hop(client, "", session="newer") == MAIN


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_writer_that_does_not_end_holds_up_no_reader_and_is_said_to_a_writer(app: Flask, wiring: Wiring) -> None:
    client = app.test_client()
    wiring.database._turn._timeout_s = 0.2
    with wiring.database.writing():
        assert hop(client, "") == MAIN
        assert hop(client, "1").startswith("CON Ketik 16 angka")
        assert hop(client, "1*0") == MAIN
        assert hop(client, "1*0*7").startswith("CON Imigrasi Sijunjung\nPilih bahasa")
        assert hop(client, "1*0*7*3") == AWAY
    assert "Check status" in hop(client, "1*0*7*3")


class SlowDesk:
    """A desk that answers only when told to."""

    def __init__(self, desk: object, may_answer: threading.Event) -> None:
        self._desk = desk
        self._may_answer = may_answer

    def __getattr__(self, name: str) -> object:
        return getattr(self._desk, name)

    def beginning(self, caller: bytes, call: bytes) -> Beginning:
        self._may_answer.wait(20)
        return self._desk.beginning(caller, call)


@pytest.mark.timeout(30)
@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_late_hop_gets_safe_words_and_its_repeat_the_real_answer(app: Flask, wiring: Wiring) -> None:
    [desk] = [
        cell.cell_contents
        for cell in app.view_functions["webhooks.ussd"].__closure__ or ()
        if isinstance(cell.cell_contents, UssdDesk)
    ]
    may_answer = threading.Event()
    turns = desk._turns
    turns._desk = SlowDesk(turns._desk, may_answer)
    with ThreadPoolExecutor(4) as workers:
        hurried = UssdDesk(
            turns, desk._words, wiring.settings, wiring.database, desk._echo, desk._funnel, wiring.clock, workers, 0.2
        )
        request = Request(b"sessionId=slow&phoneNumber=%2B6281200000001&text=")
        africastalking = AGGREGATORS["africastalking"]
        assert hurried.hop(africastalking, request).body == BUSY
        # The first copy still works on it; another copy in flight waits for its answer and is late too.
        assert hurried.hop(africastalking, request).body == BUSY
        may_answer.set()
    assert desk.hop(africastalking, request).body == MAIN
