"""How does a test call a command? As a process with an environment of its own, forked from one that is ready.

To start Python and import what a command needs takes longer than nearly all commands. So each test process keeps one
process that has imported it all and done nothing else.
"""

import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from gateway.cli import COMMANDS, main

_ready = multiprocessing.get_context("forkserver")
# With what is imported late, at the first look at a calendar.
_ready.set_forkserver_preload(
    [__name__, "holidays.countries", *sorted({target.split(":")[0] for target in COMMANDS.values()})]
)


class Started:
    """A command that runs beside the test, and says what it says to nobody unless files are given for it."""

    def __init__(self, *words: str, env: Mapping[str, str], out: str = os.devnull, err: str = os.devnull) -> None:
        self._process = _ready.Process(target=_called, args=(words, dict(env), out, err))
        self._process.start()

    def send_signal(self, number: signal.Signals) -> None:
        assert self._process.pid is not None
        os.kill(self._process.pid, number)

    def kill(self) -> None:
        self._process.kill()

    def poll(self) -> int | None:
        """As `wait`, for one who does not wait; none while it runs."""
        return self._process.exitcode

    def wait(self, timeout_s: float) -> int:
        """The status with which it ended; the signal's number, negated, that ended it. Raises `TimeoutError`."""
        self._process.join(timeout_s)
        if self._process.exitcode is None:
            raise TimeoutError
        return self._process.exitcode


def gateway(*words: str, env: Mapping[str, str], timeout_s: float = 60.0) -> subprocess.CompletedProcess[str]:
    """What `python -m gateway` with these words does where the environment is `env` and nothing else.

    Raises `TimeoutError`.
    """
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        started = Started(*words, env=env, out=str(out), err=str(err))
        try:
            status = started.wait(timeout_s)
        except TimeoutError:
            started.kill()
            raise
        return subprocess.CompletedProcess(words, status, out.read_text(), err.read_text())


def _called(words: Sequence[str], env: Mapping[str, str], out: str, err: str) -> None:
    os.environ.clear()
    os.environ.update(env)
    for place, file in ((1, out), (2, err)):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT), place)
    sys.argv = ["python -m gateway", *words]
    main(words, prog_name="python -m gateway")
