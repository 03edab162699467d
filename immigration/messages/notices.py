"""What is an applicant told when the application changes, how urgently, and for how long does it make sense?"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from immigration.applications.keeping import Outcome
from immigration.applications.rows import kept_of
from immigration.applications.states import Status
from immigration.applications.tables import Application, Payment
from immigration.appointments.tables import Visit
from immigration.bulk import one_of
from immigration.messages.many import put_all
from immigration.messages.outbox import Draft, Lane, Outbox, cancel
from immigration.messages.state_texts import Case, StateText, case_of, state_text
from immigration.messages.tables import Message
from immigration.offices.catalogue import OfficeFacts
from immigration.people import Language, Preference, as_language, chosen_language

# Two changes so soon after each other are one piece of news.
ONE_PIECE: Final = timedelta(minutes=1)
SUPERSEDED: Final = "superseded"


@dataclass(frozen=True)
class Notice:
    """How a state is told."""

    lane: Lane
    validity: timedelta
    waits: bool = True


_PLAIN: Final = Notice(Lane.NORMAL, timedelta(days=3))
_TO_DO: Final = Notice(Lane.NORMAL, timedelta(days=7))

NOTICES: Final[dict[Status, Notice]] = {
    # Two hours to pay leave no time for quiet hours; it ends with the billing.
    Status.MENUNGGU_BAYAR: Notice(Lane.URGENT, timedelta(hours=2), waits=False),
    Status.KEDALUWARSA: _PLAIN,
    Status.LUNAS_TERJADWAL: _PLAIN,
    Status.TIDAK_HADIR: _TO_DO,
    Status.BERKAS_DIPERIKSA: _PLAIN,
    Status.PERLU_LENGKAPI: _TO_DO,
    Status.FOTO_WAWANCARA: _PLAIN,
    Status.VERIFIKASI: _PLAIN,
    Status.ADJUDIKASI: _PLAIN,
    Status.DITUNDA_BAP: _PLAIN,
    Status.CETAK: _PLAIN,
    Status.IT_DITERUSKAN: _PLAIN,
    Status.IT_TERBIT: _TO_DO,
    Status.SIAP_DIAMBIL: _TO_DO,
    Status.DIKIRIM_POS: _PLAIN,
    Status.DISERAHKAN: _PLAIN,
    Status.DITOLAK: _TO_DO,
    Status.DIBATALKAN: _TO_DO,
    Status.BATAL_30HARI: _TO_DO,
}
"""Which states speak: all of them. A state that is left out is told to nobody."""


@dataclass(frozen=True)
class News:
    """A state to tell of: whose application, by which event (its uid) it came about, to which phone."""

    application_id: int
    event: bytes
    case: Case
    phone: str
    phone_hash: bytes


def language_for(session: Session, phone_hash: bytes, recorded: Language | None, office: OfficeFacts) -> Language:
    """The caller's choice, else the record's, else the office's."""
    return as_language(chosen_language(session, phone_hash) or recorded or office.language)


def tell(session: Session, outbox: Outbox, outcome: Outcome, now: datetime) -> None:
    """Write the message about what just changed; none where nothing did, or nobody's phone is known.

    An older one about the same application that is not out yet gives way, if it is less than a minute old.
    """
    record = outcome.kept.record
    if outcome.news is None or record.phone is None or record.status not in NOTICES:
        return
    phone_hash = outbox.vault.lookup("phone", record.phone)
    language = language_for(session, phone_hash, record.language, outbox.catalogue().office(record.office))
    news = News(outcome.id, outcome.news, case_of(outcome.kept), record.phone, phone_hash)
    draft = _draft(outbox, news, language, _visit_at(session, outcome.id), now)
    _give_way(session, Message.application_id == outcome.id, now)
    outbox.put(session, draft, now)


def tell_all(session: Session, outbox: Outbox, told: Sequence[News], now: datetime) -> None:
    """`tell` of many applications at once, each of them in it but once: a few statements for all of them."""
    if not told:
        return
    ids = [one.application_id for one in told]
    asked = (
        select(Application.id, Preference.language, Visit.starts_at)
        .join(Preference, Preference.phone_hash == Application.phone_hash, isouter=True)
        .join(Visit, (Visit.application_id == Application.id) & (Visit.state == "booked"), isouter=True)
        .where(one_of(session, Application.id, ids))
    )
    found = {row.id: row for row in session.execute(asked)}
    _give_way(session, one_of(session, Message.application_id, ids), now)
    drafts = []
    for one in told:
        recorded = one.case.language or outbox.catalogue().office(one.case.office).language
        language = as_language(found[one.application_id].language or recorded)
        drafts.append((one.phone_hash, _draft(outbox, one, language, found[one.application_id].starts_at, now)))
    put_all(session, outbox, drafts, now)


def _give_way(session: Session, these: ColumnElement[bool], now: datetime) -> None:
    """Call off what is less than a minute old about these applications, and not out yet."""
    recent = Message.created_at > now - ONE_PIECE
    cancel(session, SUPERSEDED, now, these, Message.category == "case", recent)


def _draft(outbox: Outbox, news: News, language: Language, visit_at: datetime | None, now: datetime) -> Draft:
    case, notice = news.case, NOTICES[news.case.status]
    catalogue = outbox.catalogue()
    is_passport = catalogue.service(case.service).group == "passport"
    text = state_text(case, catalogue.office(case.office), language, now, is_passport=is_passport, visit_at=visit_at)
    validity = notice.validity
    if text.template == Status.MENUNGGU_BAYAR and case.payment is not None:
        validity = case.payment.due_at - now
    return Draft(
        occasion=f"application:{news.event.hex()}",
        template=text.template,
        values=text.values,
        language=language,
        office=case.office,
        phone=news.phone,
        lane=notice.lane,
        category="case",
        reason=case.status.value,
        validity=validity,
        application_id=news.application_id,
        waits=notice.waits,
    )


def text_of(session: Session, outbox: Outbox, row: Application, language: Language, now: datetime) -> StateText:
    """The wording for an application on record as it is now."""
    payment = session.scalar(select(Payment).where(Payment.application_id == row.id, Payment.is_current))
    catalogue = outbox.catalogue()
    is_passport = catalogue.service(row.service).group == "passport"
    return state_text(
        case_of(kept_of(outbox.vault, row, payment)),
        catalogue.office(row.office),
        language,
        now,
        is_passport=is_passport,
        visit_at=_visit_at(session, row.id),
    )


def _visit_at(session: Session, application_id: int) -> datetime | None:
    """When the applicant is expected, if a visit is booked."""
    return session.scalar(
        select(Visit.starts_at).where(Visit.application_id == application_id, Visit.state == "booked")
    )


def send_status(
    session: Session, outbox: Outbox, application_id: int, phone: str, occasion: str, now: datetime
) -> bool:
    """Send an application's state to a phone that asked for it; whether this occasion had none yet."""
    row = session.get(Application, application_id)
    if row is None:
        return False
    phone_hash = outbox.vault.lookup("phone", phone)
    recorded = None if row.language is None else as_language(row.language)
    language = language_for(session, phone_hash, recorded, outbox.catalogue().office(row.office))
    text = text_of(session, outbox, row, language, now)
    draft = Draft(
        occasion=occasion,
        template=text.template,
        values=text.values,
        language=language,
        office=row.office,
        phone=phone,
        lane=Lane.URGENT,
        category="reply",
        reason="asked by call",
        validity=timedelta(days=1),
        application_id=row.id,
    )
    return outbox.put(session, draft, now) is not None
