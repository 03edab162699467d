"""The whole product, as `python -m gateway up` runs it, for the length of a test."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.processes import wait_until

_OURS = ("PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV")
_FIRST_START_S = 60.0


@dataclass(frozen=True)
class Product:
    """A running product; its log is what its processes have said so far."""

    process: subprocess.Popen[bytes]
    port: int
    environment: dict[str, str]
    log_file: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return self.log_file.read_text(errors="replace")

    def readiness(self) -> tuple[int, dict[str, object]]:
        """Status and body of `/readyz`; status 0 while nobody answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            answer = connection.getresponse()
            body: dict[str, object] = json.loads(answer.read())
        except (OSError, http.client.HTTPException):
            return 0, {}
        else:
            return answer.status, body
        finally:
            connection.close()

    def child(self, name: str) -> int:
        """The process id of a line of the Procfile, or of the supervisor's `valkey`. Linux only."""
        wanted = "valkey-server" if name == "valkey" else f"-m gateway {name}"
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        (found,) = [int(pid) for pid in children if wanted in _command(pid)]
        return found

    def children(self) -> list[int]:
        """Every process below the supervisor, at any depth. Linux only."""
        return _below(self.process.pid)


@contextmanager
def running_product(folder: Path, env: Mapping[str, str] | None = None) -> Iterator[Product]:
    """Start it on a free port with `folder` for its files, wait until it is ready, end it afterwards.

    `env` is all that it gets of an environment beyond the essentials: no setting of this machine leaks in.
    """
    port = free_port()
    environment = {name: os.environ[name] for name in _OURS if name in os.environ}
    environment |= {"PORT": str(port), "VAR_DIR": str(folder / "var"), **(env or {})}
    log_file = folder / "product.log"
    with log_file.open("wb") as log:
        process = subprocess.Popen([sys.executable, "-m", "gateway", "up"], env=environment, stdout=log, stderr=log)
    product = Product(process, port, environment, log_file)
    try:
        wait_until(
            lambda: process.poll() is not None or product.readiness()[0] == http.client.OK,
            "the product",
            within_s=_FIRST_START_S,
        )
        assert process.poll() is None, product.log
        yield product
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _command(pid: str) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def _below(pid: int) -> list[int]:
    try:
        direct = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []
    return direct + [further for child in direct for further in _below(child)]
