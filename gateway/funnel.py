"""How do hops reach the funnel without a database write each? Gathered in memory, written in one batch a second."""

import atexit
import threading
from collections import deque
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from gateway.logs import get_logger
from immigration.calls import HopFact, note_hops
from immigration.database import Database, DatabaseBusy

_SECONDS: Final = 1.0
# Statistics may be lost where the database is long away; memory stays bounded.
_HELD: Final = 20_000
_BATCH: Final = 500


class FunnelBuffer:
    """Facts of answered hops on their way to the database. A crash loses a second of statistics, and no more."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._facts: deque[HopFact] = deque(maxlen=_HELD)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._log = get_logger("funnel")

    def start(self) -> None:
        """Begin to write in the background, until the process ends."""
        self._thread = threading.Thread(target=self._run, name="funnel", daemon=True)
        self._thread.start()
        atexit.register(self.stop)

    def add(self, fact: HopFact) -> None:
        """Take one fact; costs an append."""
        self._facts.append(fact)

    def flush(self) -> int:
        """Write what is there; how many facts. What the database refuses is kept for the next time."""
        written = 0
        while self._facts:
            batch = [self._facts.popleft() for _ in range(min(_BATCH, len(self._facts)))]
            try:
                with self._database.writing() as session:
                    note_hops(session, batch)
            except (SQLAlchemyError, DatabaseBusy) as error:
                self._facts.extendleft(reversed(batch))
                self._log.warning("funnel not written", reason=type(error).__name__, count=len(self._facts))
                break
            written += len(batch)
        return written

    def stop(self) -> None:
        """Write the rest and end."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=5)
        self.flush()

    def _run(self) -> None:
        while not self._stop.wait(_SECONDS):
            self.flush()
