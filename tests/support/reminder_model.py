"""Which reminders are right? A plain model of cases, passes and drains that never looks at the product."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from immigration.applications.states import Status
from tests.support.clock import START
from tests.support.reminders import BY_DAY, PADANG, TASKS, Times

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
Key = tuple[str, int, datetime, int]


@dataclass
class Bill:
    """A billing as the model sees it."""

    number: int
    due: datetime
    state: str = "waiting"


@dataclass
class Case:
    """A case as the model sees it."""

    place: int
    phone: str
    status: Status = Status.BERKAS_DIPERIKSA
    since: datetime = START
    day: date | None = None
    bill: Bill | None = None


@dataclass
class Model:
    """What is right, decided without looking at the product."""

    times: Times
    cases: dict[int, Case] = field(default_factory=dict)
    stopped: set[str] = field(default_factory=set)
    reminders: dict[Key, str] = field(default_factory=dict)
    # What waits to leave, until when it makes sense.
    waiting: dict[Key, datetime] = field(default_factory=dict)
    ended: dict[Key, str] = field(default_factory=dict)
    billings: int = 0

    def due(self, case: Case, now: datetime) -> list[tuple[Key, list[int], datetime]]:
        """What is due of a case: the key, its older offsets, until when it makes sense."""
        found = []
        bill = case.bill
        if bill and bill.state == "waiting" and case.status == Status.MENUNGGU_BAYAR:
            for before, ends in ((60, 30), (30, 10), (10, 0)):
                if bill.due - before * MINUTE <= now < bill.due - ends * MINUTE:
                    older = [-one for one in (60, 30, 10) if one > before]
                    found.append((("R_BAYAR", bill.number, bill.due, -before), older, bill.due - ends * MINUTE))
        for rule, (status, days, valid) in BY_DAY.items():
            target = self.target(case, rule)
            if case.status != status or target is None:
                continue
            start = case.since.astimezone(PADANG).date() if status == Status.SIAP_DIAMBIL else case.day
            assert start is not None
            for place, ahead in enumerate(days):
                begins = datetime.combine(start + ahead * DAY, time(9), tzinfo=PADANG)
                ends_at = begins + valid * DAY
                if begins <= now < ends_at:
                    older = [one * 1440 for one in days[:place]]
                    found.append(((rule, case.place, target, ahead * 1440), older, ends_at))
        return found

    def target(self, case: Case, rule: str) -> datetime | None:
        """The moment that a rule counts from."""
        if rule in ("R_AMBIL", "collection over"):
            return case.since
        return None if case.day is None else datetime.combine(case.day, time(), tzinfo=UTC)

    def is_true(self, key: Key) -> bool:
        """Whether the reason of a reminder is still there, and what it counts down to still ahead."""
        rule, about, target, _ = key
        now = self.times.clock()
        if rule == "R_BAYAR":
            return target > now and any(
                case.bill is not None
                and (case.bill.number, case.bill.due, case.bill.state) == (about, target, "waiting")
                and case.status == Status.MENUNGGU_BAYAR
                for case in self.cases.values()
            )
        case = self.cases[about]
        is_over = case.day is not None and case.day < now.astimezone(PADANG).date()
        return case.status == BY_DAY[rule][0] and self.target(case, rule) == target and not is_over

    def look(self) -> None:
        """A pass: what has run out, then what is due."""
        now = self.times.clock()
        for case in self.cases.values():
            if case.bill and case.bill.state == "waiting" and case.bill.due <= now:
                if case.status == Status.MENUNGGU_BAYAR:
                    case.status, case.since, case.bill.state, case.day = Status.KEDALUWARSA, now, "expired", None
                else:
                    case.bill.state = "cancelled"
        for case in self.cases.values():
            for key, older, until in self.due(case, now):
                rule, about, target, _ = key
                if key in self.reminders or (rule not in TASKS and rule != "R_BAYAR" and self.is_night()):
                    continue
                self.reminders[key] = "task" if rule in TASKS else "written"
                for offset in older:
                    self.reminders.setdefault((rule, about, target, offset), "skipped")
                if rule not in TASKS:
                    self.waiting[key] = max(until, now + MINUTE)

    def drain(self) -> None:
        """What waits leaves or ends."""
        now = self.times.clock()
        for key, until in list(self.waiting.items()):
            case = next(
                (one for one in self.cases.values() if key[0] == "R_BAYAR" and one.bill and one.bill.number == key[1]),
                self.cases[key[1] if key[0] != "R_BAYAR" else 1],
            )
            if not self.is_true(key):
                end = "cancelled"
            elif until <= now:
                end = "expired"
            elif case.phone in self.stopped:
                end = "suppressed"
            elif key[0] != "R_BAYAR" and self.is_night():
                continue
            else:
                end = "submitted"
            self.ended[key] = end
            del self.waiting[key]

    def is_night(self) -> bool:
        """Whether what can wait waits."""
        return not time(7) <= self.times.clock().astimezone(PADANG).time() < time(20)
