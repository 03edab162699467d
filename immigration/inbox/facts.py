"""What do we tell of an office and its services in a line of an SMS?"""

from datetime import date
from typing import Final

from immigration import written
from immigration.inbox.arguments import words
from immigration.inbox.keywords import Wish
from immigration.offices.catalogue import Catalogue, OfficeFacts, ServiceFacts, Span
from immigration.people import Language

# The passports that most people ask for, and how many codes a text can name.
_MAIN: Final = ("P5", "P10")
_CODES: Final = 7


def main_fees(catalogue: Catalogue, language: Language, today: date) -> str:
    """`Paspor 5 tahun Rp650.000, Paspor 10 tahun Rp950.000`."""
    told = [catalogue.services[code] for code in _MAIN if code in catalogue.services]
    return ", ".join(f"{named(service, language)} {fees(service, language, today)}" for service in told)


def fees(service: ServiceFacts, language: Language, today: date) -> str:
    """The tariffs of a service: `Rp650.000`, or several with what tells them apart."""
    return ", ".join(
        " ".join(filter(None, (written.rupiah(fee.amount), fee.label.get(language) or fee.label.get("id", ""))))
        for fee in service.fees_on(today)
    )


def service_codes(catalogue: Catalogue) -> str:
    """Some codes to choose from: what is offered, passports first."""
    offered = [*catalogue.active_services("passport"), *catalogue.active_services("permit")]
    return " ".join(service.code for service in offered[:_CODES])


def service_meant(catalogue: Catalogue, wish: Wish) -> ServiceFacts | None:
    """The active service that a wish names: by its code, or in words that together stand in one short name alone."""
    offered = {code: service for code, service in catalogue.services.items() if service.active}
    if wish.service in offered:
        return offered[wish.service]
    names = {code: _words_of(service) for code, service in offered.items()}
    # What stands in no name ("bikin", "berapa") says nothing; a figure alone is not enough.
    said = {word for word in words(wish.rest) if any(word in name for name in names.values())}
    meant = [code for code, name in names.items() if said <= name]
    return offered[meant[0]] if len(meant) == 1 and any(word.isalpha() for word in said) else None


def _words_of(service: ServiceFacts) -> set[str]:
    return {word for name in service.short_names.values() for word in words(name)}


def week(office: OfficeFacts, language: Language) -> str:
    """`Sen-Kam 08.00-12.00 & 13.00-16.00, Jum 08.00-11.30 & 13.30-16.30`."""
    days = sorted(office.week.items())
    told: list[str] = []
    first = 0
    while first < len(days):
        last = first
        while last + 1 < len(days) and days[last + 1] == (days[last][0] + 1, days[first][1]):
            last += 1
        names = [written.weekday(days[place][0], language) for place in sorted({first, last})]
        told.append(f"{'-'.join(names)} {_spans(days[first][1])}")
        first = last + 1
    return ", ".join(told)


def _spans(spans: tuple[Span, ...]) -> str:
    return " & ".join(f"{span.opens:%H.%M}-{span.closes:%H.%M}" for span in spans)


def named(service: ServiceFacts, language: Language) -> str:
    """Its short name."""
    return service.short_names.get(language) or service.short_names["id"]
