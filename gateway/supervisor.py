"""How do several processes live as one? Started together, restarted where they die, ended together, never left over."""

import os
import pty
import selectors
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from gateway.children import tied

_COLOURS = (36, 33, 35, 32, 34)
_LONGEST_LINE = 65_536
_ENDINGS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@dataclass(frozen=True)
class Patience:
    """How long to wait for what, in seconds."""

    first_delay: float = 1.0
    longest_delay: float = 30.0
    healthy_after: float = 60.0
    deaths: int = 5
    within: float = 60.0
    grace: float = 10.0
    """A child has this long to end; the last second of it begins with a second SIGTERM, which a worker takes as
    "now"."""


@dataclass(eq=False)
class Child:
    """One process of the whole. `start` begins it, writing what it says to the given file descriptor.

    `start` may raise `OSError` or `ChildFault` where the process does not come up: that counts as a death.
    """

    name: str
    start: Callable[[int], subprocess.Popen[bytes]]
    foundation: bool = False
    """Others stand on it: it ends after them."""
    process: subprocess.Popen[bytes] | None = None
    began: float = 0.0
    due: float | None = None
    deaths: deque[float] = field(default_factory=deque)
    in_a_row: int = 0
    channel: int | None = None
    unfinished: bytes = b""


class ChildFault(Exception):
    """A child did not come up; the message says why."""


def procfile_children(procfile: Path, environment: dict[str, str]) -> list[Child]:
    """The lines of a Procfile, `python` being this very interpreter."""
    children = []
    for line in procfile.read_text(encoding="utf-8").splitlines():
        name, colon, command = line.partition(":")
        if colon and not name.startswith("#"):
            words = [sys.executable if word == "python" else word for word in shlex.split(command)]
            children.append(Child(name.strip(), _starting(words, environment)))
    return children


def _starting(words: list[str], environment: dict[str, str]) -> Callable[[int], subprocess.Popen[bytes]]:
    def start(output: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            tied(words),
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            # Ctrl-C reaches the supervisor alone, which ends the others in their order.
            start_new_session=True,
        )

    return start


class Supervisor:
    """Runs in one thread: the kernel ties each child to the thread that started it."""

    def __init__(
        self,
        children: Sequence[Child],
        out: TextIO,
        *,
        patience: Patience = Patience(),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._children = list(children)
        self._out = out
        self._patience = patience
        self._monotonic = monotonic
        self._selector = selectors.DefaultSelector()
        self._width = max(len(name) for name in ["up", *(child.name for child in children)])
        self._asked_to_end = False

    def run(self, ready: Callable[[], bool], on_ready: Callable[[], None]) -> int:
        """Start all and keep them running until SIGTERM, SIGINT or SIGHUP: 0; or until one cannot be kept up: 1.

        `ready` is asked until it says yes, then `on_ready` is called, once.
        """
        status = 0
        waiting = True
        with self._signals():
            try:
                for child in self._children:
                    if child.process is None:
                        self._begin(child)
                while not self._asked_to_end:
                    self._hear(0.05 if waiting else self._until_next())
                    if not self._look_after():
                        status = 1
                        break
                    if waiting and ready():
                        waiting = False
                        on_ready()
            finally:
                self._end_all()
        return status

    def say(self, text: str) -> None:
        """A line of the supervisor's own in the log."""
        self._write("up", text, 1)

    def _begin(self, child: Child) -> None:
        child.due = None
        child.began = self._monotonic()
        reading, writing = pty.openpty() if self._out.isatty() else os.pipe()
        os.set_blocking(reading, False)
        try:
            child.process = child.start(writing)
        except (OSError, ChildFault) as fault:
            os.close(reading)
            self._died(child, f"did not start: {fault}")
            return
        finally:
            os.close(writing)
        child.channel = reading
        self._selector.register(reading, selectors.EVENT_READ, child)

    def _look_after(self) -> bool:
        """Notice deaths and start again what is due; whether all is still worth going on with."""
        for child in self._children:
            if child.process is not None and (status := child.process.poll()) is not None:
                self._finish(child)
                self._died(child, _how(status))
            if len(child.deaths) >= self._patience.deaths:
                self.say(f"{child.name} ended {len(child.deaths)} times within a minute: giving up")
                return False
            if child.due is not None and self._monotonic() >= child.due:
                self._begin(child)
        return True

    def _died(self, child: Child, how: str) -> None:
        now = self._monotonic()
        child.in_a_row = 1 if now - child.began >= self._patience.healthy_after else child.in_a_row + 1
        child.deaths.append(now)
        while now - child.deaths[0] > self._patience.within:
            child.deaths.popleft()
        delay = min(self._patience.longest_delay, self._patience.first_delay * 2 ** (child.in_a_row - 1))
        child.due = now + delay
        self.say(f"{child.name} {how}; starting it again in {delay:g} s")

    def _until_next(self) -> float:
        due = [child.due for child in self._children if child.due is not None]
        return max(0.0, min([1.0, *(moment - self._monotonic() for moment in due)]))

    def _end_all(self) -> None:
        """Those that stand on others first, then the foundations."""
        for foundation in (False, True):
            group = [child for child in self._children if child.foundation is foundation and child.process]
            self._end(group)

    def _end(self, group: list[Child]) -> None:
        self._signal(group, signal.SIGTERM)
        for seconds, then in (
            (self._patience.grace * 0.9, signal.SIGTERM),
            (self._patience.grace * 0.1, signal.SIGKILL),
        ):
            deadline = self._monotonic() + seconds
            while group and self._monotonic() < deadline:
                self._hear(0.05)
                group = [child for child in group if not self._ended(child)]
            self._signal(group, then)
        for child in group:
            assert child.process is not None
            self.say(f"{child.name} did not end in {self._patience.grace:g} s and was killed")
            child.process.wait()
            self._finish(child)

    def _signal(self, group: list[Child], number: signal.Signals) -> None:
        for child in group:
            assert child.process is not None
            if number == signal.SIGKILL:
                # Each leads its own group; whoever is killed could not end its children itself.
                with suppress(ProcessLookupError):
                    os.killpg(child.process.pid, number)
            else:
                child.process.send_signal(number)

    def _ended(self, child: Child) -> bool:
        assert child.process is not None
        if child.process.poll() is None:
            return False
        self._finish(child)
        return True

    def _finish(self, child: Child) -> None:
        """Write what a dead child said last, and forget the process."""
        child.process = None
        if child.channel is not None:
            self._read(child)
        if child.channel is not None:
            self._close(child)

    def _hear(self, seconds: float) -> None:
        for key, _ in self._selector.select(seconds):
            if isinstance(key.data, Child):
                self._read(key.data)
            else:
                key.data.recv(4096)

    def _read(self, child: Child) -> None:
        assert child.channel is not None
        try:
            while data := os.read(child.channel, _LONGEST_LINE):
                *lines, child.unfinished = (child.unfinished + data).split(b"\n")
                for line in lines:
                    self._pass_on(child, line)
                if len(child.unfinished) > _LONGEST_LINE:
                    self._pass_on(child, child.unfinished)
                    child.unfinished = b""
        except BlockingIOError:
            return
        except OSError:
            # A terminal whose other end is closed says so by an error (Linux: EIO).
            pass
        self._close(child)

    def _close(self, child: Child) -> None:
        assert child.channel is not None
        if child.unfinished:
            self._pass_on(child, child.unfinished)
            child.unfinished = b""
        self._selector.unregister(child.channel)
        os.close(child.channel)
        child.channel = None

    def _pass_on(self, child: Child, line: bytes) -> None:
        colour = _COLOURS[self._children.index(child) % len(_COLOURS)]
        self._write(child.name, line.decode(errors="replace").rstrip("\r"), colour)

    def _write(self, name: str, text: str, colour: int) -> None:
        prefix = f"{name:<{self._width}} | "
        if self._out.isatty():
            prefix = f"\x1b[{colour}m{prefix}\x1b[0m"
        self._out.write(f"{prefix}{text}\n")
        self._out.flush()

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """While it lasts, a signal wakes the loop: an ending ends it, a child's death is looked at at once."""
        hearing, telling = socket.socketpair()
        for end in (hearing, telling):
            end.setblocking(False)
        before = {number: signal.signal(number, self._on_ending) for number in _ENDINGS}
        before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
        former = signal.set_wakeup_fd(telling.fileno(), warn_on_full_buffer=False)
        self._selector.register(hearing, selectors.EVENT_READ, hearing)
        try:
            yield
        finally:
            self._selector.unregister(hearing)
            signal.set_wakeup_fd(former)
            for number, handler in before.items():
                signal.signal(number, handler)
            hearing.close()
            telling.close()

    def _on_ending(self, *_: object) -> None:
        self._asked_to_end = True


def _how(status: int) -> str:
    return f"was ended by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"
