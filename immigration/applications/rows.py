"""How does an application turn into sealed rows, and back?"""

import os
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import Any, Final

from immigration.applications.record import Billing, Details, Event, Kept, Record
from immigration.applications.states import Status
from immigration.applications.tables import Application, Payment
from immigration.vault import Vault

# The sealed columns of an application, by the name of what they hold.
APPLICATION_SEALS: Final = ("number", "phone", "name", "birth_date", "details")


def application_about(column: str, number_hash: bytes) -> str:
    """The associated data of an application's sealed column."""
    return f"applications.{column}:{number_hash.hex()}"


def details_about(number_hash: bytes) -> str:
    """The associated data of an application's sealed details."""
    return application_about("details", number_hash)


def billing_about(billing_hash: bytes) -> str:
    """The associated data of a sealed billing."""
    return f"payments.billing:{billing_hash.hex()}"


def note_about(uid: bytes) -> str:
    """The associated data of an event's sealed note."""
    return f"application_events.note:{uid.hex()}"


def row_values(vault: Vault, kept: Kept) -> dict[str, Any]:
    """The columns of `applications` for what is kept, all but the row's own times and fingerprint."""
    record = kept.record
    number_hash = vault.lookup("number", record.number)

    def sealed(column: str, value: str | None) -> bytes | None:
        return None if value is None else vault.seal(value, application_about(column, number_hash))

    return {
        "number_hash": number_hash,
        "number_sealed": sealed("number", record.number),
        "number_last4": record.number[-4:],
        "office": record.office,
        "service": record.service,
        "phone_hash": None if record.phone is None else vault.lookup("phone", record.phone),
        "phone_sealed": sealed("phone", record.phone),
        "name_sealed": sealed("name", record.name),
        "birth_date_sealed": sealed("birth_date", record.birth_date.isoformat() if record.birth_date else None),
        "language": record.language,
        "consent": record.consent,
        "status": record.status.value,
        "status_at": kept.status_at,
        "deadline": deadline(record),
        "details_sealed": sealed("details", record.details.to_json() if record.details != Details() else None),
        "key_id": vault.ring.newest_id,
    }


def deadline(record: Record) -> datetime | None:
    """The last day of what the state asks for or grants, as its beginning in UTC; none where none is told."""
    details = record.details
    day = details.valid_until if record.status is Status.IT_TERBIT else details.due_on
    return None if day is None else datetime.combine(day, time(), tzinfo=UTC)


def event_values(vault: Vault, event: Event, actor: str, now: datetime) -> dict[str, Any]:
    """The columns of `application_events` for an event, all but the application's id."""
    uid = os.urandom(16)
    return {
        "uid": uid,
        "recorded_at": now,
        "occurred_at": event.occurred_at,
        "actor": actor,
        "kind": event.kind,
        "status_from": event.status_from.value if event.status_from else None,
        "status_to": event.status_to.value if event.status_to else None,
        "changed": list(event.changed),
        "note_sealed": None if event.note is None else vault.seal(event.note, note_about(uid)),
        "key_id": None if event.note is None else vault.ring.newest_id,
    }


def payment_values(vault: Vault, billing: Billing, now: datetime) -> dict[str, Any]:
    """The columns of `payments` for a billing, all but the application's id."""
    billing_hash = vault.lookup("billing", billing.billing)
    return {
        "is_current": True,
        "billing_hash": billing_hash,
        "billing_sealed": vault.seal(billing.billing, billing_about(billing_hash)),
        "amount": billing.amount,
        "due_at": billing.due_at,
        "paid_at": billing.paid_at,
        "state": "paid" if billing.paid_at else "waiting" if billing.due_at > now else "expired",
        "key_id": vault.ring.newest_id,
        "created_at": now,
    }


def billing_of(vault: Vault, payment: Payment) -> Billing:
    """A payment row in clear. Raises `Unreadable`."""
    billing = vault.unseal(payment.billing_sealed, billing_about(payment.billing_hash))
    return Billing(billing, payment.amount, payment.due_at, payment.paid_at)


def unsealer(vault: Vault, row: Application) -> Callable[[str], str | None]:
    """A function that opens this row's sealed columns by name. Raises `Unreadable`."""

    def opened(column: str) -> str | None:
        sealed: bytes | None = getattr(row, f"{column}_sealed")
        return None if sealed is None else vault.unseal(sealed, application_about(column, row.number_hash))

    return opened


def kept_of(vault: Vault, row: Application, payment: Payment | None) -> Kept:
    """What is kept of an application, in clear. Raises `Unreadable`."""
    opened = unsealer(vault, row)
    number = opened("number")
    assert number is not None
    birth_date, details = opened("birth_date"), opened("details")
    language: Any = row.language
    record = Record(
        number=number,
        office=row.office,
        service=row.service,
        status=Status(row.status),
        phone=opened("phone"),
        name=opened("name"),
        birth_date=date.fromisoformat(birth_date) if birth_date else None,
        language=language,
        consent=row.consent,
        details=Details.from_json(details) if details else Details(),
        payment=None if payment is None else billing_of(vault, payment),
    )
    return Kept(record, row.status_at)
