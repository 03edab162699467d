"""What is there to pay, and who looks into it when it is paid and nothing happens? By SMS, the same as in a call."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from immigration import written
from immigration.applications.tables import Application
from immigration.inbox.cases import Cases
from immigration.inbox.keywords import Keyword, Wish
from immigration.inbox.replies import Reply, Sender
from immigration.messages.outbox import Outbox
from immigration.offices.hours import zone_label
from immigration.payments.due import OF_A_PHONE, OF_AN_APPLICATION, Bill, Stage, bill_of
from immigration.payments.paying import OVER
from immigration.payments.tickets import Claim, NothingToPay, open_of, open_ticket, ticket_text
from immigration.payments.writing import grouped
from immigration.people import Language

_ACTOR: Final = "citizen sms"
_STAGES: Final[dict[Stage, dict[Language, str]]] = {
    "late": {"id": "lewat waktu", "min": "lewaik wakatu", "en": "expired"},
    "disputed": {"id": "diperiksa", "min": "dipareso", "en": "being checked"},
}


class PaymentAnswers:
    """Answers BAYAR and "I have paid", in the caller's transaction."""

    def __init__(self, outbox: Outbox, cases: Cases) -> None:
        self._outbox = outbox
        self._cases = cases
        self.handlers: dict[Keyword, Callable[[Session, Sender, Wish, datetime], Reply]] = {Keyword.BAYAR: self._pay}

    def _pay(self, session: Session, sender: Sender, wish: Wish, now: datetime) -> Reply:
        if wish.number is not None:
            found = self._cases.named(session, sender, wish, now)
            if isinstance(found, Reply):
                return found
            bill = bill_of(self._outbox.vault, session.execute(OF_AN_APPLICATION, {"id": found.id}).one(), now)
            return self._of(session, sender, wish, bill, wish.receipt or wish.last4, now)
        fours = [four for four in (wish.receipt, wish.last4) if four is not None]
        named = self._waiting(session, sender, now, Application.number_last4.in_(fours)) if fours else []
        if fours and not named:
            others = self._cases.own(session, sender, Application.number_last4.in_(fours))
            if others and (others[0].status not in OVER or not wish.paid):
                return self._cases.state_of(session, sender, others[0], now)
            if not wish.paid:
                return Reply("A_TIDAK_DITEMUKAN")
        # Four digits may be an application's or a receipt's.
        receipt = next((four for four in fours if all(bill.last4 != four for bill in named)), None)
        meant = named or self._waiting(session, sender, now)
        if len(meant) == 1:
            return self._of(session, sender, wish, meant[0], receipt, now)
        if meant:
            return _listed(meant, sender, wish)
        return self._none_waits(session, sender, wish, receipt, now)

    def _of(
        self, session: Session, sender: Sender, wish: Wish, bill: Bill, receipt: str | None, now: datetime
    ) -> Reply:
        """What to say of one bill; run out, the keyword alone says that it is paid, for that is what we asked."""
        claim = self._claim(sender, bill, receipt)
        if wish.paid or (bill.stage == "late" and not wish.rest):
            return self._ticket(session, sender, claim, bill, now)
        waits = open_of(session, self._outbox.vault, claim)
        if waits is not None:
            return _told(ticket_text(waits, bill.last4, sender.language), bill)
        if bill.stage == "disputed":
            return _told(("A_BAYAR_PERIKSA", {"no": f"..{bill.last4}"}), bill)
        if bill.stage == "due":
            return _told(("A_BAYAR", self._due(sender, bill, now)), bill)
        return self._state_of(session, sender, bill, now)

    def _none_waits(self, session: Session, sender: Sender, wish: Wish, receipt: str | None, now: datetime) -> Reply:
        """Whoever says to have paid hears the state, unless there is none that a payment counts for, or a receipt."""
        if not wish.paid:
            return Reply("A_BAYAR_KOSONG")
        newest = () if receipt is not None else self._cases.own(session, sender)[:1]
        if newest and newest[0].status not in OVER:
            return self._cases.state_of(session, sender, newest[0], now)
        return self._ticket(session, sender, self._claim(sender, None, receipt), None, now)

    def _ticket(self, session: Session, sender: Sender, claim: Claim, bill: Bill | None, now: datetime) -> Reply:
        try:
            ticket = open_ticket(session, self._outbox, claim, now)
        except NothingToPay:
            assert bill is not None, "only of an application is it known that it is paid"
            return self._state_of(session, sender, bill, now)
        return _told(ticket_text(ticket, None if bill is None else bill.last4, sender.language), bill)

    def _claim(self, sender: Sender, bill: Bill | None, receipt: str | None) -> Claim:
        office = sender.office if bill is None else self._outbox.catalogue().office(bill.office)
        return Claim(sender.phone, office, None if bill is None else bill.application_id, receipt, _ACTOR)

    def _waiting(self, session: Session, sender: Sender, now: datetime, *conditions: ColumnElement[bool]) -> list[Bill]:
        query = OF_A_PHONE.where(*conditions)
        rows = session.execute(query, {"phone_hash": sender.phone_hash})
        return [bill_of(self._outbox.vault, row, now) for row in rows]

    def _state_of(self, session: Session, sender: Sender, bill: Bill, now: datetime) -> Reply:
        return self._cases.state_of(session, sender, session.get_one(Application, bill.application_id), now)

    def _due(self, sender: Sender, bill: Bill, now: datetime) -> dict[str, str]:
        assert bill.payment is not None, "what is due has a billing"
        office = self._outbox.catalogue().office(bill.office)
        until = bill.payment.due_at.astimezone(office.zone)
        return {
            "no": f"..{bill.last4}",
            "rp": written.rupiah(bill.payment.amount),
            "billing": grouped(bill.payment.billing),
            "waktu": written.time_left(bill.payment.due_at - now, sender.language),
            "jam1": f"{written.time_of_day(until)} {zone_label(office.zone)}",
            "tgl1": written.short_day(until.date(), sender.language),
        }


def _listed(bills: Sequence[Bill], sender: Sender, wish: Wish) -> Reply:
    lines = ", ".join(_line(bill, sender.language) for bill in bills)
    template = "A_BAYAR_DAFTAR-lunas" if wish.paid else "A_BAYAR_DAFTAR"
    return Reply(template, {"daftar": lines, "no": f"..{bills[0].last4}"})


def _line(bill: Bill, language: Language) -> str:
    amount = written.rupiah(bill.payment.amount) if bill.stage == "due" and bill.payment is not None else ""
    return f"..{bill.last4} {_STAGES.get(bill.stage, {}).get(language, amount)}".rstrip()


def _told(text: tuple[str, dict[str, str]], bill: Bill | None) -> Reply:
    template, values = text
    return Reply(template, values, application_id=None if bill is None else bill.application_id)
