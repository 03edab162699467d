"""What does a state mean for the citizen? In words a villager understands, with what to do and until when."""

from datetime import date, datetime

from immigration.applications.record import DAYS_TO_COLLECT, Details
from immigration.applications.states import Group, Status
from immigration.offices.catalogue import OfficeFacts, ServiceFacts
from immigration.offices.hours import zone_label
from menus.description import ByLanguage, Day, Lines, Moment, NearDay, Rupiah, Say, ShortDay, Text, Verbatim
from menus.desk import Case


def case_text(case: Case, service: ServiceFacts, office: OfficeFacts, now: datetime) -> Text:
    """Which application, since when it is in its state, the state, what to do next, and until when."""
    since = case.status_at.astimezone(office.zone).date()
    words = [_words(case, office, since, now), *_deadline(case, service.group, since)]
    return Say(
        "case",
        {
            "last4": Verbatim(case.last4),
            "service": ByLanguage(service.short_names),
            "date": ShortDay(since, now.astimezone(office.zone).year),
            "state": Lines(tuple(words), joint=" "),
        },
    )


def _words(case: Case, office: OfficeFacts, since: date, now: datetime) -> Text:
    place = Verbatim(office.name)
    details = case.details
    match case.status:
        case Status.MENUNGGU_BAYAR:
            return _payment(case, office, now)
        case Status.PERLU_LENGKAPI if details.missing:
            return Say("state.PERLU_LENGKAPI.missing", {"missing": Verbatim(details.missing), "office": place})
        case Status.TIDAK_HADIR:
            return _absent(details, office)
        case Status.LUNAS_TERJADWAL if case.visit_at:
            begins = case.visit_at.astimezone(office.zone)
            when: dict[str, Text | int] = {"day": NearDay(begins.date()), "time": _clock(begins, office)}
            return Say("state.LUNAS_TERJADWAL.visit", {**when, "office": place})
        case Status.DIKIRIM_POS if details.receipt:
            return Say("state.DIKIRIM_POS.receipt", {"date": Day(since), "receipt": Verbatim(details.receipt)})
        case Status.IT_TERBIT if details.valid_until:
            return Say("state.IT_TERBIT.until", {"date": Day(details.valid_until)})
        case Status.SIAP_DIAMBIL:
            return Say("state.SIAP_DIAMBIL", {"office": place, "hours": ByLanguage(office.collection)})
        case Status.LUNAS_TERJADWAL | Status.PERLU_LENGKAPI:
            return Say(f"state.{case.status}", {"office": place})
        case Status.DISERAHKAN | Status.DIKIRIM_POS:
            return Say(f"state.{case.status}", {"date": Day(since)})
        case Status.DIBATALKAN:
            return Say("state.DIBATALKAN", {"date": Day(since), "office": place})
        case _:
            return Say(f"state.{case.status}")


def _absent(details: Details, office: OfficeFacts) -> Text:
    """A new date is chosen in this very menu, where the office takes visits by phone."""
    key = "state.TIDAK_HADIR" if office.visits is None else "state.TIDAK_HADIR.visits"
    if details.due_on:
        return Say(f"{key}.due", {"office": Verbatim(office.name), "date": Day(details.due_on)})
    return Say(key, {"office": Verbatim(office.name)})


def _clock(local: datetime, office: OfficeFacts) -> Text:
    return Lines((Moment(local), Verbatim(zone_label(office.zone))), joint=" ")


def _payment(case: Case, office: OfficeFacts, now: datetime) -> Text:
    payment = case.payment
    if payment is None:
        return Say("state.MENUNGGU_BAYAR")
    amount = Rupiah(payment.amount)
    if payment.paid_at is not None:
        paid = Day(payment.paid_at.astimezone(office.zone).date())
        return Say("state.MENUNGGU_BAYAR.paid", {"amount": amount, "date": paid})
    due = payment.due_at.astimezone(office.zone)
    until: dict[str, Text | int] = {
        "time": _clock(due, office),
        "date": ShortDay(due.date(), now.astimezone(office.zone).year),
    }
    if payment.due_at < now:
        return Say("state.MENUNGGU_BAYAR.late", until)
    return Say("state.MENUNGGU_BAYAR.due", {"amount": amount, "billing": Verbatim(payment.billing), **until})


def _deadline(case: Case, group: Group, since: date) -> list[Text]:
    details = case.details
    if case.status is Status.SIAP_DIAMBIL:
        until = details.due_on or (since + DAYS_TO_COLLECT if group == "passport" else None)
        return [Say("state.SIAP_DIAMBIL.due", {"date": Day(until)})] if until else []
    if case.status is Status.PERLU_LENGKAPI and details.due_on:
        return [Say("state.PERLU_LENGKAPI.due", {"date": Day(details.due_on)})]
    if case.status is Status.FOTO_WAWANCARA and details.ready_on:
        return [Say("state.FOTO_WAWANCARA.ready", {"date": Day(details.ready_on)})]
    return []
