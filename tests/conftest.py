"""What do tests stand on? A real Valkey, a real PostgreSQL and SQLite, brought up by themselves."""

import shutil
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from redis import Redis

from gateway import valkey
from immigration.database import Database
from immigration.vault import KeyRing
from tests.support.clock import MovedClock
from tests.support.memory import keep_files_in_memory
from tests.support.postgres import TestServer, locked, shared_server
from tests.support.postgres_reuse import Reused

keep_files_in_memory()

# No test asserts a time: a loaded machine is no fault of the code.
settings.register_profile("gateway", deadline=None)
settings.load_profile("gateway")

DATA_KEY = b64encode(bytes(range(32))).decode()


@pytest.fixture
def clock() -> MovedClock:
    """Stands still until moved."""
    return MovedClock()


@pytest.fixture(scope="session")
def valkey_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[valkey.Valkey]:
    """This test process's own server."""
    server = valkey.start(tmp_path_factory.mktemp("valkey"))
    yield server
    server.stop()


@pytest.fixture
def redis_url(valkey_server: valkey.Valkey) -> str:
    """A Redis that is empty when the test begins."""
    with Redis.from_url(valkey_server.url) as client:
        client.flushall()
        client.script_flush()
    return valkey_server.url


@pytest.fixture
def redis_client(redis_url: str) -> Iterator[Redis]:
    with Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder that all processes of this test run share."""
    own = tmp_path_factory.getbasetemp()
    return own if worker_id == "master" else own.parent


@pytest.fixture(scope="session")
def postgres_server(run_folder: Path) -> Iterator[TestServer]:
    with shared_server(run_folder) as server:
        yield server


@pytest.fixture(scope="session")
def migrated_postgres(postgres_server: TestServer, key_ring: KeyRing) -> Iterator[Reused]:
    """This test process's migrated database on PostgreSQL."""
    reused = Reused(postgres_server, postgres_server.ensure_template(lambda url: _migrate(url, key_ring)))
    yield reused
    reused.close()


@pytest.fixture
def postgres_url(postgres_server: TestServer) -> Iterator[str]:
    """A new, empty database on PostgreSQL."""
    with postgres_server.new_database() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def dialect(request: pytest.FixtureRequest) -> str:
    """Each database that the product runs on."""
    return str(request.param)


@pytest.fixture
def database_url(dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A new, empty database on each of the two."""
    if dialect == "sqlite":
        return f"sqlite:///{tmp_path / 'gateway.db'}"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture(scope="session")
def key_ring() -> KeyRing:
    return KeyRing.from_base64([DATA_KEY])


@pytest.fixture
def database(dialect: str, request: pytest.FixtureRequest, tmp_path: Path, key_ring: KeyRing) -> Iterator[Database]:
    """A migrated database with its reference data, on each of the two; its keys are sealed by `key_ring`."""
    if dialect == "sqlite":
        file = tmp_path / "gateway.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), file)
        yield from _open(f"sqlite:///{file}")
    else:
        reused: Reused = request.getfixturevalue("migrated_postgres")
        with reused.lent() as url:
            yield from _open(url)


@pytest.fixture(scope="session")
def sqlite_template(run_folder: Path, key_ring: KeyRing) -> Path:
    """A migrated SQLite file, made by whichever process comes first."""
    file = run_folder / "migrated.db"
    with locked(run_folder / "sqlite.lock"):
        if not file.exists():
            building = run_folder / "being-migrated.db"
            building.unlink(missing_ok=True)
            _migrate(f"sqlite:///{building}", key_ring)
            building.rename(file)
    return file


def _open(url: str) -> Iterator[Database]:
    database = Database(url)
    yield database
    database.close()


def _migrate(url: str, ring: KeyRing) -> None:
    # Imported late: most tests need no migrations.
    from gateway.migrate import upgrade

    database = Database(url)
    upgrade(database, ring)
    database.close()
