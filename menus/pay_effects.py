"""What does a call do about payments? "I have paid" opens a ticket, once, however often it is said."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from sqlalchemy.orm import Session

from immigration.applications.tables import Application
from immigration.clock import Clock
from immigration.database import Database
from immigration.messages.notices import language_for
from immigration.messages.outbox import Draft, Lane, Outbox
from immigration.payments.tickets import Claim, NothingToPay, Ticket, open_of, open_ticket, ticket_text
from immigration.people import as_language
from menus.description import Memory
from menus.desk import EffectKey

_ACTOR: Final = "citizen ussd"
_VALID: Final = timedelta(days=1)


class PayEffects:
    """Effects on payments over the database. What they leave to remember: `why` is none where it was done."""

    def __init__(self, database: Database, clock: Clock, outbox: Outbox, heard: Callable[[], None]) -> None:
        self._database = database
        self._clock = clock
        self._outbox = outbox
        self._heard = heard

    def open_ticket(self, key: EffectKey, values: Memory) -> Memory:
        """Have a payment looked into; the ticket's number goes out by SMS as well, with the ticket."""
        now = self._clock()
        office = self._outbox.catalogue().office(values["office"])
        claim = Claim(key.phone, office, values["case"], values["receipt"], _ACTOR)
        with self._database.writing() as session:
            if key.replayed and open_of(session, self._outbox.vault, claim) is None:
                return {"why": "again"}
            try:
                ticket = open_ticket(session, self._outbox, claim, now)
            except NothingToPay:
                return {"why": "paid"}
            if ticket.is_new:
                self._tell(session, key, claim, ticket)
        if ticket.is_new:
            self._heard()
        return {"why": None}

    def _tell(self, session: Session, key: EffectKey, claim: Claim, ticket: Ticket) -> None:
        row = None if claim.application_id is None else session.get_one(Application, claim.application_id)
        recorded = None if row is None or row.language is None else as_language(row.language)
        language = language_for(session, key.caller, recorded, claim.office)
        template, told = ticket_text(ticket, None if row is None else row.number_last4, language)
        self._outbox.put(
            session,
            Draft(
                occasion=key.occasion,
                template=template,
                values=told,
                language=language,
                office=claim.office.code,
                phone=claim.phone,
                lane=Lane.URGENT,
                category="reply",
                reason="asked by call",
                validity=_VALID,
                application_id=claim.application_id,
            ),
            self._clock(),
        )
