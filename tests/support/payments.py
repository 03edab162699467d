"""An office that waits for payments, and what it writes down of them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from immigration.applications.keeping import find
from immigration.applications.record import Billing
from immigration.applications.states import Status
from immigration.applications.tables import Payment, PaymentEvent
from immigration.clock import Clock
from immigration.database import Database
from immigration.messages.outbox import body_of
from immigration.payments.expiring import due, expire
from immigration.payments.paying import Paid, Result, pay
from immigration.tasks import Task
from immigration.vault import Vault
from tests.support.sms import SmsOffice, number

AMOUNT = 950_000
NTPN = "1A2B3C4D5E6F7G8H"
OTHER_NTPN = "9Z8Y7X6W5V4U3T2S"


def billing_of(place: int) -> str:
    """The billing of application `place`."""
    return f"8202{place:011d}"


@dataclass
class PayDesk:
    """Applications that wait for their payment, by place."""

    sms: SmsOffice

    @classmethod
    def over(cls, database: Database, vault: Vault, clock: Clock) -> "PayDesk":
        return cls(SmsOffice(database, vault, clock))

    def billed(
        self, place: int, *, within: timedelta = timedelta(hours=2), amount: int = AMOUNT, **more: object
    ) -> None:
        """An application with a billing that is due in two hours unless told; its phone was written to before."""
        self.sms.greeted(place)
        told = {"status": Status.MENUNGGU_BAYAR, "payment": Billing(billing_of(place), amount, self.now + within)}
        self.sms.record(place, **(told | more))

    @property
    def now(self) -> datetime:
        return self.sms.clock()

    def pays(
        self, place: int, reference: str | None = NTPN, *, at: datetime | None = None, amount: int | None = None
    ) -> Result:
        """What came of the news that its billing was paid: now, unless told when."""
        told = Paid(billing_of(place), at or self.now, reference, amount)
        with self.sms.database.writing() as session:
            return pay(session, self.sms.outbox, told, "test", self.now)[1]

    def lets_run_out(self) -> int:
        """One pass of the clock over what is due; how many ran out."""
        with self.sms.database.reading() as session:
            over = due(session, self.now)
        ran_out = 0
        for payment_id in over:
            with self.sms.database.writing() as session:
                ran_out += expire(session, self.sms.outbox, payment_id, self.now)
        return ran_out

    def payment(self, place: int) -> Payment:
        """The payment of its billing."""
        with self.sms.database.reading() as session:
            billing_hash = self.sms.vault.lookup("billing", billing_of(place))
            return session.scalars(select(Payment).where(Payment.billing_hash == billing_hash)).one()

    def status(self, place: int) -> str:
        """The state of its application."""
        with self.sms.database.reading() as session:
            return find(session, self.sms.vault, number(place))[0].status

    def events(self, place: int) -> list[str]:
        """What became of its billing, oldest first."""
        with self.sms.database.reading() as session:
            query = select(PaymentEvent.kind).where(PaymentEvent.payment_id == self.payment(place).id)
            return list(session.scalars(query.order_by(PaymentEvent.id)))

    def texts(self) -> list[str]:
        """What was written to people, oldest first, by template."""
        return [message.template for message in self.sms.messages()]

    def bodies(self) -> list[str]:
        """The same in words."""
        return [body_of(self.sms.vault, message) or "" for message in self.sms.messages()]

    def tasks(self, *, done: bool = False) -> list[str]:
        """The words of open tasks, or of those that are done."""
        with self.sms.database.reading() as session:
            is_done = Task.done_at.is_not(None) if done else Task.done_at.is_(None)
            return list(session.scalars(select(Task.words).where(is_done).order_by(Task.id)))
