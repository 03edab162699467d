"""What does `make run` do? Bring up what is missing, migrate, and keep every process of the Procfile running."""

import fcntl
import http.client
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from gateway import valkey
from gateway.demo import load_if_empty
from gateway.migrate import upgrade
from gateway.settings import Settings
from gateway.supervisor import Child, ChildFault, Supervisor, procfile_children
from gateway.wiring import build, key_ring
from immigration.database import Database

PROCFILE = Path(__file__).parent.parent / "Procfile"
_PROBE_S = 1.0


class CannotStart(Exception):
    """The product cannot run here; the message says what is in the way."""


def up(settings: Settings, environment: dict[str, str], *, log: TextIO = sys.stderr) -> int:
    """Run the product until it is told to end; the exit status.

    `environment` is what the children get, with REDIS_URL added where the server is ours. Raises `CannotStart`,
    `ValkeyError`, and whatever `upgrade` and `build` raise.
    """
    var_dir = Path(settings.var_dir)
    # While nothing runs that would need an orderly end, any ending is an interrupt.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        with _alone_in(var_dir):
            _require_port(settings.listening_address, settings.port)
            with _redis(settings, var_dir) as (url, foundation):
                _prepare(settings.model_copy(update={"redis_url": url}))
                children = procfile_children(PROCFILE, environment | {"REDIS_URL": url})
                supervisor = Supervisor([*foundation, *children], log)
                return supervisor.run(lambda: _is_ready(settings.port), lambda: _welcome(settings))
    except KeyboardInterrupt:
        return 0


@contextmanager
def _alone_in(var_dir: Path) -> Iterator[None]:
    """Hold the folder: two products on one database and one queue's files would undo each other's work."""
    var_dir.mkdir(parents=True, exist_ok=True)
    with (var_dir / "up.lock").open("a+") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            handle.seek(0)
            pid = handle.read().strip() or "unknown"
            raise CannotStart(f"folder {var_dir} is in use by pid {pid}: the product already runs there") from None
        handle.truncate(0)
        handle.write(str(os.getpid()))
        handle.flush()
        yield


def _require_port(address: str, port: int) -> None:
    """Say now what the server could not: its sockets share a port with anyone who asks for that as well."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as fault:
            raise CannotStart(
                f"port {port} is in use or not ours to take ({fault.strerror}): end what has it, or set PORT"
            ) from None


@contextmanager
def _redis(settings: Settings, var_dir: Path) -> Iterator[tuple[str, list[Child]]]:
    """Redis's URL, and the server to look after where it is ours."""
    if settings.redis_url is not None:
        yield settings.redis_url, []
        return
    server = valkey.start(var_dir)

    def again(output: int) -> subprocess.Popen[bytes]:
        try:
            return valkey.start(var_dir, address=server.address).process
        except valkey.ValkeyError as fault:
            raise ChildFault(str(fault)) from None

    try:
        yield server.url, [Child("valkey", again, foundation=True, process=server.process)]
    finally:
        server.stop()


def _prepare(settings: Settings) -> None:
    """A database of this version, and in a demonstration something to show."""
    database = Database(settings.database_url)
    try:
        upgrade(database, key_ring(settings))
    finally:
        database.close()
    if settings.gateway_env == "demo":
        wiring = build(settings)
        try:
            load_if_empty(wiring)
        finally:
            wiring.database.close()
            wiring.redis.close()


def _is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PROBE_S)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _welcome(settings: Settings) -> None:
    base = f"http://127.0.0.1:{settings.port}"
    lines = ["", "The gateway is running.", ""]
    if settings.gateway_env == "demo":
        lines.append(f"  Phone simulator  {base}/simulator")
    lines += [f"  API documents    {base}/api/v1/docs", "", "Ctrl-C ends it.", ""]
    print("\n".join(lines), flush=True)
