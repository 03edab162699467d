"""Does the import of a whole export survive what befalls a process: a kill, a folder it cannot write, no fit file?"""

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.gateway.test_operators import command

ROWS = 6_000
HEADER = "number;service;office;status;name;birth_date;phone\n"


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """An export, and a database that waits for it."""
    file = tmp_path / "export.csv"
    rows = (f"99{n:014d};P10;SJJ;CETAK;Siti {n};24/11/1990;0812{n:08d}\n" for n in range(ROWS))
    file.write_text(HEADER + "".join(rows))
    assert command(tmp_path, "db", "upgrade").returncode == 0
    return file


def counted(folder: Path) -> tuple[int, int, int]:
    tables = ("applications", "application_events", "audit")
    with closing(sqlite3.connect(f"file:{folder / 'var' / 'gateway.db'}?mode=ro", uri=True)) as database:
        applications, events, audited = (
            database.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables
        )
    return applications, events, audited


def test_an_import_killed_half_way_leaves_whole_batches_and_goes_on_when_called_again(
    export: Path, tmp_path: Path
) -> None:
    environment = {"PATH": os.environ["PATH"], "VAR_DIR": str(tmp_path / "var")}
    words = [sys.executable, "-m", "gateway", "import", "applications", str(export)]
    with subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL) as importing:
        while counted(tmp_path)[0] == 0:
            assert importing.poll() is None
        importing.send_signal(signal.SIGKILL)
    assert importing.returncode == -signal.SIGKILL
    came, events, audited = counted(tmp_path)
    assert 0 < came < ROWS
    assert came == events == audited
    done = command(tmp_path, "import", "applications", str(export))
    assert done.stdout == f"read={ROWS} new={ROWS - came} changed=0 unchanged={came} rejected=0\n"
    assert counted(tmp_path) == (ROWS, ROWS, ROWS)


def test_a_file_that_does_not_fit_is_one_line_with_its_place_and_exit_status_one(export: Path, tmp_path: Path) -> None:
    for content in (b"", b"\x00", b'number;service;office;status\n"9900', "number".encode("utf-16"), b"\xff" * 99):
        export.write_bytes(content)
        done = command(tmp_path, "import", "applications", str(export))
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith(f"Error: {export}: ")
        assert done.stderr.count("\n") == 1
    assert command(tmp_path, "import", "applications", str(tmp_path / "none.csv")).returncode == 2
    assert counted(tmp_path) == (0, 0, 0)


def test_a_check_tells_the_same_as_the_import_and_changes_no_row(export: Path, tmp_path: Path) -> None:
    with export.open("a") as file:
        file.write("99;P10;SJJ;CETAK;;;\n")
    expected = f"read={ROWS + 1} new={ROWS} changed=0 unchanged=0 rejected=1\n"
    assert command(tmp_path, "import", "applications", str(export), "--check").stdout == expected
    assert counted(tmp_path) == (0, 0, 0)
    assert command(tmp_path, "import", "applications", str(export)).stdout == expected


def test_rejects_that_cannot_be_written_are_said_in_one_line(export: Path, tmp_path: Path) -> None:
    export.write_text(HEADER + "99;P10;SJJ;CETAK;;;\n")
    (tmp_path / "export.csv.rejects.csv").mkdir()
    done = command(tmp_path, "import", "applications", str(export))
    assert done.returncode == 1
    assert "export.csv.rejects.csv: cannot be written" in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_file_of_rejects_is_its_owners_alone_and_comes_in_once_it_is_put_right(
    export: Path, tmp_path: Path
) -> None:
    export.write_text(HEADER + "99;P10;SJJ;CETAK;Siti;;\n")
    assert command(tmp_path, "import", "applications", str(export)).returncode == 1
    rejects = tmp_path / "export.csv.rejects.csv"
    assert rejects.stat().st_mode & 0o777 == 0o600
    told = rejects.read_text(encoding="utf-8-sig")
    assert told.splitlines()[0] == HEADER.strip() + ";line;reason"
    assert told.splitlines()[1].startswith("99;P10;SJJ;CETAK;Siti;;;2;number: has 2 digits")
    rejects.write_text(told.replace("\n99;", "\n9900000000000001;"))
    assert command(tmp_path, "import", "applications", str(rejects)).returncode == 0
    assert counted(tmp_path) == (1, 1, 1)
