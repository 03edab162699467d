"""What do I bring, what does it cost, how long does it take? Group, then service, then the papers."""

from datetime import date

from immigration.offices import permits
from immigration.offices.catalogue import ServiceFacts
from menus.description import ByLanguage, Day, Go, Lines, Menu, Option, Rupiah, Say, Text, Verbatim, View
from menus.desk import Caller, Desk
from menus.topics import screen


@screen(leads_to=("services", "reckon"))
def fees(caller: Caller, desk: Desk) -> View:
    """Passport or stay permit, or what a stay permit costs together with the re-entry permit."""
    return Menu(
        Say("fees"),
        (
            Option("1", Say("fees.passport"), Go("services", {"group": "passport"})),
            Option("2", Say("fees.permit"), Go("services", {"group": "permit"})),
            Option("3", Say("fees.reckon"), Go("reckon")),
        ),
    )


@screen(leads_to=("service",))
def services(caller: Caller, desk: Desk) -> View:
    """The services of the group that are offered, by short name."""
    group = caller.memory["group"]
    offered = desk.catalogue.active_services(group)
    return Menu(
        Say(f"fees.{group}"),
        tuple(
            Option(str(place), ByLanguage(service.short_names), Go("service", {"service": service.code}))
            for place, service in enumerate(offered, start=1)
        ),
    )


@screen()
def service(caller: Caller, desk: Desk) -> View:
    """A service: name, fee, working days, papers, and the warning about differing data."""
    told = desk.catalogue.service(caller.memory["service"])
    words: list[Text] = [ByLanguage(told.names)]
    tariffs = told.fees_on(_today(desk))
    if tariffs:
        listed = tuple(Lines((Rupiah(fee.amount), ByLanguage(fee.label)), joint=" ") for fee in tariffs)
        words.append(Say("fees.fee", {"fee": Lines(listed, joint=", ")}))
    if told.days["id"]:
        words.append(Say("fees.days", {"days": ByLanguage(told.days)}))
    if told.how["id"]:
        words.append(Say("fees.how", {"how": ByLanguage(told.how)}))
    if told.papers["id"]:
        words.append(Say("fees.papers", {"papers": ByLanguage(told.papers)}))
    if told.same_data:
        words.append(Say("fees.same"))
    return Menu(Lines(tuple(words)))


@screen(leads_to=("re_entry",))
def reckon(caller: Caller, desk: Desk) -> View:
    """Which stay permit is reckoned up."""
    return Menu(
        Say("reckon"),
        tuple(
            Option(str(place), _priced(permit, desk), Go("re_entry", {"permit": permit.code}))
            for place, permit in enumerate(permits.stays(desk.catalogue, _today(desk)), start=1)
        ),
    )


@screen(leads_to=("reckoned",))
def re_entry(caller: Caller, desk: Desk) -> View:
    """With which re-entry permit, or with none."""
    offered = permits.re_entries(desk.catalogue, _today(desk))
    lines = [
        Option(str(place), _priced(permit, desk), Go("reckoned", {"re_entry": permit.code}))
        for place, permit in enumerate(offered, start=1)
    ]
    none = Option(str(len(lines) + 1), Say("reckon.none"), Go("reckoned", {"re_entry": None}))
    return Menu(Say("reckon.re_entry"), (*lines, none))


@screen()
def reckoned(caller: Caller, desk: Desk) -> View:
    """What both cost together, by which tariff (domain.md 1.1: fees change by regulation)."""
    permit, day = desk.catalogue.service(caller.memory["permit"]), _today(desk)
    tariff = permit.fees_on(day)[0]
    values: dict[str, Text | int] = {
        "permit": _priced(permit, desk),
        "basis": Verbatim(tariff.basis),
        "since": Day(tariff.valid_from),
    }
    if caller.memory["re_entry"] is None:
        return Menu(Say("reckoned.alone", values))
    added = desk.catalogue.service(caller.memory["re_entry"])
    both = Rupiah(permits.fee(permit, day) + permits.fee(added, day))
    return Menu(Say("reckoned", {**values, "re_entry": _priced(added, desk), "sum": both}))


def _priced(permit: ServiceFacts, desk: Desk) -> Text:
    return Lines((ByLanguage(permit.short_names), Rupiah(permits.fee(permit, _today(desk)))), joint=" ")


def _today(desk: Desk) -> date:
    return desk.now().astimezone(desk.catalogue.office(desk.office_code).zone).date()
