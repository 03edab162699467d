"""What is remembered, when and how? The one table of rules (domain.md 9.4).

R_JADWAL has its own time of day per office and its own wording for the day itself: `immigration.appointments.reminding`
finds it, in the same pass.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import time, timedelta
from typing import Final, Literal

from immigration.applications.states import Group, Status
from immigration.messages.outbox import Lane
from immigration.offices.catalogue import OfficeFacts

Source = Literal["payment due", "state since", "deadline"]
"""What a rule counts from: a waiting billing's due time; when the state came about; the state's last day."""

_DAY: Final = timedelta(days=1)
_MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True)
class Rule:
    """A kind of reminder.

    `offsets` are counted from the source's moment, negative before it, in order of time. Those of whole days are due at
    `at` in the office's own time. Each makes sense for `valid`, and no longer than until the next.
    """

    code: str
    source: Source
    status: Status | None
    offsets: tuple[timedelta, ...]
    valid: timedelta
    lane: Lane
    waits: bool = True
    at: time | None = None
    # Of these services alone; none: of all.
    group: Group | None = None
    # An officer's task instead of an SMS: what no rule may decide.
    task: str | None = None

    @property
    def by_day(self) -> bool:
        """Whether it counts in days of the office."""
        return self.at is not None


def _days(*days: int) -> tuple[timedelta, ...]:
    return tuple(sorted(day * _DAY for day in days))


_MORNING: Final = time(9, 0)

RULES: Final = (
    Rule(
        "R_BAYAR",
        "payment due",
        None,
        (-60 * _MINUTE, -30 * _MINUTE, -10 * _MINUTE),
        30 * _MINUTE,
        Lane.URGENT,
        waits=False,
    ),
    # Nothing cancels a permit's card that waits at the office.
    Rule(
        "R_AMBIL",
        "state since",
        Status.SIAP_DIAMBIL,
        _days(7, 20, 27),
        2 * _DAY,
        Lane.BULK,
        at=_MORNING,
        group="passport",
    ),
    Rule("R_IZIN", "deadline", Status.IT_TERBIT, _days(-30, -14, -7, -3), 2 * _DAY, Lane.BULK, at=_MORNING),
    Rule("R_LENGKAPI", "deadline", Status.PERLU_LENGKAPI, _days(-3, -1), _DAY, Lane.NORMAL, at=_MORNING),
    Rule("R_HADIR", "deadline", Status.TIDAK_HADIR, _days(-3), 2 * _DAY, Lane.NORMAL, at=_MORNING),
    # The law says "may": a person decides (domain.md 1.5, 9.2).
    Rule(
        "collection over",
        "state since",
        Status.SIAP_DIAMBIL,
        _days(30),
        365 * _DAY,
        Lane.BULK,
        at=_MORNING,
        group="passport",
        task="ready for 30 days and not collected: BATAL_30HARI needs your decision",
    ),
    Rule(
        "no-show over",
        "deadline",
        Status.TIDAK_HADIR,
        _days(1),
        365 * _DAY,
        Lane.BULK,
        at=_MORNING,
        task="did not come within 30 days of paying: DIBATALKAN needs your decision",
    ),
)
"""In the order in which a pass looks: what cannot wait first."""


def rule_named(code: str) -> Rule:
    """The rule of this code. Raises `KeyError`."""
    return {rule.code: rule for rule in RULES}[code]


def offset_words(offset: timedelta) -> str:
    """An offset as officers read it: `-60 min`, `7 d`."""
    return f"{offset // _MINUTE} min" if offset % _DAY else f"{offset // _DAY} d"


def unknown_rules(offices: Iterable[OfficeFacts]) -> list[str]:
    """What office files name that is no rule, a line each."""
    known = {rule.code for rule in RULES}
    return [
        f"{office.code}: reminders: there is no rule {name}; there are {', '.join(sorted(known))}"
        for office in offices
        for name in office.reminders
        if name not in known
    ]


def for_office(rule: Rule, office: OfficeFacts) -> Rule:
    """The rule with the offsets that the office's file gives, where it gives some."""
    told = office.reminders.get(rule.code)
    if told is None:
        return rule
    unit = _DAY if rule.by_day else _MINUTE
    return replace(rule, offsets=tuple(sorted(unit * offset for offset in told)))
