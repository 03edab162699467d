"""Are many reminded once and in turn? `python -m benchmarks.soak_reminders --cases 2000 --outage 50000`.

First real processes: two clocks and three workers, one killed. Then a day without a clock, over cases whose dates lie
all around it. Ends with status 1 where an account does not add up. `--postgresql` does it on an embedded PostgreSQL.
"""

import sys
import time

import click

from benchmarks.stage import staged
from gateway.simulator.aggregator import PretendAggregator
from immigration.clock import utc_now
from tests.support.clock import MovedClock
from tests.support.outage import come_back
from tests.support.reminding import remind_by_processes
from tests.support.sms import SmsOffice
from tests.support.workers import crew_of


@click.command()
@click.option("--cases", default=2_000, show_default=True, help="Reminded by real processes.")
@click.option("--outage", default=50_000, show_default=True, help="Cases when the clock was down for a day.")
@click.option("--seed", default=1303, show_default=True)
@click.option("--postgresql", is_flag=True, help="On an embedded PostgreSQL instead of SQLite.")
def main(cases: int, outage: int, seed: int, postgresql: bool) -> None:
    """Run both and print their accounts."""
    wrong: list[str] = []
    with staged(postgresql=postgresql) as stage, PretendAggregator(latency_s=0.02) as aggregator:
        office = SmsOffice(stage.database, stage.vault, utc_now)
        began = time.monotonic()
        keys = ",".join(stage.settings.data_keys)
        with crew_of(office, stage.environment["REDIS_URL"], aggregator, keys) as crew:
            done = remind_by_processes(crew, cases=cases, clocks=2, workers=3, seed=seed, patience_s=1800)
        print(f"two clocks, three workers, {done.kills} killed, seed {seed}: {time.monotonic() - began:.0f} s")
        print(f"reminded   {done.reminded}, {done.in_doubt} of them in doubt")
        print("".join(f"WRONG      {words}\n" for words in done.wrong), end="")
        wrong += done.wrong
    with staged(postgresql=postgresql) as stage:
        clock = MovedClock()
        began = time.monotonic()
        account = come_back(SmsOffice(stage.database, stage.vault, clock), clock, cases=outage, seed=seed)
        print(f"a day without a clock, {outage} cases, seed {seed}: {time.monotonic() - began:.0f} s")
        print("\n".join(account.lines()))
        wrong += account.wrong
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
