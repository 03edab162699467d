"""A small storm of callers over five days: every seat is accounted for."""

from immigration.database import Database
from immigration.keys import load_vault
from immigration.vault import KeyRing
from tests.support.clock import MovedClock
from tests.support.sms import SmsOffice
from tests.support.visit_soak import soak_visits
from tests.support.visits import VisitOffice, patient


def test_every_seat_is_accounted_for_after_five_days_of_callers(
    database: Database, key_ring: KeyRing, clock: MovedClock
) -> None:
    office = VisitOffice(SmsOffice(database, load_vault(database, key_ring), clock))
    office.renew()
    with patient(office) as crowd:
        account = soak_visits(crowd, clock, callers=130, days=5, seed=7)
    assert account.wrong == []
    assert account.did["booked"] > 40, account.lines()
    assert account.states["absent"] > 20, account.lines()
