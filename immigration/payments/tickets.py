"""What becomes of "I have paid"? A ticket that an officer answers within a working day (domain.md 7).

While a billing that still waits is looked into, it neither runs out nor is reminded of, and its seat is kept.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from immigration import written
from immigration.applications.tables import Application, Payment
from immigration.messages.outbox import Outbox
from immigration.offices.catalogue import OfficeFacts
from immigration.offices.hours import add_working_days
from immigration.payments.paying import PROMISED_WORKING_DAYS, UNPAID
from immigration.payments.settling import look_into
from immigration.people import Language
from immigration.tasks import Task, open_task
from immigration.vault import Vault

OPEN: Final = select(Task.id, Task.opened_at, Task.application_id, Task.office).where(
    Task.phone_hash == bindparam("phone_hash"), Task.kind == "ticket", Task.done_at.is_(None)
)
"""What a phone waits to hear."""


class NothingToPay(Exception):
    """The payment is on record: there is nothing to look into."""


@dataclass(frozen=True)
class Claim:
    """That somebody has paid: from which phone (E.164), for which application if one is known, to which office.

    `receipt` holds the last four characters of the receipt's number, where there is a receipt; `actor` is the channel
    as the histories name it.
    """

    phone: str
    office: OfficeFacts
    application_id: int | None
    receipt: str | None
    actor: str


@dataclass(frozen=True)
class Ticket:
    """What is told of a ticket: its number, and by when an officer answers."""

    number: str
    by: date
    is_new: bool = False


def number_of(task_id: int, opened_at: datetime) -> str:
    """A ticket's number as it is read out: `A26-01234`."""
    return f"A{opened_at:%y}-{task_id:05d}"


def ticket_from(row: Any, office: OfficeFacts) -> Ticket:
    """A row of `OPEN` as it is told."""
    opened_on = row.opened_at.astimezone(office.zone).date()
    return Ticket(number_of(row.id, row.opened_at), add_working_days(office, opened_on, PROMISED_WORKING_DAYS))


def ticket_text(ticket: Ticket, last4: str | None, language: Language) -> tuple[str, dict[str, str]]:
    """The SMS that tells of a ticket: template and values; `last4` of the application, where there is one."""
    values = {"tiket": ticket.number, "tgl": written.day(ticket.by, language)}
    return ("P_TIKET-plain", values) if last4 is None else ("P_TIKET", values | {"no": f"..{last4}"})


def open_of(session: Session, vault: Vault, claim: Claim) -> Ticket | None:
    """The ticket about the same that this phone waits for, if there is one."""
    rows = session.execute(OPEN, {"phone_hash": vault.lookup("phone", claim.phone)})
    same = [row for row in rows if row.application_id == claim.application_id]
    return ticket_from(same[0], claim.office) if same else None


def open_ticket(session: Session, outbox: Outbox, claim: Claim, now: datetime) -> Ticket:
    """Have an officer look into a payment, in a writing session; the same ticket as long as it is open.

    The caller tells its number. Raises `NothingToPay`.
    """
    row, payment = (None, None) if claim.application_id is None else _locked(session, claim.application_id)
    before = open_of(session, outbox.vault, claim)
    if before is not None:
        return before
    if row is not None and row.status not in UNPAID and (payment is None or payment.state != "disputed"):
        raise NothingToPay
    task_id = open_task(
        session,
        "ticket",
        # Of a kind of its own, so that whose ticket it was cannot be told once it is done.
        outbox.vault.lookup("ticket", f"{claim.application_id}:{claim.phone}").hex(),
        _words(claim, row, payment),
        now,
        office=claim.office.code,
        application_id=claim.application_id,
        phone_hash=outbox.vault.lookup("phone", claim.phone),
    )
    if task_id is None:
        # Opened by another process a moment ago.
        opened = open_of(session, outbox.vault, claim)
        assert opened is not None, "an open task about the same is a ticket of this phone"
        return opened
    number = number_of(task_id, now)
    if row is not None and payment is not None and payment.state == "waiting":
        why = f"its payer says that it is paid (ticket {number})"
        look_into(session, outbox, row, payment, why, why, claim.actor, now)
    by = add_working_days(claim.office, now.astimezone(claim.office.zone).date(), PROMISED_WORKING_DAYS)
    return Ticket(number, by, is_new=True)


def _locked(session: Session, application_id: int) -> tuple[Application, Payment | None]:
    """The application before its payment, as everybody else who changes both."""
    row = session.get_one(Application, application_id, with_for_update=True, populate_existing=True)
    current = select(Payment).where(Payment.application_id == application_id, Payment.is_current)
    return row, session.scalar(current.with_for_update().execution_options(populate_existing=True))


def _words(claim: Claim, row: Application | None, payment: Payment | None) -> str:
    """For an officer: which application, how much, and the receipt."""
    about = "no application on record" if row is None else f"application ..{row.number_last4}"
    amount = "" if payment is None else f" {written.rupiah(payment.amount)}"
    receipt = "without a receipt" if claim.receipt is None else f"receipt ..{claim.receipt}"
    return f"{about}:{amount} said to be paid, {receipt}"
