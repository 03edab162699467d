"""Does the page of examples work as it is written? Each of its commands, in order, against the running product."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.product import running_product

_ROOT = Path(__file__).parents[3]


@pytest.mark.skipif(shutil.which("curl") is None, reason="the examples are curl's: apt-get install curl (Debian)")
def test_the_examples_record_move_and_read_an_application(tmp_path: Path) -> None:
    page = (_ROOT / "docs/api.md").read_text(encoding="utf-8")
    examples = "\necho\n".join(re.findall(r"```sh\n(.*?)```", page, re.DOTALL))
    with running_product(tmp_path, {"WEB_PROCESSES": "1"}) as product:
        script = examples.replace("http://127.0.0.1:8000", product.url).replace(".venv/bin/python", sys.executable)
        ran = subprocess.run(
            ["bash", "-euc", script], cwd=_ROOT, env=product.environment, capture_output=True, text=True, check=False
        )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    recorded, moved, read, *lists = (json.loads(line) for line in ran.stdout.splitlines() if line)
    assert [told["status"] for told in (recorded, moved, read)] == [
        "BERKAS_DIPERIKSA",
        "FOTO_WAWANCARA",
        "FOTO_WAWANCARA",
    ]
    assert len(read["history"]) == 2
    assert lists
    assert all({"items", "next"} == page.keys() for page in lists)
