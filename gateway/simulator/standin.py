"""Who takes a demonstration's SMS? A pretend aggregator in each process that sends, its phones and faults shared."""

import time
from queue import Full, Queue
from threading import Thread
from typing import Final
from urllib.parse import quote

import requests
from redis import Redis
from redis.exceptions import RedisError

from gateway.logs import get_logger
from gateway.settings import Settings
from gateway.simulator.aggregator import Accepted, PretendAggregator
from gateway.simulator.faults import Fault
from gateway.simulator.inbox import SimulatorInbox
from immigration.clock import utc_now
from immigration.vault import Vault

BALANCE: Final = "IDR 1000000.00"
REPORT_AFTER_S: Final = 1.0
_REPORT_WITHIN_S: Final = 5.0
_REPORTS_WAITING: Final = 10_000
# Africa's Talking's sandbox (africastalking.md 2.1).
_NETWORK: Final = "99999"


def stand_in(
    settings: Settings, vault: Vault, redis: Redis | None, *, report_after_s: float = REPORT_AFTER_S
) -> PretendAggregator:
    """The aggregator of this process, started, on a free port. Without Redis it accepts and keeps nothing."""
    reports = _Reports(settings, report_after_s)
    inbox = None if redis is None else SimulatorInbox(redis, vault)

    log = get_logger("simulator")

    def accepted(message: Accepted) -> None:
        reports.add(message)
        try:
            if inbox:
                inbox.deliver(message.phone, message.sender, message.text, utc_now())
        except RedisError as fault:
            log.debug("simulated phone lost a message", reason=type(fault).__name__)

    def decide(phone: str, text: str) -> Fault | None:
        try:
            return inbox.take_fault() if inbox else None
        except RedisError as fault:
            log.debug("simulated fault not known", reason=type(fault).__name__)
            return None

    pretend = PretendAggregator(decide=decide, on_accept=accepted, balance=BALANCE)
    reports.start()
    pretend.start()
    return pretend


class _Reports:
    """Tells the gateway of deliveries, one after the other; what it does not take is lost, and does no harm."""

    def __init__(self, settings: Settings, after_s: float) -> None:
        secret = quote(settings.webhook_secrets[0], safe="")
        self._url = f"http://127.0.0.1:{settings.port}/webhooks/{secret}/simulated/sms/reports"
        self._after_s = after_s
        self._waiting: Queue[tuple[float, Accepted]] = Queue(_REPORTS_WAITING)
        self._log = get_logger("simulator")

    def start(self) -> None:
        Thread(target=self._run, name="simulated-reports", daemon=True).start()

    def add(self, message: Accepted) -> None:
        """Report it in a while."""
        try:
            self._waiting.put_nowait((time.monotonic() + self._after_s, message))
        except Full:
            self._log.debug("simulated report dropped")

    def _run(self) -> None:
        with requests.Session() as http:
            # A proxy of the environment has no business between two parts of one machine.
            http.trust_env = False
            while True:
                due, message = self._waiting.get()
                time.sleep(max(0.0, due - time.monotonic()))
                self._post(http, message)

    def _post(self, http: requests.Session, message: Accepted) -> None:
        form = {"id": message.id, "status": "Success", "phoneNumber": message.phone, "networkCode": _NETWORK}
        try:
            status = http.post(self._url, data=form, timeout=_REPORT_WITHIN_S, allow_redirects=False).status_code
        except requests.RequestException as fault:
            self._log.debug("simulated report lost", reason=type(fault).__name__)
            return
        if status != requests.codes.ok:
            self._log.debug("simulated report refused", http_status=status)
