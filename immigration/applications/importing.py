"""How do many applications come in at once? In short batches by the same rule as one, again without changing any."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import bindparam, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from immigration.applications.cells import BadCell, Reading, application_number, record
from immigration.applications.keeping import BillingTaken, keep_payment, known_late
from immigration.applications.reading import Row, Shape, read
from immigration.applications.record import Decision, Kept, Record, decide
from immigration.applications.rows import event_values, kept_of, row_values
from immigration.applications.tables import Application, ApplicationEvent, Payment
from immigration.applications.unlinking import respecting
from immigration.audit import AuditRow
from immigration.bulk import insert_all
from immigration.database import Database
from immigration.payments.checking import look_at
from immigration.vault import Vault

# Short enough that a call never waits long for its turn to write, long enough that the commit costs little.
BATCH: Final = 500
_MAY_BE_BLANK: Final = ("phone", "name", "birth_date", "language", "consent")


@dataclass
class Counts:
    """What an import did, in rows."""

    read: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    rejected: int = 0


@dataclass(frozen=True)
class Reject:
    """A row that stays out, and why; the reason names the field and the fix."""

    row: Row
    reason: str


@dataclass(frozen=True)
class _Named:
    """A row whose application is known by its number, before the rest of it is read."""

    row: Row
    cells: dict[str, str]
    number_hash: bytes
    fingerprint: bytes


@dataclass(frozen=True)
class _Told:
    """A row as read. What its file leaves `blank` says nothing: a known application keeps it."""

    row: Row
    record: Record
    blank: tuple[str, ...]
    number_hash: bytes
    fingerprint: bytes


@dataclass(frozen=True)
class Progress:
    """After a batch: the counts so far and what was rejected in it."""

    counts: Counts
    rejects: tuple[Reject, ...]


def run(
    shape: Shape, database: Database, vault: Vault, reading: Reading, actor: str, *, check: bool = False
) -> Iterator[Progress]:
    """Import the file batch by batch; with `check` everything is judged and nothing kept."""
    counts = Counts()
    for batch in _batches(_named(row, shape.columns, vault) for row in read(shape)):
        counts.read += len(batch)
        rejects = [one for one in batch if isinstance(one, Reject)]
        named = [one for one in batch if isinstance(one, _Named)]
        # Read before the turn to write is taken, and only what is not known to be unchanged.
        with database.reading() as session:
            known = _fingerprints(session, named)
        told: list[_Told] = []
        for one in named:
            if known.get(one.number_hash) == one.fingerprint:
                counts.unchanged += 1
                continue
            try:
                told.append(_read(one, reading))
            except BadCell as fault:
                rejects.append(Reject(one.row, str(fault)))
        if told:
            rejects += _in_turn(database, vault, told, set(known), reading, actor, counts, check=check)
        counts.rejected += len(rejects)
        yield Progress(counts, tuple(sorted(rejects, key=lambda reject: reject.row.line)))


def _in_turn(
    database: Database,
    vault: Vault,
    told: Sequence[_Told],
    known: set[bytes],
    reading: Reading,
    actor: str,
    counts: Counts,
    *,
    check: bool,
) -> list[Reject]:
    """Keep a batch in a transaction of its own; a check takes its turn to write as well, and takes back what it did."""
    for last in (False, True):
        try:
            with database.writing() as session:
                if last:
                    known = set(_fingerprints(session, told))
                rejects = _kept(session, vault, told, known, reading, actor, counts)
                if check:
                    session.rollback()
                return rejects
        except (IntegrityError, BillingTaken):
            # Others wrote meanwhile: who took a number or billing first is known the next time.
            if last:
                raise
    raise AssertionError("the second round returns or raises")


def _named(row: Row, columns: Sequence[str], vault: Vault) -> _Named | Reject:
    if len(row.fields) != len(columns):
        return Reject(row, f"has {len(row.fields)} fields, the header has {len(columns)}")
    cells = {name: text for name, text in zip(columns, row.fields, strict=True) if text}
    try:
        number_hash = vault.lookup("number", application_number(cells))
    except BadCell as fault:
        return Reject(row, str(fault))
    return _Named(row, cells, number_hash, vault.lookup("row", "\x1f".join((*columns, *row.fields))))


def _batches(rows: Iterable[_Named | Reject]) -> Iterator[list[_Named | Reject]]:
    """Rows in batches; a number that comes again waits for the next batch, so that rows are judged in their order."""
    batch: list[_Named | Reject] = []
    numbers: set[bytes] = set()
    for row in rows:
        number = row.number_hash if isinstance(row, _Named) else None
        if len(batch) >= BATCH or number in numbers:
            yield batch
            batch, numbers = [], set()
        batch.append(row)
        if number is not None:
            numbers.add(number)
    if batch:
        yield batch


def _fingerprints(session: Session, rows: Sequence[_Named | _Told]) -> dict[bytes, bytes | None]:
    """By number: the fingerprint of the row that was imported last, of those that are known."""
    query = select(Application.number_hash, Application.fingerprint)
    found = session.execute(query.where(Application.number_hash.in_([row.number_hash for row in rows])))
    return {row.number_hash: row.fingerprint for row in found}


def _read(one: _Named, reading: Reading) -> _Told:
    blank = tuple(name for name in _MAY_BE_BLANK if not one.cells.get(name, "").strip())
    return _Told(one.row, record(one.cells, reading), blank, one.number_hash, one.fingerprint)


def _kept(
    session: Session,
    vault: Vault,
    told: Sequence[_Told],
    known: set[bytes],
    reading: Reading,
    actor: str,
    counts: Counts,
) -> list[Reject]:
    """Judge and keep a batch of rows whose numbers all differ, by which are `known`; those that must stay out."""
    fresh, rejects = _without_taken_billings(session, vault, [one for one in told if one.number_hash not in known])
    _insert(session, vault, fresh, reading, actor)
    counts.new += len(fresh)
    for one in told:
        if one.number_hash not in known:
            continue
        try:
            with session.begin_nested():
                changed = _change(session, vault, one, reading, actor)
        except BillingTaken:
            rejects.append(_taken(one))
            continue
        counts.changed += changed
        counts.unchanged += not changed
    return rejects


def _taken(one: _Told) -> Reject:
    return Reject(one.row, "billing: belongs to another application already")


def _without_taken_billings(session: Session, vault: Vault, told: Sequence[_Told]) -> tuple[list[_Told], list[Reject]]:
    """New applications whose billing is free, and those whose billing another one has."""
    hashes = {
        one.number_hash: vault.lookup("billing", one.record.payment.billing) for one in told if one.record.payment
    }
    if not hashes:
        return list(told), []
    seen = set(session.scalars(select(Payment.billing_hash).where(Payment.billing_hash.in_(hashes.values()))))
    free: list[_Told] = []
    rejects: list[Reject] = []
    for one in told:
        billing = hashes.get(one.number_hash)
        if billing is not None and billing in seen:
            rejects.append(_taken(one))
            continue
        if billing is not None:
            seen.add(billing)
        free.append(one)
    return free, rejects


def _insert(session: Session, vault: Vault, told: Sequence[_Told], reading: Reading, actor: str) -> None:
    if not told:
        return
    now = reading.now
    decisions = {one.number_hash: _decided(None, one.record, reading) for one in told}
    insert_all(
        session,
        Application,
        [
            row_values(vault, decisions[one.number_hash].kept)
            | {"fingerprint": one.fingerprint, "created_at": now, "updated_at": now}
            for one in told
        ],
    )
    made = select(Application.id, Application.number_hash)
    numbers = [one.number_hash for one in told]
    ids = {row.number_hash: row.id for row in session.execute(made.where(Application.number_hash.in_(numbers)))}
    _note(session, vault, told, decisions, ids, actor, now)
    for one in told:
        if one.record.payment is not None:
            keep_payment(session, vault, ids[one.number_hash], one.record.payment, actor, now)
            look_at(session, reading.catalogue, ids[one.number_hash], one.record, actor, now)


def _decided(kept: Kept | None, told: Record, reading: Reading) -> Decision:
    return decide(kept, told, reading.catalogue.service(told.service).group, reading.now)


def _change(session: Session, vault: Vault, one: _Told, reading: Reading, actor: str) -> bool:
    """Bring a known application up to what the row tells; whether that changed anything."""
    found = session.execute(
        select(Application, Payment)
        .join(Payment, (Payment.application_id == Application.id) & Payment.is_current, isouter=True)
        .where(Application.number_hash == one.number_hash)
        .with_for_update(of=Application)
    ).one()
    row, payment = found
    before = kept_of(vault, row, payment)
    told = replace(one.record, **{name: getattr(before.record, name) for name in one.blank})
    told, freed = respecting(vault, row, told)
    decision = _decided(before, told, reading)
    decision = replace(decision, events=tuple(e for e in decision.events if not known_late(session, row.id, e)))
    values: dict[str, Any] = {"fingerprint": one.fingerprint}
    if decision.events:
        values |= row_values(vault, decision.kept) | freed | {"updated_at": reading.now}
    session.execute(
        update(Application)
        .where(Application.id == bindparam("row_id"))
        .values(**values)
        .execution_options(synchronize_session=False),
        {"row_id": row.id},
    )
    if decision.events:
        _note(session, vault, [one], {one.number_hash: decision}, {one.number_hash: row.id}, actor, reading.now)
    after = decision.kept.record.payment
    if after is not None and after != before.record.payment:
        keep_payment(session, vault, row.id, after, actor, reading.now)
        look_at(session, reading.catalogue, row.id, decision.kept.record, actor, reading.now)
    return bool(decision.events)


def _note(
    session: Session,
    vault: Vault,
    told: Sequence[_Told],
    decisions: dict[bytes, Decision],
    ids: dict[bytes, int],
    actor: str,
    now: datetime,
) -> None:
    """Write the events, and who changed whose record."""
    insert_all(
        session,
        ApplicationEvent,
        [
            event_values(vault, event, actor, now) | {"application_id": ids[one.number_hash]}
            for one in told
            for event in decisions[one.number_hash].events
        ],
    )
    insert_all(
        session,
        AuditRow,
        [
            {
                "at": now,
                "actor": actor,
                "action": "changed",
                "through": "import",
                "subject_hash": one.number_hash,
                "subject_last4": one.record.number[-4:],
            }
            for one in told
        ],
    )
