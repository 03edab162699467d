"""Who may call the JSON API, and what was answered to a write that may come twice?

A key is 256 random bits, so it is kept as a plain SHA-256: a slow hash (bcrypt, argon2) only makes guessing dearer
where secrets are few enough to be guessed, and would cost every request its time.
"""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, get_args

from sqlalchemy import (
    JSON,
    ForeignKey,
    Integer,
    LargeBinary,
    String,
    delete,
    insert,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from immigration import audit
from immigration.applications.tables import RowId
from immigration.database import Base, Database, UtcDateTime
from immigration.vault import Vault

Scope = Literal["records:read", "records:write", "messages:read", "messages:write"]
SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)

NAME_LENGTH: Final = 60
ANSWERS_KEPT: Final = timedelta(hours=24)
_USE_NOTED_EVERY: Final = timedelta(minutes=1)
_BATCH: Final = 5000


class ApiKey(Base):
    """A key of the back office. The key itself is nowhere; a revoked one stays, for the audit names it."""

    __tablename__ = "api_keys"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    name: Mapped[str] = mapped_column(String(NAME_LENGTH), unique=True)
    key_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    scopes: Mapped[list[str]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class IdempotentAnswer(Base):
    """What a write under an Idempotency-Key was answered, so that its repeat is too. Kept 24 hours.

    Without `status` while the first request's transaction is still open, which nobody else can see.
    """

    __tablename__ = "idempotent_answers"

    api_key_id: Mapped[int] = mapped_column(ForeignKey("api_keys.id"), primary_key=True)
    key_hash: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    request_hash: Mapped[bytes] = mapped_column(LargeBinary(16))
    status: Mapped[int | None] = mapped_column(Integer)
    answer_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    key_id: Mapped[bytes | None] = mapped_column(LargeBinary(4), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


@dataclass(frozen=True)
class Caller:
    """The key behind a request."""

    id: int
    name: str
    scopes: frozenset[str]

    @property
    def actor(self) -> str:
        """How events and the audit name this caller."""
        return f"key:{self.name}"


@dataclass(frozen=True)
class Answer:
    """A status and the body that went with it: JSON, unless `media_type` says what else."""

    status: int
    body: str
    media_type: str | None = None


class BadKeyName(ValueError):
    """A key's name is empty, too long or not printable."""


class KeyNameTaken(Exception):
    """There is a key of this name, perhaps a revoked one: names are not given twice, for the audit's sake."""


class UnknownKey(Exception):
    """No such key, or it was revoked."""


class KeyReused(Exception):
    """This Idempotency-Key came with another request before."""


def as_scope(text: str) -> Scope:
    """A scope of ours. Raises `ValueError` naming those that there are."""
    if text not in SCOPES:
        raise ValueError(f"scope: write one of {', '.join(SCOPES)}")
    return text


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()


def create(session: Session, name: str, scopes: Iterable[Scope], actor: str, now: datetime) -> str:
    """Make a key and return it, the only time that it can be seen. Raises `BadKeyName`, `KeyNameTaken`."""
    if not name.strip() or len(name) > NAME_LENGTH or not name.isprintable():
        raise BadKeyName(f"name: write 1 to {NAME_LENGTH} printable characters")
    if session.scalar(select(ApiKey.id).where(ApiKey.name == name)) is not None:
        raise KeyNameTaken(f"there is a key named {name} already: choose another name")
    key = secrets.token_urlsafe(32)
    session.execute(insert(ApiKey).values(name=name, key_hash=_hash(key), scopes=sorted(set(scopes)), created_at=now))
    audit.note(session, at=now, actor=actor, action="key_created", through="cli")
    return key


def revoke(session: Session, name: str, actor: str, now: datetime) -> None:
    """Make the key of this name useless from now on; twice is once. Raises `UnknownKey`."""
    row = session.scalar(select(ApiKey).where(ApiKey.name == name))
    if row is None:
        raise UnknownKey(f"there is no key named {name}")
    if row.revoked_at is None:
        row.revoked_at = now
        audit.note(session, at=now, actor=actor, action="key_revoked", through="cli")


def listed(session: Session) -> list[ApiKey]:
    """Every key that was ever made, oldest first."""
    return list(session.scalars(select(ApiKey).order_by(ApiKey.id)))


def find(session: Session, key: str) -> ApiKey:
    """The row of this key. Raises `UnknownKey`."""
    row = session.scalar(select(ApiKey).where(ApiKey.key_hash == _hash(key), ApiKey.revoked_at.is_(None)))
    if row is None:
        raise UnknownKey("no such key")
    return row


def use(database: Database, key: str, now: datetime) -> Caller:
    """Who calls with this key. Its last use is written at most once a minute, so that reads stay reads.

    Raises `UnknownKey`.
    """
    with database.reading() as session:
        row = find(session, key)
    noted = now - _USE_NOTED_EVERY
    if row.last_used_at is None or row.last_used_at <= noted:
        with database.writing() as session:
            session.execute(
                update(ApiKey)
                .where(ApiKey.id == row.id, or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at <= noted))
                .values(last_used_at=now)
            )
    return Caller(row.id, row.name, frozenset(row.scopes))


def answer_about(api_key_id: int, key_hash: bytes) -> str:
    """The associated data of a kept answer."""
    return f"idempotent_answers.answer:{api_key_id}:{key_hash.hex()}"


def claim(
    session: Session, vault: Vault, caller: Caller, idempotency_key: str, request: str, now: datetime
) -> Answer | None:
    """Claim an Idempotency-Key for this request, or get the answer that its first copy got; none: go and do it.

    The claim stands or falls with the caller's transaction. A copy that comes meanwhile waits for it: on PostgreSQL
    at the unique row, on SQLite for its turn to write. Raises `KeyReused`.
    """
    key_hash = vault.lookup("idempotency", idempotency_key)
    request_hash = vault.lookup("request", request)
    mine = (IdempotentAnswer.api_key_id == caller.id, IdempotentAnswer.key_hash == key_hash)
    session.execute(delete(IdempotentAnswer).where(*mine, IdempotentAnswer.at <= now - ANSWERS_KEPT))
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    claimed = session.execute(
        dialect.insert(IdempotentAnswer)
        .values(api_key_id=caller.id, key_hash=key_hash, request_hash=request_hash, at=now)
        .on_conflict_do_nothing()
        .returning(IdempotentAnswer.at)
    )
    if claimed.first() is not None:
        return None
    kept = session.scalars(select(IdempotentAnswer).where(*mine)).one()
    if kept.request_hash != request_hash:
        raise KeyReused
    assert kept.status is not None
    assert kept.answer_sealed is not None
    return Answer(kept.status, vault.unseal(kept.answer_sealed, answer_about(caller.id, key_hash)))


def keep_answer(session: Session, vault: Vault, caller: Caller, idempotency_key: str, answer: Answer) -> None:
    """Keep what a claimed request is answered, in the transaction of the claim."""
    key_hash = vault.lookup("idempotency", idempotency_key)
    session.execute(
        update(IdempotentAnswer)
        .where(IdempotentAnswer.api_key_id == caller.id, IdempotentAnswer.key_hash == key_hash)
        .values(
            status=answer.status,
            answer_sealed=vault.seal(answer.body, answer_about(caller.id, key_hash)),
            key_id=vault.ring.newest_id,
        )
    )


def purge_answers(session: Session, now: datetime) -> int:
    """Delete a batch of answers past their 24 hours; how many went."""
    identity = (IdempotentAnswer.api_key_id, IdempotentAnswer.key_hash)
    old = list(session.execute(select(*identity).where(IdempotentAnswer.at <= now - ANSWERS_KEPT).limit(_BATCH)))
    if old:
        session.execute(delete(IdempotentAnswer).where(tuple_(*identity).in_(old)))
    return len(old)
