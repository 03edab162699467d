"""What if there is no seat? Another date, the waiting list, the lane of those who go first, word of new weeks."""

from datetime import date

from immigration.appointments.calendar import last_open_day, rules_of
from immigration.offices.catalogue import OfficeFacts
from immigration.offices.hours import zone_label
from menus.description import Effect, End, Go, Lines, Memory, Menu, Moment, NearDay, Option, Say, Verbatim, View
from menus.desk import Caller, Desk
from menus.topics import screen
from menus.topics.visits import when_and_where


@screen(leads_to=("days", "wait", "priority"))
def full_day(caller: Caller, desk: Desk) -> View:
    """This day is full: said before anything is typed."""
    memory = caller.memory
    options = [Option("1", Say("full.other"), Go("days"))]
    if memory["move"] is None:
        # Whoever moves a visit has a seat; the list is for those who have none.
        options.append(Option("2", Say("full.wait"), Go("wait")))
        options.append(Option("3", Say("full.priority"), Go("priority")))
    return Menu(Say("full", {"day": NearDay(date.fromisoformat(memory["day"]))}), tuple(options))


@screen(leads_to=("waits", "priority", "alerted"))
def no_day(caller: Caller, desk: Desk) -> View:
    """No day that may be booked has a seat left."""
    memory = caller.memory
    office = desk.catalogue.office(memory["office"])
    last = last_open_day(office, desk.now())
    alert = Go("alerted", effect=Effect("alert", {"office": office.code}))
    options = [Option("1", Say("full.alert"), alert)]
    if memory["move"] is None:
        options.append(Option("2", Say("full.wait"), _joining(memory, _today(office, desk), last)))
        options.append(Option("3", Say("full.priority"), Go("priority")))
    return Menu(Say("full.all", {"day": NearDay(last)}), tuple(options))


@screen(leads_to=("waits",))
def wait(caller: Caller, desk: Desk) -> View:
    """This day alone, or any that may be booked."""
    memory = caller.memory
    office = desk.catalogue.office(memory["office"])
    day, last = date.fromisoformat(memory["day"]), last_open_day(office, desk.now())
    return Menu(
        Say("wait"),
        (
            Option("1", Say("wait.day", {"day": NearDay(day)}), _joining(memory, day, day)),
            Option("2", Say("wait.any", {"day": NearDay(last)}), _joining(memory, _today(office, desk), last)),
        ),
    )


@screen()
def waits(caller: Caller, desk: Desk) -> View:
    """On the list: the SMS follows."""
    until = date.fromisoformat(caller.memory["until"])
    office = desk.catalogue.office(caller.memory["office"])
    return End(Say("wait.done", {"office": Verbatim(office.name), "day": NearDay(until)}))


@screen()
def alerted(caller: Caller, desk: Desk) -> View:
    """Word will come when new weeks open."""
    return End(Say("full.alerted"))


@screen(leads_to=("days",))
def priority(caller: Caller, desk: Desk) -> View:
    """Who may come without a booking, until when; no proof is asked by phone (domain.md 1.8)."""
    office = desk.catalogue.office(caller.memory["office"])
    rules = rules_of(office)
    words = Say("priority", {"time": Verbatim(f"{rules.walk_in_until:%H.%M}"), "office": Verbatim(office.name)})
    if not any(plan.priority for plan in rules.sessions):
        return Menu(words)
    return Menu(words, (Option("1", Say("priority.book"), Go("days", {"lane": "priority"})),))


@screen(leads_to=("booked", "refused", "offer_over"))
def offer(caller: Caller, desk: Desk) -> View:
    """A seat became free for the caller: yes or no, until when."""
    offered = desk.visits.offer_to(caller.hash)
    if offered is None:
        return Go("offer_over")
    office = desk.catalogue.office(offered.office)
    until = offered.until.astimezone(office.zone)
    time = Lines((Moment(until), Verbatim(zone_label(office.zone)), NearDay(until.date())), joint=" ")
    words = when_and_where(offered.session.starts_at, offered.session.ends_at, office)
    values = {"entry": offered.entry, "slot": offered.session.id}
    return Menu(
        Say("offer", {**words, "until": time}),
        (
            Option("1", Say("offer.yes"), Go("booked", effect=Effect("take_offer", values))),
            Option("2", Say("offer.no"), Go("refused", effect=Effect("refuse_offer", values))),
        ),
    )


@screen(leads_to=("offer", "offer_over"))
def refused(caller: Caller, desk: Desk) -> View:
    """The seat goes to the next; whoever refused stays on the list."""
    match caller.memory["why"]:
        case "again":
            return Go("offer")
        case "late":
            return Go("offer_over")
    return End(Say("offer.refused"))


@screen(leads_to=("visits",))
def offer_over(caller: Caller, desk: Desk) -> View:
    """Nobody waits for this answer any more."""
    return Menu(Say("offer.over"), (Option("1", Say("main.visits"), Go("visits")),), back_to="main")


def _joining(memory: Memory, first: date, last: date) -> Go:
    values = {name: memory[name] for name in ("office", "lane", "service", "app")}
    return Go("waits", effect=Effect("wait", {**values, "first": first.isoformat(), "last": last.isoformat()}))


def _today(office: OfficeFacts, desk: Desk) -> date:
    return desk.now().astimezone(office.zone).date()
