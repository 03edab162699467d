"""How many hops does a CPU second carry? The whole product against a bare Flask route with two Redis trips.

Both run under granian with one process and the same threads, one after the other in alternating rounds, so that a
noisy machine disturbs both alike. Prints hops/s, hops per CPU second of the server, p50/p99 and memory.
"""

import os
import socket
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import date
from pathlib import Path

from sqlalchemy import select

from benchmarks.load import Outcome, run
from benchmarks.processes import cpu_s, memory_mb, start
from gateway import valkey
from gateway.migrate import upgrade
from gateway.settings import Settings, load_settings
from gateway.wiring import key_ring
from immigration.applications.keeping import put
from immigration.applications.record import Record
from immigration.applications.states import Status
from immigration.applications.tables import Application
from immigration.clock import utc_now
from immigration.database import Database
from immigration.keys import load_vault

CALLERS = 2_000
ROUNDS = 3
SECONDS = 4.0
PRODUCT_PORT, BARE_PORT = 18_101, 18_102


def main() -> None:
    """Measure and print."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = valkey.start(folder)
        stack.callback(server.stop)
        settings = load_settings({"VAR_DIR": str(folder)})
        _fill(settings)
        # Logs go nowhere in both; a log line is a disk's business, not a hop's.
        environment = os.environ | {
            "VAR_DIR": str(folder),
            "REDIS_URL": server.url,
            "PORT": str(PRODUCT_PORT),
            "WEB_PROCESSES": "1",
            "LOG_LEVEL": "ERROR",
        }
        product = start([sys.executable, "-m", "gateway", "web"], environment, stack)
        bare_command = [sys.executable, "-m", "benchmarks.bare", str(BARE_PORT), str(settings.web_threads)]
        bare = start(bare_command, environment, stack)
        targets = {
            "product": (product, PRODUCT_PORT, "/webhooks/demo/africastalking/ussd"),
            "bare": (bare, BARE_PORT, "/bare"),
        }
        for _, port, path in targets.values():
            _warm(port, path)
        for connections in (16, 64):
            _compare(targets, connections)


def _compare(targets: dict[str, tuple[int, int, str]], connections: int) -> None:
    measured: dict[str, list[tuple[Outcome, float]]] = {name: [] for name in targets}
    for _ in range(ROUNDS):
        for name, (pid, port, path) in targets.items():
            before = cpu_s(pid)
            outcome = run(port, path, connections=connections, callers=CALLERS, seconds=SECONDS)
            measured[name].append((outcome, cpu_s(pid) - before))
    per_cpu = {}
    for name, rounds in measured.items():
        per_cpu[name] = statistics.median(len(outcome.seconds) / cpu for outcome, cpu in rounds)
        rate = statistics.median(len(outcome.seconds) / outcome.wall for outcome, _ in rounds)
        p50 = statistics.median(outcome.percentile(0.5) for outcome, _ in rounds) * 1000
        p99 = statistics.median(outcome.percentile(0.99) for outcome, _ in rounds) * 1000
        odd = sum(outcome.odd for outcome, _ in rounds)
        print(
            f"{connections} callers  {name:8} {rate:7.0f} hops/s  {per_cpu[name]:7.0f} hops per CPU second  "
            f"p50 {p50:5.1f} ms  p99 {p99:5.1f} ms  memory {memory_mb(targets[name][0]):4.0f} MB  not CON {odd}"
        )
    print(f"{connections} callers  product / bare = {per_cpu['product'] / per_cpu['bare']:.2f} hops per CPU second")


def _fill(settings: Settings) -> None:
    """An application for each caller."""
    database = Database(settings.database_url)
    upgrade(database, key_ring(settings))
    vault = load_vault(database, key_ring(settings))
    for first in range(0, CALLERS, 500):
        with database.writing() as session:
            for place in range(first, first + 500):
                told = Record(
                    number=f"99{place:014d}",
                    office="SJJ",
                    service="P10",
                    status=Status.SIAP_DIAMBIL,
                    phone=f"+62812{place:08d}",
                    name="Siti Rahmah",
                    birth_date=date(1990, 11, 24),
                )
                put(session, vault, told, "passport", "bench", utc_now())
    with database.reading() as session:
        assert session.scalar(select(Application.id).limit(1)) is not None
    database.close()


def _warm(port: int, path: str) -> None:
    """Wait until the server listens, then let it warm up."""
    deadline = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            break
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
    run(port, path, connections=4, callers=CALLERS, seconds=1.0)


if __name__ == "__main__":
    main()
