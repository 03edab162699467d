"""How is an application's state worded for an applicant? The template, with the variant that says what is known."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from immigration import written
from immigration.applications.record import DAYS_TO_COLLECT, Billing, Details, Kept
from immigration.applications.states import Status
from immigration.offices.catalogue import OfficeFacts
from immigration.offices.hours import zone_label
from immigration.people import Language


@dataclass(frozen=True)
class Case:
    """An application as far as its texts tell of it."""

    last4: str
    office: str
    service: str
    status: Status
    status_at: datetime
    language: Language | None
    details: Details = field(default_factory=Details)
    payment: Billing | None = None


@dataclass(frozen=True)
class StateText:
    """The template for a state as it is, and what to fill in."""

    template: str
    values: Mapping[str, str]


def case_of(kept: Kept) -> Case:
    """What of an application its texts tell."""
    record = kept.record
    return Case(
        last4=record.number[-4:],
        office=record.office,
        service=record.service,
        status=record.status,
        status_at=kept.status_at,
        language=record.language,
        details=record.details,
        payment=record.payment,
    )


def state_text(
    case: Case,
    office: OfficeFacts,
    language: Language,
    now: datetime,
    *,
    is_passport: bool,
    visit_at: datetime | None = None,
) -> StateText:
    """The wording for an application's state, with the variant that says no more than is known."""
    details = case.details
    since = case.status_at.astimezone(office.zone).date()
    values = {
        "no": f"..{case.last4}",
        "lokasi": office.name,
        "hari": office.collection.get(language) or office.collection["id"],
        "tgl": written.day(since, language),
    }
    variant = ""
    match case.status:
        case Status.MENUNGGU_BAYAR:
            return _payment(case.payment, values, office, language, now)
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
            if office.visits is None:
                # A new date is given at the counter alone.
                variant = f"office-{variant}" if variant else "office"
        case Status.IT_TERBIT:
            variant = _dated(values, details.valid_until, language)
        case Status.SIAP_DIAMBIL:
            until = details.due_on or (since + DAYS_TO_COLLECT if is_passport else None)
            variant = _dated(values, until, language)
        case Status.DIKIRIM_POS:
            values["resi"] = details.receipt or ""
            variant = "" if details.receipt else "plain"
    return StateText(f"{case.status}-{variant}" if variant else case.status.value, values)


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
