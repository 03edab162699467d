"""How fast do SMS leave? A worker against an aggregator that takes its time, the outbox alone, and a call to its end.

`--postgresql` does it on an embedded PostgreSQL instead of SQLite. The baseline of the worker is what its threads could
do if nothing but the aggregator took time; that of the outbox is its own first thousand rows.
"""

import argparse
import http.client
import json
import statistics
import time
from collections import Counter
from typing import Final

from benchmarks import drain
from benchmarks.aggregator import Aggregator
from benchmarks.processes import cpu_s, memory_mb
from benchmarks.stage import Stage, staged, wait_until
from immigration import api_keys
from immigration.clock import utc_now
from tests.support.filling import fill
from tests.support.product import free_port
from workers.jobs import ring

THREADS: Final = 32
LATENCY_S: Final = 0.2
MESSAGES: Final = 3_200
CALLS: Final = 200
CALLS_EVERY_S: Final = 0.1


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--postgresql", action="store_true", help="on an embedded PostgreSQL instead of SQLite")
    postgresql = parser.parse_args().postgresql
    print(f"SMS over {'PostgreSQL' if postgresql else 'SQLite'}")
    aggregator = Aggregator(LATENCY_S)
    try:
        with staged(postgresql=postgresql, aggregator=aggregator) as stage:
            worker = _one_worker(stage, aggregator)
            _whole_way(stage, aggregator)
            print(f"memory of the worker, web and clock beside it: {_memory(worker)}")
    finally:
        aggregator.stop()
    with staged(postgresql=postgresql) as stage:
        drain.measure(stage)


def _one_worker(stage: Stage, aggregator: Aggregator) -> int:
    """How much one worker takes of what its threads could do; its process id."""
    fill(stage.database, stage.vault, 1, MESSAGES + 1, utc_now())
    worker = stage.start("worker", SMS_THREADS=str(THREADS))
    ring(stage.redis)
    wait_until(lambda: aggregator.counts().accepted >= MESSAGES // 10, "the first messages")
    began, used = time.monotonic(), cpu_s(worker)
    wait_until(lambda: aggregator.counts().accepted >= MESSAGES * 9 // 10, "most messages")
    seconds, used = time.monotonic() - began, cpu_s(worker) - used
    wait_until(lambda: aggregator.counts().accepted >= MESSAGES, "every message")
    counts = aggregator.counts(times=True)
    moments = sorted(counts.at.values())[MESSAGES // 10 : MESSAGES * 9 // 10]
    rate = (len(moments) - 1) / (moments[-1] - moments[0])
    print(
        f"one worker, {THREADS} threads, latency {LATENCY_S * 1000:.0f} ms: {rate:.0f} SMS/s, "
        f"ratio to threads / latency = {rate * LATENCY_S / THREADS:.2f}, busy {used / seconds:.0%} of a core"
    )
    print(f"  connections made {counts.connections}, open at once {counts.open_at_once}; memory {_memory(worker)}")
    return worker


def _memory(process: int) -> str:
    return f"{memory_mb(process):.0f} MB (resident {memory_mb(process, 'Rss'):.0f} MB)"


def _whole_way(stage: Stage, aggregator: Aggregator) -> None:
    """From the back office's call to the aggregator, with web, worker and clock at their places."""
    port = free_port()
    with stage.database.writing() as session:
        key = api_keys.create(session, "bench", ("records:write",), "bench", utc_now())
    stage.start("web", PORT=str(port), WEB_PROCESSES="2")
    stage.start("clock", "run")
    wait_until(lambda: _answers(port), "the web process")
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    connection = http.client.HTTPConnection("127.0.0.1", port)
    asked: dict[str, float] = {}
    answers: list[float] = []
    statuses: Counter[int] = Counter()
    before = aggregator.counts().accepted
    for place in range(1, CALLS + 1):
        began = asked[f"+62812{place:08d}"] = time.time()
        body = json.dumps({"status": "SIAP_DIAMBIL"})
        connection.request("POST", f"/api/v1/applications/99{place:014d}/status", body, headers)
        answer = connection.getresponse()
        answer.read()
        statuses[answer.status] += 1
        answers.append(time.time() - began)
        time.sleep(max(0.0, CALLS_EVERY_S - answers[-1]))
    connection.close()
    wait_until(lambda: aggregator.counts().accepted >= before + statuses[200], "the messages of the calls")
    at = aggregator.counts(times=True).at
    taken = [at[phone] - moment for phone, moment in asked.items()]
    print(
        f"from an API call to the aggregator, {CALLS} calls, {1 / CALLS_EVERY_S:.0f} a second: {_quantiles(taken)}; "
        f"the call itself {_quantiles(answers)}; answered {dict(statuses)}"
    )


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.client.OK
    except OSError:
        return False
    finally:
        connection.close()


def _quantiles(seconds: list[float]) -> str:
    cut = statistics.quantiles(seconds, n=100)
    return f"p50 {cut[49] * 1000:.0f} ms, p99 {cut[98] * 1000:.0f} ms"


if __name__ == "__main__":
    main()
