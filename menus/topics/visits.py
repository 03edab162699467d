"""When can I come? The matter, the day, the session, a last look, and the visit's code: five hops with the dialling.

A seat is held from the session on; what is confirmed is that seat and no other (menus/visit_effects.py).
"""

from datetime import date, datetime
from typing import Final

from immigration.applications.states import is_under_way
from immigration.appointments.availability import FreeSession
from immigration.appointments.booking import NEEDS_A_VISIT, about
from immigration.appointments.calendar import rules_of
from immigration.appointments.codes import spoken
from immigration.appointments.telling import ORIGINALS
from immigration.offices.catalogue import OfficeFacts
from immigration.offices.visit_rules import as_lane
from menus.description import ByLanguage, Effect, End, Go, Memory, Menu, NearDay, Option, Say, Text, Verbatim, View
from menus.desk import Caller, Desk, Listed
from menus.topics import screen
from menus.visit_desk import Booked, Search

_DAYS_LISTED: Final = 20
_PAPERS_SHOWN: Final = 60
"""Longer lists of papers would put the answer on a second page; the SMS has them whole."""

FAR: Final = "90"


@screen(leads_to=("offer", "own_visit", "own_visits", "matter"))
def visits(caller: Caller, desk: Desk) -> View:
    """First what waits for an answer, then what is booked, then a new visit."""
    if desk.visits.offer_to(caller.hash) is not None:
        return Go("offer")
    own = desk.visits.of(caller.hash)
    if not own:
        return Go("matter")
    return Go("own_visit", {"visit": own[0].id, "why": None}) if len(own) == 1 else Go("own_visits")


@screen(leads_to=("days", "services_visited"))
def matter(caller: Caller, desk: Desk) -> View:
    """What the visit is for: asked only where there are several applications that need one."""
    waiting = needing_a_visit(caller, desk)
    if not waiting:
        return Go("services_visited")
    if len(waiting) == 1:
        return Go("days", _matter(desk, waiting[0].service, waiting[0].id))
    lines = tuple(
        Option(
            str(place),
            Say("status.line", {"last4": Verbatim(listed.last4), "service": _service(desk, listed.service)}),
            Go("days", _matter(desk, listed.service, listed.id)),
        )
        for place, listed in enumerate(waiting, start=1)
    )
    other = Option(str(len(lines) + 1), Say("visits.other"), Go("services_visited"))
    return Menu(Say("visits.matter"), (*lines, other) if may_book_by_phone_alone(caller, desk) else lines)


@screen(leads_to=("days", "priority"))
def services_visited(caller: Caller, desk: Desk) -> View:
    """The services that one may book a visit for, and who may come without."""
    idle = any(is_under_way(listed.status) for listed in desk.own_cases(caller.hash))
    head = "visits.services.idle" if idle else "visits.services"
    bookable = [desk.catalogue.service(code) for code in rules_of(_office(desk, desk.office_code)).services]
    lines = tuple(
        Option(str(place), ByLanguage(service.short_names), Go("days", _matter(desk, service.code, None)))
        for place, service in enumerate((service for service in bookable if service.active), start=1)
    )
    chosen = _matter(desk, None, None)
    first = Option(str(len(lines) + 1), Say("full.priority"), Go("priority", chosen))
    return Menu(Say(head), (*lines, first))


@screen(leads_to=("sessions", "confirm", "full_day", "no_day", "days"))
def days(caller: Caller, desk: Desk) -> View:
    """The nearest days, each with how many seats are left; a full one says so."""
    search = search_of(caller)
    listed = desk.visits.free_days(search)[:_DAYS_LISTED]
    if not any(day.free for day in listed):
        return Go("no_day")
    options = []
    for place, day in enumerate(listed, start=1):
        chosen: Memory = {"day": day.day.isoformat()}
        label = Say("visits.day", {"day": NearDay(day.day), "free": day.free})
        go = Go("sessions", chosen)
        if day.free == 0:
            label, go = Say("visits.day.full", {"day": NearDay(day.day)}), Go("full_day", chosen)
        elif day.only is not None:
            go = _holding(search, day.only, chosen)
        options.append(Option(str(place), label, go))
    return Menu(Say("visits.days"), (*_far(caller, desk), *options))


@screen(leads_to=("confirm", "full_day"))
def sessions(caller: Caller, desk: Desk) -> View:
    """The sessions of the day with free seats. Their numbers are their places in the day."""
    search = search_of(caller)
    day = date.fromisoformat(caller.memory["day"])
    free = desk.visits.sessions(search, day)
    if not free:
        return Go("full_day")
    office = _office(desk, search.office)
    options = tuple(
        Option(
            str(place),
            Say("visits.session", {"time": span(session, office), "free": session.free}),
            _holding(search, session.id, {"day": caller.memory["day"]}),
        )
        for place, session in free
    )
    return Menu(Say("visits.sessions", {"day": NearDay(day)}), options)


@screen(leads_to=("confirm", "booked", "moved", "no_day"))
def confirm(caller: Caller, desk: Desk) -> View:
    """The seat that is held: when, where, what to bring. Or that it was taken a moment ago, and which are next."""
    memory = caller.memory
    if memory["why"] == "many":
        return Menu(Say("visits.many"), back_to="main")
    held = None if memory["slot"] is None else desk.visits.session(memory["slot"])
    search = search_of(caller)
    office = _office(desk, search.office)
    if held is None:
        return _taken(search, office, date.fromisoformat(memory["day"]), desk)
    words = when_and_where(held.starts_at, held.ends_at, office)
    if memory["move"] is not None:
        effect = Effect("move_visit", {"visit": memory["move"], "slot": held.id})
        return Menu(Say("move.confirm", words), (Option("1", Say("move.yes"), Go("moved", effect=effect)),))
    values = {name: memory[name] for name in ("office", "lane", "service", "app", "slot")}
    yes = Option("1", Say("visits.yes"), Go("booked", effect=Effect("book_visit", values)))
    return Menu(Say("visits.confirm", {**words, "papers": _papers(desk, memory["service"])}), (yes,))


@screen(leads_to=("confirm", "own_visit", "offer", "offer_over"))
def booked(caller: Caller, desk: Desk) -> View:
    """The visit with its code, to be written down; the SMS says the same."""
    memory = caller.memory
    match memory["why"]:
        case "gone":
            return Go("confirm", {"slot": None})
        case "already":
            return Go("own_visit")
        case "again":
            return Go("offer")
        case "late":
            return Go("offer_over")
    made = desk.visits.visit(memory["visit"])
    return End(Say("visits.booked", visit_words(made, desk)) if made is not None else Say("move.over"))


def needing_a_visit(caller: Caller, desk: Desk) -> list[Listed]:
    """The caller's applications at this office that need a visit and have none."""
    return [
        listed
        for listed in desk.own_cases(caller.hash)
        if listed.status in NEEDS_A_VISIT and listed.office == desk.office_code and listed.visit_at is None
    ]


def may_book_by_phone_alone(caller: Caller, desk: Desk) -> bool:
    """Whether this phone may have another visit that belongs to no application."""
    office = desk.office_code
    mine = [visit for visit in desk.visits.of(caller.hash) if visit.application_id is None and visit.office == office]
    return len(mine) < rules_of(_office(desk, office)).visits_per_phone


def search_of(caller: Caller) -> Search:
    """What the caller looks for, as the screens before have left it."""
    memory = caller.memory
    what = about(memory["app"]) if memory["move"] is None else f"move:{memory['move']}"
    return Search(memory["office"], as_lane(memory["lane"]), caller.hash, what)


def span(session: FreeSession, office: OfficeFacts) -> Text:
    """From when to when, in the office's own time."""
    begins, ends = (moment.astimezone(office.zone) for moment in (session.starts_at, session.ends_at))
    return Verbatim(f"{begins:%H.%M}-{ends:%H.%M}")


def when_and_where(starts_at: datetime, ends_at: datetime, office: OfficeFacts) -> dict[str, Text | int]:
    """Day, time and place of a session."""
    day = starts_at.astimezone(office.zone).date()
    time = span(FreeSession(0, starts_at, ends_at, 0), office)
    return {"day": NearDay(day), "time": time, "office": Verbatim(office.name)}


def visit_words(visit: Booked, desk: Desk) -> dict[str, Text | int]:
    """When and where a visit is, and what to show there."""
    words = when_and_where(visit.starts_at, visit.ends_at, _office(desk, visit.office))
    return {**words, "code": Verbatim(spoken(visit.code))}


def _taken(search: Search, office: OfficeFacts, since: date, desk: Desk) -> View:
    free = desk.visits.next_sessions(search, since)
    if not free:
        return Go("no_day")
    options = []
    for place, session in enumerate(free, start=1):
        day = session.starts_at.astimezone(office.zone).date()
        words: dict[str, Text | int] = {"day": NearDay(day), "time": span(session, office), "free": session.free}
        options.append(
            Option(str(place), Say("visits.next", words), _holding(search, session.id, {"day": day.isoformat()}))
        )
    return Menu(Say("visits.taken"), tuple(options))


def _holding(search: Search, slot_id: int, remember: Memory) -> Go:
    """On to the confirmation, with the seat held on the way."""
    values = {"office": search.office, "about": search.about, "slot": slot_id}
    return Go("confirm", remember, Effect("hold_seat", values))


def _far(caller: Caller, desk: Desk) -> tuple[Option, ...]:
    """The way to the seats that are kept back for distant districts, where there are such."""
    memory = caller.memory
    rules = rules_of(_office(desk, memory["office"]))
    if memory["lane"] != "general" or memory["move"] is not None or not any(plan.far for plan in rules.sessions):
        return ()
    districts = Verbatim(", ".join(rules.far_districts))
    return (Option(FAR, Say("visits.far", {"districts": districts}), Go("days", {"lane": "far"})),)


def _matter(desk: Desk, service: str | None, application_id: int | None) -> Memory:
    chosen: Memory = {"office": desk.office_code, "lane": "general", "service": service, "app": application_id}
    # Nothing stays of what was looked for before.
    return chosen | dict.fromkeys(("move", "day", "slot", "why"))


def _papers(desk: Desk, service: str | None) -> Text:
    if service is None:
        return ByLanguage(ORIGINALS)
    told = desk.catalogue.service(service).papers
    shown: dict[str, str] = {}
    for language, originals in ORIGINALS.items():
        shown[language] = told[language] if len(told[language]) <= _PAPERS_SHOWN else originals
    return ByLanguage(shown)


def _service(desk: Desk, code: str) -> Text:
    return ByLanguage(desk.catalogue.service(code).short_names)


def _office(desk: Desk, code: str) -> OfficeFacts:
    return desk.catalogue.office(code)
