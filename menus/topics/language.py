"""The choice of language, remembered for the caller's next calls too; and whether reminders are sent."""

from menus.description import Effect, Go, Menu, Option, Say, View
from menus.desk import Caller, Desk
from menus.topics import screen

_NUMBERS = (("1", "id"), ("2", "min"), ("3", "en"))


@screen(leads_to=("main", "reminders"))
def language(caller: Caller, desk: Desk) -> View:
    """Each language by its own name; the choice leads to the main menu in it."""
    languages = tuple(
        Option(number, Say(f"language.{code}"), Go("main", effect=Effect("language", {"language": code})))
        for number, code in _NUMBERS
    )
    off = desk.is_reminded(caller.hash)
    label = Say("reminders.stop") if off else Say("reminders.start")
    return Menu(
        Say("language"), (*languages, Option("4", label, Go("reminders", effect=Effect("reminders", {"on": not off}))))
    )


@screen()
def reminders(caller: Caller, desk: Desk) -> View:
    """What stops, and what still comes."""
    return Menu(Say("reminders.on") if caller.memory["reminders"] else Say("reminders.off"), back_to="main")
