"""What do offices offer? A snapshot of offices, services and current fees, read once and then asked without a query."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from immigration.applications.states import Group
from immigration.offices.pay_places import PayPlaces, places_from
from immigration.offices.tables import Closure, Fee, LocalException, Office, OfficeHours, Service
from immigration.offices.visit_rules import VisitRules, rules_from
from immigration.people import Language, as_language

Texts = Mapping[str, str]


@dataclass(frozen=True)
class Span:
    """An open span of a day in the office's own time."""

    opens: time
    closes: time


@dataclass(frozen=True)
class Exceptional:
    """A day that departs from the week: these spans (none: closed), for this reason."""

    spans: tuple[Span, ...]
    reason: Texts


@dataclass(frozen=True)
class OfficeFacts:
    """An office as screens and rules see it."""

    code: str
    name: str
    trial: bool
    parent: str | None
    zone: ZoneInfo
    language: Language
    address: str
    telephone: str
    collection: Texts
    week: Mapping[int, tuple[Span, ...]]
    exceptions: Mapping[date, Exceptional]
    sms_channels: tuple[str, ...] = ()
    visits: VisitRules | None = None
    reminders: Mapping[str, Sequence[int]] = field(default_factory=dict)
    pay_at: tuple[PayPlaces, ...] = ()


@dataclass(frozen=True)
class FeeFacts:
    """A tariff in whole rupiah; the label tells several of one service apart."""

    amount: int
    label: Texts
    valid_from: date
    basis: str


@dataclass(frozen=True)
class ServiceFacts:
    """A service with its fees, newest tariff first."""

    code: str
    group: Group
    names: Texts
    short_names: Texts
    papers: Texts
    days: Texts
    same_data: bool
    how: Texts
    active: bool
    fees: tuple[tuple[FeeFacts, ...], ...]

    def fees_on(self, day: date) -> tuple[FeeFacts, ...]:
        """The tariffs in force on a day, one per label, in the file's order."""
        current = (next((fee for fee in tariffs if fee.valid_from <= day), None) for tariffs in self.fees)
        return tuple(fee for fee in current if fee is not None)


@dataclass(frozen=True)
class Catalogue:
    """Offices and services by code."""

    offices: Mapping[str, OfficeFacts]
    services: Mapping[str, ServiceFacts]

    def office(self, code: str) -> OfficeFacts:
        """The office. Raises `KeyError`."""
        return self.offices[code]

    def service(self, code: str) -> ServiceFacts:
        """The service, active or not. Raises `KeyError`."""
        return self.services[code]

    def active_services(self, group: str) -> tuple[ServiceFacts, ...]:
        """What is offered of this group, in the file's order."""
        return tuple(service for service in self.services.values() if service.active and service.group == group)


def load_catalogue(session: Session) -> Catalogue:
    """The snapshot of this moment: six small queries."""
    week: dict[str, dict[int, tuple[Span, ...]]] = {}
    for hours in session.scalars(select(OfficeHours)):
        week.setdefault(hours.office, {})[hours.weekday] = _spans(hours)
    exceptions: dict[str, dict[date, Exceptional]] = {}
    for told in session.scalars(select(LocalException)):
        spans = (Span(told.opens, told.closes),) if told.opens and told.closes else ()
        exceptions.setdefault(told.office, {})[told.day] = Exceptional(spans, told.reason)
    for closure in session.scalars(select(Closure)):
        spans = (Span(closure.opens, closure.closes),) if closure.opens and closure.closes else ()
        exceptions.setdefault(closure.office, {})[closure.day] = Exceptional(spans, {"id": closure.reason})
    fees: dict[str, dict[int, list[FeeFacts]]] = {}
    for fee in session.scalars(select(Fee).order_by(Fee.service, Fee.place, Fee.valid_from.desc())):
        facts = FeeFacts(fee.amount, fee.label, fee.valid_from, fee.basis)
        fees.setdefault(fee.service, {}).setdefault(fee.place, []).append(facts)
    offices = {
        row.code: OfficeFacts(
            code=row.code,
            name=row.name,
            trial=row.trial,
            parent=row.parent,
            zone=ZoneInfo(row.zone),
            language=as_language(row.language),
            address=row.address,
            telephone=row.telephone,
            collection=row.collection,
            week=week.get(row.code, {}),
            exceptions=exceptions.get(row.code, {}),
            sms_channels=tuple(row.sms_channels),
            reminders=row.reminders,
            pay_at=places_from(row.pay_at),
            visits=None if row.visits is None else rules_from(row.visits),
        )
        for row in session.scalars(select(Office).order_by(Office.code))
    }
    services = {
        row.code: ServiceFacts(
            code=row.code,
            group="permit" if row.group == "permit" else "passport",
            names=row.names,
            short_names=row.short_names,
            papers=row.papers,
            days=row.days,
            same_data=row.same_data,
            how=row.how,
            active=row.active,
            fees=tuple(tuple(tariffs) for _, tariffs in sorted(fees.get(row.code, {}).items())),
        )
        for row in session.scalars(select(Service).order_by(Service.place))
    }
    return Catalogue(offices, services)


def _spans(hours: OfficeHours) -> tuple[Span, ...]:
    if hours.break_begins is None or hours.break_ends is None:
        return (Span(hours.opens, hours.closes),)
    return (Span(hours.opens, hours.break_begins), Span(hours.break_ends, hours.closes))
