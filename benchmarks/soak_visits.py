"""Is a seat sold twice or lost in weeks of callers? `python -m benchmarks.soak_visits --callers 5000 --days 40`.

Eight call at once, some hang up, move, cancel or wait; days close and open again; two clocks run meanwhile. Ends with
status 1 where a number does not add up.
"""

import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import click

from benchmarks.stage import embedded_postgresql
from gateway.migrate import upgrade
from gateway.settings import load_settings
from gateway.wiring import key_ring
from immigration.database import Database
from immigration.keys import load_vault
from tests.support.clock import MovedClock
from tests.support.sms import SmsOffice
from tests.support.visit_soak import soak_visits
from tests.support.visits import VisitOffice


@click.command()
@click.option("--callers", default=5_000, show_default=True)
@click.option("--days", default=40, show_default=True)
@click.option("--seed", default=1303, show_default=True)
@click.option("--postgresql", is_flag=True, help="An embedded PostgreSQL instead of SQLite.")
def main(callers: int, days: int, seed: int, postgresql: bool) -> None:
    """Run the weeks and print their account."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        settings = load_settings({"VAR_DIR": str(folder)})
        url = embedded_postgresql(stack) if postgresql else settings.database_url
        database = Database(url, timeout_s=60, pool_size=16)
        stack.callback(database.close)
        upgrade(database, key_ring(settings))
        clock = MovedClock()
        office = VisitOffice(SmsOffice(database, load_vault(database, key_ring(settings)), clock))
        office.renew()
        began = time.monotonic()
        account = soak_visits(office, clock, callers=callers, days=days, seed=seed)
        print(f"{callers} callers, {days} days, seed {seed}, {database.dialect}: {time.monotonic() - began:.0f} s")
        print("\n".join(account.lines()))
    sys.exit(bool(account.wrong))


if __name__ == "__main__":
    main()
