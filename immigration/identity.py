"""May this caller see that application? Birth-date tries, counted in the database so that they survive Redis.

Five failed tries an hour, per caller and per number (issue of trust: a phone alone must not unlock another's case).
A try is known by its call and position, so that a replayed call counts nothing twice and gets the same verdict.
"""

import hmac
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Literal

from sqlalchemy import (
    BigInteger,
    Index,
    Integer,
    LargeBinary,
    String,
    delete,
    func,
    insert,
    or_,
    select,
    text,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from immigration.applications.rows import unsealer
from immigration.applications.tables import Application
from immigration.database import Base, UtcDateTime
from immigration.vault import Vault

WINDOW: Final = timedelta(hours=1)
TRIES: Final = 5
RETENTION: Final = timedelta(days=1)

Verdict = Literal["matched", "refused", "limited"]


class IdentityTry(Base):
    """One try to see an application from another phone. Kept a day, to bound guessing."""

    __tablename__ = "identity_tries"
    __table_args__ = (
        Index("ix_identity_tries_caller_hash_at", "caller_hash", "at"),
        Index("ix_identity_tries_number_hash_at", "number_hash", "at"),
    )

    call: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    caller_hash: Mapped[bytes] = mapped_column(LargeBinary(16))
    # Empty where what was typed looks like a NIK: of that nothing is kept, not even its hash.
    number_hash: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    verdict: Mapped[str] = mapped_column(String(8))
    application_id: Mapped[int | None] = mapped_column(BigInteger)


@dataclass(frozen=True)
class Try:
    """What a caller claims: this number, that birth date."""

    call: bytes
    position: int
    caller_hash: bytes
    number_hash: bytes
    birth_date: date
    like_nik: bool


@dataclass(frozen=True)
class Judgement:
    """What came of a try; the application's id only where it matched."""

    verdict: Verdict
    application_id: int | None


# Compared against where there is no application, so that an unknown number costs the same as a wrong date.
_NOBODY: Final = "0001-01-01"


def attempt(session: Session, vault: Vault, tried: Try, now: datetime) -> Judgement:
    """Count the try and judge it, in a writing session: the same statements whatever comes of it."""
    if session.get_bind().dialect.name == "postgresql":
        # Two calls at once must not both be the fifth; SQLite's writers are one at a time as it is.
        for locked in sorted((tried.caller_hash, tried.number_hash)):
            session.execute(
                text("SELECT pg_advisory_xact_lock(:key)"), {"key": int.from_bytes(locked[:8], signed=True)}
            )
    known = session.execute(
        select(IdentityTry.verdict, IdentityTry.application_id).where(
            IdentityTry.call == tried.call, IdentityTry.position == tried.position
        )
    ).first()
    row = session.scalar(select(Application).where(Application.number_hash == tried.number_hash))
    failures = _failures(session, tried.caller_hash, tried.number_hash, now)
    kept = unsealer(vault, row)("birth_date") if row is not None else None
    matches = hmac.compare_digest(tried.birth_date.isoformat(), kept or _NOBODY)
    own = row is not None and row.phone_hash is not None and hmac.compare_digest(row.phone_hash, tried.caller_hash)
    verdict: Verdict = "refused"
    if failures >= TRIES and not own:
        verdict = "limited"
    elif matches:
        verdict = "matched"
    if known is not None:
        return Judgement(_as_verdict(known.verdict), known.application_id)
    application_id = row.id if row is not None and verdict == "matched" else None
    session.execute(
        insert(IdentityTry).values(
            call=tried.call,
            position=tried.position,
            at=now,
            caller_hash=tried.caller_hash,
            number_hash=None if tried.like_nik and row is None else tried.number_hash,
            verdict=verdict,
            application_id=application_id,
        )
    )
    return Judgement(verdict, application_id)


def _as_verdict(text_: str) -> Verdict:
    return "matched" if text_ == "matched" else "limited" if text_ == "limited" else "refused"


def _failures(session: Session, caller_hash: bytes, number_hash: bytes, now: datetime) -> int:
    """The larger of both counts of refused tries within the hour."""
    since = now - WINDOW
    counts = select(
        func.count().filter(IdentityTry.caller_hash == caller_hash),
        func.count().filter(IdentityTry.number_hash == number_hash),
    ).where(
        IdentityTry.verdict == "refused",
        IdentityTry.at > since,
        or_(IdentityTry.caller_hash == caller_hash, IdentityTry.number_hash == number_hash),
    )
    by_caller, by_number = session.execute(counts).one()
    return max(int(by_caller), int(by_number))


def tries(session: Session, subject_hash: bytes, now: datetime) -> int:
    """How many refused tries this caller or number (by its keyed hash) has within the hour."""
    return _failures(session, subject_hash, subject_hash, now)


def reset(session: Session, subject_hash: bytes) -> int:
    """Forget the tries of this caller or number; how many there were."""
    gone = session.execute(
        delete(IdentityTry)
        .where(or_(IdentityTry.caller_hash == subject_hash, IdentityTry.number_hash == subject_hash))
        .returning(IdentityTry.position)
    )
    return len(gone.all())


def purge(session: Session, now: datetime) -> int:
    """Delete tries past their day; how many went."""
    gone = session.execute(delete(IdentityTry).where(IdentityTry.at < now - RETENTION).returning(IdentityTry.position))
    return len(gone.all())
