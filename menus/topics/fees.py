"""What do I bring, what does it cost, how long does it take? Group, then service, then the papers."""

from menus.description import ByLanguage, Go, Lines, Menu, Option, Rupiah, Say, Text, View
from menus.desk import Caller, Desk
from menus.topics import screen


@screen(leads_to=("services",))
def fees(caller: Caller, desk: Desk) -> View:
    """Passport or stay permit."""
    return Menu(
        Say("fees"),
        (
            Option("1", Say("fees.passport"), Go("services", {"group": "passport"})),
            Option("2", Say("fees.permit"), Go("services", {"group": "permit"})),
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
    tariffs = told.fees_on(caller.today())
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
