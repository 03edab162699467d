"""The main menu, the offer to go on with a dropped call, the way out, and where to find a person."""

from menus.description import End, Go, Menu, Option, Say, Verbatim, View
from menus.desk import Caller, Desk
from menus.topics import screen


@screen(leads_to=("status", "visits", "pay", "fees", "hours", "language", "bye"))
def main(caller: Caller, desk: Desk) -> View:
    """Where every call begins. The numbers are published: 6 comes with what it leads to."""
    visits = Option("2", Say("main.visits"), Go("visits"))
    takes_visits = desk.catalogue.office(desk.office_code).visits is not None
    return Menu(
        Say("main"),
        (
            Option("1", Say("main.status"), Go("status")),
            *((visits,) if takes_visits else ()),
            Option("3", Say("main.pay"), Go("pay")),
            Option("4", Say("main.fees"), Go("fees")),
            Option("5", Say("main.hours"), Go("hours")),
            Option("7", Say("main.language"), Go("language")),
            Option("0", Say("exit"), Go("bye")),
        ),
        back=False,
    )


@screen(leads_to=("resume", "main"))
def resume(caller: Caller, desk: Desk) -> View:
    """A call was cut off a moment ago: go on there, or start over."""
    return Menu(
        Say("resume"),
        (
            Option("1", Say("resume.continue"), Go("resume")),
            Option("2", Say("resume.over"), Go("main")),
        ),
        back=False,
    )


@screen(leads_to=("main", "bye"))
def help(caller: Caller, desk: Desk) -> View:
    """Three times nothing fitted: a person to ask, and two plain ways on."""
    office = desk.catalogue.office(desk.office_code)
    asked = (
        Say("help.phone", {"phone": Verbatim(office.telephone)})
        if office.telephone
        else Say("help", {"office": Verbatim(office.name), "address": Verbatim(office.address)})
    )
    return Menu(asked, (Option("1", Say("home"), Go("main")), Option("0", Say("exit"), Go("bye"))), back=False)


@screen()
def bye(caller: Caller, desk: Desk) -> View:
    """The end of a call."""
    return End(Say("bye"))
