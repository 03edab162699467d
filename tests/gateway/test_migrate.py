"""Does a database become ours once, whole, by whichever process comes first?"""

import threading

from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, select

from gateway import migrate
from immigration.applications.tables import Application
from immigration.database import Base, Database, unpooled
from immigration.offices.tables import Office
from immigration.vault import KeyRing


def test_a_new_database_gets_every_table_and_again_changes_nothing(database_url: str, key_ring: KeyRing) -> None:
    database = Database(database_url)
    assert migrate.revision_of(database) is None
    assert migrate.upgrade(database, key_ring)["services"] == 26
    assert migrate.upgrade(database, key_ring) == {}
    assert migrate.revision_of(database) == migrate.newest_revision()
    assert set(inspect(database.engine).get_table_names()) == {*Base.metadata.tables, "alembic_version"}
    database.close()


def test_four_at_once_make_one_database(database_url: str, key_ring: KeyRing) -> None:
    databases = [Database(database_url, timeout_s=20) for _ in range(4)]
    faults: list[Exception] = []

    def upgrade(database: Database) -> None:
        try:
            migrate.upgrade(database, key_ring)
        except Exception as fault:
            faults.append(fault)

    # Loaded before the race, as a process would have: its first import is not safe among threads.
    assert ScriptDirectory
    threads = [threading.Thread(target=upgrade, args=(database,)) for database in databases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for database in databases:
        database.close()
    assert faults == []


def test_a_migrations_file_is_named_after_its_revision() -> None:
    scripts = ScriptDirectory(str(migrate._SCRIPTS))
    assert scripts.get_current_head() == migrate.newest_revision()
    assert sorted(script.revision for script in scripts.walk_revisions()) == migrate._revisions()


def test_the_migrations_make_the_tables_that_the_code_declares(database: Database) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_a_database_of_the_version_before_messages_keeps_what_it_holds(database_url: str, key_ring: KeyRing) -> None:
    engine = unpooled(database_url)
    with engine.begin() as connection:
        command.upgrade(migrate._config(connection), "0001")
        connection.exec_driver_sql(
            "INSERT INTO offices (code, name, trial, zone, language, address, telephone, collection) "
            "VALUES ('SJJ', 'UKK', true, 'Asia/Jakarta', 'id', '', '', '{}')"
        )
        connection.exec_driver_sql(
            "INSERT INTO services VALUES ('P10', 1, 'passport', '{}', '{}', '{}', '{}', true, '{}', true)"
        )
        connection.exec_driver_sql(
            "INSERT INTO applications (number_hash, number_sealed, number_last4, office, service, consent, status,"
            " status_at, key_id, created_at, updated_at) VALUES (%s, %s, '0001', 'SJJ', 'P10', true, 'CETAK',"
            " '2026-11-24 03:00:00', %s, '2026-11-24 03:00:00', '2026-11-24 03:00:00')".replace(
                "%s", "?" if engine.dialect.name == "sqlite" else "%s"
            ),
            (b"h" * 16, b"sealed", b"key1"),
        )
    engine.dispose()
    database = Database(database_url)
    migrate.upgrade(database, key_ring)
    with database.reading() as session:
        [row] = session.scalars(select(Application)).all()
        assert (row.number_last4, row.refused_phone_hash, row.erased_at) == ("0001", None, None)
        assert session.get_one(Office, "SJJ").sms_channels == []
    database.close()
