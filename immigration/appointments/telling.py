"""What is a citizen told of a visit? One SMS for each change, in their language, in one segment."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from immigration import written
from immigration.applications.tables import Application
from immigration.appointments.codes import spoken
from immigration.appointments.tables import Slot, Visit, Waiting
from immigration.contacts import Contact, phone_of
from immigration.messages.notices import language_for
from immigration.messages.outbox import Draft, Lane, Outbox
from immigration.messages.state_texts import visit_times
from immigration.offices.catalogue import OfficeFacts
from immigration.people import Language, as_language

ORIGINALS: Final[dict[str, str]] = {"id": "KTP dan KK asli", "min": "KTP jo KK asli", "en": "original KTP and KK"}
"""What everybody brings, whatever they come for."""

_LEAST: Final = timedelta(minutes=5)
_DAY: Final = timedelta(days=1)


def occasion(visit: Visit, what: str) -> str:
    """What a message about this visit is called, as it is now: another time is another piece of news.

    So is one that it had before: whoever moves there and back and there again is told each time.
    """
    when = "" if visit.starts_at is None else f"{int(visit.starts_at.timestamp())}"
    return f"visit:{visit.uid.hex()}:{what}:{when}:{visit.moves}"


def offer_occasion(entry: Waiting) -> str:
    """What the message about the offer that stands now is called."""
    return f"offer:{entry.id}:{entry.slot_id}:{entry.offers}"


def times(starts_at: datetime, office: OfficeFacts, language: Language) -> dict[str, str]:
    """Day and time of a visit in the office's zone, and where it is."""
    return visit_times(starts_at, office, language) | {"lokasi": office.name}


def booked(session: Session, outbox: Outbox, visit: Visit, phone: str, now: datetime) -> None:
    """The visit with its code, to be kept and shown at the office."""
    say(session, outbox, visit, "V_BUKTI", phone, now, {"kunjungan": spoken(visit.code)})


def moved(session: Session, outbox: Outbox, visit: Visit, phone: str, now: datetime) -> None:
    """The visit's new time."""
    say(session, outbox, visit, "V_PINDAH", phone, now, {"kunjungan": spoken(visit.code)})


def cancelled(session: Session, outbox: Outbox, visit: Visit, phone: str, now: datetime) -> None:
    """That the visit is off: whoever did not ask for it learns of it."""
    say(session, outbox, visit, "V_BATAL", phone, now, {})


def closed(
    session: Session, outbox: Outbox, visit: Visit, phone: str, was: datetime, now: datetime, *, found: bool
) -> None:
    """The office is closed then: the new time, or that none was free yet."""
    office = outbox.catalogue().office(visit.office)
    language = language_of(session, visit.phone_hash, visit.application_id, office)
    values = {"tanggal2": written.weekday_and_day(was.astimezone(office.zone).date(), language)}
    say(session, outbox, visit, "R_TUTUP" if found else "R_TUTUP-penuh", phone, now, values)


def say(
    session: Session,
    outbox: Outbox,
    visit: Visit,
    template: str,
    phone: str,
    now: datetime,
    values: Mapping[str, str],
    *,
    waits: bool = False,
    validity: timedelta | None = None,
) -> int | None:
    """Write a message about a visit; its id, or none where this was said before."""
    office = outbox.catalogue().office(visit.office)
    language = language_of(session, visit.phone_hash, visit.application_id, office)
    assert visit.starts_at is not None, "walk-ins are told in person"
    return outbox.put(
        session,
        Draft(
            occasion=occasion(visit, template),
            template=template,
            values={
                **times(visit.starts_at, office, language),
                "syarat": papers(outbox, visit.service, language),
                **values,
            },
            language=language,
            office=visit.office,
            phone=phone,
            lane=Lane.NORMAL,
            category="visit",
            reason=template,
            validity=validity or max(min(visit.starts_at - now, 3 * _DAY), _LEAST),
            waits=waits,
        ),
        now,
    )


def papers(outbox: Outbox, service: str | None, language: Language) -> str:
    """What to bring for a service."""
    return ORIGINALS[language] if service is None else outbox.catalogue().service(service).papers[language]


def waits(session: Session, outbox: Outbox, entry: Waiting, phone: str, now: datetime) -> None:
    """That they are on the waiting list, and until which day."""
    office = outbox.catalogue().office(entry.office)
    language = language_of(session, entry.phone_hash, entry.application_id, office)
    outbox.put(
        session,
        Draft(
            occasion=f"waiting:{entry.id}",
            template="V_TUNGGU",
            values={"lokasi": office.name, "tanggal": written.weekday_and_day(entry.last_day, language)},
            language=language,
            office=entry.office,
            phone=phone,
            lane=Lane.NORMAL,
            category="visit",
            reason="V_TUNGGU",
            validity=_DAY,
        ),
        now,
    )


def offered(
    session: Session, outbox: Outbox, entry: Waiting, slot: Slot, phone: str, until: datetime, now: datetime
) -> None:
    """A seat for the one who waited: until when, and how to say yes."""
    office = outbox.catalogue().office(entry.office)
    language = language_of(session, entry.phone_hash, entry.application_id, office)
    local = until.astimezone(office.zone)
    values = times(slot.starts_at, office, language) | {"jam2": written.time_of_day(local)}
    outbox.put(
        session,
        Draft(
            occasion=offer_occasion(entry),
            template="V_TAWARAN",
            values=values,
            language=language,
            office=entry.office,
            phone=phone,
            lane=Lane.URGENT,
            category="visit",
            reason="V_TAWARAN",
            validity=max(until - outbox.not_quiet(entry.office, now), _LEAST),
            waits=True,
        ),
        now,
    )


def language_of(
    session: Session, phone_hash: bytes | None, application_id: int | None, office: OfficeFacts
) -> Language:
    """The phone's choice, else the application's, else the office's."""
    row = None if application_id is None else session.get(Application, application_id)
    recorded = None if row is None or row.language is None else as_language(row.language)
    return (recorded or office.language) if phone_hash is None else language_for(session, phone_hash, recorded, office)


def phone_for(session: Session, outbox: Outbox, phone_hash: bytes | None) -> str | None:
    """The phone behind a hash, in E.164; none where it was forgotten."""
    contact = None if phone_hash is None else session.get(Contact, phone_hash)
    return None if contact is None else phone_of(outbox.vault, contact)
