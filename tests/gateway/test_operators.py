"""Do the operators' commands do what they say: import, backup, restore, rotation, retention, audit, limits?"""

import os
import sqlite3
import subprocess
import threading
from base64 import b64encode
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from gateway import backup as saving
from gateway.migrate import upgrade
from immigration import rotation
from immigration.applications import retention
from immigration.applications.keeping import find, put
from immigration.applications.record import Record
from immigration.applications.rows import kept_of
from immigration.applications.states import Status
from immigration.database import Database
from immigration.keys import load_vault
from immigration.vault import BadKeyRing, KeyRing, Unreadable, Vault
from tests.support.commands import gateway

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "applications.csv"


def told(place: int, **more: object) -> Record:
    defaults: dict[str, object] = {
        "number": f"99{place:014d}",
        "office": "SJJ",
        "service": "P10",
        "status": Status.CETAK,
        "phone": f"+62812{place:08d}",
        "name": "Siti",
        "birth_date": date(1990, 11, 24),
    }
    return Record(**(defaults | more))


def keep(database: Database, vault: Vault, record: Record, now: datetime = NOW) -> None:
    with database.writing() as session:
        put(session, vault, record, "passport", "test", now)


def command(folder: Path, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    return gateway(*words, env={"PATH": os.environ["PATH"], "VAR_DIR": str(folder / "var"), **env})


def test_the_commands_work_one_after_the_other_as_a_new_operator_would_call_them(tmp_path: Path) -> None:
    assert command(tmp_path, "import", "applications", str(EXAMPLE)).returncode == 1
    assert "services=26" in command(tmp_path, "db", "upgrade").stdout
    assert command(tmp_path, "db", "upgrade").stdout == "nothing changed\n"
    export = tmp_path / "export.csv"
    export.write_bytes(EXAMPLE.read_bytes() + b"99;P5;SJJ;x;;;;;CETAK;;;;;;;;;;\n")
    done = command(tmp_path, "import", "applications", str(export))
    assert (done.returncode, done.stdout) == (0, "read=8 new=7 changed=0 unchanged=0 rejected=1\n")
    rejects = tmp_path / "export.csv.rejects.csv"
    assert "number: has 2 digits" in rejects.read_text(encoding="utf-8-sig")
    assert rejects.stat().st_mode & 0o777 == 0o600
    done = command(tmp_path, "import", "applications", str(EXAMPLE))
    assert (done.returncode, done.stdout) == (0, "read=7 new=0 changed=0 unchanged=7 rejected=0\n")
    assert "import" in command(tmp_path, "audit", "show", "--number", "9900000000000101").stdout
    assert command(tmp_path, "limits", "show", "--phone", "0812 0000 0011").stdout == "tries=0 of 5\n"
    assert command(tmp_path, "limits", "reset", "--number", "9900000000000101").stdout == "forgotten=0\n"
    assert command(tmp_path, "limits", "show").returncode == 2
    assert command(tmp_path, "funnel", "--json").stdout == "[]\n"
    assert command(tmp_path, "db", "backup", str(tmp_path / "saved")).returncode == 0
    refused = command(tmp_path, "db", "restore", str(tmp_path / "saved"))
    assert (refused.returncode, "--force" in refused.stderr) == (1, True)
    other = b64encode(os.urandom(32)).decode()
    refused = command(tmp_path, "db", "restore", "--force", str(tmp_path / "saved"), DATA_KEYS=other)
    assert (refused.returncode, "DATA_KEYS does not open" in refused.stderr) == (1, True)
    assert command(tmp_path, "db", "restore", "--force", str(tmp_path / "saved")).returncode == 0
    assert command(tmp_path, "nonsense").returncode == 2


def test_a_later_import_without_rejects_removes_the_rejects_of_an_earlier_one(tmp_path: Path) -> None:
    command(tmp_path, "db", "upgrade")
    export = tmp_path / "export.csv"
    export.write_text("number;service;office;status\n99;P5;SJJ;CETAK\n")
    assert command(tmp_path, "import", "applications", str(export)).returncode == 1
    assert (tmp_path / "export.csv.rejects.csv").exists()
    export.write_text("number;service;office;status\n9900000000000001;P5;SJJ;CETAK\n")
    assert command(tmp_path, "import", "applications", str(export)).returncode == 0
    assert not (tmp_path / "export.csv.rejects.csv").exists()


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_backup_taken_while_others_write_is_one_moment_and_comes_back(
    database: Database, key_ring: KeyRing, tmp_path: Path
) -> None:
    vault = load_vault(database, key_ring)
    stop = threading.Event()
    written: list[int] = []

    def write() -> None:
        for place in range(1, 10_000):
            if stop.is_set():
                return
            keep(database, vault, told(place))
            written.append(place)

    writer = threading.Thread(target=write)
    writer.start()
    while len(written) < 20:
        pass
    saved = tmp_path / "saved"
    saving.backup(database, saved)
    stop.set()
    writer.join()
    assert saved.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(saved)) as opened:
        [rows] = opened.execute("SELECT count(*) FROM applications").fetchone()
        assert opened.execute("SELECT count(*) FROM application_events").fetchone() == (rows,)
    assert 20 <= rows <= len(written)
    with pytest.raises(saving.BackupFault, match="--force"):
        saving.backup(database, saved)
    empty = Database(f"sqlite:///{tmp_path / 'new.db'}")
    saving.restore(empty, key_ring, saved)
    with empty.reading() as session:
        assert kept_of(vault, *find(session, vault, told(1).number)).record.name == "Siti"
    empty.close()


@pytest.mark.parametrize("dialect", ["sqlite"])
@pytest.mark.parametrize("damage", ["truncated", "nonsense", "another"])
def test_what_is_no_backup_of_ours_is_refused_and_the_database_stays(
    database: Database, key_ring: KeyRing, tmp_path: Path, damage: str
) -> None:
    vault = load_vault(database, key_ring)
    keep(database, vault, told(1))
    saved = tmp_path / "saved"
    saving.backup(database, saved)
    if damage == "truncated":
        saved.write_bytes(saved.read_bytes()[: 5 * 4096])
    elif damage == "nonsense":
        saved.write_bytes(b"not a database")
    else:
        saved.unlink()
        with closing(sqlite3.connect(saved)) as other:
            other.execute("CREATE TABLE x (y)")
            other.commit()
    with pytest.raises(saving.BackupFault):
        saving.restore(database, key_ring, saved, force=True)
    with pytest.raises((saving.BackupFault, BadKeyRing)):
        saving.restore(database, KeyRing([os.urandom(32)]), saved, force=True)
    with database.reading() as session:
        assert find(session, vault, told(1).number)


def test_rotation_while_others_write_loses_nothing_and_the_old_key_opens_nothing_afterwards(
    database: Database, key_ring: KeyRing
) -> None:
    old_vault = load_vault(database, key_ring)
    for place in range(1, 60):
        keep(database, old_vault, told(place))
    new_key = os.urandom(32)
    both = KeyRing([new_key, bytes(range(32))])
    vault = load_vault(database, both)
    faults: list[Exception] = []

    def write() -> None:
        try:
            for place in range(1, 60):
                keep(database, vault, told(place, name=f"Siti {place}"))
        except Exception as fault:
            faults.append(fault)

    writer = threading.Thread(target=write)
    writer.start()
    progress = list(rotation.rotate(database, vault))
    writer.join()
    assert faults == []
    assert progress
    list(rotation.rotate(database, vault))
    assert set(rotation.remaining(database, vault).values()) == {0}
    only_new = load_vault(database, KeyRing([new_key]))
    with database.reading() as session:
        for place in range(1, 60):
            row, payment = find(session, only_new, told(place).number)
            assert kept_of(only_new, row, payment).record.name == f"Siti {place}"
            with pytest.raises(Unreadable):
                kept_of(old_vault, row, payment)
    with pytest.raises(BadKeyRing):
        load_vault(database, key_ring)


def test_an_application_forgets_its_person_ninety_days_after_its_end(database: Database, key_ring: KeyRing) -> None:
    vault = load_vault(database, key_ring)
    keep(database, vault, told(1, status=Status.DISERAHKAN))
    keep(database, vault, told(2, status=Status.SIAP_DIAMBIL))
    for days, gone in ((89, 0), (91, 1), (92, 0)):
        with database.writing() as session:
            assert retention.purge(session, NOW + timedelta(days=days)) == gone
    with database.reading() as session:
        ended = kept_of(vault, *find(session, vault, told(1).number)).record
        running = kept_of(vault, *find(session, vault, told(2).number)).record
    assert (ended.phone, ended.name, ended.birth_date, ended.status) == (None, None, None, Status.DISERAHKAN)
    assert running.name == "Siti"


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_database_newer_than_the_code_is_left_alone(database: Database, key_ring: KeyRing, tmp_path: Path) -> None:
    with database.writing() as session:
        session.connection().exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    from gateway.migrate import NewerDatabase

    with pytest.raises(NewerDatabase, match="9999"):
        upgrade(database, key_ring)


def test_an_import_that_fails_leaves_the_rejects_that_an_officer_is_putting_right(tmp_path: Path) -> None:
    export = tmp_path / "export.csv"
    export.write_text("number;service;office;status\n99;P5;SJJ;CETAK\n")
    rejects = tmp_path / "export.csv.rejects.csv"
    rejects.write_text("put right by hand")
    command(tmp_path, "db", "upgrade")
    with closing(sqlite3.connect(tmp_path / "var" / "gateway.db")) as database:
        database.execute("DROP TABLE applications")
    export.write_text("number;service;office;status\n99;P5;SJJ;CETAK\n9900000000000001;P5;SJJ;CETAK\n")
    assert command(tmp_path, "import", "applications", str(export)).returncode == 1
    assert rejects.read_text() == "put right by hand"
    assert [file.name for file in tmp_path.glob(".*")] == []
