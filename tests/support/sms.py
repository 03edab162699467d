"""An office with applications, a pretend aggregator over real HTTP, and workers that send to it."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from redis import Redis
from sqlalchemy import delete, func, select

from gateway.aggregators.africastalking_sms import AfricasTalkingSms
from gateway.aggregators.eight_by_eight import EightByEight
from gateway.messaging import build_outbox
from gateway.settings import Settings
from gateway.simulator.aggregator import PretendAggregator
from immigration.applications.keeping import Outcome, change_status, put
from immigration.applications.record import Details, Record
from immigration.applications.states import Group, Status
from immigration.applications.tables import Application, ApplicationEvent, Payment, PaymentEvent
from immigration.appointments.tables import Hold, HoldDay, QuotaAlert, SeatEvent, Slot, Visit, Waiting
from immigration.clock import Clock
from immigration.contacts import Choice, Contact, know
from immigration.database import Database
from immigration.inbox.desk import InboxDesk
from immigration.inbox.tables import Inbound
from immigration.messages.notices import tell
from immigration.messages.outbox import Outbox
from immigration.messages.spending import Caps
from immigration.messages.tables import Channel, Message, MessageEvent, SpendDay
from immigration.offices.snapshot import CatalogueSnapshot
from immigration.offices.tables import Closure
from immigration.people import Preference
from immigration.reminders.tables import Reminder
from immigration.tasks import Task
from immigration.vault import Vault
from workers.pace import Pace
from workers.routes import Routes
from workers.sending import Effort, Sender

TABLES = (
    SeatEvent,
    Hold,
    HoldDay,
    Waiting,
    QuotaAlert,
    Visit,
    Slot,
    Closure,
    Task,
    Choice,
    Inbound,
    MessageEvent,
    Message,
    Contact,
    Channel,
    SpendDay,
    Preference,
    Reminder,
    PaymentEvent,
    Payment,
    ApplicationEvent,
    Application,
)
"""What these tests write, children first."""


def empty(database: Database) -> None:
    """Leave nothing of an earlier test."""
    with database.writing() as session:
        for table in TABLES:
            session.execute(delete(table))


@dataclass
class SmsOffice:
    """Applications and the messages about them, over a real database."""

    database: Database
    vault: Vault
    clock: Clock
    settings: Settings = field(default_factory=lambda: Settings(quiet_hours="", sms_reply_number="+6275312345"))

    def __post_init__(self) -> None:
        self.catalogue = CatalogueSnapshot(self.database)
        self.outbox: Outbox = build_outbox(self.settings, self.vault, self.catalogue)
        self.inbox = InboxDesk(self.database, self.vault, self.outbox, self.clock, "SJJ")

    def with_settings(self, **changed: object) -> "SmsOffice":
        """The same office under other settings."""
        return replace(self, settings=self.settings.model_copy(update=changed))

    def record(self, place: int, *, phone: str | None = None, notify: bool = False, **more: object) -> Outcome:
        """Have an application: number 99…place, phone +62812…place unless told, BERKAS_DIPERIKSA unless told."""
        told: dict[str, object] = {
            "office": "SJJ",
            "service": "P10",
            "status": Status.BERKAS_DIPERIKSA,
            "name": "Siti Rahmah",
            "birth_date": date(1990, 11, 24),
            "consent": True,
        }
        told |= more
        record = Record(number=number(place), phone=phone or phone_of(place), **told)
        now = self.clock()
        with self.database.writing() as session:
            outcome = put(session, self.vault, record, self._group(record.service), "test", now)
            if notify:
                tell(session, self.outbox, outcome, now)
        return outcome

    def change(self, place: int, status: Status, **details: object) -> Outcome:
        """Move an application on and tell its applicant."""
        now = self.clock()
        with self.database.writing() as session:
            outcome = change_status(
                session,
                self.vault,
                number(place),
                status,
                Details(**details),
                None,
                self._group,
                "test",
                now,
            )
            tell(session, self.outbox, outcome, now)
        return outcome

    def greeted(self, *places: int) -> None:
        """As after a first contact, long ago: no privacy text comes any more."""
        now = self.clock()
        with self.database.writing() as session:
            for place in places:
                phone_hash = know(session, self.vault, phone_of(place), now)
                session.get_one(Contact, phone_hash).privacy_at = now - timedelta(days=30)

    def messages(self, *conditions: object) -> list[Message]:
        """The messages, oldest first."""
        with self.database.reading() as session:
            return list(session.scalars(select(Message).where(*conditions).order_by(Message.id)))

    def states(self) -> Counter[str]:
        """How many messages are in each state."""
        with self.database.reading() as session:
            rows = session.execute(select(Message.state, func.count().label("messages")).group_by(Message.state))
            return Counter({row.state: row.messages for row in rows})

    def events(self, message_id: int) -> list[MessageEvent]:
        """A message's events, oldest first."""
        with self.database.reading() as session:
            query = select(MessageEvent).where(MessageEvent.message_id == message_id).order_by(MessageEvent.id)
            return list(session.scalars(query))

    def open_tasks(self) -> list[str]:
        """The kinds of open tasks, in order."""
        with self.database.reading() as session:
            return list(session.scalars(select(Task.kind).where(Task.done_at.is_(None)).order_by(Task.id)))

    def _group(self, service: str) -> Group:
        return self.catalogue().service(service).group


def number(place: int) -> str:
    """An application number that belongs to nobody."""
    return f"99{place:014d}"


def phone_of(place: int) -> str:
    """A phone of the demonstration's kind."""
    return f"+62812{place:08d}"


def channel_to(aggregator: PretendAggregator, name: str = "africastalking") -> AfricasTalkingSms:
    """Africa's Talking's channel, to a pretend aggregator."""
    return AfricasTalkingSms("sandbox", "key", "IMIGRASI", aggregator.url, name=name)


def second_channel_to(aggregator: PretendAggregator) -> EightByEight:
    """8x8's channel, to a pretend aggregator."""
    return EightByEight("sub", "key", "IMIGRASI", aggregator.url)


@contextmanager
def sending(
    office: SmsOffice,
    *channels: AfricasTalkingSms | EightByEight,
    threads: int = 4,
    lease_s: float = 30.0,
    caps: Caps | None = None,
    redis: Redis | None = None,
    rate: int = 10_000,
) -> Iterator[Sender]:
    """A worker's part in sending, in this process."""
    sender = Sender(
        office.database,
        office.outbox,
        Routes({channel.name: channel for channel in channels}, tuple(channel.name for channel in channels)),
        Pace(redis, rate),
        office.clock,
        caps or Caps(per_phone=1000, spend=1_000_000_000, price=350),
        Effort(threads, timedelta(seconds=lease_s)),
    )
    try:
        yield sender
    finally:
        sender.close()
