"""What do tests of sending stand on? An office over both databases, and a pretend aggregator over real HTTP."""

from collections.abc import Iterator

import pytest

from gateway.simulator.aggregator import PretendAggregator
from immigration.database import Database
from immigration.keys import load_vault
from immigration.vault import KeyRing
from tests.support.clock import MovedClock
from tests.support.sms import SmsOffice


@pytest.fixture
def office(database: Database, key_ring: KeyRing, clock: MovedClock) -> SmsOffice:
    return SmsOffice(database, load_vault(database, key_ring), clock)


@pytest.fixture
def aggregator() -> Iterator[PretendAggregator]:
    with PretendAggregator() as pretend:
        yield pretend
