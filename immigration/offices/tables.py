"""How are offices and services kept? By their own codes; what differs per language is JSON with a text each."""

from datetime import date, time
from typing import Any, Final

from sqlalchemy import JSON, BigInteger, Boolean, Date, ForeignKey, Integer, String, Time
from sqlalchemy.orm import Mapped, mapped_column

from immigration.database import Base

Texts = dict[str, str]
"""A text per language: `id`, `min`, `en`."""

SMS_CHANNELS: Final = ("africastalking", "8x8")


class Office(Base):
    """An office; a trial one names the parent that answers for it."""

    __tablename__ = "offices"

    code: Mapped[str] = mapped_column(String(8), primary_key=True)
    name: Mapped[str] = mapped_column(String(60))
    trial: Mapped[bool] = mapped_column(Boolean)
    parent: Mapped[str | None] = mapped_column(ForeignKey("offices.code"))
    zone: Mapped[str] = mapped_column(String(40))
    language: Mapped[str] = mapped_column(String(3))
    address: Mapped[str] = mapped_column(String(120))
    telephone: Mapped[str] = mapped_column(String(20))
    collection: Mapped[Texts] = mapped_column(JSON)
    # Which ways its messages leave, first choice first; empty: as the deployment's settings say.
    sms_channels: Mapped[list[str]] = mapped_column(JSON, server_default="[]")
    # Offsets of reminders that differ from the table's, in days or (R_BAYAR) minutes, by rule.
    reminders: Mapped[dict[str, list[int]]] = mapped_column(JSON, server_default="{}")
    # Where a billing can be paid near it, by kind (immigration.offices.pay_places).
    pay_at: Mapped[list[dict[str, Any]]] = mapped_column(JSON, server_default="[]")
    # How it takes visits (immigration.offices.visit_rules); none: it takes none by phone.
    visits: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))


class OfficeHours(Base):
    """The open span of a weekday (0 is Monday) with its break, in the office's own time."""

    __tablename__ = "office_hours"

    office: Mapped[str] = mapped_column(ForeignKey("offices.code"), primary_key=True)
    weekday: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    opens: Mapped[time] = mapped_column(Time)
    closes: Mapped[time] = mapped_column(Time)
    break_begins: Mapped[time | None] = mapped_column(Time)
    break_ends: Mapped[time | None] = mapped_column(Time)


class LocalException(Base):
    """A day on which an office departs from week and holidays: closed, or open at other hours. It wins over both."""

    __tablename__ = "local_exceptions"

    office: Mapped[str] = mapped_column(ForeignKey("offices.code"), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    opens: Mapped[time | None] = mapped_column(Time)
    closes: Mapped[time | None] = mapped_column(Time)
    reason: Mapped[Texts] = mapped_column(JSON)


class Closure(Base):
    """A day on which an officer has the office closed, or open at other hours. It wins over everything else."""

    __tablename__ = "closures"

    office: Mapped[str] = mapped_column(ForeignKey("offices.code"), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    opens: Mapped[time | None] = mapped_column(Time)
    closes: Mapped[time | None] = mapped_column(Time)
    reason: Mapped[str] = mapped_column(String(60))
    added_by: Mapped[str] = mapped_column(String(80))


class Service(Base):
    """A service of the catalogue (domain.md 9.1). An inactive one is kept for the applications that name it."""

    __tablename__ = "services"

    code: Mapped[str] = mapped_column(String(12), primary_key=True)
    place: Mapped[int] = mapped_column(Integer)
    group: Mapped[str] = mapped_column(String(10))
    names: Mapped[Texts] = mapped_column(JSON)
    short_names: Mapped[Texts] = mapped_column(JSON)
    papers: Mapped[Texts] = mapped_column(JSON)
    days: Mapped[Texts] = mapped_column(JSON)
    same_data: Mapped[bool] = mapped_column(Boolean)
    how: Mapped[Texts] = mapped_column(JSON)
    active: Mapped[bool] = mapped_column(Boolean)


class Fee(Base):
    """A tariff of a service from a day on (`berlaku_sejak`), in whole rupiah."""

    __tablename__ = "fees"

    service: Mapped[str] = mapped_column(ForeignKey("services.code"), primary_key=True)
    place: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    valid_from: Mapped[date] = mapped_column(Date, primary_key=True)
    amount: Mapped[int] = mapped_column(BigInteger)
    label: Mapped[Texts] = mapped_column(JSON)
    basis: Mapped[str] = mapped_column(String(60))
