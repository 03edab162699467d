"""What does a job do once a worker has taken it? The entry points that queues name.

A payload holds neither data nor addresses: whoever reads Redis would read them too, and a database URL carries a
password. So the process that works hands the parts over once, before it takes its first job.
"""

from dataclasses import dataclass

from immigration.clock import Clock
from immigration.database import Database
from immigration.vault import Vault
from workers import upkeep

UPKEEP_JOB = "workers.jobs.run_upkeep"


class NotConfigured(Exception):
    """A job was run in a process that was not given the parts: not one of our workers."""


@dataclass(frozen=True)
class _Parts:
    database: Database
    vault: Vault
    clock: Clock


_parts: _Parts | None = None


def configure(database: Database, vault: Vault, clock: Clock) -> None:
    """Give this process's jobs what they work with; once, before work begins."""
    global _parts
    _parts = _Parts(database, vault, clock)


def forget_inherited_connections() -> None:
    """Called in a forked child: two processes that talk over one connection would read each other's answers."""
    if _parts is not None:
        _parts.database.engine.dispose(close=False)


def run_upkeep() -> dict[str, int]:
    """One pass of the upkeep. Raises `NotConfigured`."""
    if _parts is None:
        raise NotConfigured
    return upkeep.run(_parts.database, _parts.clock())
