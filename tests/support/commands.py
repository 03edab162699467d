"""How does a test call a command? As a process with an environment of its own, forked from one that is ready.

To start Python and import what a command needs takes longer than nearly all commands. So each test process keeps one
process that has imported it all and done nothing else.
"""

import multiprocessing
import os
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


def gateway(*words: str, env: Mapping[str, str], timeout_s: float = 60.0) -> subprocess.CompletedProcess[str]:
    """What `python -m gateway` with these words does where the environment is `env` and nothing else.

    Raises `subprocess.TimeoutExpired`.
    """
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        process = _ready.Process(target=_called, args=(words, dict(env), out, err))
        process.start()
        process.join(timeout_s)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired(words, timeout_s)
        return subprocess.CompletedProcess(words, process.exitcode, out.read_text(), err.read_text())


def _called(words: Sequence[str], env: Mapping[str, str], out: Path, err: Path) -> None:
    os.environ.clear()
    os.environ.update(env)
    for place, file in ((1, out), (2, err)):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT), place)
    sys.argv = ["python -m gateway", *words]
    main(words, prog_name="python -m gateway")
