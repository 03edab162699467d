"""How is the dialogue put together? Screens, wording, machine, store and office, from what the process has."""

import hashlib
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Final

from redis import Redis

from immigration.clock import Clock
from immigration.database import Database
from immigration.messages.outbox import Outbox
from immigration.vault import Vault
from menus.description import Say, Verbatim
from menus.machine import Machine, Reply
from menus.office import OfficeDesk, OfficeEffects
from menus.sessions import Sessions
from menus.topics import SCREENS
from menus.turns import Turns
from menus.wording import Wording

_TOPICS: Final = ("main", "status", "visits", "own_visit", "waiting", "pay", "fees", "hours", "language")


def screens_declared() -> None:
    """Have every topic declare its screens."""
    for topic in _TOPICS:
        import_module(f"menus.topics.{topic}")


def menu_version() -> str:
    """Names the screens as they are now: any change of theirs is another version, and open calls are told apart."""
    digest = hashlib.sha256()
    for file in sorted((Path(__file__).parent / "topics").glob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def build_machine(keyed: Callable[[str, str], bytes], wording: Wording | None = None) -> Machine:
    """The machine over all screens."""
    screens_declared()
    return Machine(SCREENS.by_name, wording or Wording.load(), menu_version(), keyed)


def build_turns(
    *,
    database: Database,
    vault: Vault,
    redis: Redis,
    clock: Clock,
    office_code: str,
    ussd_code: str,
    resume_seconds: int,
    outbox: Outbox,
    heard: Callable[[], None],
) -> Turns:
    """The whole dialogue over a migrated database and a Redis; `heard` is told when a message was written."""
    machine = build_machine(vault.lookup)
    return Turns(
        machine=machine,
        sessions=Sessions(redis, resume_seconds),
        desk=OfficeDesk(database, vault, clock, office_code, outbox.catalogue),
        effects=OfficeEffects(database, vault, clock, outbox, heard),
        database=database,
        vault=vault,
        clock=clock,
        busy=partial(_safe, machine.wording, "busy", ussd_code),
    )


def safe_words(ussd_code: str) -> tuple[Reply, Reply, Reply]:
    """What is said where nothing is known of the caller: busy, unavailable, unreadable."""
    wording = Wording.load()
    busy, unavailable, unreadable = (_safe(wording, key, ussd_code) for key in ("busy", "unavailable", "unreadable"))
    return busy, unavailable, unreadable


def _safe(wording: Wording, key: str, ussd_code: str) -> Reply:
    return Reply(wording.say(Say(key, {"code": Verbatim(ussd_code)}), "id"), more=False)
