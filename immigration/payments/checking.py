"""Is this what the service costs? An amount that is no tariff is taken all the same, and an officer looks at it."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Final

from sqlalchemy.orm import Session

from immigration import written
from immigration.applications.record import Record
from immigration.offices.catalogue import Catalogue
from immigration.offices.permits import is_re_entry
from immigration.tasks import finish_about, open_task

# Their fee comes on top of the book's, in one billing or in two (domain.md 1.1).
_WITH_A_BOOK: Final = ("PHILANG", "PRUSAK")
_BOOKS: Final = ("P5", "P10")
_PER_DAY: Final = ("OVS",)


def look_at(
    session: Session, catalogue: Catalogue, application_id: int, told: Record, actor: str, now: datetime
) -> None:
    """Leave a task about a billing whose amount is none of the tariffs of its day; take back one about an earlier."""
    assert told.payment is not None, "there is nothing to look at"
    about = str(application_id)
    finish_about(session, "payment_odd", about, actor, now)
    day = told.payment.due_at.astimezone(catalogue.office(told.office).zone).date()
    if is_tariff(catalogue, told.service, told.payment.amount, day):
        return
    amount = written.rupiah(told.payment.amount)
    words = f"application ..{told.number[-4:]}: billed {amount}, which is no tariff of {told.service}"
    open_task(session, "payment_odd", about, words, now, office=told.office, application_id=application_id)


def is_tariff(catalogue: Catalogue, service: str, amount: int, day: date) -> bool:
    """Whether a service costs this on a day, alone or with what is usually billed with it."""
    own = set(_fees(catalogue, (service,), day))
    if service in _PER_DAY:
        return any(amount % fee == 0 for fee in own)
    if service in _WITH_A_BOOK:
        added = set(_fees(catalogue, _BOOKS, day))
    elif catalogue.service(service).group == "permit" and not is_re_entry(catalogue.service(service)):
        # Either may be billed alone or together (domain.md 2.1).
        re_entry = (code for code, facts in catalogue.services.items() if is_re_entry(facts))
        added = set(_fees(catalogue, re_entry, day))
    else:
        added = set()
    return amount in own or any(amount - more in own for more in added)


def _fees(catalogue: Catalogue, services: Iterable[str], day: date) -> Iterator[int]:
    for code in services:
        if code in catalogue.services:
            yield from (fee.amount for fee in catalogue.service(code).fees_on(day))
