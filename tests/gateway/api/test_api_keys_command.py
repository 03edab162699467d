"""Can an operator make, see and revoke keys at the terminal?"""

import os
import subprocess
from base64 import b64encode
from pathlib import Path

import pytest

from gateway.wiring import Wiring
from tests.conftest import DATA_KEY
from tests.support.back_office import RECORD, BackOffice
from tests.support.commands import gateway

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)


def _run(wiring: Wiring, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    url = wiring.database.engine.url.render_as_string(hide_password=False)
    folder = str(Path(url.removeprefix("sqlite:///")).parent)
    given = {"PATH": os.environ["PATH"], "DATABASE_URL": url, "DATA_KEYS": DATA_KEY, "VAR_DIR": folder}
    return gateway("api-keys", *arguments, env=given | environ)


def test_a_key_is_printed_alone_works_is_listed_and_is_revoked(wiring: Wiring, office: BackOffice) -> None:
    made = _run(wiring, "create", "loket", "--scope", "records:write", "--scope", "records:read")
    assert (made.returncode, made.stderr) == (0, "")
    key = made.stdout.removesuffix("\n")
    assert len(key) == 43
    assert office.put(RECORD, key=key).status_code == 201
    listed = _run(wiring, "list").stdout
    assert key not in listed
    assert "loket" in listed
    assert "records:read records:write" in listed
    assert _run(wiring, "revoke", "loket").returncode == 0
    assert office.put(RECORD, key=key).status_code == 401
    assert [row[1] for row in office.audited()] == ["key_created", "key_created", "changed", "key_revoked"]


def test_what_cannot_be_done_is_said_in_a_line(wiring: Wiring, office: BackOffice) -> None:
    again = _run(wiring, "create", "simkim", "--scope", "records:read")
    assert (again.returncode, again.stdout) == (1, "")
    assert again.stderr == "Error: there is a key named simkim already: choose another name\n"
    assert _run(wiring, "revoke", "nobody").stderr == "Error: there is no key named nobody\n"
    wrong = _run(wiring, "create", "loket", "--scope", "everything")
    assert wrong.returncode == 2
    assert "records:write" in wrong.stderr


def test_settings_that_cannot_be_read_end_in_status_2_and_another_ring_in_1(wiring: Wiring) -> None:
    unreadable = _run(wiring, "list", PORT="none")
    assert unreadable.returncode == 2
    assert "PORT" in unreadable.stderr
    other_ring = _run(wiring, "list", DATA_KEYS=b64encode(bytes(range(32, 64))).decode())
    assert other_ring.returncode == 1
    assert "DATA_KEYS does not open this database" in other_ring.stderr
