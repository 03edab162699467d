"""What do I pay, by when and where? And who looks into it when it is paid and nothing happens?

The answer to "I have paid" is a ticket with its number and a day; asked again, it is shown.
"""

from typing import Final

from immigration.inputs import receipt_ending
from immigration.offices.hours import zone_label
from immigration.payments.due import Bill
from immigration.payments.tickets import Ticket
from immigration.payments.writing import grouped
from immigration.people import LANGUAGES
from immigration.written import time_left
from menus.description import (
    Again,
    ByLanguage,
    Effect,
    End,
    Go,
    Lines,
    Memory,
    Menu,
    Moment,
    NearDay,
    Option,
    Question,
    Rupiah,
    Say,
    Text,
    Verbatim,
    View,
)
from menus.desk import Caller, Desk
from menus.machine import Asked
from menus.topics import screen

NO_RECEIPT: Final = "9"
_OTHER_NUMBER: Final[Memory] = {"for": "pay"}


@screen(leads_to=("bill", "number", "pay_at", "claim"))
def pay(caller: Caller, desk: Desk) -> View:
    """The only bill of this phone at once, the list of several, or what else there is to do."""
    bills = desk.pay.of(caller.hash)
    if len(bills) == 1:
        return Go("bill", {"case": bills[0].application_id})
    other = Go("number", _OTHER_NUMBER)
    if not bills:
        here: Memory = {"case": None, "office": desk.office_code}
        options = (
            Option("1", Say("status.other"), other),
            *_where(here, desk),
            Option("3", Say("pay.claim"), Go("claim", here)),
        )
        return Menu(Say("pay.nothing"), options)
    lines = tuple(
        Option(str(place), _line(one), Go("bill", {"case": one.application_id}))
        for place, one in enumerate(bills, start=1)
    )
    return Menu(Say("pay.list"), (*lines, Option(str(len(bills) + 1), Say("status.other"), other)))


@screen(leads_to=("texted", "pay_at", "claim", "number"))
def bill(caller: Caller, desk: Desk) -> View:
    """One bill: how much, the billing as it is read out, how long is left and until when."""
    found = desk.pay.bill(caller.memory["case"])
    if found is None:
        return Menu(Say("status.gone"), back_to="main")
    waits = desk.pay.ticket(caller.hash, found.application_id)
    there: Memory = {"office": found.office}
    text = Effect("text_status", {"case": found.application_id})
    options = (
        Option("1", Say("status.text"), Go("texted", effect=text)),
        *_where(there, desk),
        Option("3", Say("pay.claim"), Go("claim", there)),
        Option("4", Say("status.other"), Go("number", _OTHER_NUMBER)),
    )
    offered = {"due": "1234", "unbilled": "234", "late": "34", "disputed": "34", "paid": "4"}[found.stage]
    words = _bill_words(found, desk)
    if waits is not None:
        # There is no second one, and nobody pays twice meanwhile.
        words = Lines((Say("pay.last4", {"last4": Verbatim(found.last4)}), _ticket_words(waits)), joint=" ")
        offered = "4"
    return Menu(words, tuple(one for one in options if one.number in offered), back_to="main", settles=True)


@screen(leads_to=("pay_place",))
def pay_at(caller: Caller, desk: Desk) -> View:
    """Where one can pay, by kind."""
    return Menu(
        Say("pay.at"),
        tuple(
            Option(str(number), Say(f"pay.at.{places.kind}"), Go("pay_place", {"place": places.kind}))
            for number, places in enumerate(desk.catalogue.office(caller.memory["office"]).pay_at, start=1)
        ),
    )


@screen()
def pay_place(caller: Caller, desk: Desk) -> View:
    """How to pay there, and where that is."""
    kind = caller.memory["place"]
    names = next(
        (places.names for places in desk.catalogue.office(caller.memory["office"]).pay_at if places.kind == kind), ()
    )
    near = (Say("pay.near", {"names": Verbatim(", ".join(names))}),) if names else ()
    return Menu(Lines((Say(f"pay.how.{kind}"), *near, Say("pay.how")), joint=" "))


def claim_answered(typed: str, asked: Asked) -> Go | Again:
    """Keep the end of the receipt's number, or that there is no receipt."""
    has_receipt = typed.strip() != NO_RECEIPT
    receipt = receipt_ending(typed) if has_receipt else None
    if has_receipt and receipt is None:
        return Again()
    memory = asked.caller.memory
    values = {"case": memory["case"], "office": memory["office"], "receipt": receipt}
    return Go("claimed", effect=Effect("open_ticket", values))


@screen(leads_to=("ticket", "claimed"), answer=claim_answered)
def claim(caller: Caller, desk: Desk) -> View:
    """Ask for the receipt, unless the ticket is there already."""
    if desk.pay.ticket(caller.hash, caller.memory["case"]) is not None:
        return Go("ticket")
    return Question(Say("pay.receipt"))


@screen()
def ticket(caller: Caller, desk: Desk) -> View:
    """The ticket, for whoever asks again."""
    waits = desk.pay.ticket(caller.hash, caller.memory["case"])
    return Menu(Say("pay.answered") if waits is None else _ticket_words(waits), back_to="main", settles=True)


@screen(leads_to=("claim", "bill"))
def claimed(caller: Caller, desk: Desk) -> View:
    """The ticket's number and the day of the answer, to be written down; the SMS says the same."""
    memory = caller.memory
    if memory["why"] == "again":
        return Go("claim")
    if memory["why"] == "paid":
        return Go("bill")
    waits = desk.pay.ticket(caller.hash, memory["case"])
    return End(Say("pay.answered") if waits is None else Lines((_ticket_words(waits), Say("bye")), joint=" "))


def _where(there: Memory, desk: Desk) -> tuple[Option, ...]:
    """The way to the places, where the office names some."""
    offered = desk.catalogue.office(there["office"]).pay_at
    return (Option("2", Say("pay.where"), Go("pay_at", there)),) if offered else ()


def _line(one: Bill) -> Text:
    values: dict[str, Text | int] = {"last4": Verbatim(one.last4)}
    if one.stage == "due" and one.payment is not None:
        return Say("pay.line", {**values, "amount": Rupiah(one.payment.amount)})
    return Say(f"pay.line.{one.stage}", values)


def _bill_words(one: Bill, desk: Desk) -> Text:
    values: dict[str, Text | int] = {"last4": Verbatim(one.last4)}
    if one.payment is None:
        return Say(f"pay.bill.{one.stage}", values)
    if one.stage == "disputed":
        return Say("pay.bill.disputed", {**values, "amount": Rupiah(one.payment.amount)})
    if one.stage != "due":
        return Say(f"pay.bill.{one.stage}", values)
    left = one.payment.due_at - desk.now()
    values |= {
        "amount": Rupiah(one.payment.amount),
        "billing": Verbatim(grouped(one.payment.billing)),
        "left": ByLanguage({language: time_left(left, language) for language in LANGUAGES}),
        "until": _until(one, desk),
    }
    return Say("pay.bill.due", values)


def _until(one: Bill, desk: Desk) -> Text:
    """The time, with its day where that is not today."""
    assert one.payment is not None, "what is due has a time"
    zone = desk.catalogue.office(one.office).zone
    due = one.payment.due_at.astimezone(zone)
    day = () if due.date() == desk.now().astimezone(zone).date() else (NearDay(due.date()),)
    return Lines((*day, Moment(due), Verbatim(zone_label(zone))), joint=" ")


def _ticket_words(waits: Ticket) -> Text:
    return Say("pay.ticket", {"ticket": Verbatim(waits.number), "day": NearDay(waits.by)})
