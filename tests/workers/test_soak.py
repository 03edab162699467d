"""A small storm: workers die, Redis is wiped, the aggregator lies, and every change is accounted for."""

import pytest

from gateway.simulator.aggregator import PretendAggregator
from immigration.clock import utc_now
from immigration.database import Database
from immigration.keys import load_vault
from immigration.vault import KeyRing
from tests.conftest import DATA_KEY
from tests.support.sms import SmsOffice
from tests.support.soak import CALM, soak
from tests.support.workers import Crew, crew_of


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
def test_every_change_is_accounted_for_after_a_storm(database: Database, key_ring: KeyRing, redis_url: str) -> None:
    office = SmsOffice(database, load_vault(database, key_ring), utc_now)
    crews = []

    def start(aggregator: PretendAggregator) -> Crew:
        context = crew_of(office, redis_url, aggregator, DATA_KEY)
        crews.append(context)
        return context.__enter__()

    try:
        account = soak(
            office,
            start,
            changes=60,
            workers=2,
            kill_every_s=0.3,
            wipes=1,
            seed=4,
            odds={kind: 3 * share for kind, share in CALM.items()},
            patience_s=60,
        )
    finally:
        for context in crews:
            context.__exit__(None, None, None)
    assert account.wrong == []
    assert account.states.total() == 60
    assert account.states["delivered"] > 40, account.lines()
    assert account.kills >= 1
