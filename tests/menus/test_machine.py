"""How does a call go on? The pure machine over a few small screens."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from menus.description import Again, Effect, End, Go, Memory, Menu, Option, Question, Say, Verbatim, View
from menus.desk import Caller, EffectKey
from menus.machine import Asked, Machine, Reply, Screens, Undeclared
from menus.session import Place, Session
from menus.wording import Wording

CALLER = Caller(b"caller", {}, datetime(2026, 11, 24, tzinfo=UTC))
KEY = EffectKey(b"call", 1, b"caller", "+6281200000001")
MAIN = "Main\n1 List\n2 Ask\n3 Language\n0 Keluar"


def menu(text: str, *options: Option, **more: Any) -> Menu:
    return Menu(Verbatim(text), options, **more)


def option(number: str, label: str, to: str, memory: Memory | None = None, effect: Effect | None = None) -> Option:
    return Option(number, Verbatim(label), Go(to, memory or {}, effect))


def screens(*, listed: int = 3, main_extra: tuple[Option, ...] = ()) -> Screens:
    """A version of the menus; `listed` is how many lines its list has."""
    made = Screens()

    @made.screen(leads_to=("list", "ask", "languages", "bye", *(one.go.to for one in main_extra)))
    def main(caller: Caller, desk: object) -> View:
        ways = (option("1", "List", "list"), option("2", "Ask", "ask"), option("3", "Language", "languages"))
        return menu("Main", *ways, *main_extra, Option("0", Say("exit"), Go("bye")), back=False)

    @made.screen(leads_to=("item",))
    def list(caller: Caller, desk: object) -> View:
        return menu("List", *(option(str(n), f"Item number {n}", "item", {"item": n}) for n in range(1, listed + 1)))

    @made.screen()
    def item(caller: Caller, desk: object) -> View:
        return menu(f"Item {caller.memory['item']}")

    def answered(typed: str, asked: Asked) -> Go | Again:
        return Go("item", {"item": typed}) if typed.startswith("item ") else Again()

    @made.screen(leads_to=("item",), answer=answered)
    def ask(caller: Caller, desk: object) -> View:
        return Question(Verbatim("Which?"))

    @made.screen(leads_to=("main",))
    def languages(caller: Caller, desk: object) -> View:
        return menu("Language", option("3", "English", "main", effect=Effect("language", {"language": "en"})))

    @made.screen(leads_to=("main", "bye"))
    def help(caller: Caller, desk: object) -> View:
        return menu("Help", option("1", "Main", "main"), option("0", "Out", "bye"), back=False)

    @made.screen(leads_to=("resume", "main"))
    def resume(caller: Caller, desk: object) -> View:
        return menu("Resume", option("1", "On", "resume"), option("2", "Over", "main"), back=False)

    @made.screen()
    def bye(caller: Caller, desk: object) -> View:
        return End(Verbatim("Bye."))

    return made


@dataclass
class Done:
    """Remembers the effects that were to happen."""

    effects: list[tuple[EffectKey, Effect]] = field(default_factory=list)

    def perform(self, key: EffectKey, effect: Effect) -> Memory:
        self.effects.append((key, effect))
        return effect.values


class Talk:
    """One call on a machine, which may be exchanged on the way."""

    def __init__(self, made: Screens | None = None, start: Session | None = None) -> None:
        self.effects = Done()
        self.deploy(made or screens())
        self.session = start or self.machine.begin("id")
        self.session, self.reply = self.machine.draw(self.session, CALLER, None, 160)

    def deploy(self, made: Screens) -> None:
        version = f"{id(made):x}"[-12:]
        self.machine = Machine(made.by_name, Wording.load(), version, lambda kind, value: value.encode())

    def types(self, *inputs: str) -> str:
        for typed in inputs:
            self.session, self.reply, _ = self.machine.step(
                self.session,
                typed,
                KEY,
                CALLER,
                None,
                self.effects,
                160,
            )
        return self.reply.text


def test_zero_leads_back_screen_by_screen_and_double_zero_to_the_main_menu() -> None:
    talk = Talk()
    assert talk.reply.text == MAIN
    assert talk.types("1", "2") == "Item 2\n0 Kembali"
    assert talk.types("0").startswith("List\n1 ")
    assert talk.types("0") == MAIN
    assert talk.types("1", "2", "00") == MAIN
    assert talk.types("0") == "Bye."
    assert not talk.reply.more


def test_going_round_in_a_circle_keeps_the_way_back_short() -> None:
    talk = Talk()
    for _ in range(30):
        talk.types("1", "2", "0", "3", "0", "0")
    assert len(talk.session.place.trail) <= 1
    assert talk.reply.text == MAIN


def test_an_input_that_does_not_fit_shows_the_screen_again_under_one_line() -> None:
    talk = Talk()
    assert talk.types("8") == f"Pilihan salah.\n{MAIN}"
    assert talk.types("8") == f"Pilihan salah.\n{MAIN}"
    assert talk.types("2", "nothing") == "Pilihan salah.\nWhich?\n0 Kembali"


def test_three_misses_lead_to_help_and_three_more_out() -> None:
    talk = Talk()
    assert talk.types("8", "8", "8") == "Help\n1 Main\n0 Out"
    assert talk.types("8", "8", "8") == "Bye."
    assert not talk.reply.more


def test_a_fitting_input_forgives_the_misses_before() -> None:
    talk = Talk()
    assert talk.types("8", "8", "1", "0") == MAIN
    assert talk.types("8", "8") == f"Pilihan salah.\n{MAIN}"


def test_a_question_takes_free_input_and_still_leads_back() -> None:
    talk = Talk()
    assert talk.types("2", "item seven") == "Item item seven\n0 Kembali"
    assert talk.types("0") == "Which?\n0 Kembali"
    assert talk.types("0") == MAIN


def test_a_long_list_is_paged_and_its_numbers_stay() -> None:
    talk = Talk(screens(listed=20))
    first = talk.types("1")
    assert first.endswith("98 Lanjut\n0 Kembali")
    second = talk.types("98")
    assert second.startswith(f"{first.count('Item') + 1} Item number")
    assert "99 Sebelumnya\n" in second
    assert talk.types("99") == first
    # A number that stood on another page is known still: it was published.
    assert talk.types("17") == "Item 17\n0 Kembali"
    assert talk.types("0", "98", "98", "3") == "Item 3\n0 Kembali"


def test_more_and_less_are_no_choices_where_there_is_no_further_page() -> None:
    talk = Talk()
    assert talk.types("98") == f"Pilihan salah.\n{MAIN}"
    assert talk.types("99") == f"Pilihan salah.\n{MAIN}"


def test_an_effect_happens_under_the_key_of_its_hop_and_its_language_is_spoken_at_once() -> None:
    talk = Talk()
    assert talk.types("3", "3") == MAIN.replace("Keluar", "Exit")
    assert talk.effects.effects == [(KEY, Effect("language", {"language": "en"}))]


def test_a_held_place_is_offered_and_gone_on_with_or_left() -> None:
    held = Place("item", "id", {"item": 4}, ["main", "list"])
    machine = Talk().machine
    talk = Talk(start=machine.begin("id", held))
    assert talk.reply.text == "Resume\n1 On\n2 Over"
    assert talk.types("1") == "Item 4\n0 Kembali"
    assert talk.types("0").startswith("List")
    assert Talk(start=machine.begin("id", held)).types("2") == MAIN


def test_a_place_of_a_screen_that_is_no_more_is_not_offered() -> None:
    assert Talk(start=Talk().machine.begin("id", Place("gone", "id"))).reply.text == MAIN


def test_a_way_that_is_not_declared_is_refused_when_the_screen_is_drawn() -> None:
    made = screens(main_extra=(option("4", "Nowhere", "item"),))
    made.by_name["main"] = replace(made.by_name["main"], leads_to=("list", "ask", "languages", "bye"))
    with pytest.raises(Undeclared, match="main leads to item, which it does not declare"):
        Talk(made)


def test_an_answer_that_leads_where_its_screen_does_not_declare_is_refused() -> None:
    made = screens()
    made.by_name["ask"] = replace(made.by_name["ask"], leads_to=())
    with pytest.raises(Undeclared, match="ask leads to item, which it does not declare"):
        Talk(made).types("2", "item 1")


def test_screens_that_hand_over_in_a_circle_are_refused() -> None:
    made = Screens()
    made.screen(leads_to=("other",))(named("main", lambda caller, desk: Go("other")))
    made.screen(leads_to=("main",))(named("other", lambda caller, desk: Go("main")))
    with pytest.raises(Undeclared, match="in a circle"):
        Talk(made)


def test_two_screens_of_one_name_are_refused() -> None:
    made = screens()
    with pytest.raises(ValueError, match="two screens are named main"):
        made.screen()(named("main", lambda caller, desk: End(Verbatim("x"))))


def test_an_option_leads_where_it_led_when_it_was_shown_whatever_the_menus_are_now() -> None:
    talk = Talk(screens(listed=3))
    talk.types("1")
    # The new list has other lines: what stood as 3 still is what was meant.
    talk.deploy(screens(listed=1))
    assert talk.types("3") == "Item 3\n0 Kembali"


def test_an_option_whose_screen_is_no_more_leads_to_the_main_menu() -> None:
    old = screens(main_extra=(option("4", "News", "news"),))
    old.screen()(named("news", lambda caller, desk: menu("News")))
    talk = Talk(old)
    talk.deploy(screens())
    assert talk.types("4") == MAIN


def test_an_open_screen_that_is_no_more_leads_to_the_main_menu_by_any_input() -> None:
    for typed in ("nonsense", "0", "00"):
        old = screens(main_extra=(option("4", "News", "news"),))
        old.screen()(named("news", lambda caller, desk: menu("News")))
        talk = Talk(old)
        talk.types("4")
        talk.deploy(screens())
        assert talk.types(typed) == MAIN


def test_numbers_mean_what_the_phone_shows_and_not_what_the_new_menus_say() -> None:
    talk = Talk()
    # In the new version number 1 of the main menu asks, and 2 lists.
    swapped = screens()
    ways = (option("1", "Ask", "ask"), option("2", "List", "list"))
    swapped.by_name["main"] = replace(swapped.by_name["main"], draw=lambda caller, desk: menu("New", *ways))
    talk.deploy(swapped)
    assert talk.types("1").startswith("List\n1 ")


def test_the_reply_never_exceeds_the_budget() -> None:
    made = screens(listed=60)
    for budget in (100, 160, 182):
        talk = Talk(made)
        session, _, _ = talk.machine.step(talk.session, "1", KEY, CALLER, None, talk.effects, budget)
        seen: list[Reply] = []
        while "98" in session.shown:
            session, reply, _ = talk.machine.step(session, "98", KEY, CALLER, None, talk.effects, budget)
            seen.append(reply)
        assert seen
        assert all(len(reply.text) <= budget for reply in seen)


def test_the_same_session_and_input_make_the_same_reply() -> None:
    talk = Talk(screens(listed=20))
    talk.types("1", "98")
    session = talk.session
    first = talk.machine.step(session, "4", KEY, CALLER, None, Done(), 160)
    assert talk.machine.step(session, "4", KEY, CALLER, None, Done(), 160) == first


def named(name: str, draw: Any) -> Any:
    draw.__name__ = name
    return draw
