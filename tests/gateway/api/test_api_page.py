"""Do the pages of examples work as they are written? Each of their commands, in order, against the running product."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.product import Product

_ROOT = Path(__file__).parents[3]


pytestmark = [
    pytest.mark.skipif(shutil.which("curl") is None, reason="the examples are curl's: apt-get install curl (Debian)"),
    pytest.mark.xdist_group("demonstration"),
]


def run_page(name: str, product: Product) -> str:
    """What the commands of a page print."""
    page = (_ROOT / "docs" / name).read_text(encoding="utf-8")
    examples = "\necho\n".join(re.findall(r"```sh\n(.*?)```", page, re.DOTALL))
    script = examples.replace("http://127.0.0.1:8000", product.url).replace(".venv/bin/python", sys.executable)
    ran = subprocess.run(
        ["bash", "-euc", script], cwd=_ROOT, env=product.environment, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def test_the_examples_record_move_and_read_an_application(demonstration: Product) -> None:
    recorded, moved, read, *lists = (
        json.loads(line) for line in run_page("api.md", demonstration).splitlines() if line
    )
    assert [told["status"] for told in (recorded, moved, read)] == [
        "BERKAS_DIPERIKSA",
        "FOTO_WAWANCARA",
        "FOTO_WAWANCARA",
    ]
    assert len(read["history"]) == 2
    assert lists
    assert all({"items", "next"} == page.keys() for page in lists)


def test_the_examples_book_move_list_and_cancel_a_visit(demonstration: Product) -> None:
    lines = [line for line in run_page("visits.md", demonstration).splitlines() if line]
    slots, booked, moved, listed, cancelled = (json.loads(line) for line in lines if line.startswith("{"))
    assert slots["items"][0]["free"] > 0
    # The demonstration may have a visit on that day, too.
    [mine] = [one for one in listed["items"] if one["code"] == booked["code"]]
    assert booked["code"] == moved["code"] == cancelled["code"]
    assert booked["starts_at"] != moved["starts_at"] == mine["starts_at"]
    assert [told["state"] for told in (booked, moved, cancelled)] == ["booked", "booked", "cancelled"]
    assert any("<h1>Daftar kunjungan UKK Sijunjung</h1>" in line for line in lines)
