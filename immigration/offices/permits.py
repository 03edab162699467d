"""Which stay permits can be reckoned up with a re-entry permit, and what do both cost? (domain.md 2.1)"""

from datetime import date
from typing import Final

from immigration.offices.catalogue import Catalogue, ServiceFacts

_RE_ENTRY: Final = "IMK"
_STAYS: Final = ("ITAS", "ITAP")


def is_re_entry(service: ServiceFacts) -> bool:
    """Whether this lets its holder come back (izin masuk kembali)."""
    return service.code.startswith(_RE_ENTRY)


def stays(catalogue: Catalogue, day: date) -> list[ServiceFacts]:
    """The limited and permanent stay permits that are offered at a fee; who comes for a visit needs no re-entry."""
    offered = catalogue.active_services("permit")
    return [one for one in offered if one.code.startswith(_STAYS) and one.fees_on(day)]


def re_entries(catalogue: Catalogue, day: date) -> list[ServiceFacts]:
    """The re-entry permits that are offered at a fee, cheapest and so shortest first."""
    offered = [one for one in catalogue.active_services("permit") if is_re_entry(one) and one.fees_on(day)]
    return sorted(offered, key=lambda service: fee(service, day))


def fee(service: ServiceFacts, day: date) -> int:
    """What a permit costs on a day, in whole rupiah: permits have one tariff."""
    return service.fees_on(day)[0].amount
