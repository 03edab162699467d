"""How are seats, visits, the waiting list and their history kept? (docs/data.md says why and how long.)"""

from datetime import date, datetime
from typing import Final

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    UniqueConstraint,
    literal_column,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from immigration.applications.tables import RowId
from immigration.database import Base, UtcDateTime


class Slot(Base):
    """The seats of one session in one lane: a number of them, not a row each (architecture fact 7)."""

    __tablename__ = "slots"
    __table_args__ = (
        UniqueConstraint("office", "lane", "starts_at"),
        Index("ix_slots_office_day", "office", "day"),
        CheckConstraint("held >= 0 AND booked >= 0 AND held + booked <= capacity", name="ck_slots_seats"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    office: Mapped[str] = mapped_column(ForeignKey("offices.code"))
    lane: Mapped[str] = mapped_column(String(10))
    # The office's own day.
    day: Mapped[date] = mapped_column(Date)
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)
    capacity: Mapped[int] = mapped_column(Integer)
    held: Mapped[int] = mapped_column(Integer)
    booked: Mapped[int] = mapped_column(Integer)
    # Closed: what is booked stands until it is moved, nothing more is taken.
    is_open: Mapped[bool] = mapped_column(Boolean)


class Hold(Base):
    """A seat kept for a phone while it decides. Past `expires_at` it is free, whether a sweep has come or not.

    `about` is what the seat is for (`case:12`, `phone`, `offer:7`): a phone holds one seat for each.
    """

    __tablename__ = "holds"
    __table_args__ = (
        UniqueConstraint("phone_hash", "about"),
        Index("ix_holds_slot_id_expires_at", "slot_id", "expires_at"),
        Index("ix_holds_expires_at", "expires_at"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    slot_id: Mapped[int] = mapped_column(ForeignKey("slots.id"))
    phone_hash: Mapped[bytes] = mapped_column(LargeBinary(16))
    about: Mapped[str] = mapped_column(String(30))
    taken_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Visit(Base):
    """One visit: booked for a slot, or a walk-in without one.

    `occasion` makes the same confirmation (call and position, SMS, request) no second visit. The phone is a reference
    to `contacts`. The queue number is given at the office.
    """

    __tablename__ = "visits"
    __table_args__ = (
        # One open visit per application, whoever books it.
        Index(
            "ux_visits_application_open",
            "application_id",
            unique=True,
            sqlite_where=text("application_id IS NOT NULL AND state = 'booked'"),
            postgresql_where=text("application_id IS NOT NULL AND state = 'booked'"),
        ),
        Index("ix_visits_application_id", "application_id"),
        Index("ix_visits_phone_hash", "phone_hash"),
        # Whose phone is still to be let go of.
        Index(
            "ix_visits_named_day",
            "day",
            sqlite_where=text("phone_hash IS NOT NULL"),
            postgresql_where=text("phone_hash IS NOT NULL"),
        ),
        Index(
            "ix_visits_slot_id_booked",
            "slot_id",
            sqlite_where=text("state = 'booked'"),
            postgresql_where=text("state = 'booked'"),
        ),
        # What a reminder or the end of a day still has to look at.
        Index(
            "ix_visits_booked",
            "starts_at",
            sqlite_where=text("state = 'booked'"),
            postgresql_where=text("state = 'booked'"),
        ),
        # The day list's index as well.
        Index("ux_visits_queue", "office", "day", "queue", "queue_number", unique=True),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    uid: Mapped[bytes] = mapped_column(LargeBinary(16), unique=True)
    code: Mapped[str] = mapped_column(String(8), unique=True)
    occasion: Mapped[str] = mapped_column(String(80), unique=True)
    office: Mapped[str] = mapped_column(ForeignKey("offices.code"))
    lane: Mapped[str] = mapped_column(String(10))
    service: Mapped[str | None] = mapped_column(ForeignKey("services.code"))
    application_id: Mapped[int | None] = mapped_column(ForeignKey("applications.id"))
    phone_hash: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    slot_id: Mapped[int | None] = mapped_column(ForeignKey("slots.id"))
    day: Mapped[date] = mapped_column(Date)
    starts_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # booked | arrived | called | done | absent | cancelled
    state: Mapped[str] = mapped_column(String(10))
    # ussd | sms | api | cli | walk-in
    through: Mapped[str] = mapped_column(String(10))
    booked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # When this time was set: booked, or moved to.
    set_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # The time that a reminder was written for.
    reminded_for: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # How often the citizen moved it; a closure that moved it does not count.
    moves: Mapped[int] = mapped_column(SmallInteger)
    arrived_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # A: by appointment and general; P: priority.
    queue: Mapped[str | None] = mapped_column(String(1))
    queue_number: Mapped[int | None] = mapped_column(Integer)
    called_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    counter: Mapped[int | None] = mapped_column(SmallInteger)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SeatEvent(Base):
    """One change of a seat or a visit: who, when, how, and what it did to its slot. Append-only.

    The sums of `held_by` and `booked_by` over a slot are its `held` and `booked` (immigration.appointments.ledger).
    """

    __tablename__ = "seat_events"
    __table_args__ = (
        Index("ix_seat_events_slot_id", "slot_id"),
        Index("ix_seat_events_visit_id_id", "visit_id", "id"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    slot_id: Mapped[int | None] = mapped_column(ForeignKey("slots.id"))
    visit_id: Mapped[int | None] = mapped_column(ForeignKey("visits.id"))
    # held | released | lapsed | booked | moved-out | moved-in | cancelled | closed | opened | capacity | arrived
    # | called | done | absent
    kind: Mapped[str] = mapped_column(String(10))
    held_by: Mapped[int] = mapped_column(SmallInteger)
    booked_by: Mapped[int] = mapped_column(SmallInteger)
    # citizen, clock, or the officer's or key's name
    actor: Mapped[str] = mapped_column(String(80))
    through: Mapped[str] = mapped_column(String(10))
    # The same move or cancellation, told again, is found by it.
    occasion: Mapped[str | None] = mapped_column(String(80), unique=True)


class HoldDay(Base):
    """How often a phone held a seat on a day (UTC), against hoarding. Kept two days."""

    __tablename__ = "hold_days"

    phone_hash: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    taken: Mapped[int] = mapped_column(Integer)


class Waiting(Base):
    """A place on the waiting list: for a seat of this office and lane between two days.

    While `offered`, the seat is held under `offer:<id>` until `offered_until`.
    """

    __tablename__ = "waiting"
    __table_args__ = (
        Index(
            "ux_waiting_open",
            "phone_hash",
            "office",
            "about",
            unique=True,
            sqlite_where=text("state IN ('waiting', 'offered')"),
            postgresql_where=text("state IN ('waiting', 'offered')"),
        ),
        Index(
            "ix_waiting_line",
            "office",
            "lane",
            "id",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
        Index(
            "ix_waiting_offered",
            "offered_until",
            sqlite_where=text("state = 'offered'"),
            postgresql_where=text("state = 'offered'"),
        ),
        Index("ix_waiting_last_day", "last_day"),
        Index("ix_waiting_phone_hash", "phone_hash"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    phone_hash: Mapped[bytes] = mapped_column(LargeBinary(16))
    about: Mapped[str] = mapped_column(String(30))
    office: Mapped[str] = mapped_column(ForeignKey("offices.code"))
    lane: Mapped[str] = mapped_column(String(10))
    service: Mapped[str | None] = mapped_column(ForeignKey("services.code"))
    application_id: Mapped[int | None] = mapped_column(ForeignKey("applications.id"))
    first_day: Mapped[date] = mapped_column(Date)
    last_day: Mapped[date] = mapped_column(Date)
    since: Mapped[datetime] = mapped_column(UtcDateTime)
    # waiting | offered | taken | left | over
    state: Mapped[str] = mapped_column(String(10))
    slot_id: Mapped[int | None] = mapped_column(ForeignKey("slots.id"))
    offered_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # Offers that came to nothing; a refused or silent offer does not come again for the same slot.
    offers: Mapped[int] = mapped_column(SmallInteger)
    # Of these the last ones that nobody answered.
    missed: Mapped[int] = mapped_column(SmallInteger)


class QuotaAlert(Base):
    """A phone that wants to know when new weeks open. Kept until it says INGAT TIDAK."""

    __tablename__ = "quota_alerts"
    __table_args__ = (Index("ix_quota_alerts_office_told_for", "office", "told_for"),)

    phone_hash: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    office: Mapped[str] = mapped_column(ForeignKey("offices.code"), primary_key=True)
    since: Mapped[datetime] = mapped_column(UtcDateTime)
    # The last day of the weeks that it was told of.
    told_for: Mapped[date | None] = mapped_column(Date)


# Said in so many words and not by a parameter: only then does SQLite see that an index of these alone will do.
IS_BOOKED: Final = Visit.state == literal_column("'booked'")
WAITS: Final = Waiting.state == literal_column("'waiting'")
IS_OFFERED: Final = Waiting.state == literal_column("'offered'")
