"""What did the bank or the treasury see? Their list against the billings on record, in short batches, again at will."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Row as Found
from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from immigration import written
from immigration.applications.cells import BadCell, paid
from immigration.applications.importing import Reject
from immigration.applications.reading import Columns, Row, Shape, read
from immigration.applications.tables import Payment
from immigration.database import Database
from immigration.messages.outbox import Outbox
from immigration.payments.arriving import Arrival, arrive, arrives_plainly
from immigration.payments.owed import Applied, Billed, locked_all
from immigration.payments.paying import Paid, pay
from immigration.tasks import Task, open_task
from immigration.vault import Vault

COLUMNS: Final = Columns(
    {
        "billing": ("kode_billing",),
        "amount": ("jumlah",),
        "paid_at": ("tanggal_bayar", "dibayar"),
        "reference": ("ntpn",),
    },
    ("billing", "amount", "paid_at", "reference"),
)
"""What a list of payments holds; each of it is needed."""

BATCH: Final = 1000
"""Rows of a transaction: no longer a turn to write than an import's, for a row of this list costs less."""

_UNKNOWN: Final = "billing: no application has it"
_DOUBLED: Final = "reference: this billing was paid under another one already"


_ON_RECORD: Final = select(Payment.id, Payment.application_id, Payment.billing_hash, Payment.reference_hash).where(
    Payment.billing_hash.in_(bindparam("billings", expanding=True))
)


@dataclass
class Counts:
    """What became of a list, in rows."""

    read: int = 0
    matched: int = 0
    late: int = 0
    wrong_amount: int = 0
    unknown: int = 0
    doubled: int = 0
    unchanged: int = 0
    rejected: int = 0


@dataclass(frozen=True)
class Progress:
    """After a batch: the counts so far and the rows of it that stay out."""

    counts: Counts
    rejects: tuple[Reject, ...]


@dataclass(frozen=True)
class _Told:
    row: Row
    paid: Paid
    billing_hash: bytes
    reference_hash: bytes


@dataclass(frozen=True)
class _Desk:
    """What a list is read with, and who reads it."""

    outbox: Outbox
    actor: str
    now: datetime
    zone: ZoneInfo


def run(
    shape: Shape,
    database: Database,
    outbox: Outbox,
    actor: str,
    now: datetime,
    zone: ZoneInfo,
    *,
    check: bool = False,
) -> Iterator[Progress]:
    """Reconcile the list batch by batch; with `check` everything is judged and nothing kept.

    A time without a zone is in `zone`. Raises the database's errors.
    """
    counts, desk = Counts(), _Desk(outbox, actor, now, zone)
    for batch in _batches(_told(row, shape.columns, desk) for row in read(shape)):
        counts.read += len(batch)
        rejects = [one for one in batch if isinstance(one, Reject)]
        counts.rejected += len(rejects)
        told = [one for one in batch if isinstance(one, _Told)]
        # Judged before the turn to write is taken: a list that comes again costs no turn.
        with database.reading() as session:
            known = _known(session, told)
        fresh: list[_Told] = []
        payments: dict[int, int] = {}
        for one in told:
            payment = known.get(one.billing_hash)
            if payment is None:
                counts.unknown += 1
                rejects.append(Reject(one.row, _UNKNOWN))
            elif payment.reference_hash == one.reference_hash:
                counts.unchanged += 1
            else:
                fresh.append(one)
                payments[payment.id] = payment.application_id
        if fresh:
            with database.writing() as session:
                rejects += _reconciled(session, desk, fresh, locked_all(session, payments), counts)
                if check:
                    session.rollback()
        yield Progress(counts, tuple(sorted(rejects, key=lambda reject: reject.row.line)))


def _told(row: Row, columns: Sequence[str], desk: _Desk) -> _Told | Reject:
    if len(row.fields) != len(columns):
        return Reject(row, f"has {len(row.fields)} fields, the header has {len(columns)}")
    try:
        told = paid(dict(zip(columns, row.fields, strict=True)), desk.now, desk.zone)
    except BadCell as fault_:
        return Reject(row, str(fault_))
    vault: Vault = desk.outbox.vault
    assert told.reference is not None, "the list has one for each"
    return _Told(row, told, vault.lookup("billing", told.billing), vault.lookup("reference", told.reference))


def _batches(rows: Iterable[_Told | Reject]) -> Iterator[list[_Told | Reject]]:
    """Rows in batches; a billing that comes again waits for the next, so that the first is on record by then."""
    batch: list[_Told | Reject] = []
    billings: set[bytes] = set()
    for row in rows:
        billing = row.billing_hash if isinstance(row, _Told) else None
        if len(batch) >= BATCH or billing in billings:
            yield batch
            batch, billings = [], set()
        batch.append(row)
        if billing is not None:
            billings.add(billing)
    if batch:
        yield batch


def _known(session: Session, told: Sequence[_Told]) -> dict[bytes, Found[int, int, bytes, bytes | None]]:
    """By billing, of those on record: which payment of which application, and the reference it was paid under."""
    found = session.execute(_ON_RECORD, {"billings": [one.billing_hash for one in told]})
    return {row.billing_hash: row for row in found}


def _reconciled(
    session: Session,
    desk: _Desk,
    fresh: Sequence[_Told],
    found: Mapping[bytes, tuple[Applied, Billed]],
    counts: Counts,
) -> list[Reject]:
    rejects: list[Reject] = []
    arrivals: dict[int, Arrival] = {}
    others: list[_Told] = []
    for one in fresh:
        row, payment = found[one.billing_hash]
        if payment.reference_hash not in (None, one.reference_hash):
            counts.doubled += 1
            rejects.append(Reject(one.row, _DOUBLED))
            _leave_task(session, row, payment, one.paid, desk.now)
        elif payment.reference_hash is not None:
            counts.unchanged += 1
        elif row.id not in arrivals and arrives_plainly(row, payment, one.paid, desk.now):
            arrivals[row.id] = Arrival(row, payment, one.paid, one.reference_hash)
            counts.matched += 1
        else:
            others.append(one)
    arrive(session, desk.outbox, list(arrivals.values()), desk.actor, desk.now)
    for one in others:
        kept, result = pay(session, desk.outbox, one.paid, desk.actor, desk.now)
        if result != "disputed":
            counts.matched += 1
        elif one.paid.amount != kept.amount:
            counts.wrong_amount += 1
        else:
            counts.late += 1
    return rejects


def _leave_task(session: Session, row: Applied, payment: Billed, told: Paid, now: datetime) -> None:
    """Once for each second reference, also where the list comes again after an officer has done the task."""
    assert told.reference is not None, "the list has one for each"
    last4 = told.reference[-4:]
    about = f"{payment.id}:{last4}"
    if session.scalar(select(Task.id).where(Task.about == f"payment_disputed:{about}").limit(1)) is not None:
        return
    words = f"application ..{row.number_last4}: {written.rupiah(payment.amount)} paid again, NTPN ..{last4} after "
    words += f"..{payment.reference_last4}: pay one back"
    open_task(session, "payment_disputed", about, words, now, office=row.office, application_id=row.id)
