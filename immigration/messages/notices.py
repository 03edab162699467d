"""What is an applicant told when the application changes, how urgently, and for how long does it make sense?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from immigration import written
from immigration.applications.keeping import Outcome
from immigration.applications.record import DAYS_TO_COLLECT, Billing, Kept
from immigration.applications.rows import kept_of
from immigration.applications.states import Status
from immigration.applications.tables import Application, Payment
from immigration.appointments.tables import Visit
from immigration.messages.many import put_all
from immigration.messages.outbox import Draft, Lane, Outbox, cancel
from immigration.messages.tables import Message
from immigration.offices.catalogue import OfficeFacts
from immigration.offices.hours import zone_label
from immigration.people import Language, as_language, chosen_language, chosen_languages

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
class StateText:
    """The template for a state as it is, and what to fill in."""

    template: str
    values: Mapping[str, str]


def state_text(
    kept: Kept,
    office: OfficeFacts,
    language: Language,
    now: datetime,
    *,
    is_passport: bool,
    visit_at: datetime | None = None,
) -> StateText:
    """The wording for an application's state, with the variant that says no more than is known."""
    record, details = kept.record, kept.record.details
    since = kept.status_at.astimezone(office.zone).date()
    values = {
        "no": f"..{record.number[-4:]}",
        "lokasi": office.name,
        "hari": office.collection.get(language) or office.collection["id"],
        "tgl": written.day(since, language),
    }
    variant = ""
    match record.status:
        case Status.MENUNGGU_BAYAR:
            return _payment(record.payment, values, office, language, now)
        case Status.LUNAS_TERJADWAL if visit_at is not None:
            values |= visit_times(visit_at, office, language)
            variant = "visit"
        case Status.PERLU_LENGKAPI:
            values["kurang"] = details.missing or ""
            if details.due_on:
                values["tgl"] = written.day(details.due_on, language)
            variant = {(True, True): "", (True, False): "no-date", (False, True): "no-list"}.get(
                (bool(details.missing), bool(details.due_on)), "plain"
            )
        case Status.FOTO_WAWANCARA:
            variant = _dated(values, details.ready_on, language)
        case Status.TIDAK_HADIR:
            variant = _dated(values, details.due_on, language)
        case Status.IT_TERBIT:
            variant = _dated(values, details.valid_until, language)
        case Status.SIAP_DIAMBIL:
            until = details.due_on or (since + DAYS_TO_COLLECT if is_passport else None)
            variant = _dated(values, until, language)
        case Status.DIKIRIM_POS:
            values["resi"] = details.receipt or ""
            variant = "" if details.receipt else "plain"
    return StateText(f"{record.status}-{variant}" if variant else record.status.value, values)


def _payment(
    payment: Billing | None, values: dict[str, str], office: OfficeFacts, language: Language, now: datetime
) -> StateText:
    waiting = Status.MENUNGGU_BAYAR.value
    if payment is None:
        return StateText(f"{waiting}-plain", values)
    if payment.paid_at is not None:
        return StateText(Status.LUNAS_TERJADWAL.value, values)
    if payment.due_at <= now:
        return StateText(Status.KEDALUWARSA.value, values)
    due = payment.due_at.astimezone(office.zone)
    told = {
        "rp": written.rupiah(payment.amount),
        "kode": payment.billing,
        "jam1": f"{written.time_of_day(due)} {zone_label(office.zone)}",
        "tgl": written.day(due.date(), language),
    }
    return StateText(waiting, values | told)


def visit_times(starts_at: datetime, office: OfficeFacts, language: Language) -> dict[str, str]:
    """Day and time of a visit in the office's zone: `Kam 24 Des`, `08.00 WIB`."""
    local = starts_at.astimezone(office.zone)
    return {
        "tanggal": written.weekday_and_day(local.date(), language),
        "jam1": f"{written.time_of_day(local)} {zone_label(office.zone)}",
    }


def _dated(values: dict[str, str], day: date | None, language: Language) -> str:
    if day is None:
        return "plain"
    values["tgl"] = written.day(day, language)
    return ""


def language_for(session: Session, phone_hash: bytes, recorded: Language | None, office: OfficeFacts) -> Language:
    """The caller's choice, else the record's, else the office's."""
    return as_language(chosen_language(session, phone_hash) or recorded or office.language)


def tell(session: Session, outbox: Outbox, outcome: Outcome, now: datetime) -> None:
    """Write the message about what just changed; none where nothing did, or nobody's phone is known.

    An older one about the same application that is not out yet gives way, if it is less than a minute old.
    """
    record = outcome.kept.record
    if not _speaks(outcome) or record.phone is None:
        return
    phone_hash = outbox.vault.lookup("phone", record.phone)
    language = language_for(session, phone_hash, record.language, outbox.catalogue().office(record.office))
    draft = _draft(outbox, outcome, record.phone, language, _visit_at(session, outcome.id), now)
    _give_way(session, [outcome.id], now)
    outbox.put(session, draft, now)


def tell_all(session: Session, outbox: Outbox, outcomes: Sequence[Outcome], now: datetime) -> None:
    """`tell` of many applications at once, each of them in it but once: a few statements for all of them."""
    told = [(one, phone) for one in outcomes if _speaks(one) and (phone := one.kept.record.phone) is not None]
    if not told:
        return
    hashes = [outbox.vault.lookup("phone", phone) for _, phone in told]
    chosen = chosen_languages(session, hashes)
    ids = [one.id for one, _ in told]
    booked = select(Visit.application_id, Visit.starts_at).where(Visit.application_id.in_(ids), Visit.state == "booked")
    visits = {row.application_id: row.starts_at for row in session.execute(booked)}
    _give_way(session, ids, now)
    drafts = []
    for (one, phone), phone_hash in zip(told, hashes, strict=True):
        recorded = one.kept.record.language or outbox.catalogue().office(one.kept.record.office).language
        language = as_language(chosen.get(phone_hash) or recorded)
        drafts.append(_draft(outbox, one, phone, language, visits.get(one.id), now))
    put_all(session, outbox, drafts, now)


def _give_way(session: Session, application_ids: Sequence[int], now: datetime) -> None:
    """Call off what is less than a minute old about these applications, and not out yet."""
    cancel(
        session,
        SUPERSEDED,
        now,
        Message.application_id.in_(application_ids),
        Message.category == "case",
        Message.created_at > now - ONE_PIECE,
    )


def _speaks(outcome: Outcome) -> bool:
    return outcome.news is not None and outcome.kept.record.status in NOTICES


def _draft(
    outbox: Outbox, outcome: Outcome, phone: str, language: Language, visit_at: datetime | None, now: datetime
) -> Draft:
    record, notice = outcome.kept.record, NOTICES[outcome.kept.record.status]
    assert outcome.news is not None, "there is something to tell"
    catalogue = outbox.catalogue()
    is_passport = catalogue.service(record.service).group == "passport"
    office = catalogue.office(record.office)
    text = state_text(outcome.kept, office, language, now, is_passport=is_passport, visit_at=visit_at)
    validity = notice.validity
    if text.template == Status.MENUNGGU_BAYAR and record.payment is not None:
        validity = record.payment.due_at - now
    return Draft(
        occasion=f"application:{outcome.news.hex()}",
        template=text.template,
        values=text.values,
        language=language,
        office=record.office,
        phone=phone,
        lane=notice.lane,
        category="case",
        reason=record.status.value,
        validity=validity,
        application_id=outcome.id,
        waits=notice.waits,
    )


def text_of(session: Session, outbox: Outbox, row: Application, language: Language, now: datetime) -> StateText:
    """The wording for an application on record as it is now."""
    payment = session.scalar(select(Payment).where(Payment.application_id == row.id, Payment.is_current))
    catalogue = outbox.catalogue()
    is_passport = catalogue.service(row.service).group == "passport"
    return state_text(
        kept_of(outbox.vault, row, payment),
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
