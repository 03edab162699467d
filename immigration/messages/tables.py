"""How are messages, what became of them, and the ways they leave by kept? (docs/data.md says why and how long.)"""

from datetime import date, datetime

from sqlalchemy import Boolean, Date, ForeignKey, Index, Integer, LargeBinary, SmallInteger, String, text
from sqlalchemy.orm import Mapped, mapped_column

from immigration.applications.tables import RowId
from immigration.database import Base, UtcDateTime


class Message(Base):
    """One SMS of ours, written in the transaction of what it is about.

    `occasion` makes a repeat of the same news no second message. The phone is a reference to `contacts`; where the
    message belongs to an application, the number on record when it leaves decides. `rank` orders the states
    (`immigration.messages.states`), `lease` and `lease_until` say whose it is while it is claimed.
    """

    __tablename__ = "messages"
    __table_args__ = (
        # What a worker takes next, per lane; finished rows are not in it, so it stays small.
        Index(
            "ix_messages_queued",
            "lane",
            "due_at",
            "id",
            sqlite_where=text("state = 'queued'"),
            postgresql_where=text("state = 'queued'"),
        ),
        # What a killed worker left behind.
        Index(
            "ix_messages_leased",
            "lease_until",
            sqlite_where=text("lease_until IS NOT NULL"),
            postgresql_where=text("lease_until IS NOT NULL"),
        ),
        # What nobody could tell of, for reports that come late.
        Index(
            "ix_messages_unknown",
            "phone_hash",
            sqlite_where=text("state = 'unknown'"),
            postgresql_where=text("state = 'unknown'"),
        ),
        Index("ix_messages_phone_hash_submitting_at", "phone_hash", "submitting_at"),
        Index("ix_messages_phone_hash_id", "phone_hash", "id"),
        Index("ix_messages_application_id_id", "application_id", "id"),
        Index("ix_messages_aggregator_id", "aggregator_id"),
        Index("ix_messages_created_at", "created_at"),
        # Texts that are to be forgotten one day.
        Index(
            "ix_messages_texts",
            "created_at",
            sqlite_where=text("body_sealed IS NOT NULL"),
            postgresql_where=text("body_sealed IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    uid: Mapped[bytes] = mapped_column(LargeBinary(16), unique=True)
    occasion: Mapped[str] = mapped_column(String(80), unique=True)
    application_id: Mapped[int | None] = mapped_column(ForeignKey("applications.id"))
    phone_hash: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    office: Mapped[str] = mapped_column(ForeignKey("offices.code"))
    # 0 urgent, 1 normal, 2 bulk
    lane: Mapped[int] = mapped_column(SmallInteger)
    # case | reminder | reply | privacy
    category: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str] = mapped_column(String(30))
    # Keeps quiet hours, also where it is late for another reason.
    waits: Mapped[bool] = mapped_column(Boolean)
    template: Mapped[str] = mapped_column(String(40))
    template_version: Mapped[str] = mapped_column(String(8))
    language: Mapped[str] = mapped_column(String(3))
    body_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    key_id: Mapped[bytes | None] = mapped_column(LargeBinary(4), index=True)
    segments: Mapped[int] = mapped_column(SmallInteger)
    state: Mapped[str] = mapped_column(String(10))
    rank: Mapped[int] = mapped_column(SmallInteger)
    fault: Mapped[str | None] = mapped_column(String(40))
    # The first contact's privacy text goes before this one.
    after_id: Mapped[int | None] = mapped_column(RowId)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    lease: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(SmallInteger)
    channel: Mapped[str | None] = mapped_column(String(20))
    aggregator_id: Mapped[str | None] = mapped_column(String(100))
    submitting_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    submitted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class MessageEvent(Base):
    """One input about a message: an answer, a report, an officer's act. Append-only.

    A report that fits no message waits here (`message_id` none) until one appears.
    """

    __tablename__ = "message_events"
    __table_args__ = (
        # Two indexes that share no row, each led by the same column: left to choose, SQLite takes the wrong one.
        Index(
            "ix_message_events_message_id_id",
            "message_id",
            "id",
            sqlite_where=text("message_id IS NOT NULL"),
            postgresql_where=text("message_id IS NOT NULL"),
        ),
        # What is let go with a phone.
        Index(
            "ix_message_events_phone_hash",
            "phone_hash",
            sqlite_where=text("phone_hash IS NOT NULL"),
            postgresql_where=text("phone_hash IS NOT NULL"),
        ),
        Index(
            "ix_message_events_unmatched",
            "message_id",
            "aggregator_id",
            sqlite_where=text("message_id IS NULL"),
            postgresql_where=text("message_id IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    message_id: Mapped[int | None] = mapped_column(ForeignKey("messages.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    # answer | report | lease | check | officer
    source: Mapped[str] = mapped_column(String(10))
    # What it says of the message's state; none: words that we do not know.
    state: Mapped[str | None] = mapped_column(String(10))
    fault: Mapped[str | None] = mapped_column(String(40))
    channel: Mapped[str | None] = mapped_column(String(20))
    aggregator_id: Mapped[str | None] = mapped_column(String(100))
    phone_hash: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    # The aggregator's own words, cut short; or who did it.
    word: Mapped[str] = mapped_column(String(80))


class Channel(Base):
    """The state of a way out: paused for a fault of its own, held off for a while, low on credit."""

    __tablename__ = "channels"

    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    paused_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    fault: Mapped[str | None] = mapped_column(String(40))
    held_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    balance: Mapped[str | None] = mapped_column(String(40))
    balance_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SpendDay(Base):
    """How many segments an office has sent on a day of its own zone, for the cap on spending."""

    __tablename__ = "spend_days"

    office: Mapped[str] = mapped_column(ForeignKey("offices.code"), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    segments: Mapped[int] = mapped_column(Integer)
