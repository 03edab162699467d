"""Other processes that want seats: `python -m tests.support.callers URL MOMENT ROLE …`; what they did, as JSON."""

import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime

from immigration.appointments.booking import AlreadyBooked
from immigration.appointments.seats import SlotGone
from immigration.database import Database
from immigration.keys import load_vault
from immigration.vault import KeyRing
from tests.conftest import DATA_KEY
from tests.support.clock import MovedClock
from tests.support.sms import SmsOffice
from tests.support.visits import VisitOffice

THREADS = 8


def call(office: VisitOffice, place: int, day: date) -> int | None:
    """As a citizen does: look, hold the nearest, confirm; what is gone a moment later is looked for again."""
    while free := office.free(day):
        try:
            office.hold(place, free[place % len(free)].id)
            return office.confirm(place).id
        except SlotGone:
            continue
        except AlreadyBooked:
            return None
    return None


def main() -> None:
    """Say that we are ready, wait for the word, do it, print what came of it."""
    url, moment, role, *told = sys.argv[1:]
    database = Database(url, timeout_s=60, pool_size=THREADS)
    clock = MovedClock(datetime.fromisoformat(moment))
    office = VisitOffice(SmsOffice(database, load_vault(database, KeyRing.from_base64([DATA_KEY])), clock))
    print("ready", flush=True)
    sys.stdin.readline()
    if role == "call":
        first, last, day = int(told[0]), int(told[1]), date.fromisoformat(told[2])
        with ThreadPoolExecutor(THREADS) as threads:
            booked = list(threads.map(lambda place: call(office, place, day), range(first, last)))
        print(json.dumps([visit for visit in booked if visit is not None]))
    else:
        print(json.dumps([office.tick() for _ in range(int(told[0]))]))
    sys.stdout.flush()
    # Nothing is left to tidy up, and how a driver ends its threads at exit is not what is raced here.
    os._exit(0)


if __name__ == "__main__":
    main()
