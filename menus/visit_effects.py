"""What does a call do to visits? It holds, books, moves and cancels, each once per call and position.

What came of an effect is read from the database where it happened before. A replay draws its screens anew, and they may
be others than the caller saw (architecture fact 3): where what was typed to them would bind the caller, the question is
put once more. From then on the call is known to have been asked (menus/starts.py).
"""

from collections.abc import Callable
from datetime import date, datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from immigration.appointments import alerts, booking, changing, seats, telling, waiting
from immigration.appointments.booking import AlreadyBooked, Wish
from immigration.appointments.calendar import earliest_start, rules_of
from immigration.appointments.changing import NoSuchVisit, NotMovable
from immigration.appointments.seats import By, SlotGone, TooManyHolds
from immigration.appointments.tables import SeatEvent, Waiting
from immigration.calls import first_time
from immigration.clock import Clock
from immigration.contacts import know
from immigration.database import Database
from immigration.messages.outbox import Outbox
from immigration.offices.catalogue import OfficeFacts
from immigration.offices.visit_rules import as_lane
from menus.description import Effect, Memory
from menus.desk import EffectKey

KINDS: Final = frozenset(
    {"hold_seat", "book_visit", "move_visit", "cancel_visit", "take_offer", "refuse_offer", "wait", "alert"}
)
_BY: Final = By("citizen", "ussd")


class VisitEffects:
    """Effects on visits over the database. What they leave to remember: `why` is none where it was done."""

    def __init__(self, database: Database, clock: Clock, outbox: Outbox, heard: Callable[[], None]) -> None:
        self._database = database
        self._clock = clock
        self._outbox = outbox
        self._heard = heard

    def perform(self, key: EffectKey, effect: Effect) -> Memory:
        """Do it, or find it done; what the call should remember of it."""
        values, now = effect.values, self._clock()
        match effect.kind:
            case "hold_seat":
                return self._hold(key, values, now)
            case "book_visit":
                return self._book(key, values, now)
            case "move_visit":
                return self._move(key, values, now)
            case "cancel_visit":
                return self._cancel(key, values["visit"], now)
            case "take_offer":
                return self._take(key, values, now)
            case "refuse_offer":
                return self._refuse(key, values, now)
            case "wait":
                return self._wait(key, values, now)
            case "alert":
                return self._alert(key, values["office"], now)
        raise ValueError(f"no effect on visits is named {effect.kind}")

    def _hold(self, key: EffectKey, values: Memory, now: datetime) -> Memory:
        """Hold the seat; `slot` is the one that this very input took, whatever the list says by now."""
        office = self._office(values)
        try:
            with self._database.writing() as session:
                if not first_time(session, key.call, key.position, now):
                    return _held(session, key, "gone")
                know(session, self._outbox.vault, key.phone, now)
                seats.hold(
                    session,
                    key.caller,
                    values["about"],
                    values["slot"],
                    rules_of(office),
                    now,
                    earliest_start(office, now),
                    _BY,
                    key.occasion,
                )
                return {"slot": values["slot"], "why": None}
        except (SlotGone, TooManyHolds) as fault:
            why = "many" if isinstance(fault, TooManyHolds) else "gone"
        with self._database.writing() as session:
            # What was answered stays so, even if the seat becomes free again before a replay.
            first_time(session, key.call, key.position, now)
            return _held(session, key, why)

    def _book(self, key: EffectKey, values: Memory, now: datetime) -> Memory:
        """Book the seat that this call was shown and holds."""
        wish = self._wish(key, values)
        try:
            with self._database.writing() as session:
                visit = booking.book_held(session, self._outbox, wish, now, _BY, values["slot"])
        except SlotGone:
            return {"visit": None, "why": "gone"}
        except AlreadyBooked as fault:
            return {"visit": fault.visit_id, "why": "already"}
        self._heard()
        return {"visit": visit.id, "why": None}

    def _move(self, key: EffectKey, values: Memory, now: datetime) -> Memory:
        """Move the visit to the seat that this call was shown and holds for it."""
        visit_id, slot_id = values["visit"], values["slot"]
        try:
            with self._database.writing() as session:
                know(session, self._outbox.vault, key.phone, now)
                visit = changing.owned(session, visit_id, key.caller)
                if _event(session, key) is None:
                    held = seats.hold_of(session, key.caller, f"move:{visit_id}")
                    if held is None or held.slot_id != slot_id:
                        raise SlotGone
                    changing.movable(session, visit, self._outbox.catalogue().office(visit.office), now)
                    if not changing.move(session, self._outbox, visit, slot_id, key.occasion, now, _BY):
                        seats.release(session, held, now, _BY)
                        return {"why": "same"}
        except SlotGone:
            return {"why": "gone"}
        except NoSuchVisit:
            return {"why": "over"}
        except NotMovable as fault:
            return {"why": fault.why}
        self._heard()
        return {"why": None}

    def _cancel(self, key: EffectKey, visit_id: int, now: datetime) -> Memory:
        try:
            with self._database.writing() as session:
                know(session, self._outbox.vault, key.phone, now)
                visit = changing.owned(session, visit_id, key.caller)
                if _event(session, key) is None:
                    if key.replayed:
                        return {"why": "again"}
                    if not changing.cancel_visit(session, self._outbox, visit, key.occasion, now, _BY):
                        return {"why": "over"}
        except NoSuchVisit:
            return {"why": "over"}
        self._heard()
        return {"why": None}

    def _take(self, key: EffectKey, values: Memory, now: datetime) -> Memory:
        """Book what was offered, if it is still the same offer."""
        try:
            with self._database.writing() as session:
                know(session, self._outbox.vault, key.phone, now)
                visit = booking.told_before(session, key.occasion)
                if visit is None:
                    entry = _offered(session, key, values, now)
                    if key.replayed:
                        return {"visit": None, "why": "again"}
                    visit = waiting.accept(session, self._outbox, entry, key.phone, key.occasion, now, _BY)
        except SlotGone:
            return {"visit": None, "why": "late"}
        except AlreadyBooked as fault:
            return {"visit": fault.visit_id, "why": "already"}
        self._heard()
        return {"visit": visit.id, "why": None}

    def _refuse(self, key: EffectKey, values: Memory, now: datetime) -> Memory:
        try:
            with self._database.writing() as session:
                know(session, self._outbox.vault, key.phone, now)
                entry = _offered(session, key, values, now)
                if key.replayed:
                    return {"why": "again"}
                waiting.decline(session, entry, now, _BY)
        except SlotGone:
            return {"why": "late"}
        return {"why": None}

    def _wait(self, key: EffectKey, values: Memory, now: datetime) -> Memory:
        with self._database.writing() as session:
            know(session, self._outbox.vault, key.phone, now)
            entry = waiting.join(
                session,
                self._office(values),
                key.caller,
                as_lane(values["lane"]),
                values["service"],
                values["app"],
                date.fromisoformat(values["first"]),
                date.fromisoformat(values["last"]),
                now,
            )
            telling.waits(session, self._outbox, entry, key.phone, now)
            until = entry.last_day
        self._heard()
        return {"until": until.isoformat()}

    def _alert(self, key: EffectKey, office: str, now: datetime) -> Memory:
        with self._database.writing() as session:
            know(session, self._outbox.vault, key.phone, now)
            alerts.want(session, key.caller, self._outbox.catalogue().office(office), True, now)
        return {}

    def _office(self, values: Memory) -> OfficeFacts:
        return self._outbox.catalogue().office(values["office"])

    def _wish(self, key: EffectKey, values: Memory) -> Wish:
        lane = as_lane(values["lane"])
        return Wish(key.occasion, self._office(values), key.phone, lane, values["service"], values["app"])


def _held(session: Session, key: EffectKey, why: str) -> Memory:
    """The seat that was held by this very input."""
    slot_id = session.scalar(select(SeatEvent.slot_id).where(SeatEvent.occasion == key.occasion))
    return {"slot": slot_id, "why": why if slot_id is None else None}


def _event(session: Session, key: EffectKey) -> str | None:
    return session.scalar(select(SeatEvent.kind).where(SeatEvent.occasion == key.occasion))


def _offered(session: Session, key: EffectKey, values: Memory, now: datetime) -> Waiting:
    """The place on the list whose offer this answers. Raises `SlotGone` where the offer is over."""
    entry = session.get(Waiting, values["entry"], with_for_update=True)
    if entry is None or entry.phone_hash != key.caller or entry.slot_id != values["slot"]:
        raise SlotGone
    if entry.state != "offered" or entry.offered_until is None or entry.offered_until <= now:
        raise SlotGone
    return entry
