"""Are the reference files brought into the database, again without change, and is each fault of theirs named?"""

import shutil
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select

from immigration.database import Database
from immigration.offices.catalogue import Catalogue, load_catalogue
from immigration.offices.loader import FOLDER, BadReference, load_reference
from immigration.offices.tables import Fee, OfficeHours, Service

TODAY = date(2026, 11, 24)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the product's own files, to be changed."""
    copied = tmp_path / "reference"
    shutil.copytree(FOLDER, copied)
    return copied


def load(database: Database, folder: Path = FOLDER) -> dict[str, int]:
    with database.writing() as session:
        return load_reference(session, folder=folder)


def catalogue(database: Database) -> Catalogue:
    with database.reading() as session:
        return load_catalogue(session)


def edit(folder: Path, name: str, old: str, new: str) -> None:
    text = (folder / name).read_text()
    assert old in text
    (folder / name).write_text(text.replace(old, new, 1))


def test_loading_again_changes_nothing(database: Database) -> None:
    assert load(database) == {}
    assert load(database) == {}


def test_the_trial_office_stands_under_its_parent(database: Database) -> None:
    known = catalogue(database)
    assert list(known.offices) == ["PDG", "SJJ"]
    trial, parent = known.office("SJJ"), known.office("PDG")
    assert (trial.trial, trial.parent, parent.trial, parent.parent) == (True, "PDG", False, None)


@pytest.mark.parametrize(
    ("code", "fees", "active"),
    [
        ("P5", [650_000], True),
        ("P10", [950_000], True),
        ("PANAK", [650_000], True),
        ("PGANTI", [650_000, 950_000], True),
        ("PHILANG", [1_000_000], True),
        ("PRUSAK", [500_000], True),
        ("PCEPAT", [1_000_000], False),
        ("PEAZY", [650_000, 950_000], True),
        ("PNON5", [350_000], False),
        ("PNON10", [650_000], False),
        ("ITK30", [500_000], True),
        ("ITK60", [1_000_000], True),
        ("ITAS6", [2_000_000], True),
        ("ITAS1", [3_000_000], True),
        ("ITAS2", [5_000_000], True),
        ("ITAP5", [7_000_000], True),
        ("IMK1", [1_500_000], True),
        ("IMK6", [750_000], True),
        ("IMK2", [2_000_000], True),
        ("IMK5", [3_500_000], True),
        ("EPO", [100_000], True),
        ("KARTU", [500_000], True),
        ("AFD", [500_000], True),
        ("LAPOR", [500_000], True),
        ("OVS", [1_000_000], True),
        ("SPLP", [100_000], True),
    ],
)
def test_a_service_has_the_tariff_and_state_of_the_catalogue(
    sqlite_catalogue: Catalogue, code: str, fees: list[int], active: bool
) -> None:
    service = sqlite_catalogue.service(code)
    assert [fee.amount for fee in service.fees_on(TODAY)] == fees
    assert service.active == active
    assert {fee.valid_from for fee in service.fees_on(TODAY)} == {date(2024, 12, 17)}
    assert service.fees_on(date(2024, 12, 16)) == ()


@pytest.fixture(scope="module")
def sqlite_catalogue() -> Catalogue:
    from menus.sample import reference_catalogue

    return reference_catalogue()


def test_no_other_service_is_offered(sqlite_catalogue: Catalogue) -> None:
    assert len(sqlite_catalogue.services) == 26


def test_a_changed_file_changes_just_that(database: Database, folder: Path) -> None:
    edit(folder, "offices/SJJ.toml", 'telephone = ""', 'telephone = "(0754) 1234567"')
    assert load(database, folder) == {"offices": 1}
    assert catalogue(database).office("SJJ").telephone == "(0754) 1234567"


NO_LABEL = '{ id = "", min = "", en = "" }'


def test_a_new_tariff_is_in_force_from_its_day_on(database: Database, folder: Path) -> None:
    edit(
        folder,
        "services.toml",
        "[[service.fee]]\namount = 650_000",
        f'[[service.fee]]\nvalid_from = 2027-01-01\nbasis = "PP 1/2026"\namount = 700_000\nlabel = {NO_LABEL}\n'
        "[[service.fee]]\namount = 650_000",
    )
    load(database, folder)
    service = catalogue(database).service("P5")
    assert [fee.amount for fee in service.fees_on(date(2026, 12, 31))] == [650_000]
    [new] = service.fees_on(date(2027, 1, 1))
    assert (new.amount, new.valid_from, new.basis) == (700_000, date(2027, 1, 1), "PP 1/2026")
    assert service.fees_on(date(2024, 12, 16)) == ()
    assert load(database, folder) == {}


def test_a_service_that_the_files_no_longer_name_is_kept_and_offered_to_nobody(
    database: Database, folder: Path
) -> None:
    text = (folder / "services.toml").read_text()
    head, *services = text.split("[[service]]\n")
    (folder / "services.toml").write_text("[[service]]\n".join([head, *services[1:]]))
    changed = load(database, folder)
    assert changed["services"] >= 1
    known = catalogue(database)
    assert not known.service("P5").active
    assert known.service("P10").active


def test_hours_and_exceptions_that_the_files_no_longer_name_are_gone(database: Database, folder: Path) -> None:
    exception = '\n[[exception]]\nday = 2026-12-01\nreason = { id = "Rapat", min = "Rapek", en = "Meeting" }\n'
    file = folder / "offices" / "SJJ.toml"
    file.write_text(file.read_text() + exception)
    edit(folder, "offices/SJJ.toml", "weekdays = [4]", "weekdays = [5]")
    assert load(database, folder) == {"office_hours": 2, "local_exceptions": 1}
    known = catalogue(database).office("SJJ")
    assert known.exceptions[date(2026, 12, 1)].spans == ()
    assert sorted(known.week) == [0, 1, 2, 3, 5]
    assert load(database) == {"office_hours": 2, "local_exceptions": 1}


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        ("offices/SJJ.toml", 'name = "UKK Sijunjung"', "", "SJJ.toml: name: write a str"),
        ("offices/SJJ.toml", "trial = true", 'trial = "yes"', "SJJ.toml: trial: write a bool"),
        ("offices/SJJ.toml", 'parent = "PDG"', 'parent = "XXX"', "SJJ.toml: parent: there is no office XXX"),
        ("offices/SJJ.toml", "Asia/Jakarta", "Asia/Sijunjung", "SJJ.toml: zone: write a zone such as Asia/Jakarta"),
        ("offices/SJJ.toml", 'language = "id"', 'language = "jv"', "SJJ.toml: language: write one of id, min, en"),
        ("offices/SJJ.toml", 'min = "Sin', 'su = "Sin', "SJJ.toml: collection: the text in `min` is missing"),
        ("offices/SJJ.toml", "opens = 08:00:00", "opens = 18:00:00", "SJJ.toml hours: opens, break and closes must"),
        ("offices/SJJ.toml", "[12:00:00, 13:00:00]", "[13:00:00, 12:00:00]", "SJJ.toml hours: opens, break and"),
        ("offices/SJJ.toml", "weekdays = [4]", "weekdays = [7]", "SJJ.toml hours: weekdays: write 0 .Monday. to 6"),
        ("offices/SJJ.toml", "opens = 08:00:00", 'opens = "8"', "SJJ.toml hours: opens: write a time"),
        ("offices/SJJ.toml", "trial = true", "trial = ", "SJJ.toml: Invalid value"),
        ("offices/SJJ.toml", 'kind = "post"', 'kind = "pos"', "SJJ.toml: pay_at: Invalid enum value 'pos'"),
        ("offices/SJJ.toml", 'kind = "post"', 'kind = "bank"', "SJJ.toml: pay_at: kind: bank stands twice"),
        (
            "offices/SJJ.toml",
            'names = ["Indomaret"',
            'name = ["Indomaret"',
            "SJJ.toml: pay_at: .* unknown field name",
        ),
        ("services.toml", 'code = "P10"', 'code = "P5"', "services.toml: P5: code: stands twice"),
        ("services.toml", 'group = "passport"', 'group = "visa"', "services.toml: P5: group: write passport or permit"),
        ("services.toml", "amount = 650_000", "amount = 0", "services.toml: P5 fee 1: amount: write whole rupiah"),
        ("services.toml", "amount = 650_000", "amount = 6.5", "services.toml: P5 fee 1: amount: write a int"),
        ("services.toml", 'code = "P5"', "", "services.toml: entry 1: code: write a str"),
        ("services.toml", "same_data = true", "", "services.toml: P5: same_data: write a bool"),
    ],
)
def test_a_fault_names_file_entry_field_and_fix_and_changes_nothing(
    sqlite_database: Database, folder: Path, name: str, old: str, new: str, words: str
) -> None:
    edit(folder, name, old, new)
    with pytest.raises(BadReference, match=words):
        load(sqlite_database, folder)
    assert load(sqlite_database) == {}


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ("day = 2026-12-01\nopens = 08:00:00", "SJJ.toml exception: give opens before closes, or neither"),
        ("opens = 08:00:00\ncloses = 15:00:00", "SJJ.toml exception: day: write a date"),
        ('day = 2026-12-01\nreason = { id = "Rapat" }', "SJJ.toml exception: reason: the text in `min` is missing"),
    ],
)
def test_a_fault_of_an_exception_is_named(sqlite_database: Database, folder: Path, told: str, words: str) -> None:
    file = folder / "offices" / "SJJ.toml"
    file.write_text(f"{file.read_text()}\n[[exception]]\n{told}\n")
    with pytest.raises(BadReference, match=words):
        load(sqlite_database, folder)


def test_missing_and_unreadable_files_are_named(sqlite_database: Database, folder: Path) -> None:
    (folder / "services.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(BadReference, match=r"services\.toml: cannot be read \(UnicodeDecodeError\)"):
        load(sqlite_database, folder)
    (folder / "services.toml").unlink()
    with pytest.raises(BadReference, match=r"services\.toml: cannot be read \(FileNotFoundError\)"):
        load(sqlite_database, folder)
    for file in (folder / "offices").iterdir():
        file.unlink()
    with pytest.raises(BadReference, match="offices: there is no office file"):
        load(sqlite_database, folder)


@pytest.fixture
def sqlite_database(sqlite_template: Path, tmp_path: Path) -> Database:
    """Enough where the fault is found before anything is written."""
    file = tmp_path / "gateway.db"
    shutil.copy(sqlite_template, file)
    return Database(f"sqlite:///{file}")


def test_every_row_belongs_to_an_office_or_service_of_the_files(database: Database) -> None:
    with database.reading() as session:
        assert set(session.scalars(select(OfficeHours.office))) == {"PDG", "SJJ"}
        assert set(session.scalars(select(Fee.service))) == set(session.scalars(select(Service.code)))


def test_what_stands_twice_or_is_no_time_is_refused(database: Database, folder: Path) -> None:
    edit(folder, "offices/SJJ.toml", "break = [11:30:00, 13:30:00]", "break = [11:30:00]")
    with pytest.raises(BadReference, match="break: write two times"):
        load(database, folder)
    edit(folder, "offices/SJJ.toml", "break = [11:30:00]", "")
    edit(folder, "offices/SJJ.toml", "weekdays = [4]", "weekdays = [3, 4]")
    with pytest.raises(BadReference, match=r"office_hours: .*stands twice"):
        load(database, folder)
