"""How is an application kept? Each field has a purpose; what is personal is sealed (see docs/data.md)."""

from datetime import datetime

from sqlalchemy import JSON, BigInteger, Boolean, ForeignKey, Index, Integer, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from immigration.database import Base, UtcDateTime

# SQLite numbers rows by itself only where the key's type is plain INTEGER.
RowId = BigInteger().with_variant(Integer(), "sqlite")


class Application(Base):
    """One application as the back office last told it.

    `number_hash` is the row's identity as associated data of each seal; `key_id` says which key of the ring sealed
    it, so that a rotation finds what is left by an index.
    """

    __tablename__ = "applications"
    __table_args__ = (
        # Whom to remind, and what to hand to an officer.
        Index(
            "ix_applications_status_deadline",
            "status",
            "deadline",
            sqlite_where=text("deadline IS NOT NULL"),
            postgresql_where=text("deadline IS NOT NULL"),
        ),
        Index("ix_applications_status_status_at", "status", "status_at"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    number_hash: Mapped[bytes] = mapped_column(LargeBinary(16), unique=True)
    number_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    number_last4: Mapped[str] = mapped_column(String(4))
    office: Mapped[str] = mapped_column(ForeignKey("offices.code"))
    service: Mapped[str] = mapped_column(ForeignKey("services.code"))
    phone_hash: Mapped[bytes | None] = mapped_column(LargeBinary(16), index=True)
    phone_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    name_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    birth_date_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    language: Mapped[str | None] = mapped_column(String(3))
    consent: Mapped[bool] = mapped_column(Boolean)
    status: Mapped[str] = mapped_column(String(20))
    status_at: Mapped[datetime] = mapped_column(UtcDateTime)
    details_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    # The last day of what this state asks for or grants (papers, a new date, a permit), as its beginning in UTC.
    deadline: Mapped[datetime | None] = mapped_column(UtcDateTime)
    fingerprint: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    # The phone whose owner said that this is not theirs, or asked to be forgotten (immigration.applications.unlinking).
    refused_phone_hash: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    erased_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    key_id: Mapped[bytes] = mapped_column(LargeBinary(4), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)

    events: Mapped[list["ApplicationEvent"]] = relationship(
        order_by="ApplicationEvent.id", back_populates="application", lazy="raise"
    )


class ApplicationEvent(Base):
    """One change of an application: who, when, what. Append-only."""

    __tablename__ = "application_events"
    __table_args__ = (Index("ix_application_events_application_id_id", "application_id", "id"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    uid: Mapped[bytes] = mapped_column(LargeBinary(16))
    application_id: Mapped[int] = mapped_column(ForeignKey("applications.id"))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    occurred_at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(String(80))
    # created | status | correction | late | details | applicant | payment
    kind: Mapped[str] = mapped_column(String(12))
    status_from: Mapped[str | None] = mapped_column(String(20))
    status_to: Mapped[str | None] = mapped_column(String(20))
    changed: Mapped[list[str]] = mapped_column(JSON)
    note_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    key_id: Mapped[bytes | None] = mapped_column(LargeBinary(4), index=True)

    application: Mapped[Application] = relationship(back_populates="events", lazy="raise")


class Payment(Base):
    """A billing of SIMPONI for an application; at most one is current. Its history is in `payment_events`."""

    __tablename__ = "payments"
    __table_args__ = (
        Index(
            "ux_payments_current",
            "application_id",
            unique=True,
            sqlite_where=text("is_current = 1"),
            postgresql_where=text("is_current"),
        ),
        # What runs out next, and whom to remind of it.
        Index(
            "ix_payments_waiting",
            "due_at",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    application_id: Mapped[int] = mapped_column(ForeignKey("applications.id"), index=True)
    is_current: Mapped[bool] = mapped_column(Boolean)
    billing_hash: Mapped[bytes] = mapped_column(LargeBinary(16), unique=True)
    billing_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    amount: Mapped[int] = mapped_column(BigInteger)  # rupiah
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    paid_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # waiting | paid | expired | cancelled (a newer one took its place) | disputed (paid, and not as it should be)
    state: Mapped[str] = mapped_column(String(10), server_default="waiting")
    # The treasury's number of the payment (NTPN): the same again is the same payment.
    reference_hash: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    reference_last4: Mapped[str | None] = mapped_column(String(4))
    key_id: Mapped[bytes] = mapped_column(LargeBinary(4), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class PaymentEvent(Base):
    """One change of a billing: who, when, what. Append-only."""

    __tablename__ = "payment_events"
    __table_args__ = (Index("ix_payment_events_payment_id_id", "payment_id", "id"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    payment_id: Mapped[int] = mapped_column(ForeignKey("payments.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    # made | changed | superseded | paid | expired | disputed | settled
    kind: Mapped[str] = mapped_column(String(10))
    actor: Mapped[str] = mapped_column(String(80))
