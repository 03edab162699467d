"""Does anything get lost or doubled in a long storm? `python -m benchmarks.soak --changes 10000 --workers 4`.

Real workers, one killed every few seconds; Redis wiped twice; an aggregator that refuses, hangs, resets and talks
nonsense; reports in any order and twice. Ends with status 1 where the account does not add up.
"""

import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import click

from gateway import valkey
from gateway.migrate import upgrade
from gateway.settings import load_settings
from gateway.simulator.aggregator import PretendAggregator
from gateway.wiring import key_ring
from immigration.clock import utc_now
from immigration.database import Database
from immigration.keys import load_vault
from tests.support.sms import SmsOffice
from tests.support.soak import WILD, soak
from tests.support.workers import Crew, crew_of


@click.command()
@click.option("--changes", default=10_000, show_default=True)
@click.option("--workers", default=4, show_default=True)
@click.option("--kill-every", default=4.0, show_default=True, help="Seconds between two deaths.")
@click.option("--seed", default=1303, show_default=True)
def main(changes: int, workers: int, kill_every: float, seed: int) -> None:
    """Run the storm and print its account."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = valkey.start(folder)
        stack.callback(server.stop)
        settings = load_settings({"VAR_DIR": str(folder)})
        database = Database(settings.database_url)
        stack.callback(database.close)
        upgrade(database, key_ring(settings))
        office = SmsOffice(database, load_vault(database, key_ring(settings)), utc_now)

        def start(aggregator: PretendAggregator) -> Crew:
            return stack.enter_context(crew_of(office, server.url, aggregator, ",".join(settings.data_keys)))

        began = time.monotonic()
        account = soak(
            office,
            start,
            changes=changes,
            workers=workers,
            kill_every_s=kill_every,
            wipes=2,
            seed=seed,
            odds=WILD,
            patience_s=900,
        )
        print(f"{changes} changes, {workers} workers, seed {seed}: {time.monotonic() - began:.0f} s")
        print("\n".join(account.lines()))
    sys.exit(bool(account.wrong))


if __name__ == "__main__":
    main()
