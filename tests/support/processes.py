"""Waiting for other processes: until something is so, never for a while."""

import time
from collections.abc import Callable


def wait_until(so: Callable[[], object], what: str, *, within_s: float = 10.0) -> None:
    """Return once `so()` is true; fail, naming `what`, where that takes longer than `within_s`."""
    deadline = time.monotonic() + within_s
    while not so():
        assert time.monotonic() < deadline, f"waited {within_s:.0f} s in vain for {what}"
        time.sleep(0.02)
