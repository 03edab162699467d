"""Where does the lookup key live? In the database, wrapped by the key ring, so that rotation breaks no look-up."""

import os
from typing import Final

from sqlalchemy import LargeBinary, String, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from immigration.database import Base, Database
from immigration.vault import BadKeyRing, KeyRing, Unreadable, Vault

LOOKUP: Final = "lookup"
_ABOUT: Final = b"wrapped_keys.sealed:lookup"


class WrappedKey(Base):
    """A key of ours, sealed by the ring of DATA_KEYS."""

    __tablename__ = "wrapped_keys"

    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)


class NoLookupKey(Exception):
    """The database has no lookup key yet: `python -m gateway db upgrade` makes it."""


def ensure_lookup_key(database: Database, ring: KeyRing) -> None:
    """Make the lookup key where there is none; two processes at once agree on one. Raises `BadKeyRing`."""
    with database.reading() as session:
        present = session.scalar(select(WrappedKey.name).where(WrappedKey.name == LOOKUP))
    if present is None:
        try:
            with database.writing() as session:
                session.execute(insert(WrappedKey).values(name=LOOKUP, sealed=ring.seal(os.urandom(32), _ABOUT)))
        except IntegrityError:
            pass  # Another process was first; its key is read below like any other.
    load_vault(database, ring)


def load_vault(database: Database, ring: KeyRing) -> Vault:
    """The vault over this database. Raises `NoLookupKey` and `BadKeyRing` (DATA_KEYS of another database)."""
    with database.reading() as session:
        sealed = session.scalar(select(WrappedKey.sealed).where(WrappedKey.name == LOOKUP))
    if sealed is None:
        raise NoLookupKey("the database has no lookup key: run `python -m gateway db upgrade`")
    try:
        return Vault(ring, ring.unseal(sealed, _ABOUT))
    except Unreadable:
        raise BadKeyRing(
            f"DATA_KEYS does not open this database: it was sealed under key id {bytes(sealed[:4]).hex()}, "
            f"the ring has {', '.join(key.hex() for key in ring.ids)}"
        ) from None


def rewrap_lookup_key(database: Database, ring: KeyRing) -> bool:
    """Seal the lookup key under the newest key; whether that changed anything. Raises as `load_vault`."""
    load_vault(database, ring)
    with database.writing() as session:
        sealed = session.scalars(select(WrappedKey.sealed).where(WrappedKey.name == LOOKUP)).one()
        if bytes(sealed[:4]) == ring.newest_id:
            return False
        session.execute(
            update(WrappedKey)
            .where(WrappedKey.name == LOOKUP)
            .values(sealed=ring.seal(ring.unseal(sealed, _ABOUT), _ABOUT))
        )
        return True
