"""Does an application that ended forget its person, and stay so whatever comes again?"""

from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from immigration.applications import retention
from immigration.applications.cells import Reading
from immigration.applications.record import Record
from immigration.applications.tables import Application, ApplicationEvent
from immigration.database import Database
from immigration.keys import load_vault
from immigration.vault import KeyRing
from tests.immigration.test_import import HEADER, NOW, ROW, Desk

EXPORT = f"{HEADER}\n{ROW.replace('CETAK', 'DISERAHKAN')}\n"


@pytest.fixture
def desk(database: Database, key_ring: KeyRing, tmp_path: Path) -> Desk:
    return Desk(database, load_vault(database, key_ring), tmp_path)


def later(desk: Desk, days: int) -> None:
    desk.reading = Reading(desk.reading.catalogue, NOW + timedelta(days=days))


def purged(desk: Desk) -> int:
    with desk.database.writing() as session:
        return retention.purge(session, desk.reading.now)


def person(record: Record) -> tuple[object, ...]:
    return record.phone, record.name, record.birth_date


def test_an_old_export_that_comes_again_does_not_bring_the_person_back(desk: Desk) -> None:
    desk.imports(EXPORT)
    later(desk, 91)
    assert purged(desk) == 1
    for export in (EXPORT, EXPORT.replace("Siti", "Siti Rahmah"), EXPORT.replace("2026-11-20", "")):
        counts, _ = desk.imports(export)
        assert (counts.changed, counts.unchanged) == (0, 1)
        assert person(desk.kept().record) == (None, None, None)
    assert purged(desk) == 0
    with desk.database.reading() as session:
        row = session.scalars(select(Application)).one()
        assert (row.phone_hash, row.phone_sealed, row.name_sealed, row.birth_date_sealed) == (None,) * 4
        assert session.scalars(select(ApplicationEvent.actor)).all() == ["import:test", "retention"]


def test_what_ended_long_before_its_first_import_comes_in_without_its_person(desk: Desk) -> None:
    later(desk, 91)
    assert desk.imports(EXPORT)[0].new == 1
    assert person(desk.kept().record) == (None, None, None)


def test_within_ninety_days_the_person_may_still_be_corrected(desk: Desk) -> None:
    desk.imports(EXPORT)
    later(desk, 80)
    assert desk.imports(EXPORT.replace("Siti", "Siti Rahmah"))[0].changed == 1
    assert person(desk.kept().record) == ("+6281234567890", "Siti Rahmah", date(1990, 11, 24))


def test_an_application_that_goes_on_after_its_end_takes_its_person_in_again(desk: Desk) -> None:
    desk.imports(EXPORT)
    later(desk, 91)
    purged(desk)
    desk.imports(f"{HEADER}\n{ROW.replace('2026-11-20', '2027-02-20')}\n")
    assert desk.kept().record.name == "Siti"
    assert purged(desk) == 0


def test_a_purge_takes_a_batch_at_a_time_until_none_is_left(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [f"99{n:014d};P5;SJJ;DITOLAK;Nama {n};;;2026-11-20" for n in range(5)]
    desk.imports("\n".join([HEADER, *rows]))
    later(desk, 91)
    monkeypatch.setattr(retention, "BATCH", 2)
    assert [purged(desk) for _ in range(4)] == [2, 2, 1, 0]
