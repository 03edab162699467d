"""Do readers and writers of many processes get on with each other, on both databases?"""

import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import bindparam, event, func, insert, select, text
from sqlalchemy.exc import OperationalError, StatementError

from immigration.calls import Effect
from immigration.database import Database, DatabaseBusy, is_unreachable
from tests.support.clock import START

ONE_ROW = """
import sys
from datetime import UTC, datetime
from sqlalchemy import func, insert, select
from immigration.calls import Effect
from immigration.database import Database
database, name = Database(sys.argv[1], timeout_s=30), sys.argv[2].encode()
def write(session, position):
    session.execute(insert(Effect).values(call=name, position=position, at=datetime.now(UTC)))
def total(session):
    return session.scalar(select(func.count()).select_from(Effect))
"""
HOLDS = (
    ONE_ROW
    + """
with database.writing() as session:
    write(session, 1)
    session.flush()
    print("holding", flush=True)
    sys.stdin.read()
"""
)
UNTIL_FULL = (
    ONE_ROW
    + """
print("ready", flush=True)
sys.stdin.readline()
full = int(sys.argv[3])
while True:
    with database.writing() as session:
        before = total(session)
        if before >= full:
            break
        # The number that was read is the row's key: a second writer in between would take it as well.
        write(session, before)
"""
)
sqlite_only = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)


def url_of(database: Database) -> str:
    return database.engine.url.render_as_string(hide_password=False)


def started(script: str, database: Database, *arguments: str) -> "subprocess.Popen[str]":
    """Another process, once it has said its first word."""
    command = [sys.executable, "-c", script, url_of(database), *arguments]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline()
    return process


def ended(process: "subprocess.Popen[str]") -> int:
    process.communicate(timeout=60)
    return process.returncode


@contextmanager
def another_writes(database: Database) -> Iterator["subprocess.Popen[str]"]:
    """Another process in the middle of a transaction that writes."""
    process = started(HOLDS, database, "other")
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def write(database: Database, call: bytes = b"mine", position: int = 1, at: datetime = START) -> None:
    with database.writing() as session:
        session.execute(insert(Effect).values(call=call, position=position, at=at))


def rows(database: Database) -> list[tuple[bytes, int]]:
    with database.reading() as session:
        found = session.execute(select(Effect.call, Effect.position).order_by(Effect.position, Effect.call))
        return [(bytes(call), position) for call, position in found]


def test_a_reader_does_not_wait_for_a_writer_and_sees_what_was_before(database: Database) -> None:
    write(database)
    impatient = Database(url_of(database), timeout_s=1)
    with another_writes(database) as other:
        assert rows(impatient) == [(b"mine", 1)]
        statement = select(Effect.position).where(Effect.call == bindparam("call"))
        assert [row.position for row in impatient.read(statement, {"call": b"mine"})] == [1]
        assert impatient.read(statement, {"call": b"other"}) == []
        assert ended(other) == 0
        assert [row.position for row in impatient.read(statement, {"call": b"other"})] == [1]
    assert rows(impatient) == [(b"mine", 1), (b"other", 1)]
    impatient.close()


def test_a_writer_that_is_killed_leaves_nothing_and_holds_nobody_up(database: Database) -> None:
    with another_writes(database) as other:
        other.send_signal(signal.SIGKILL)
        other.wait()
    write(database)
    assert rows(database) == [(b"mine", 1)]


def test_what_fails_leaves_nothing_and_gives_the_turn_back(database: Database) -> None:
    mine = insert(Effect).values(call=b"mine", position=1, at=START)
    with pytest.raises(ZeroDivisionError), database.writing() as session:
        assert session.execute(mine).rowcount // 0
    assert rows(database) == []
    write(database)
    assert rows(database) == [(b"mine", 1)]


def test_what_a_reading_session_changes_is_thrown_away(database: Database) -> None:
    with database.reading() as session:
        session.execute(insert(Effect).values(call=b"mine", position=1, at=START))
    assert rows(database) == []


@sqlite_only
def test_a_writer_whose_turn_does_not_come_says_so_and_writes_nothing(database: Database) -> None:
    impatient = Database(url_of(database), timeout_s=0.1)
    with another_writes(database) as other:
        with pytest.raises(DatabaseBusy):
            write(impatient)
        assert ended(other) == 0
    write(impatient)
    assert rows(impatient) == [(b"mine", 1), (b"other", 1)]
    impatient.close()


@sqlite_only
def test_threads_of_one_process_wait_for_each_other_too(database: Database) -> None:
    impatient = Database(url_of(database), timeout_s=0.1)
    with impatient.writing(), pytest.raises(DatabaseBusy), impatient.writing():
        raise AssertionError("two writers at once")
    impatient.close()


@sqlite_only
def test_writers_of_several_processes_are_one_at_a_time_and_each_gets_its_turns(database: Database) -> None:
    full = 600
    writers = [started(UNTIL_FULL, database, name, str(full)) for name in ("a", "b", "c")]
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("\n")
        writer.stdin.flush()
    assert [ended(writer) for writer in writers] == [0, 0, 0]
    written = rows(database)
    assert [position for _, position in written] == list(range(full))
    # Even odds give each 200; SQLite's own way of waiting gave one writer nearly everything.
    assert min(Counter(call for call, _ in written).values()) >= full // 12


@sqlite_only
def test_a_writing_transaction_is_one_from_its_first_statement(database: Database) -> None:
    said: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *seen: said.append(seen[2].split("\n")[0]))
    with database.writing() as session:
        session.scalar(select(func.count()).select_from(Effect))
    with database.reading() as session:
        session.scalar(select(func.count()).select_from(Effect))
    assert [words for words in said if words.startswith("BEGIN")] == ["BEGIN IMMEDIATE", "BEGIN"]


@sqlite_only
def test_a_turn_that_cannot_be_asked_for_is_a_fault_each_time_and_never_busy(
    database: Database, tmp_path: Path
) -> None:
    folder = tmp_path / "gone"
    lost = Database(f"sqlite:///{folder / 'gateway.db'}", timeout_s=0.1)
    shutil.rmtree(folder)
    for _ in range(2):
        with pytest.raises(FileNotFoundError), lost.writing():
            raise AssertionError("there is nothing to write to")


def test_a_naive_datetime_is_refused(database: Database) -> None:
    with pytest.raises(StatementError, match="a naive datetime cannot be stored"):
        write(database, at=datetime(2026, 11, 24, 10))  # noqa: DTZ001
    with pytest.raises(StatementError, match="a naive datetime"), database.reading() as session:
        session.execute(select(Effect).where(Effect.at < datetime(2026, 11, 24)))  # noqa: DTZ001


def test_a_moment_comes_back_aware_in_utc_whatever_its_zone_was(database: Database) -> None:
    wib = timezone(timedelta(hours=7))
    write(database, at=datetime(2026, 11, 24, 0, 30, 0, 123456, tzinfo=wib))
    with database.reading() as session:
        kept = session.scalars(select(Effect.at)).one()
        later = session.scalar(select(func.count()).where(Effect.at > datetime(2026, 11, 24, 0, 29, tzinfo=wib)))
    assert kept == datetime(2026, 11, 23, 17, 30, 0, 123456, tzinfo=UTC)
    assert kept.utcoffset() == timedelta(0)
    assert later == 1


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
def test_a_kept_connection_that_the_server_ended_is_replaced(database: Database) -> None:
    whoami = select(func.pg_backend_pid().label("pid"))
    first = database.read(whoami, {})[0].pid
    with database.writing() as session:
        session.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": first})
    assert database.read(whoami, {})[0].pid != first


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_a_database_in_memory_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="SQLite needs a file"):
        Database(url)


def test_a_database_that_is_away_is_told_from_a_fault_of_ours(database: Database) -> None:
    assert is_unreachable(DatabaseBusy())
    assert is_unreachable(OperationalError("SELECT 1", {}, Exception()))
    with pytest.raises(StatementError) as fault, database.reading() as session:
        session.execute(insert(Effect).values(call=None, position=1, at=START))
    assert not is_unreachable(fault.value)
