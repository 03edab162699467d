"""`doctor`: is everything there that the product stands on? A line each, and what to do where something is not."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final, Literal

import click
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from gateway import valkey
from gateway.cli.starting import database_fault
from gateway.logs import configure_logging
from gateway.migrate import NewerDatabase, newest_revision, revision_of
from gateway.settings import Settings, SettingsError, load_settings
from gateway.wiring import connect_redis, key_ring
from immigration.appointments import ledger
from immigration.clock import utc_now
from immigration.database import Database
from immigration.keys import NoLookupKey, load_vault
from immigration.messages import channels
from immigration.messages import check as wording
from immigration.messages.texts import FOLDER, BadTemplate, Texts
from immigration.messages.words import officer_words
from immigration.offices.catalogue import load_catalogue
from immigration.vault import BadKeyRing
from menus import check
from workers.clock import is_present
from workers.queues import WORK, queue
from workers.worker import workers_present

_TIMEOUT_S: Final = 5.0
# Events of older slots may be gone already (docs/data.md): their numbers no longer add up.
_SEATS_LOOKED_AT: Final = timedelta(days=300)
_SEATS_NAMED: Final = 20
_UPGRADE: Final = "run `python -m gateway db upgrade`"


@dataclass(frozen=True)
class Finding:
    """What was found of one part. A `note` is worth knowing and no fault: a hop can be answered all the same."""

    kind: Literal["ok", "note", "FAULT"]
    part: str
    words: str

    def __str__(self) -> str:
        return f"{self.kind:5} {self.part}: {self.words}"


@click.command()
def doctor() -> None:
    """Check settings, database, keys, seats, channels, Redis, queue, menus, texts: a line each, exit 1 for a fault."""
    try:
        settings = load_settings()
    except SettingsError as fault:
        for words in fault.faults:
            click.echo(Finding("FAULT", "settings", words))
        raise SystemExit(2) from None
    configure_logging(settings.log_level, "cli")
    faults = 0
    for finding in examine(settings):
        click.echo(finding)
        faults += finding.kind == "FAULT"
    if faults:
        raise SystemExit(1)


def examine(settings: Settings) -> Iterator[Finding]:
    """Every finding, in the order in which one part needs another. Nothing is changed."""
    yield Finding("ok", "settings", f"{settings.gateway_env}, SMS by {settings.sms_channel}")
    for words in settings.warnings:
        yield Finding("note", "settings", words)
    yield from examine_database(settings)
    yield from examine_redis(settings)
    yield from _menus()
    yield from examine_texts(FOLDER)


def examine_database(settings: Settings) -> Iterator[Finding]:
    """What is to be said of the database and of what it holds, as far as it can be opened."""
    try:
        with closing(Database(settings.database_url, timeout_s=_TIMEOUT_S)) as database:
            revision = revision_of(database)
            if revision != newest_revision():
                at = "new and empty" if revision is None else f"at revision {revision}, behind this version"
                yield Finding("FAULT", "database", f"{database.dialect}, {at}: {_UPGRADE}")
                return
            yield Finding("ok", "database", f"{database.dialect}, revision {revision}")
            yield _keys(settings, database)
            yield _reference(settings, database)
            yield from _seats(database)
            yield from _channels(settings, database)
    except NewerDatabase as fault:
        yield Finding("FAULT", "database", str(fault))
    except SQLAlchemyError as fault:
        yield Finding("FAULT", "database", f"cannot be used: {database_fault(fault)}")
    except (OSError, ValueError) as fault:
        yield Finding("FAULT", "database", f"cannot be used: {fault}")


def _keys(settings: Settings, database: Database) -> Finding:
    try:
        load_vault(database, key_ring(settings))
    except (BadKeyRing, NoLookupKey) as fault:
        return Finding("FAULT", "keys", str(fault))
    return Finding("ok", "keys", f"DATA_KEYS opens the database ({len(settings.data_keys)} in the ring)")


def _reference(settings: Settings, database: Database) -> Finding:
    with database.reading() as session:
        catalogue = load_catalogue(session)
    if not catalogue.offices or not catalogue.services:
        return Finding("FAULT", "reference data", f"no offices or services: {_UPGRADE}")
    if settings.office_default not in catalogue.offices:
        there = ", ".join(catalogue.offices)
        return Finding("FAULT", "reference data", f"OFFICE_DEFAULT={settings.office_default} is no office of {there}")
    counts = f"{len(catalogue.offices)} offices, {len(catalogue.services)} services"
    return Finding("ok", "reference data", f"{counts}, calls are for {settings.office_default}")


def _seats(database: Database) -> Iterator[Finding]:
    """Whether each slot's numbers are what its events, holds and visits add up to."""
    with database.reading() as session:
        if database.dialect == "postgresql":
            # Several statements that must see one moment, while others book.
            session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        found = ledger.faults(session, (utc_now() - _SEATS_LOOKED_AT).date())
    for words in found[:_SEATS_NAMED]:
        yield Finding("FAULT", "seats", words)
    if len(found) > _SEATS_NAMED:
        yield Finding("FAULT", "seats", f"{len(found) - _SEATS_NAMED} more lines like these")
    if not found:
        yield Finding("ok", "seats", "each slot's numbers are what its events, holds and visits add up to")


def _channels(settings: Settings, database: Database) -> Iterator[Finding]:
    """A paused channel is no fault of this machine's: its messages wait (as in `/readyz`)."""
    with database.reading() as session:
        paused = [(row.name, row.fault) for row in channels.every(session) if row.paused_at is not None]
    for name, fault in paused:
        words = officer_words(fault) or f"put it right, then `channels resume {name}`"
        yield Finding("note", f"channel {name}", f"paused: {words}")
    opened = [name for name in settings.sms_channels if name not in dict(paused)]
    if opened:
        yield Finding("ok", "channels", f"open: {', '.join(opened)}")


def examine_redis(settings: Settings) -> Iterator[Finding]:
    """What is to be said of Redis and of those who are seen through it."""
    try:
        url = settings.redis_url or valkey.running_in(Path(settings.var_dir))
    except valkey.ValkeyError as fault:
        yield Finding("FAULT", "redis", str(fault))
        return
    if url is None:
        yield Finding("ok", "redis", "embedded: started by `up`, which is not running here")
        return
    try:
        with closing(connect_redis(url, timeout_s=_TIMEOUT_S)) as redis:
            yield _server(redis, embedded=settings.redis_url is None)
            yield from _background(redis)
    except RedisError as fault:
        yield Finding("FAULT", "redis", f"cannot be reached ({type(fault).__name__}): check REDIS_URL and the server")


def _server(redis: Redis, *, embedded: bool) -> Finding:
    version = str(redis.info("server")["redis_version"])
    where = "embedded: started by `up`, " if embedded else ""
    if tuple(int(part) for part in version.split(".")[:2]) < valkey.OLDEST:
        oldest = ".".join(map(str, valkey.OLDEST))
        return Finding("FAULT", "redis", f"{where}version {version}: {oldest} or newer is needed")
    return Finding("ok", "redis", f"{where}version {version}")


def _background(redis: Redis) -> Iterator[Finding]:
    """Calls are answered without worker and clock, so their absence alone is no fault (as in `/readyz`)."""
    waiting = f"{queue(redis).count} jobs wait"
    seen = workers_present(redis, utc_now())
    if seen:
        yield Finding("ok", f"queue {WORK}", f"{seen} workers seen, {waiting}")
    else:
        yield Finding("note", f"queue {WORK}", f"no worker seen, {waiting}: start `python -m gateway worker`")
    if is_present(redis):
        yield Finding("ok", "clock", "seen within the last minute")
    else:
        yield Finding("note", "clock", "not seen: start `python -m gateway clock run`")


def _menus() -> Iterator[Finding]:
    faults = check.faults()
    for words in faults:
        yield Finding("FAULT", "menus", words)
    if not faults:
        yield Finding("ok", "menus", f"every screen fits ({len(check.unreviewed())} Minangkabau texts not reviewed)")


def examine_texts(folder: Path) -> Iterator[Finding]:
    """What the linter of the SMS wording says of this folder."""
    try:
        loaded = Texts.load(folder)
        faults = wording.faults(loaded)
    except BadTemplate as fault:
        faults = [str(fault)]
    for words in faults:
        yield Finding("FAULT", "texts", words)
    if not faults:
        unreviewed = len(wording.unreviewed(loaded))
        yield Finding("ok", "texts", f"each is one SMS ({unreviewed} Minangkabau texts not reviewed)")
