"""Somebody who writes to an office by SMS, and reads what comes back."""

import os
from dataclasses import dataclass

from sqlalchemy import func, select

from immigration.contacts import Contact
from immigration.inbox.tables import Inbound
from immigration.messages.outbox import body_of
from immigration.messages.tables import Message
from immigration.people import Language, choose_language
from tests.support.sms import SmsOffice, phone_of

BRAND = "IMIGRASI SIJUNJUNG: "


@dataclass(frozen=True)
class Said:
    """A message of ours: which template, and its words behind the brand."""

    template: str
    words: str


@dataclass
class Citizen:
    """The owner of the phone `place` of an office's test numbers."""

    office: SmsOffice
    place: int
    greeted: bool = True

    def __post_init__(self) -> None:
        self.phone = phone_of(self.place)
        self.phone_hash = self.office.vault.lookup("phone", self.phone)
        if self.greeted:
            self.office.greeted(self.place)

    def speaks(self, language: Language) -> "Citizen":
        """As chosen over the phone."""
        with self.office.database.writing() as session:
            choose_language(session, self.phone_hash, language, self.office.clock(), "ussd")
        return self

    def store(self, text: str, their_id: str | None = None) -> int | None:
        """Have a message arrive, as one of its own unless told."""
        told = os.urandom(8).hex() if their_id is None else their_id
        return self.office.inbox.store("simulated", told, self.phone, text)

    def write(self, text: str, their_id: str | None = None) -> list[Said]:
        """Write, and read what is written to any phone because of it, the oldest first."""
        with self.office.database.reading() as session:
            last = session.scalar(select(func.max(Message.id))) or 0
        number = self.store(text, their_id)
        if number is not None:
            self.office.inbox.answer(number)
        return [
            Said(message.template, (body_of(self.office.vault, message) or "").removeprefix(BRAND))
            for message in self.office.messages(Message.id > last)
        ]

    def asks(self, text: str, their_id: str | None = None) -> Said:
        """Write what gets a single answer."""
        [said] = self.write(text, their_id)
        return said

    def inbox(self) -> list[Inbound]:
        """What is kept of all that was ever written, by anybody."""
        with self.office.database.reading() as session:
            return list(session.scalars(select(Inbound).order_by(Inbound.id)))

    def contact(self) -> Contact | None:
        """What is kept of this phone."""
        with self.office.database.reading() as session:
            return session.get(Contact, self.phone_hash)
