"""`up` brings the whole product up, keeps it up, refuses to run twice, and leaves nobody behind."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.processes import is_running, wait_until
from tests.support.product import Product, free_port, running_product

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes through /proc")


@pytest.fixture
def product(tmp_path: Path) -> Iterator[Product]:
    with running_product(tmp_path, {"WEB_PROCESSES": "2"}) as running:
        yield running


def _all_well(product: Product) -> bool:
    status, body = product.readiness()
    parts = body.get("parts")
    wanted = ("database", "redis", "messages", "worker", "clock")
    return status == 200 and isinstance(parts, dict) and all(parts[name] == "ok" for name in wanted)


def _start_again(product: Product, **changed: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gateway", "up"],
        env=product.environment | changed,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.xdist_group("demonstration")
def test_a_second_start_says_what_is_in_use(demonstration: Product, tmp_path: Path) -> None:
    same_folder = _start_again(demonstration, PORT=str(free_port()))
    assert same_folder.returncode == 1
    assert f"in use by pid {demonstration.process.pid}" in same_folder.stderr
    same_port = _start_again(demonstration, VAR_DIR=str(tmp_path / "other"))
    assert same_port.returncode == 1
    assert f"port {demonstration.port} is in use" in same_port.stderr
    assert _all_well(demonstration)


def test_whatever_dies_is_started_again_and_sigterm_ends_all_in_order_with_status_0(product: Product) -> None:
    wait_until(lambda: _all_well(product), "every part")
    before = product.children()
    for name in ("valkey", "web", "worker", "clock run"):
        os.kill(product.child(name), signal.SIGKILL)
    wait_until(lambda: product.readiness()[0] != 200, "the failure to show")
    wait_until(lambda: product.log.count("starting it again") == 4, "the log to say so")
    wait_until(lambda: _all_well(product), "every part again", within_s=30)
    wait_until(lambda: not any(is_running(pid) for pid in before), "those of before to end", within_s=30)
    everyone = product.children()
    product.process.send_signal(signal.SIGTERM)
    assert product.process.wait(15) == 0
    assert not any(is_running(pid) for pid in everyone)
    assert "Traceback" not in product.log


def test_a_killed_supervisor_leaves_nobody_and_the_next_start_works(product: Product, tmp_path: Path) -> None:
    everyone = product.children()
    product.process.kill()
    wait_until(lambda: not any(is_running(pid) for pid in everyone), "all to end", within_s=15)
    with running_product(tmp_path) as again:
        wait_until(lambda: _all_well(again), "every part")
