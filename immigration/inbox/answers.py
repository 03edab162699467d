"""What is the answer to each keyword, and what does it change? One function per keyword (domain.md 9.6)."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from immigration import privacy
from immigration.applications.states import Status, is_end
from immigration.applications.tables import Application
from immigration.applications.unlinking import linked_to, unlink
from immigration.appointments.truth import is_as_told
from immigration.contacts import Contact, choose
from immigration.inbox import facts
from immigration.inbox.cases import Cases
from immigration.inbox.keywords import Keyword, Wish
from immigration.inbox.payments import PaymentAnswers
from immigration.inbox.replies import OCCASION, TOLD, Reply, Sender
from immigration.inbox.visits import VisitAnswers
from immigration.messages.outbox import Draft, Lane, Outbox, body_of, cancel, newest_to
from immigration.messages.tables import Message
from immigration.people import Language, choose_language
from immigration.tasks import open_task

_VALID: Final = timedelta(days=1)
_SMS: Final = "sms"
_MOST: Final = 40
_FEES: Final[dict[Language, str]] = {"id": "BIAYA", "min": "BIAYO", "en": "FEE"}
_PAPERS: Final[dict[Language, str]] = {"id": "SYARAT", "min": "SYARAIK", "en": "REQ"}


_Handler = Callable[[Session, Sender, Wish, datetime], Reply]


class Answers:
    """Understands wishes. What changes something does so in the caller's transaction, with its answer."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._vault = outbox.vault
        self._cases = Cases(outbox)
        self._visits = VisitAnswers(outbox)
        self._payments = PaymentAnswers(outbox, self._cases)
        self._handlers: dict[Keyword, _Handler] = {
            Keyword.STATUS: self._status,
            Keyword.INFO: lambda session, sender, wish, now: Reply("A_INFO"),
            Keyword.BIAYA: self._fees,
            Keyword.SYARAT: self._papers,
            Keyword.JAM: self._hours,
            Keyword.AMBIL: self._collect,
            Keyword.BAHASA: self._language,
            Keyword.STOP: self._stop,
            Keyword.MULAI: self._start,
            Keyword.HAPUS: self._erase,
            Keyword.DATA: self._data,
            Keyword.ULANG: self._again,
            Keyword.SALAH: self._not_me,
            Keyword.YA: self._yes,
            Keyword.TIDAK: self._no,
            **self._visits.handlers,
            **self._payments.handlers,
        }

    def to(self, session: Session, sender: Sender, wish: Wish, now: datetime) -> Reply | None:
        """The answer to a wish; none for free text, which a person reads."""
        return None if wish.keyword is None else self._handlers[wish.keyword](session, sender, wish, now)

    def write(self, session: Session, sender: Sender, reply: Reply, now: datetime) -> None:
        """Write the answer to whoever asked; once per message of theirs."""
        if reply is TOLD:
            return
        occasion = OCCASION + sender.uid.hex()
        if reply.repeats is not None:
            text = body_of(self._vault, reply.repeats)
            assert text is not None, "only what still has its text is repeated"
            self._outbox.put_again(session, reply.repeats, text, occasion, now, category="reply")
            return
        self._outbox.put(
            session,
            Draft(
                occasion=occasion,
                template=reply.template,
                values=reply.values,
                language=reply.language or sender.language,
                office=sender.office.code,
                phone=sender.phone,
                lane=Lane.URGENT,
                category="reply",
                reason="answer",
                validity=_VALID,
                application_id=reply.application_id,
                greets=reply.greets,
            ),
            now,
        )
        if reply.farewell:
            privacy.leave(session, sender.phone_hash, now)

    def _status(self, session: Session, sender: Sender, wish: Wish, now: datetime) -> Reply:
        if wish.number is not None:
            found = self._cases.named(session, sender, wish, now)
            return found if isinstance(found, Reply) else self._cases.state_of(session, sender, found, now)
        if wish.last4 is None:
            own = self._cases.own(session, sender)
        else:
            own = self._cases.own(session, sender, Application.number_last4 == wish.last4)
            if not own:
                return Reply("A_TIDAK_DITEMUKAN")
        running = [row for row in own if not is_end(Status(row.status))]
        if len(own) == 1 or len(running) == 1:
            return self._cases.state_of(session, sender, running[0] if running else own[0], now)
        if not own:
            return Reply("A_STATUS_KOSONG")
        return Reply("A_STATUS_DAFTAR", {"daftar": _listed(own)})

    def _fees(self, session: Session, sender: Sender, wish: Wish, now: datetime) -> Reply:
        catalogue, today = self._outbox.catalogue(), now.astimezone(sender.office.zone).date()
        service = facts.service_meant(catalogue, wish)
        if service is not None:
            told = facts.fees(service, sender.language, today)
            return Reply("A_BIAYA_LAYANAN", {"layanan": facts.named(service, sender.language), "biaya": told})
        if wish.service is not None and not wish.rest:
            return self._which(sender, wish)
        return Reply("A_BIAYA", {"biaya": facts.main_fees(catalogue, sender.language, today)})

    def _papers(self, session: Session, sender: Sender, wish: Wish, now: datetime) -> Reply:
        service = facts.service_meant(self._outbox.catalogue(), wish)
        if service is None:
            return self._which(sender, wish)
        papers = service.papers.get(sender.language) or service.papers["id"]
        return Reply("A_SYARAT_LAYANAN", {"layanan": facts.named(service, sender.language), "syarat": papers})

    def _which(self, sender: Sender, wish: Wish) -> Reply:
        """Ask which service is meant, in the sender's own word for the question."""
        command = (_FEES if wish.keyword is Keyword.BIAYA else _PAPERS)[sender.language]
        return Reply("A_LAYANAN", {"perintah": command, "contoh": facts.service_codes(self._outbox.catalogue())})

    def _hours(self, session: Session, sender: Sender, wish: Wish, now: datetime) -> Reply:
        return Reply("A_JAM", {"lokasi": sender.office.name, "jam": facts.week(sender.office, sender.language)})

    def _collect(self, session: Session, sender: Sender, wish: Wish, now: datetime) -> Reply:
        hours = sender.office.collection.get(sender.language) or sender.office.collection["id"]
        return Reply("A_AMBIL", {"lokasi": sender.office.name, "hari": hours})

    def _language(self, session: Session, sender: Sender, wish: Wish, now: datetime) -> Reply:
        if wish.language is None:
            return Reply("A_BAHASA")
        choose_language(session, sender.phone_hash, wish.language, now, _SMS)
        return Reply("A_BAHASA_OK", language=wish.language)

    def _stop(self, session: Session, sender: Sender, wish: Wish, now: datetime) -> Reply:
        self._choose(session, sender, "A_STOP", False, now)
        return Reply("A_STOP", greets=False)

    def _start(self, session: Session, sender: Sender, wish: Wish, now: datetime) -> Reply:
        self._choose(session, sender, "A_MULAI", True, now)
        return Reply("A_MULAI")

    def _yes(self, session: Session, sender: Sender, wish: Wish, now: datetime) -> Reply:
        offered = self._visits.answer_offer(session, sender, True, now)
        if offered is not None:
            return offered
        if not self._was_asked(session, sender):
            return Reply("A_YA_KOSONG")
        self._choose(session, sender, "R_PRIVASI", True, now)
        return Reply("A_YA")

    def _no(self, session: Session, sender: Sender, wish: Wish, now: datetime) -> Reply:
        offered = self._visits.answer_offer(session, sender, False, now)
        if offered is not None:
            return offered
        if not self._was_asked(session, sender):
            return Reply("A_YA_KOSONG")
        self._choose(session, sender, "R_PRIVASI", False, now)
        return Reply("A_TIDAK")

    def _was_asked(self, session: Session, sender: Sender) -> bool:
        """Whether the privacy text still waits for an answer."""
        contact = session.get_one(Contact, sender.phone_hash)
        return contact.privacy_at is not None and not contact.privacy_answered

    def _choose(self, session: Session, sender: Sender, template: str, agreed: bool, now: datetime) -> None:
        version = self._outbox.texts.template(template, sender.language).version
        choose(session, sender.phone_hash, "reminders", agreed, _SMS, f"{template}:{version}", now)

    def _erase(self, session: Session, sender: Sender, wish: Wish, now: datetime) -> Reply:
        if not wish.confirmed:
            return Reply("A_HAPUS", greets=False)
        privacy.erase(session, self._vault, sender.phone_hash, "citizen", "sms", now)
        return Reply("A_HAPUS_OK", greets=False, farewell=True)

    def _data(self, session: Session, sender: Sender, wish: Wish, now: datetime) -> Reply:
        own = self._cases.own(session, sender)
        return Reply("A_DATA", {"daftar": f"HP, {_listed(own)}" if own else "HP", "lokasi": sender.office.name})

    def _again(self, session: Session, sender: Sender, wish: Wish, now: datetime) -> Reply:
        """The newest that still holds: no reminder of a visit that was moved, no offer that has ended."""
        newest = session.scalars(
            select(Message)
            .where(
                Message.phone_hash == sender.phone_hash,
                Message.category.in_(("case", "reminder", "visit")),
                Message.body_sealed.is_not(None),
                Message.submitting_at.is_not(None),
            )
            .order_by(Message.id.desc())
            .limit(_MOST)
        )
        last = next((message for message in newest if is_as_told(session, message.occasion)), None)
        return Reply("A_ULANG_KOSONG") if last is None else Reply(last.template, repeats=last)

    def _not_me(self, session: Session, sender: Sender, wish: Wish, now: datetime) -> Reply:
        """Unlink what the last message was about (or what four digits name); the office finds the right phone."""
        linked = linked_to(session, sender.phone_hash)
        if wish.last4 is not None:
            linked = [row for row in linked if row.number_last4 == wish.last4]
        ids = [row.id for row in linked]
        last = newest_to(session, sender.phone_hash, Message.application_id.in_(ids), Message.category == "case")
        wrong = [row for row in linked if last is not None and row.id == last.application_id] or linked[-1:]
        if not wrong:
            return Reply("A_SALAH_KOSONG")
        [row] = wrong
        unlink(session, row, "citizen", now)
        cancel(session, "wrong phone", now, Message.application_id == row.id)
        words = f"application ..{row.number_last4}: its phone is somebody else's and was taken out: ask for another"
        open_task(session, "wrong_phone", str(row.id), words, now, office=row.office, application_id=row.id)
        return Reply("A_SALAH", {"no": f"..{row.number_last4}"})


def _listed(rows: Sequence[Application]) -> str:
    return ", ".join(f"..{row.number_last4}" for row in rows)
