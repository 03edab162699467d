"""Two clocks and three workers over many cases, one worker killed: is everybody reminded, and nobody twice?"""

from gateway.simulator.aggregator import PretendAggregator
from immigration.clock import utc_now
from immigration.database import Database
from immigration.keys import load_vault
from immigration.vault import KeyRing
from tests.conftest import DATA_KEY
from tests.support.reminding import remind_by_processes
from tests.support.sms import SmsOffice
from tests.support.workers import crew_of


def test_two_clocks_and_three_workers_remind_each_case_once(
    database: Database, key_ring: KeyRing, redis_url: str, aggregator: PretendAggregator
) -> None:
    # Real processes keep the real clock.
    office = SmsOffice(database, load_vault(database, key_ring), utc_now)
    with crew_of(office, redis_url, aggregator, DATA_KEY) as crew:
        account = remind_by_processes(crew, cases=200, clocks=2, workers=3, seed=5, patience_s=90)
    assert account.wrong == []
    assert account.reminded == 200
    assert account.kills == 1
