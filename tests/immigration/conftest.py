"""What do tests of what citizens write stand on? An office over the database."""

import pytest

from immigration.database import Database
from immigration.keys import load_vault
from immigration.vault import KeyRing
from tests.support.clock import MovedClock
from tests.support.sms import SmsOffice


@pytest.fixture
def office(database: Database, key_ring: KeyRing, clock: MovedClock) -> SmsOffice:
    return SmsOffice(database, load_vault(database, key_ring), clock)
