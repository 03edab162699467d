"""What does somebody who writes want to come for, and to which office?"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from immigration.applications.states import Status, is_under_way
from immigration.applications.tables import Application
from immigration.appointments import booking
from immigration.appointments.booking import NEEDS_A_VISIT
from immigration.appointments.calendar import rules_of
from immigration.inbox import facts
from immigration.inbox.free_seats import BOOK, FreeSeats
from immigration.inbox.keywords import Wish
from immigration.inbox.replies import Reply, Sender
from immigration.messages.outbox import Outbox
from immigration.offices.catalogue import OfficeFacts
from immigration.offices.visit_rules import Lane

LANE: Final[Lane] = "general"
"""The lane that is booked by SMS; those who go first need no booking."""

_CODES: Final = 7


@dataclass(frozen=True)
class Matter:
    """An application, a service or neither, at an office that takes visits."""

    office: OfficeFacts
    service: str | None
    application_id: int | None


def matter_meant(session: Session, outbox: Outbox, sender: Sender, wish: Wish, now: datetime) -> Matter | Reply:
    """The one application that needs a visit, the service that is named, or just the phone; else what to ask or say."""
    catalogue = outbox.catalogue()
    running = [row for row in _applications(session, sender) if is_under_way(Status(row.status))]
    needing = [row for row in running if row.status in NEEDS_A_VISIT]
    service = facts.service_meant(catalogue, wish)
    if wish.last4 is not None:
        needing = [row for row in needing if row.number_last4 == wish.last4]
    elif service is not None:
        # For somebody else than the applicant, where the application is for something else.
        needing = [row for row in needing if row.service == service.code]
    booked = {visit.application_id for visit in booking.open_visits(session, sender.phone_hash)}
    open_ = [row for row in needing if row.id not in booked] or needing
    office = catalogue.office(open_[0].office) if open_ else sender.office
    if office.visits is None:
        return takes_none(office)
    if len(open_) > 1:
        ends = [f"..{row.number_last4}" for row in open_]
        seats = seats_for(session, sender, office, now)
        return Reply("A_DAFTAR_MANA", {**seats.example(seats.free), "daftar": ", ".join(ends), "no": ends[0]})
    if open_:
        return Matter(office, open_[0].service, open_[0].id)
    if wish.last4 is not None:
        return seats_for(session, sender, office, now).unclear()
    codes = rules_of(office).services
    command = {"perintah": BOOK[sender.language], "contoh": " ".join(codes[:_CODES])}
    if service is None:
        if wish.service is not None:
            return Reply("A_LAYANAN", command)
        return Reply("A_DAFTAR_TIDAK", command) if running else Matter(office, None, None)
    return Matter(office, service.code, None) if service.code in codes else Reply("A_LAYANAN", command)


def needs_a_visit(session: Session, sender: Sender) -> bool:
    """Whether an application of the sender waits for them to come."""
    return any(row.status in NEEDS_A_VISIT for row in _applications(session, sender))


def office_of(session: Session, outbox: Outbox, sender: Sender) -> OfficeFacts:
    """Where the sender's application is that needs a visit; else the office that wrote to them last."""
    offices = {row.office for row in _applications(session, sender) if row.status in NEEDS_A_VISIT}
    return outbox.catalogue().office(offices.pop()) if len(offices) == 1 else sender.office


def seats_for(session: Session, sender: Sender, office: OfficeFacts, now: datetime) -> FreeSeats:
    """What the sender may book there."""
    return FreeSeats.of(session, office, LANE, sender.language, now, moves=False)


def takes_none(office: OfficeFacts) -> Reply:
    """That one comes to this office without booking."""
    return Reply("A_JADWAL_TIDAK", {"lokasi": office.name})


def _applications(session: Session, sender: Sender) -> Sequence[Application]:
    query = select(Application).where(Application.phone_hash == sender.phone_hash)
    return session.scalars(query.order_by(Application.id.desc())).all()
