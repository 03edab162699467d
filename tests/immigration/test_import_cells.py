"""Does an import take spreadsheets' habits for what they are, and leave out what it would have to guess?"""

import gc
import threading
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import select, text

from immigration.applications.cells import BadCell, record
from immigration.applications.importing import BATCH, Counts, run
from immigration.applications.reading import BadFile, examine
from immigration.applications.record import Record
from immigration.applications.tables import Application, ApplicationEvent, Payment
from immigration.audit import AuditRow
from immigration.database import Database
from immigration.keys import load_vault
from immigration.vault import KeyRing
from tests.immigration.test_import import HEADER, ROW, Desk

GOOD = {"number": "9900000000000001", "service": "P10", "office": "SJJ", "status": "CETAK"}
BILLED = GOOD | {"billing": "820261124000001", "amount": "950000", "due_at": "2026-11-25"}


@pytest.fixture
def desk(database: Database, key_ring: KeyRing, tmp_path: Path) -> Desk:
    return Desk(database, load_vault(database, key_ring), tmp_path)


@pytest.fixture
def dialect() -> str:
    """What a cell means does not depend on the database."""
    return "sqlite"


def told(desk: Desk, **cells: str) -> Record:
    return record(BILLED | cells, desk.reading)


def test_a_date_is_read_in_every_documented_shape(desk: Desk) -> None:
    for cell in ("2026-11-24", "24/11/2026", "24-11-2026", "24.11.2026", "46350", "'24/11/2026", '="24/11/2026"'):
        assert told(desk, ready_on=cell).details.ready_on == date(2026, 11, 24)


def test_a_time_is_read_in_every_documented_shape(desk: Desk) -> None:
    for cell in (
        "2026-11-24T08:30:00+07:00",
        "2026-11-24T01:30:00Z",
        "2026-11-24 08:30",
        "24/11/2026 08:30",
        "24/11/2026 8.30",
        "24.11.2026 08:30:00",
        "46350 08:30",
    ):
        assert told(desk, due_at=cell).payment == told(desk, due_at="2026-11-24T08:30:00+07:00").payment
    assert told(desk, occurred_at="24/11/2026").occurred_at == datetime(2026, 11, 23, 17, tzinfo=UTC)


def test_rupiah_are_read_as_they_are_written(desk: Desk) -> None:
    for cell in ("650000", "650.000", "650,000", "Rp650.000", "Rp 650.000,00", "rp. 650,000.00"):
        payment = told(desk, amount=cell).payment
        assert payment is not None
        assert payment.amount == 650_000


@pytest.mark.parametrize(
    ("field", "cell", "fix"),
    [
        # A bare year or an empty cell's 0 would pass for a day of 1900 to 1905.
        ("birth_date", "1990", "write a date as"),
        ("birth_date", "0", "write a date as"),
        ("birth_date", "24111990", "write a date as"),
        ("birth_date", "11/24/1990", "write a date as"),
        # At the calendar's edge a zone cannot be applied.
        ("occurred_at", "0001-01-01", "write a year from 2000 to 2099"),
        ("occurred_at", "0001-01-01T00:00:00+07:00", "write a year from 2000 to 2099"),
        ("due_at", "9999-12-31T23:59:59-07:00", "write a year from 2000 to 2099"),
        ("ready_on", "01/01/0202", "write a year from 2000 to 2099"),
        ("amount", "9" * 30, "write whole rupiah"),
        ("amount", "-650000", "write whole rupiah"),
        ("amount", "USD 60", "write whole rupiah"),
        ("amount", "650000,50", "write whole rupiah"),
        ("billing", "82026112400000", "has 14 digits, 15 are needed"),
        ("billing", "8202611240000001", "has 16 digits, 15 are needed"),
        ("billing", "82026112400000A", "write 15 digits"),
        ("amount", "6,5E+05", "write whole rupiah"),
        ("paid_at", "2026-12-24", "lies in the future"),
        ("billing", "8,20261E+14", "the spreadsheet rounded it"),
        ("number", "9.9E+15", "the spreadsheet rounded it"),
        ("name", "Ren\ufffde", "write plain text"),
        ("name", "Siti\x07", "write plain text"),
        ("missing", "x" * 201, "write plain text"),
        ("receipt", "x" * 41, "write plain text"),
    ],
)
def test_what_would_have_to_be_guessed_is_refused_with_its_fix_and_without_the_cell(
    desk: Desk, field: str, cell: str, fix: str
) -> None:
    with pytest.raises(BadCell) as fault:
        told(desk, **{field: cell})
    assert str(fault.value).startswith(f"{field}: {fix}")
    assert len(cell) < 4 or cell not in str(fault.value)


def test_a_state_of_another_group_is_a_fault_of_its_row_alone(desk: Desk) -> None:
    counts, rejects = desk.imports(
        f"{HEADER}\n{ROW.replace('CETAK', 'IT_TERBIT')}\n{ROW.replace('0001;P', '0002;P')}\n"
    )
    assert (counts.new, counts.rejected) == (1, 1)
    assert rejects[0].reason == "status: IT_TERBIT is no state of a passport application"


def test_a_file_without_a_header_is_refused_and_its_first_row_is_not_repeated(desk: Desk) -> None:
    with pytest.raises(BadFile, match="names no column") as fault:
        desk.imports(f"{ROW}\n{ROW}\n")
    assert not {"Siti", "siti", "081234567890", "9900000000000001"} & set(str(fault.value).split())
    assert "081234567890" not in str(fault.value)
    assert desk.count(Application) == 0


def test_importing_again_leaves_every_byte_as_it_stood(desk: Desk) -> None:
    def rows() -> list[object]:
        with desk.database.reading() as session:
            tables = (Application, ApplicationEvent, Payment, AuditRow)
            return [tuple(row) for table in tables for row in session.execute(select(table.__table__))]

    header = f"{HEADER};billing;amount;due_at"
    export = f"{header}\n{ROW};820261124000001;650000;2026-11-25\n{ROW.replace('0001;P', '0002;P')};;;\n"
    assert desk.imports(export)[0] == Counts(read=2, new=2)
    before = rows()
    assert len(before) == 7
    assert desk.imports(export)[0] == Counts(read=2, unchanged=2)
    assert rows() == before


def test_a_check_beside_a_busy_writer_takes_its_turns_and_keeps_nothing(desk: Desk) -> None:
    url = desk.database.engine.url.render_as_string(hide_password=False)
    rows = "\n".join(f"99{n:014d};P5;SJJ;CETAK;;;;" for n in range(1_201))
    with busy_writer(url):
        counts, rejects = desk.imports(f"{HEADER}\n{rows}\n", check=True)
    assert (counts.new, rejects) == (1_201, [])
    assert desk.count(Application) == desk.count(AuditRow) == 0


@contextmanager
def busy_writer(url: str) -> Iterator[None]:
    """Somebody else who writes one short transaction after the other."""
    stop, begun = threading.Event(), threading.Event()

    def write() -> None:
        other = Database(url)
        while not stop.is_set():
            with other.writing() as session:
                session.execute(text("UPDATE offices SET code = code"))
            begun.set()
        other.close()

    writer = threading.Thread(target=write)
    writer.start()
    begun.wait()
    try:
        yield
    finally:
        stop.set()
        writer.join()


def test_rejected_rows_put_right_come_in_from_the_file_of_rejects_itself(desk: Desk) -> None:
    counts, rejects = desk.imports(f"{HEADER};line;reason\n{ROW};7;status: write one of X\n99;P10;SJJ;CETAK;;;;;8;x\n")
    assert (counts.new, counts.rejected) == (1, 1)
    assert len(rejects[0].row.fields) == len(HEADER.split(";"))


def test_memory_does_not_grow_with_the_file(desk: Desk) -> None:
    def peak(rows: int) -> int:
        gc.collect()
        gc.freeze()  # What was there before need not be looked through again.
        desk.file.write_text(HEADER + "\n" + "".join(f"99{n:014d};P5;SJJ;CETAK;Nama {n};;;\n" for n in range(rows)))
        tracemalloc.start()
        try:
            for _ in run(examine(desk.file), desk.database, desk.vault, desk.reading, "import:test"):
                gc.collect()  # What only waits for the collector is not held.
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
            gc.unfreeze()

    peak(BATCH)  # What is loaded and compiled once does not count.
    few = peak(2 * BATCH)
    assert peak(8 * BATCH) < 1.3 * few
