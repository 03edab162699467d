"""The choice of language, remembered for the caller's next calls too."""

from menus.description import Effect, Go, Menu, Option, Say, View
from menus.desk import Caller, Desk
from menus.topics import screen

_NUMBERS = (("1", "id"), ("2", "min"), ("3", "en"))


@screen(leads_to=("main",))
def language(caller: Caller, desk: Desk) -> View:
    """Each language by its own name; the choice leads to the main menu in it."""
    return Menu(
        Say("language"),
        tuple(
            Option(number, Say(f"language.{code}"), Go("main", effect=Effect("language", {"language": code})))
            for number, code in _NUMBERS
        ),
    )
