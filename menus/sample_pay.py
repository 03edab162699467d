"""Bills of the sample office, with the longest values and each stage that a payment can be in."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final, get_args

from immigration.applications.record import Billing
from immigration.payments.due import Bill, Stage
from immigration.payments.tickets import Ticket

_NOW: Final = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
TICKET: Final = Ticket("A26-01234", date(2026, 12, 28))
STAGES: Final[tuple[Stage, ...]] = get_args(Stage)


def bill(stage: Stage, left: timedelta = timedelta(hours=1, minutes=59), amount: int = 9_950_000) -> Bill:
    """A bill in this stage, to be paid within `left` of the sample's moment."""
    payment = None if stage == "unbilled" else Billing("820261124000001", amount, _NOW + left, None)
    return Bill(1, "4821", "SJJ", "P10", stage, payment)


@dataclass(frozen=True)
class SamplePay:
    """An office with these bills for any caller."""

    bills: tuple[Bill, ...] = ()
    waits: Ticket | None = None

    def of(self, caller: bytes) -> list[Bill]:
        """The sample's bills."""
        return list(self.bills)

    def bill(self, application_id: int) -> Bill | None:
        """The first of them."""
        return self.bills[0] if self.bills else None

    def ticket(self, caller: bytes, application_id: int | None) -> Ticket | None:
        """As the sample says."""
        return self.waits
