"""How is my application? By the phone on record at once; from another phone by number and birth date."""

from immigration.inputs import BadDate, BadNumber, application_number, birth_date, looks_like_nik
from menus.description import (
    Again,
    ByLanguage,
    Effect,
    End,
    Go,
    Lines,
    Menu,
    Option,
    Question,
    Say,
    Text,
    Verbatim,
    View,
)
from menus.desk import Caller, Case, Desk
from menus.machine import Asked
from menus.topics import screen
from menus.topics.state_texts import case_text


@screen(leads_to=("number", "case", "texted"))
def status(caller: Caller, desk: Desk) -> View:
    """The caller's own application, the list of several, or the question for a number."""
    own = desk.own_case(caller.hash)
    if isinstance(own, Case):
        return Menu(_told(own, desk), (_text(own), Option("2", Say("status.other"), Go("number"))), settles=True)
    if not own:
        return Go("number")
    lines = tuple(
        Option(
            str(place),
            Say("status.line", {"last4": Verbatim(listed.last4), "service": _service(desk, listed.service)}),
            Go("case", {"case": listed.id}),
        )
        for place, listed in enumerate(own, start=1)
    )
    other = Option(str(len(own) + 1), Say("status.other"), Go("number"))
    return Menu(Say("status.list"), (*lines, other))


@screen(leads_to=("texted",))
def case(caller: Caller, desk: Desk) -> View:
    """One application that the caller may see."""
    found = desk.case(caller.memory["case"])
    return Menu(_told(found, desk), (_text(found),)) if found else Menu(Say("status.gone"))


def number_answered(typed: str, asked: Asked) -> Go | Again:
    """Keep of a number its keyed hash alone, and whether it looks like a NIK (domain.md 4.1)."""
    try:
        number = application_number(typed)
    except BadNumber:
        return Again()
    return Go("birth", {"number": asked.keyed("number", number).hex(), "like_nik": looks_like_nik(number)})


@screen(leads_to=("birth",), answer=number_answered)
def number(caller: Caller, desk: Desk) -> View:
    """Ask for the number under the barcode."""
    return Question(Say("status.number"))


def birth_answered(typed: str, asked: Asked) -> Go | Again:
    """Claim the application: counted and judged as one effect, the same for a wrong date and an unknown number."""
    memory = asked.caller.memory
    try:
        born = birth_date(typed, today=asked.caller.today())
    except BadDate:
        return Again()
    claim = {"number": memory["number"], "birth_date": born.isoformat(), "like_nik": memory["like_nik"]}
    return Go("found", effect=Effect("identity", claim))


@screen(leads_to=("found",), answer=birth_answered)
def birth(caller: Caller, desk: Desk) -> View:
    """Ask for the applicant's birth date."""
    return Question(Say("status.birth"))


@screen(leads_to=("number", "main", "texted", "bill"))
def found(caller: Caller, desk: Desk) -> View:
    """What came of the claim: the application, or what is to be paid for it; else neutral words."""
    memory = caller.memory
    again = (Option("1", Say("status.again"), Go("number")),)
    if memory["verdict"] == "matched":
        known = desk.case(memory["case"])
        if known is None:
            return Menu(Say("status.gone"), back_to="main")
        if memory.get("for") == "pay":
            return Go("bill")
        return Menu(_told(known, desk), (_text(known),), back_to="main")
    if memory["verdict"] == "limited":
        return Menu(Say("status.limited"), back_to="main")
    words: tuple[Text, ...] = (Say("status.refused"),)
    if memory["like_nik"]:
        words = (Say("status.nik"), *words)
    return Menu(Lines(words, joint=" "), again, back_to="main")


@screen()
def texted(caller: Caller, desk: Desk) -> View:
    """The state is on its way by SMS, to be kept and shown."""
    return End(Say("status.texted"))


def _text(told: Case) -> Option:
    return Option("1", Say("status.text"), Go("texted", effect=Effect("text_status", {"case": told.id})))


def _service(desk: Desk, code: str) -> Text:
    return ByLanguage(desk.catalogue.service(code).short_names)


def _told(told: Case, desk: Desk) -> Text:
    return case_text(told, desk.catalogue.service(told.service), desk.catalogue.office(told.office), desk.now())
