"""How do the screens reach the real office's payments?"""

from collections.abc import Callable

from immigration.clock import Clock
from immigration.database import Database
from immigration.offices.catalogue import Catalogue
from immigration.payments.due import OF_A_PHONE, OF_AN_APPLICATION, Bill, bill_of
from immigration.payments.tickets import OPEN, Ticket, ticket_from
from immigration.vault import Vault


class OfficePay:
    """The office's payments, read when asked."""

    def __init__(self, database: Database, vault: Vault, clock: Clock, catalogue: Callable[[], Catalogue]) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock
        self._catalogue = catalogue

    def of(self, caller: bytes) -> list[Bill]:
        """What waits for a payment of this phone's applications, oldest first."""
        now = self._clock()
        return [bill_of(self._vault, row, now) for row in self._database.read(OF_A_PHONE, {"phone_hash": caller})]

    def bill(self, application_id: int) -> Bill | None:
        """What is to be paid for one application."""
        rows = self._database.read(OF_AN_APPLICATION, {"id": application_id})
        return bill_of(self._vault, rows[0], self._clock()) if rows else None

    def ticket(self, caller: bytes, application_id: int | None) -> Ticket | None:
        """The ticket that this phone waits for, about this application or about none."""
        rows = self._database.read(OPEN, {"phone_hash": caller})
        same = [row for row in rows if row.application_id == application_id]
        return ticket_from(same[0], self._catalogue().office(same[0].office)) if same else None
