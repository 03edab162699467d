"""What becomes of reminders as time goes by? Passes and drains over a clock that is moved, and who heard what, when."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from itertools import count
from zoneinfo import ZoneInfo

from sqlalchemy import event, select

from gateway.aggregators.sms import Outcome, Sms
from immigration.applications.record import Billing
from immigration.applications.states import Status
from immigration.clock import Clock
from immigration.database import Database
from immigration.reminders.tables import Reminder
from tests.support.clock import MovedClock
from tests.support.sms import SmsOffice, sending
from workers import reminders

PADANG = ZoneInfo("Asia/Jakarta")
MORNING = time(9, 0)
"""When reminders that count in days are due."""
BY_DAY: dict[str, tuple[Status, tuple[int, ...], int]] = {
    "R_AMBIL": (Status.SIAP_DIAMBIL, (7, 20, 27), 2),
    "R_IZIN": (Status.IT_TERBIT, (-30, -14, -7, -3), 2),
    "R_LENGKAPI": (Status.PERLU_LENGKAPI, (-3, -1), 1),
    "R_HADIR": (Status.TIDAK_HADIR, (-3,), 2),
    "collection over": (Status.SIAP_DIAMBIL, (30,), 365),
    "no-show over": (Status.TIDAK_HADIR, (1,), 365),
}
"""What the table of rules says, in other words: the state, days from its date, how many days each makes sense."""
TASKS = ("collection over", "no-show over")
"""Those that are handed to an officer."""
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Heard:
    """An SMS, when it arrived, and where."""

    at: datetime
    phone: str
    text: str

    @property
    def here(self) -> str:
        """When, as a clock on the office's wall shows it."""
        return f"{self.at.astimezone(PADANG):%m-%d %H:%M}"


@dataclass
class Ear:
    """A channel that takes everything at once and knows when it came."""

    clock: Clock
    heard: list[Heard] = field(default_factory=list)
    name: str = "africastalking"
    _ids: Iterator[int] = field(default_factory=count)

    def send(self, sms: Sms) -> Outcome:
        self.heard.append(Heard(self.clock(), sms.phone, sms.text))
        return Outcome("accepted", aggregator_id=f"ATXid_{next(self._ids)}", word="Success")

    def balance(self) -> str | None:
        return None


@dataclass
class Times:
    """An office whose clock is moved; what its citizens hear of it."""

    office: SmsOffice
    clock: MovedClock

    def __post_init__(self) -> None:
        self.ear = Ear(self.clock)

    def look(self) -> dict[str, int]:
        """One pass at this moment; what it came to."""
        return reminders.run(self.office.database, self.office.outbox, self.clock())

    def drain(self) -> None:
        """Send what is due at this moment."""
        with sending(self.office, self.ear) as sender:
            sender.drain()

    def minutes(self, minutes: int, every: int = 5) -> list[Heard]:
        """A pass and a drain now and again and again for so many minutes; what was heard."""
        return self._through([self.clock() + timedelta(minutes=minute) for minute in range(0, minutes + 1, every)])

    def mornings(self, days: int, *at: time) -> list[Heard]:
        """Passes and drains at these times of each of the next days; what was heard."""
        here = self.clock().astimezone(PADANG).date()
        days_ahead = [here + _DAY * ahead for ahead in range(1, days + 1)]
        return self._through(
            [datetime.combine(day, moment, tzinfo=PADANG) for day in days_ahead for moment in at or (MORNING,)]
        )

    def _through(self, moments: list[datetime]) -> list[Heard]:
        known = len(self.ear.heard)
        for moment in moments:
            self.clock.move_to(moment)
            if any(self.look().values()):
                self.drain()
        return self.ear.heard[known:]

    def kept(self) -> dict[tuple[str, int, datetime, int], str]:
        """What came of each reminder, by rule, what it is about, target and offset in minutes."""
        with self.office.database.reading() as session:
            rows = session.scalars(select(Reminder).order_by(Reminder.id)).all()
        return {(row.rule, row.about, row.target, row.offset_minutes): row.outcome for row in rows}


def billing(place: int, due_at: datetime) -> Billing:
    """A billing of 15 digits."""
    return Billing(f"8202{place:011d}", 950_000, due_at)


class Killed(Exception):
    """The process died."""


@contextmanager
def killed_at(database: Database, statement: str, number: int) -> Iterator[None]:
    """Die when about to run such a statement for this time, counted from one, within the block."""
    times = count(1)

    def die(_one: object, _two: object, ran: str, *_more: object) -> None:
        if ran.startswith(statement) and next(times) == number:
            raise Killed

    event.listen(database.engine, "before_cursor_execute", die)
    try:
        yield
    except Killed:
        pass
    finally:
        event.remove(database.engine, "before_cursor_execute", die)
