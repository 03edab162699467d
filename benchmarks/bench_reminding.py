"""What does a pass of the reminders cost, and does it cost more where more exists that is not due?

The same thousand reminders among 10 000 cases and among 1 000 000, each pass in a process of its own. Prints the plans
of the search, too. `--postgresql` does it on an embedded PostgreSQL instead of SQLite.
"""

import argparse
import statistics
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from datetime import time as time_of_day
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

from benchmarks.stage import Stage, staged
from gateway.messaging import build_outbox
from gateway.settings import load_settings
from gateway.wiring import key_ring
from immigration.applications.states import Status
from immigration.database import Database
from immigration.keys import load_vault
from immigration.offices.snapshot import CatalogueSnapshot
from immigration.reminders.finding import due
from immigration.reminders.rules import RULES, for_office
from tests.support.cases import Case, add_idle_cases, fill_cases
from tests.support.plans import noted
from workers import reminders

FEW: Final = 10_000
MANY: Final = 1_000_000
DUE: Final = 1_000
# A Tuesday, noon at the office: every rule is awake.
NOW: Final = datetime(2026, 11, 24, 5, tzinfo=UTC)
_MIDNIGHT: Final = datetime.combine(NOW.date(), time_of_day(), tzinfo=UTC)
_DAY: Final = timedelta(days=1)
_SEARCHES: Final = 5

# A quarter each in the lanes, within the ceiling of each, and as many for an officer.
_CASES: Final[tuple[Case, ...]] = (
    {"status": Status.MENUNGGU_BAYAR.value, "due_at": NOW + timedelta(minutes=40)},
    {"status": Status.PERLU_LENGKAPI.value, "deadline": _MIDNIGHT + 3 * _DAY},
    {"status": Status.SIAP_DIAMBIL.value, "status_at": NOW - 8 * _DAY},
    {"status": Status.SIAP_DIAMBIL.value, "status_at": NOW - 31 * _DAY},
)


@dataclass(frozen=True)
class Cost:
    """What a pass took, search and all, in milliseconds; its process's peak memory before and after."""

    search_ms: float
    pass_ms: float
    pass_cpu_ms: float
    counts: dict[str, int]
    before_mb: float
    after_mb: float

    def __str__(self) -> str:
        return (
            f"search {self.search_ms:.1f} ms, pass {self.pass_ms:.0f} ms ({self.pass_cpu_ms:.0f} ms of CPU),"
            f" peak memory {self.before_mb:.0f} -> {self.after_mb:.0f} MB, {self.counts}"
        )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--postgresql", action="store_true", help="on an embedded PostgreSQL instead of SQLite")
    parser.add_argument("--cases", type=int, default=MANY, help="how many cases are many")
    told = parser.parse_args()
    print(f"reminders over {'PostgreSQL' if told.postgresql else 'SQLite'}, {DUE} due")
    costs = []
    for cases in (FEW, told.cases):
        with staged(postgresql=told.postgresql) as stage:
            add_idle_cases(stage.database, DUE + 1, cases + 1, NOW)
            fill_cases(stage.database, stage.vault, range(1, DUE + 1), NOW, lambda place: _CASES[place % len(_CASES)])
            if cases != FEW:
                _show_plans(stage)
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
                costs.append(process.submit(_measured, stage.environment).result())
        print(f"  among {cases:9}: {costs[-1]}")
    few, many = costs
    print(f"  many / few: search {many.search_ms / few.search_ms:.2f}, pass {many.pass_ms / few.pass_ms:.2f}", end="")
    print(f", CPU of the pass {many.pass_cpu_ms / few.pass_cpu_ms:.2f}")


def _measured(environment: dict[str, str]) -> Cost:
    """Search some times without writing, then do the pass."""
    settings = load_settings(environment)
    database = Database(settings.database_url)
    vault = load_vault(database, key_ring(settings))
    outbox = build_outbox(settings, vault, CatalogueSnapshot(database))
    offices = list(outbox.catalogue().offices.values())
    _search(database, offices)
    before = _peak_mb()
    searches = []
    for _ in range(_SEARCHES):
        began = time.perf_counter()
        _search(database, offices)
        searches.append(time.perf_counter() - began)
    began, used = time.perf_counter(), time.process_time()
    counts = reminders.run(database, outbox, NOW)
    took, used = time.perf_counter() - began, time.process_time() - used
    database.close()
    return Cost(1000 * statistics.median(searches), 1000 * took, 1000 * used, counts, before, _peak_mb())


def _search(database: Database, offices: list[Any]) -> None:
    """As a pass that may write everything searches: each rule once."""
    found = 0
    with database.reading() as session:
        for rule in RULES:
            found += sum(1 for _ in due(session, for_office(rule, offices[0]), offices, NOW, DUE))
    if found != DUE:
        raise SystemExit(f"{found} are due, and {DUE} should be")


def _show_plans(stage: Stage) -> None:
    with stage.database.reading() as session:
        offices = list(CatalogueSnapshot(stage.database)().offices.values())
        with noted(stage.database) as statements:
            for rule in RULES:
                list(due(session, rule, offices, NOW, reminders.BATCH))
    for statement, plan in statements.plans().items():
        print(f"  {statement[:100]}")
        print("".join(f"      {line}\n" for line in plan.splitlines()), end="")


def _peak_mb() -> float:
    """Of this process alone: what `getrusage` says begins with what the parent held."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


if __name__ == "__main__":
    main()
