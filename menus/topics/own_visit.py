"""What about the visit that I have? See it, move it, cancel it, or book another where one may."""

from menus.description import Effect, End, Go, Lines, Memory, Menu, Option, Say, Text, Verbatim, View
from menus.desk import Caller, Desk
from menus.topics import screen
from menus.topics.visits import may_book_by_phone_alone, needing_a_visit, visit_words
from menus.visit_desk import Booked


@screen(leads_to=("own_visit",))
def own_visits(caller: Caller, desk: Desk) -> View:
    """Several visits, nearest first."""
    lines = tuple(
        Option(str(place), Say("own.line", visit_words(visit, desk)), Go("own_visit", {"visit": visit.id, "why": None}))
        for place, visit in enumerate(desk.visits.of(caller.hash), start=1)
    )
    return Menu(Say("own.list"), lines)


@screen(leads_to=("move", "cancel", "matter"))
def own_visit(caller: Caller, desk: Desk) -> View:
    """One visit; whoever tried to book a second for the same learns here of the first."""
    visit = desk.visits.visit(caller.memory["visit"])
    if visit is None or not visit.is_open:
        return Menu(Say("move.over"), back_to="main")
    words: Text = Say("own", visit_words(visit, desk))
    if caller.memory["why"] == "already":
        words = Lines((Say("own.already"), words), joint=" ")
    if visit.phone_hash != caller.hash:
        # Booked for the caller's application from another phone, which alone may change it.
        return Menu(words, back_to="main", settles=True)
    options = [
        Option("1", Say("own.move"), Go("move")),
        Option("2", Say("own.cancel"), Go("cancel")),
    ]
    if needing_a_visit(caller, desk) or may_book_by_phone_alone(caller, desk):
        options.append(Option("3", Say("own.another"), Go("matter")))
    return Menu(words, tuple(options), back_to="main", settles=True)


@screen(leads_to=("days", "main"))
def move(caller: Caller, desk: Desk) -> View:
    """The days to move to, or why it cannot be moved."""
    visit = desk.visits.visit(caller.memory["visit"])
    why = "over" if visit is None else desk.visits.why_not_movable(visit.id)
    if visit is None or why is not None:
        return _refused(str(why), visit, desk)
    return Go("days", _moving(visit))


@screen(leads_to=("confirm", "own_visit", "days", "main"))
def moved(caller: Caller, desk: Desk) -> View:
    """The visit at its new time."""
    memory = caller.memory
    if memory["why"] == "gone":
        return Go("confirm", {"slot": None})
    if memory["why"] == "same":
        # The session that it had: nothing has moved, and nothing is said to have.
        return Go("own_visit", {"visit": memory["move"], "why": None})
    visit = desk.visits.visit(memory["move"])
    if visit is None or memory["why"] is not None:
        return _refused(memory["why"] or "over", visit, desk)
    return End(Say("move.done", visit_words(visit, desk)))


@screen(leads_to=("cancelled",))
def cancel(caller: Caller, desk: Desk) -> View:
    """The second question."""
    visit = desk.visits.visit(caller.memory["visit"])
    if visit is None or not visit.is_open:
        return Menu(Say("move.over"), back_to="main")
    effect = Effect("cancel_visit", {"visit": visit.id})
    yes = Option("1", Say("cancel.yes"), Go("cancelled", effect=effect))
    return Menu(Say("cancel", visit_words(visit, desk)), (yes,))


@screen(leads_to=("cancel",))
def cancelled(caller: Caller, desk: Desk) -> View:
    """It is off; the SMS says so to whoever did not ask for it."""
    if caller.memory["why"] == "again":
        return Go("cancel")
    return End(Say("cancel.done") if caller.memory["why"] is None else Say("move.over"))


def _moving(visit: Booked) -> Memory:
    return {
        "office": visit.office,
        "lane": visit.lane,
        "service": visit.service,
        "app": visit.application_id,
        "move": visit.id,
    }


def _refused(why: str, visit: Booked | None, desk: Desk) -> View:
    """Why not, in plain words, and what else there is to do."""
    if visit is None or why == "over":
        return Menu(Say("move.over"), back_to="main")
    if why == "same-day":
        return Menu(Say("move.same-day"), (Option("1", Say("full.other"), Go("days")),), back_to="main")
    office = Verbatim(desk.catalogue.office(visit.office).name)
    return Menu(Say(f"move.{why}", {"office": office}), back_to="main")
