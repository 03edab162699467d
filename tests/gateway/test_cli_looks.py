"""Does an operator see who looked, whose tries are counted and where callers drop, without seeing whom?"""

import json
from datetime import date, timedelta
from pathlib import Path

import pytest

from gateway.settings import load_settings
from gateway.wiring import key_ring
from immigration import calls, identity
from immigration.clock import utc_now
from immigration.database import Database
from immigration.identity import Try
from immigration.keys import load_vault
from tests.gateway.test_operators import command, keep, told

NUMBER = told(1).number


@pytest.fixture
def office(tmp_path: Path) -> Path:
    """A folder with a migrated database that holds one application."""
    assert command(tmp_path, "db", "upgrade").returncode == 0
    settings = load_settings({"VAR_DIR": str(tmp_path / "var")})
    database = Database(settings.database_url)
    keep(database, load_vault(database, key_ring(settings)), told(1), utc_now())
    database.close()
    return tmp_path


def test_the_audit_shows_its_reader_too_and_never_a_whole_number(office: Path) -> None:
    command(office, "audit", "show", "--number", NUMBER)
    shown = command(office, "audit", "show").stdout
    assert "listed" in shown
    assert f"..{NUMBER[-4:]}" in shown
    assert NUMBER not in shown
    assert "listed" not in command(office, "audit", "show", "--actor", "key:nobody").stdout
    assert "listed" in command(office, "audit", "show", "--since", f"{utc_now() - timedelta(days=1):%Y-%m-%d}").stdout
    assert command(office, "audit", "show", "--limit", "0").returncode == 2


def test_tries_are_counted_and_forgotten_per_phone_and_per_number(office: Path) -> None:
    settings = load_settings({"VAR_DIR": str(office / "var")})
    database = Database(settings.database_url)
    vault = load_vault(database, key_ring(settings))
    with database.writing() as session:
        for position in range(3):
            caller, number = vault.lookup("phone", "+6281299999999"), vault.lookup("number", NUMBER)
            identity.attempt(
                session, vault, Try(b"c" * 16, position, caller, number, date(1980, 1, 1), False), utc_now()
            )
    database.close()
    assert command(office, "limits", "show", "--number", NUMBER).stdout == "tries=3 of 5\n"
    assert command(office, "limits", "show", "--phone", "081299999999").stdout == "tries=3 of 5\n"
    assert command(office, "limits", "reset", "--number", NUMBER).stdout == "forgotten=3\n"
    assert command(office, "limits", "show", "--number", NUMBER).stdout == "tries=0 of 5\n"
    assert command(office, "limits", "show", "--phone", "12").returncode == 2


def test_the_funnel_shows_where_callers_come_and_drop(office: Path) -> None:
    database = Database(load_settings({"VAR_DIR": str(office / "var")}).database_url)
    hop = calls.HopFact(b"c" * 16, utc_now(), "simulated", "TELKOMSEL", 80, None, "main", "id", ended=False)
    with database.writing() as session:
        calls.note_hops(session, [hop])
    database.close()
    [row] = json.loads(command(office, "funnel", "--json").stdout)
    assert (row["screen"], row["language"], row["came"], row["went_on"]) == ("main", "id", 1, 0)
    assert "main" in command(office, "funnel").stdout
    tomorrow = f"{utc_now() + timedelta(days=1):%Y-%m-%d}"
    assert command(office, "funnel", "--json", "--since", tomorrow).stdout == "[]\n"
