"""Who wrote, and what is an answer to them?"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from immigration.applications.tables import Application
from immigration.contacts import Contact, phone_of
from immigration.inbox.tables import Inbound
from immigration.messages.notices import language_for
from immigration.messages.outbox import Outbox
from immigration.messages.tables import Message
from immigration.offices.catalogue import OfficeFacts
from immigration.people import Language, as_language
from immigration.vault import Vault


@dataclass(frozen=True)
class Reply:
    """An answer: a template with its values, or a message of ours to repeat."""

    template: str
    values: Mapping[str, str] = field(default_factory=dict)
    language: Language | None = None
    application_id: int | None = None
    repeats: Message | None = None
    greets: bool = True
    farewell: bool = False


OCCASION: Final = "inbound:"
"""What the occasion of every answer begins with."""

FORWARDED: Final = Reply("A_TERUSKAN")
"""Said once to whoever writes in their own words."""

TOLD: Final = Reply("")
"""What was done has its own SMS, which is the answer: a visit's with its code, a place on the waiting list."""


@dataclass(frozen=True)
class Sender:
    """Who wrote, as far as we know them."""

    uid: bytes
    phone_hash: bytes
    phone: str
    office: OfficeFacts
    language: Language

    @classmethod
    def of(cls, session: Session, vault: Vault, outbox: Outbox, row: Inbound) -> "Sender":
        """The sender of a stored message whose phone is known."""
        assert row.phone_hash is not None, "a sender without a phone is left in peace"
        contact = session.get_one(Contact, row.phone_hash)
        office = outbox.catalogue().office(row.office)
        recorded = session.scalar(
            select(Application.language)
            .where(Application.phone_hash == row.phone_hash)
            .order_by(Application.id.desc())
            .limit(1)
        )
        language = language_for(session, row.phone_hash, None if recorded is None else as_language(recorded), office)
        return cls(row.uid, row.phone_hash, phone_of(vault, contact), office, language)
