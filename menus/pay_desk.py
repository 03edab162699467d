"""What may a screen ask about payments? What waits to be paid, and what an officer looks into."""

from typing import Protocol

from immigration.payments.due import Bill
from immigration.payments.tickets import Ticket


class PayDesk(Protocol):
    """Payments as a screen sees them. Reads only, each by one statement."""

    def of(self, caller: bytes) -> list[Bill]:
        """What waits for a payment, or for an officer's word on one, of this phone's applications, oldest first."""

    def bill(self, application_id: int) -> Bill | None:
        """What is to be paid for one application."""

    def ticket(self, caller: bytes, application_id: int | None) -> Ticket | None:
        """The ticket that this phone waits for, about this application or about none."""
