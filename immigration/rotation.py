"""How does data at rest get under a new key while the product runs? Row by row in batches, never over a newer change.

Put the new key first in DATA_KEYS, restart every process, then rotate: from then on the old key opens nothing.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import func, select, update

from immigration.api_keys import IdempotentAnswer, answer_about
from immigration.applications.rows import APPLICATION_SEALS, application_about, billing_about, note_about
from immigration.applications.tables import Application, ApplicationEvent, Payment
from immigration.contacts import Contact, phone_about
from immigration.database import Base, Database
from immigration.inbox.tables import Inbound, text_about
from immigration.keys import rewrap_lookup_key
from immigration.messages.outbox import body_about
from immigration.messages.tables import Message
from immigration.vault import Vault

BATCH: Final = 500


@dataclass(frozen=True)
class _Sealed:
    """A table with sealed columns: how its rows are told apart, and what each seal is about."""

    table: Any
    keys: tuple[Any, ...]
    about: Callable[[Any], dict[str, str]]


_TABLES: Final = (
    _Sealed(
        Application,
        (Application.id,),
        lambda row: {f"{name}_sealed": application_about(name, row.number_hash) for name in APPLICATION_SEALS},
    ),
    _Sealed(Payment, (Payment.id,), lambda row: {"billing_sealed": billing_about(row.billing_hash)}),
    _Sealed(ApplicationEvent, (ApplicationEvent.id,), lambda row: {"note_sealed": note_about(row.uid)}),
    _Sealed(Contact, (Contact.phone_hash,), lambda row: {"phone_sealed": phone_about(row.phone_hash)}),
    _Sealed(Message, (Message.id,), lambda row: {"body_sealed": body_about(row.uid)}),
    _Sealed(Inbound, (Inbound.id,), lambda row: {"text_sealed": text_about(row.uid)}),
    _Sealed(
        IdempotentAnswer,
        (IdempotentAnswer.api_key_id, IdempotentAnswer.key_hash),
        lambda row: {"answer_sealed": answer_about(row.api_key_id, row.key_hash)},
    ),
)


@dataclass(frozen=True)
class Progress:
    """How far a rotation is, in rows of a table."""

    table: str
    done: int
    total: int


def remaining(database: Database, vault: Vault) -> dict[str, int]:
    """How many rows of each table are not under the newest key yet."""
    with database.reading() as session:
        return {
            _name(sealed.table): session.scalars(
                select(func.count()).select_from(sealed.table).where(_old(sealed, vault))
            ).one()
            for sealed in _TABLES
        }


def rotate(database: Database, vault: Vault) -> Iterator[Progress]:
    """Bring everything under the newest key, batch by batch. Interrupted, it goes on where it was.

    Raises `Unreadable` where a row opens under no key of the ring; the rows before it are done.
    """
    rewrap_lookup_key(database, vault.ring)
    for sealed in _TABLES:
        total = remaining(database, vault)[_name(sealed.table)]
        done = 0
        while count := _batch(database, vault, sealed):
            done += count
            yield Progress(_name(sealed.table), done, max(total, done))


def _batch(database: Database, vault: Vault, sealed: _Sealed) -> int:
    with database.writing() as session:
        rows = session.scalars(select(sealed.table).where(_old(sealed, vault)).limit(BATCH).with_for_update()).all()
        for row in rows:
            values: dict[str, Any] = {"key_id": vault.ring.newest_id}
            unchanged = []
            for column, about in sealed.about(row).items():
                old = getattr(row, column)
                if old is not None:
                    values[column] = vault.seal(vault.unseal(old, about), about)
                    # The row is locked here; the comparison guards the statement on its own as well.
                    unchanged.append(getattr(sealed.table, column) == old)
            same = [key == getattr(row, key.key) for key in sealed.keys]
            session.execute(
                update(sealed.table)
                .where(*same, *unchanged)
                .values(**values)
                .execution_options(synchronize_session=False)
            )
        return len(rows)


def _old(sealed: _Sealed, vault: Vault) -> Any:
    return sealed.table.key_id != vault.ring.newest_id


def _name(table: type[Base]) -> str:
    return str(table.__tablename__)
