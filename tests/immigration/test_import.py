"""Does an export come in whole, however a spreadsheet wrote it, and never half?"""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from immigration.applications.cells import BadCell, Reading, record
from immigration.applications.importing import Counts, Reject, run
from immigration.applications.keeping import change_status, find
from immigration.applications.reading import BadFile, examine
from immigration.applications.record import Details, Kept
from immigration.applications.rows import kept_of
from immigration.applications.states import Status
from immigration.applications.tables import Application, ApplicationEvent
from immigration.audit import AuditRow
from immigration.database import Database
from immigration.keys import load_vault
from immigration.offices.catalogue import load_catalogue
from immigration.tasks import tasks
from immigration.vault import KeyRing, Vault

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
HEADER = "number;service;office;status;name;birth_date;phone;occurred_at"
ROW = "9900000000000001;P10;SJJ;CETAK;Siti;24/11/1990;081234567890;2026-11-20"


class Desk:
    """An office that imports."""

    def __init__(self, database: Database, vault: Vault, folder: Path) -> None:
        self.database, self.vault, self.file = database, vault, folder / "export.csv"
        with database.reading() as session:
            self.reading = Reading(load_catalogue(session), NOW)

    def imports(self, content: str | bytes, *, check: bool = False) -> tuple[Counts, list[Reject]]:
        self.file.write_bytes(content if isinstance(content, bytes) else content.encode())
        rejects: list[Reject] = []
        counts = Counts()
        for progress in run(examine(self.file), self.database, self.vault, self.reading, "import:test", check=check):
            counts = progress.counts
            rejects += progress.rejects
        return counts, rejects

    def kept(self, number: str = "9900000000000001") -> Kept:
        with self.database.reading() as session:
            return kept_of(self.vault, *find(session, self.vault, number))

    def count(self, table: type) -> int:
        with self.database.reading() as session:
            return session.scalars(select(func.count()).select_from(table)).one()


@pytest.fixture
def desk(database: Database, key_ring: KeyRing, tmp_path: Path) -> Desk:
    return Desk(database, load_vault(database, key_ring), tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        f"{HEADER}\n{ROW}\n",
        f"{HEADER}\r\n{ROW}\r\n".encode("utf-8-sig"),
        f"{HEADER}\n{ROW}".replace(";", ","),
        f'{HEADER}\n"9900000000000001";P10;sjj;"CETAK";"Siti";"24/11/1990";"\'081234567890";"2026-11-20"\n',
        f'{HEADER}\n="9900000000000001";P10;SJJ;Proses Cetak;Siti;33201;81234567890;46346\n',
        "Nomor Permohonan;Layanan;Kantor;Status;Nama;Tanggal Lahir;No HP;Tanggal\n" + ROW,
    ],
)
def test_the_same_application_comes_in_however_the_file_is_written(desk: Desk, content: str | bytes) -> None:
    counts, rejects = desk.imports(content)
    assert rejects == []
    assert counts.new == 1
    kept = desk.kept()
    assert kept.record.name == "Siti"
    assert kept.record.birth_date == date(1990, 11, 24)
    assert kept.record.phone == "+6281234567890"
    assert kept.record.status is Status.CETAK
    assert kept.status_at == datetime(2026, 11, 19, 17, tzinfo=UTC)


def test_windows_1252_is_read_where_the_file_is_not_utf_8(desk: Desk) -> None:
    desk.imports(f"{HEADER}\n{ROW}".replace("Siti", "Renée").encode("cp1252"))
    assert desk.kept().record.name == "Renée"


def test_a_quoted_newline_is_part_of_its_cell_and_lines_are_counted_on(desk: Desk) -> None:
    content = (
        f"{HEADER}\n{ROW.replace('Siti', chr(34) + 'Siti' + chr(10) + 'Rahmah' + chr(34))}\n\n99;P10;SJJ;CETAK;;;;\n"
    )
    counts, rejects = desk.imports(content)
    assert (counts.new, counts.rejected) == (1, 1)
    assert desk.kept().record.name == "Siti Rahmah"
    assert rejects[0].row.line == 5


def test_importing_again_changes_nothing(desk: Desk) -> None:
    desk.imports(f"{HEADER}\n{ROW}\n")
    before = (desk.count(ApplicationEvent), desk.count(AuditRow), desk.kept())
    counts, _ = desk.imports(f"{HEADER}\n{ROW}\n")
    assert counts == Counts(read=1, unchanged=1)
    assert (desk.count(ApplicationEvent), desk.count(AuditRow), desk.kept()) == before


def test_a_check_judges_every_row_and_keeps_none(desk: Desk) -> None:
    counts, rejects = desk.imports(f"{HEADER}\n{ROW}\n99;P10;SJJ;CETAK;;;;\n", check=True)
    assert (counts.new, counts.rejected, len(rejects)) == (1, 1, 1)
    assert desk.count(Application) == desk.count(AuditRow) == 0


def test_a_changed_row_is_an_event_and_blank_cells_erase_nothing(desk: Desk) -> None:
    desk.imports(f"{HEADER}\n{ROW}\n")
    counts, _ = desk.imports(f"{HEADER}\n9900000000000001;P10;SJJ;SIAP_DIAMBIL;;;;2026-11-22\n")
    assert counts.changed == 1
    kept = desk.kept()
    assert kept.record.status is Status.SIAP_DIAMBIL
    assert (kept.record.name, kept.record.birth_date) == ("Siti", date(1990, 11, 24))
    with desk.database.reading() as session:
        events = session.execute(select(ApplicationEvent.kind, ApplicationEvent.actor)).all()
    assert [tuple(event) for event in events] == [("created", "import:test"), ("status", "import:test")]


def test_news_from_before_goes_to_the_history_alone(desk: Desk) -> None:
    desk.imports(f"{HEADER}\n{ROW}\n")
    desk.imports(f"{HEADER}\n{ROW.replace('CETAK', 'VERIFIKASI').replace('2026-11-20', '2026-11-18')}\n")
    assert desk.kept().record.status is Status.CETAK
    with desk.database.reading() as session:
        assert session.scalars(select(ApplicationEvent.kind)).all() == ["created", "late"]


def test_an_old_export_does_not_turn_back_what_the_back_office_moved_on(desk: Desk) -> None:
    export = f"{HEADER}\n{ROW.rsplit(';', 1)[0]};\n"
    desk.imports(export)
    with desk.database.writing() as session:
        change_status(
            session,
            desk.vault,
            "9900000000000001",
            Status.SIAP_DIAMBIL,
            Details(),
            None,
            lambda _: "passport",
            "key:x",
            NOW,
        )
    counts, _ = desk.imports(export)
    assert counts.unchanged == 1
    assert desk.kept().record.status is Status.SIAP_DIAMBIL


def test_a_number_that_stands_twice_is_judged_in_the_order_of_the_file(desk: Desk) -> None:
    later = ROW.replace("CETAK", "SIAP_DIAMBIL").replace("2026-11-20", "2026-11-21")
    counts, _ = desk.imports(f"{HEADER}\n{ROW}\n{later}\n")
    assert (counts.new, counts.changed) == (1, 1)
    assert desk.kept().record.status is Status.SIAP_DIAMBIL


def test_a_billing_belongs_to_one_application(desk: Desk) -> None:
    header = "number;service;office;status;billing;amount;due_at"
    rows = [f"990000000000000{n};P10;SJJ;MENUNGGU_BAYAR;820261124000001;Rp950.000;24/11/2026 12:00" for n in (1, 2)]
    counts, rejects = desk.imports("\n".join([header, *rows]))
    assert (counts.new, counts.rejected) == (1, 1)
    assert rejects[0].reason.startswith("billing: ")
    payment = desk.kept().record.payment
    assert payment is not None
    assert (payment.amount, payment.due_at) == (950_000, datetime(2026, 11, 24, 5, tzinfo=UTC))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "line 1"),
        (b"number;service\n", "office, status are missing"),
        (f"{HEADER};colour\n{ROW};red\n".encode(), "unknown columns 'colour'"),
        (f"{HEADER};nomor\n{ROW};1\n".encode(), "number stands twice"),
        (f'{HEADER}\n{ROW}\n"{"x" * 9000}'.encode(), "quotation mark"),
        (f'{HEADER}\n{ROW}\n"open'.encode(), "quotation mark"),
        (b"\x00\x01\x02", "no text file"),
        (f"{HEADER}\n{ROW}".encode("utf-16"), "UTF-16"),
    ],
)
def test_a_broken_file_is_refused_whole_with_a_clear_line(desk: Desk, content: bytes, words: str) -> None:
    with pytest.raises(BadFile, match=words):
        desk.imports(content)
    assert desk.count(Application) == 0


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"number": "1,06123E+15"}, "number: the spreadsheet rounded it"),
        ({"number": "990000000000001"}, "number: has 15 digits"),
        ({"number": "99000000000000AB"}, "number: write 16 digits"),
        ({"service": "P11"}, "service: write one of"),
        ({"office": "XXX"}, "office: write one of"),
        ({"status": "JADI"}, "status: write one of"),
        ({"status": "IT_TERBIT"}, "status: IT_TERBIT is no state of a passport"),
        ({"phone": "0751-33113"}, "phone: write a mobile number"),
        ({"birth_date": "31/02/1990"}, "birth_date: write a date"),
        ({"birth_date": "2027-01-01"}, "birth_date: is not"),
        ({"language": "jv"}, "language: write one of id, min, en"),
        ({"consent": "mungkin"}, "consent: write ya or tidak"),
        ({"occurred_at": "2026-12-01"}, "occurred_at: lies in the future"),
        ({"occurred_at": "24/11/2026 25:00"}, "occurred_at: write a time"),
        ({"name": "x" * 201}, "name: write plain text"),
        ({"billing": "820261124000001", "amount": "0"}, "amount: write whole rupiah"),
        ({"billing": "820261124000001", "amount": "9,5"}, "amount: write whole rupiah"),
        ({"billing": "820261124000001", "amount": "950000"}, "due_at: a billing needs"),
        ({"billing": "820261124000001", "amount": "950000", "due_at": "2026-12-20"}, "due_at: lies more than 7 days"),
        ({"billing": "82026", "amount": "950000", "due_at": "2026-11-25"}, "billing: has 5 digits"),
    ],
)
def test_a_bad_cell_is_named_with_its_fix_and_not_repeated(desk: Desk, cells: dict[str, str], reason: str) -> None:
    good = {"number": "9900000000000001", "service": "P10", "office": "SJJ", "status": "CETAK"}
    with pytest.raises(BadCell) as fault:
        record(good | cells, desk.reading)
    assert str(fault.value).startswith(reason)
    field = next(iter(cells))
    if field in ("phone", "name"):
        assert cells[field] not in str(fault.value)


def test_a_row_with_too_many_fields_is_rejected_and_its_neighbours_come_in(desk: Desk) -> None:
    counts, rejects = desk.imports(f"{HEADER}\n{ROW};extra\n{ROW}\n")
    assert (counts.new, counts.rejected) == (1, 1)
    assert rejects[0].reason == "has 9 fields, the header has 8"


def test_many_rows_come_in_by_short_batches_and_all_of_them(desk: Desk) -> None:
    rows = [f"99{n:014d};P5;SJJ;VERIFIKASI;Nama {n};1990-01-01;0812{n:08d};2026-11-20" for n in range(1_201)]
    counts, rejects = desk.imports("\n".join([HEADER, *rows]))
    assert rejects == []
    assert counts.new == desk.count(Application) == desk.count(ApplicationEvent) == desk.count(AuditRow) == 1_201


def test_a_billing_that_is_no_tariff_comes_in_and_an_officer_looks_until_it_is_put_right(desk: Desk) -> None:
    header = "number;service;office;status;billing;amount;due_at"

    def imports(amount: str) -> list[str]:
        row = f"9900000000000001;P10;SJJ;MENUNGGU_BAYAR;820200000000001;{amount};24/11/2026 12:00"
        assert desk.imports(f"{header}\n{row}\n")[1] == []
        with desk.database.reading() as session:
            return [task.words for task in tasks(session)]

    assert imports("950000") == []
    odd = ["application ..0001: billed Rp955.000, which is no tariff of P10"]
    assert imports("955000") == odd
    assert imports("955000") == odd
    assert imports("950000") == []
