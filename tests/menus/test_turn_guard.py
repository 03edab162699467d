"""Does the guard of a call prevent a race that happens without it?"""

import threading
from concurrent.futures import ThreadPoolExecutor

from redis import Redis
from sqlalchemy import func, select

from immigration.identity import IdentityTry
from menus.description import Effect, Memory
from menus.desk import EffectKey
from menus.office import OfficeEffects
from menus.sessions import Opened, Sessions
from menus.testing import CallKit
from menus.turn import Turn, Whole
from tests.menus.conftest import BORN, NUMBER, STRANGER, Office

COPIES = 8


class Unguarded(Sessions):
    """The store with its guard off: every copy believes that it alone works on the call."""

    def __init__(self, redis: Redis) -> None:
        super().__init__(redis, resume_seconds=300)
        self._redis = redis

    def open(self, caller: bytes, call: bytes, turn: bytes) -> Opened:
        self._redis.delete(*(key for key in self._redis.scan_iter() if b":lock:" in key))
        found = super().open(caller, call, turn)
        return Opened("held", found.session, found.place, found.token)


class Counting(OfficeEffects):
    """Effects that say how often they were asked for."""

    def __init__(self, office: Office) -> None:
        super().__init__(office.database, office.vault, office.clock, office.outbox, lambda: None)
        self.asked = 0

    def perform(self, key: EffectKey, effect: Effect) -> Memory:
        self.asked += 1
        return super().perform(key, effect)


def _race(kit: CallKit, office: Office) -> tuple[set[str], int]:
    """Eight threads ask for the hop that claims an application; the answers, and how often the effect was begun."""
    call = kit.dial(STRANGER).replies("1").replies(NUMBER)
    text = f"1*{NUMBER}*{BORN}"
    turn = Turn("africastalking", call.session_id, STRANGER, "51010", Whole(text), 160)
    counting = kit.turns._replay._effects = Counting(office)
    ready = threading.Barrier(COPIES)

    def copy(_: int) -> str:
        ready.wait()
        return kit.turns.answer(turn).reply.text

    with ThreadPoolExecutor(COPIES) as threads:
        answers = set(threads.map(copy, range(COPIES)))
    return answers, counting.asked


def test_in_one_process_the_effect_is_begun_once(kit: CallKit, office: Office) -> None:
    answers, asked = _race(kit, office)
    assert len(answers) == 1
    assert asked == 1


def test_without_the_guard_the_race_does_happen_and_the_database_still_counts_once(
    kit: CallKit, office: Office, redis: Redis
) -> None:
    kit.turns._sessions = Unguarded(redis)
    _, asked = _race(kit, office)
    assert asked > 1
    with office.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(IdentityTry)) == 1
