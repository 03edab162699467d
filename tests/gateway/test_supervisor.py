"""The supervisor restarts who dies, gives up on who cannot be kept up, and leaves nobody behind."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.processes import is_running, wait_until

SUPERVISE = """
import os, sys
from pathlib import Path
from gateway.supervisor import Patience, Supervisor, procfile_children
children = procfile_children(Path(sys.argv[1]), dict(os.environ))
patience = Patience(first_delay=0.05, longest_delay=0.1, grace=1.0)
sys.exit(Supervisor(children, sys.stdout, patience=patience).run(lambda: True, lambda: print("ready", flush=True)))
"""
LIVES = "python -c 'import os, time; print(os.getpid(), flush=True); time.sleep(60)'"
DIES = "python -c 'import sys; sys.exit(3)'"
IS_DEAF = (
    "python -c 'import os, signal, time; signal.signal(15, signal.SIG_IGN);"
    " print(os.getpid(), flush=True); time.sleep(60)'"
)


class Supervised:
    """A supervisor in its own process, and what it has said so far."""

    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        self.process = process
        self._log = log

    @property
    def said(self) -> str:
        return self._log.read_text()

    def pids(self, name: str) -> list[int]:
        """Who was started under this name: each child says its pid first."""
        lines = [line.partition(" | ") for line in self.said.splitlines()]
        return [int(text) for who, _, text in lines if who.strip() == name and text.isdigit()]

    def wait_for_pids(self, name: str, count: int = 1) -> list[int]:
        wait_until(lambda: len(self.pids(name)) >= count, f"{count} of {name}")
        return self.pids(name)


@contextmanager
def supervised(tmp_path: Path, **lines: str) -> Iterator[Supervised]:
    procfile = tmp_path / "Procfile"
    procfile.write_text("# a comment\n" + "".join(f"{name}: {command}\n" for name, command in lines.items()))
    log = tmp_path / "log"
    with log.open("w") as out:
        process = subprocess.Popen([sys.executable, "-c", SUPERVISE, procfile], stdout=out, text=True)
    try:
        yield Supervised(process, log)
    finally:
        process.kill()
        process.wait()


def test_a_child_that_was_killed_is_started_again_and_the_log_says_so(tmp_path: Path) -> None:
    with supervised(tmp_path, one=LIVES, other=LIVES) as running:
        (first,) = running.wait_for_pids("one")
        os.kill(first, signal.SIGKILL)
        again = running.wait_for_pids("one", 2)[1]
        assert is_running(again)
        assert len(running.wait_for_pids("other")) == 1
        assert "up    | one was ended by SIGKILL; starting it again in 0.05 s" in running.said


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_all_with_status_0(tmp_path: Path, ending: signal.Signals) -> None:
    with supervised(tmp_path, one=LIVES, two=LIVES) as running:
        pids = running.wait_for_pids("one") + running.wait_for_pids("two")
        running.process.send_signal(ending)
        assert running.process.wait(10) == 0
        assert not any(is_running(pid) for pid in pids)


def test_a_child_that_dies_five_times_in_a_minute_ends_everything_with_status_1(tmp_path: Path) -> None:
    with supervised(tmp_path, good=LIVES, bad=DIES) as running:
        assert running.process.wait(20) == 1
        assert "bad ended 5 times within a minute: giving up" in running.said
        assert running.said.count("bad ended with status 3") == 5
        assert not any(is_running(pid) for pid in running.pids("good"))


def test_a_child_that_does_not_listen_is_killed_when_its_time_is_up(tmp_path: Path) -> None:
    with supervised(tmp_path, deaf=IS_DEAF) as running:
        (pid,) = running.wait_for_pids("deaf")
        running.process.terminate()
        assert running.process.wait(10) == 0
        assert "deaf did not end in 1 s and was killed" in running.said
        assert not is_running(pid)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's wish is Linux's")
def test_a_supervisor_that_was_killed_leaves_nobody(tmp_path: Path) -> None:
    with supervised(tmp_path, one=LIVES, two=LIVES) as running:
        pids = running.wait_for_pids("one") + running.wait_for_pids("two")
        running.process.kill()
        wait_until(lambda: not any(is_running(pid) for pid in pids), "the children to end")
