"""Waiting for other processes: until something is so, never for a while."""

import os
import time
from collections.abc import Callable
from pathlib import Path


def wait_until(so: Callable[[], object], what: str, *, within_s: float = 10.0) -> None:
    """Return once `so()` is true; fail, naming `what`, where that takes longer than `within_s`."""
    deadline = time.monotonic() + within_s
    while not so():
        assert time.monotonic() < deadline, f"waited {within_s:.0f} s in vain for {what}"
        time.sleep(0.02)


def is_running(pid: int) -> bool:
    """Whether the process does anything still: one that is dead but not yet waited for by its parent does not."""
    status = Path(f"/proc/{pid}/stat")
    if status.parent.parent.joinpath("self").exists():
        try:
            return status.read_text().rpartition(") ")[2][0] not in "ZX"
        except OSError:
            return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
