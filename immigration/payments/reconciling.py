"""What did the bank or the treasury see? Their list against the billings on record, in short batches, again at will."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from immigration import written
from immigration.applications.cells import BadCell, paid
from immigration.applications.importing import BATCH, Reject
from immigration.applications.reading import Columns, Row, Shape, read
from immigration.applications.tables import Application, Payment
from immigration.database import Database
from immigration.messages.outbox import Outbox
from immigration.payments.arriving import Arrival, arrive
from immigration.payments.paying import Paid, fault, pay
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

_UNKNOWN: Final = "billing: no application has it"
_DOUBLED: Final = "reference: this billing was paid under another one already"


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
            known = _references(session, told)
        fresh = []
        for one in told:
            if one.billing_hash not in known:
                counts.unknown += 1
                rejects.append(Reject(one.row, _UNKNOWN))
            elif known[one.billing_hash] == one.reference_hash:
                counts.unchanged += 1
            else:
                fresh.append(one)
        if fresh:
            with database.writing() as session:
                rejects += _reconciled(session, desk, fresh, counts)
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


def _references(session: Session, told: Sequence[_Told]) -> dict[bytes, bytes | None]:
    """By billing, of those on record: the reference it was paid under, if it was."""
    query = select(Payment.billing_hash, Payment.reference_hash)
    found = session.execute(query.where(Payment.billing_hash.in_([one.billing_hash for one in told])))
    return {row.billing_hash: row.reference_hash for row in found}


def _reconciled(session: Session, desk: _Desk, fresh: Sequence[_Told], counts: Counts) -> list[Reject]:
    found = _locked(session, [one.billing_hash for one in fresh])
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
        elif payment.paid_at is None and row.id not in arrivals and fault(row, payment, one.paid) is None:
            arrivals[row.id] = Arrival(row, payment, one.paid, one.reference_hash)
            counts.matched += 1
        else:
            others.append(one)
    arrive(session, desk.outbox, list(arrivals.values()), desk.actor, desk.now)
    for one in others:
        payment, result = pay(session, desk.outbox, one.paid, desk.actor, desk.now)
        if result != "disputed":
            counts.matched += 1
        elif one.paid.amount != payment.amount:
            counts.wrong_amount += 1
        else:
            counts.late += 1
    return rejects


def _locked(session: Session, billings: Sequence[bytes]) -> dict[bytes, tuple[Application, Payment]]:
    """Applications before their payments, each in order, so that two lists cannot wait for each other."""
    ids = select(Payment.application_id).where(Payment.billing_hash.in_(billings))
    locked = select(Application).where(Application.id.in_(ids)).order_by(Application.id).with_for_update()
    rows = {row.id: row for row in session.scalars(locked)}
    payments = select(Payment).where(Payment.billing_hash.in_(billings)).order_by(Payment.id).with_for_update()
    return {payment.billing_hash: (rows[payment.application_id], payment) for payment in session.scalars(payments)}


def _leave_task(session: Session, row: Application, payment: Payment, told: Paid, now: datetime) -> None:
    """Once for each second reference, also where the list comes again after an officer has done the task."""
    assert told.reference is not None, "the list has one for each"
    last4 = told.reference[-4:]
    about = f"{payment.id}:{last4}"
    if session.scalar(select(Task.id).where(Task.about == f"payment_disputed:{about}").limit(1)) is not None:
        return
    words = f"application ..{row.number_last4}: {written.rupiah(payment.amount)} paid again, NTPN ..{last4} after "
    words += f"..{payment.reference_last4}: pay one back"
    open_task(session, "payment_disputed", about, words, now, office=row.office, application_id=row.id)
