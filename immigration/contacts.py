"""Whom do we write to, and what did they agree to? A row per phone, and each choice with time, channel and wording."""

from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final, Literal

from sqlalchemy import Boolean, Index, LargeBinary, String, bindparam, delete, insert, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from immigration.applications.tables import RowId
from immigration.database import Base, UtcDateTime, upsert_of
from immigration.vault import Vault

Category = Literal["reminders"]
"""What a choice is about. News of a running application is no choice: it ends with the application or with HAPUS."""

CHOICES_KEPT: Final = timedelta(days=730)
BATCH: Final = 2000


class Contact(Base):
    """A phone that we write to or that wrote to us. Kept while a message or an application needs it."""

    __tablename__ = "contacts"

    phone_hash: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    phone_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    key_id: Mapped[bytes] = mapped_column(LargeBinary(4), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    # When the privacy text of the first contact was written (R_PRIVASI), as which message, and whether it was answered.
    privacy_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    greeting_id: Mapped[int | None] = mapped_column(RowId)
    privacy_answered: Mapped[bool] = mapped_column(Boolean)
    # The latest choice; none: never asked, so the record's consent decides.
    reminders: Mapped[bool | None] = mapped_column(Boolean)
    # Asked to be forgotten: goes once the last answer is out.
    erasing_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)


class Choice(Base):
    """One choice of a person: for or against, when, by which channel, under which wording. Append-only proof."""

    __tablename__ = "choices"
    __table_args__ = (Index("ix_choices_phone_hash_id", "phone_hash", "id"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    phone_hash: Mapped[bytes] = mapped_column(LargeBinary(16))
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    category: Mapped[str] = mapped_column(String(10))
    agreed: Mapped[bool] = mapped_column(Boolean)
    # sms | ussd | aggregator | cli
    channel: Mapped[str] = mapped_column(String(10))
    # Template and version of the text that was answered; a screen's name over USSD.
    wording: Mapped[str] = mapped_column(String(40))


def phone_about(phone_hash: bytes) -> str:
    """The associated data of a contact's sealed phone."""
    return f"contacts.phone:{phone_hash.hex()}"


def know(session: Session, vault: Vault, phone: str, now: datetime) -> bytes:
    """Have a contact for this phone (E.164), locked for this transaction; its keyed hash.

    What was chosen once holds for a contact that was let go in between, too.
    """
    phone_hash = vault.lookup("phone", phone)
    session.execute(
        _known(session.get_bind().dialect.name),
        {
            "whose": phone_hash,
            "sealed": vault.seal(phone, phone_about(phone_hash)),
            "key": vault.ring.newest_id,
            "now": now,
        },
    )
    return phone_hash


@cache
def _known(dialect: str) -> Any:
    """Put together once: every booking and every message begins with it."""
    asked = (Choice.phone_hash == bindparam("whose"), Choice.category == "reminders")
    chosen = select(Choice.agreed).where(*asked).order_by(Choice.id.desc()).limit(1)
    now = bindparam("now", type_=UtcDateTime())
    return (
        upsert_of(dialect, Contact)
        .values(
            phone_hash=bindparam("whose"),
            phone_sealed=bindparam("sealed"),
            key_id=bindparam("key"),
            created_at=now,
            used_at=now,
            privacy_answered=False,
            reminders=chosen.scalar_subquery(),
        )
        .on_conflict_do_update(index_elements=["phone_hash"], set_={"used_at": now, "erasing_at": None})
    )


def phone_of(vault: Vault, contact: Contact) -> str:
    """The phone in E.164. Raises `Unreadable`."""
    return vault.unseal(contact.phone_sealed, phone_about(contact.phone_hash))


def choose(
    session: Session,
    phone_hash: bytes,
    category: Category,
    agreed: bool,
    channel: str,
    wording: str,
    now: datetime,
) -> None:
    """Keep a choice; it holds from now on, for messages that wait as well. The contact is known already.

    It answers the privacy question where that was asked, and not one that is still to come.
    """
    session.execute(
        insert(Choice).values(
            phone_hash=phone_hash, at=now, category=category, agreed=agreed, channel=channel, wording=wording[:40]
        )
    )
    session.execute(
        update(Contact)
        .where(Contact.phone_hash == phone_hash)
        .values(privacy_answered=Contact.privacy_at.is_not(None), reminders=agreed)
        .execution_options(synchronize_session=False)
    )


def choices_of(session: Session, phone_hash: bytes) -> list[Choice]:
    """Every choice of this phone, oldest first."""
    return list(session.scalars(select(Choice).where(Choice.phone_hash == phone_hash).order_by(Choice.id)))


def purge_choices(session: Session, now: datetime) -> int:
    """Delete a batch of choices that prove nothing any more: two years old."""
    old = select(Choice.id).where(Choice.at < now - CHOICES_KEPT).order_by(Choice.id).limit(BATCH)
    ids = list(session.scalars(old))
    if ids:
        session.execute(delete(Choice).where(Choice.id.in_(ids)))
    return len(ids)
