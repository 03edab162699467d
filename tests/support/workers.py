"""Real worker processes, as the Procfile starts them, for the length of a test."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from redis import Redis
from sqlalchemy.engine import make_url

from gateway.simulator.aggregator import PretendAggregator
from immigration.clock import utc_now
from tests.support.commands import Started
from tests.support.processes import wait_until
from tests.support.sms import SmsOffice
from workers import clock as ticking
from workers.jobs import ring
from workers.worker import workers_present

_OURS = ("PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV")


@dataclass
class Crew:
    """Workers on one office, which send to a pretend aggregator; the test is their clock."""

    office: SmsOffice
    redis: Redis
    redis_url: str
    aggregator: PretendAggregator
    data_keys: str
    running: list[Started] = field(default_factory=list)

    def start(self, **settings: str) -> Started:
        """Start a worker and wait until it is there."""
        present = workers_present(self.redis, utc_now())
        process = self.launch(**settings)
        wait_until(lambda: workers_present(self.redis, utc_now()) > present, "a worker", within_s=30)
        return process

    def launch(self, *command: str, **settings: str) -> Started:
        """Start a worker, or what is told. Where others die meanwhile, nobody can tell by number when it is there."""
        url = self.office.database.engine.url
        environment = {name: os.environ[name] for name in _OURS if name in os.environ} | {
            "DATABASE_URL": make_url(url).render_as_string(hide_password=False),
            "REDIS_URL": self.redis_url,
            "DATA_KEYS": self.data_keys,
            "AFRICASTALKING_USERNAME": "sandbox",
            "AFRICASTALKING_API_KEY": "key",
            "AFRICASTALKING_BASE_URL": self.aggregator.url,
            "QUIET_HOURS": "",
            "SMS_LEASE_SECONDS": "2",
            "SMS_THREADS": "8",
            **settings,
        }
        process = Started(*(command or ("worker",)), env=environment)
        self.running.append(process)
        return process

    def kill(self, process: Started) -> None:
        """kill -9, as if the machine had lost power."""
        process.kill()
        process.wait(10)

    def ring(self) -> None:
        """Tell the workers that something was written."""
        ring(self.redis)

    def tick(self) -> None:
        """What the clock does every few seconds."""
        ticking.tick(self.redis, self.office.database, utc_now())

    def settle(self, within_s: float = 40.0) -> None:
        """Tick until every message has an end, or is in doubt."""

        def settled() -> bool:
            self.tick()
            return not {"queued", "claimed", "submitting"} & set(self.office.states())

        wait_until(settled, "every message to have an end", within_s=within_s)


@contextmanager
def crew_of(office: SmsOffice, redis_url: str, aggregator: PretendAggregator, data_keys: str) -> Iterator[Crew]:
    """A crew that is gone when the test is."""
    with Redis.from_url(redis_url) as redis:
        crew = Crew(office, redis, redis_url, aggregator, data_keys)
        try:
            yield crew
        finally:
            for process in crew.running:
                process.kill()
                process.wait(10)
