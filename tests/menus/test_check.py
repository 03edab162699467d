"""Does the menu linter find each kind of fault when one is planted?"""

from dataclasses import replace
from typing import Any

import pytest

import menus.check as linter
from menus.build import screens_declared
from menus.description import End, Go, Menu, Option, Say, Verbatim
from menus.machine import Screen
from menus.topics import SCREENS
from menus.wording import Wording

Plant = Any  # The fixture's own class.


@pytest.fixture
def plant(monkeypatch: pytest.MonkeyPatch) -> Plant:
    """Changes texts and screens for the length of a test."""
    screens_declared()
    loaded = Wording.load()

    class Planted:
        def text(self, language: str, key: str, text: str | None) -> None:
            texts = {one: dict(loaded.texts[one]) for one in loaded.texts}
            if text is None:
                del texts[language][key]
            else:
                texts[language][key] = text
            monkeypatch.setattr(Wording, "load", lambda: Wording(texts, loaded.reviewed))

        def screen(self, name: str, view: object, leads_to: tuple[str, ...] = ()) -> None:
            known = SCREENS.by_name.get(name) or Screen(name, lambda caller, desk: Go(name), leads_to)
            drawn = replace(known, draw=lambda caller, desk: view, leads_to=leads_to)
            monkeypatch.setitem(SCREENS.by_name, name, drawn)

    return Planted()


def test_the_menus_as_they_are_have_no_fault() -> None:
    assert linter.faults() == []


def test_a_text_that_a_language_lacks_is_found(plant: Plant) -> None:
    plant.text("min", "bye", None)
    assert "text bye: missing in min" in linter.faults()


def test_a_text_that_only_one_language_has_is_found(plant: Plant) -> None:
    plant.text("en", "extra", "More")
    assert "text extra: in en but not in id" in linter.wording_faults(Wording.load())


def test_a_text_that_no_screen_says_is_found(plant: Plant) -> None:
    plant.text("id", "idle", "Diam.")
    assert "text idle: no screen says it" in linter.faults()


def test_other_placeholders_are_found(plant: Plant) -> None:
    plant.text("en", "state.SIAP_DIAMBIL.due", "Collect by {day}.")
    assert "text state.SIAP_DIAMBIL.due: other placeholders in en than in id" in linter.wording_faults(Wording.load())


def test_a_character_that_is_not_gsm7_is_found(plant: Plant) -> None:
    plant.text("min", "bye", "Tarimo kasih…")
    assert "text bye: a character in min that GSM-7 does not have" in linter.wording_faults(Wording.load())


@pytest.mark.parametrize("word", ["Kode", "OTP", "selamat"])
def test_a_word_that_operators_filter_is_found(plant: Plant, word: str) -> None:
    plant.text("id", "bye", f"{word}, terima kasih.")
    assert f"text bye: the word {word.lower()} in id" in linter.wording_faults(Wording.load())


def test_an_end_longer_than_a_page_is_found(plant: Plant) -> None:
    plant.text("id", "bye", "Terima kasih. " * 20)
    assert "bye in id: an END that needs a second page" in linter.faults()


def test_a_main_menu_longer_than_a_page_is_found(plant: Plant) -> None:
    plant.text("en", "main.fees", "Documents and fees " * 8)
    assert "main in en: needs a second page" in linter.faults()


def test_a_screen_to_which_no_way_leads_is_found(plant: Plant) -> None:
    plant.screen("island", Menu(Say("home")))
    assert "island: no way leads there" in linter.faults()


def test_a_way_that_is_not_declared_is_found(plant: Plant) -> None:
    plant.screen("language", Menu(Say("language"), (Option("1", Say("home"), Go("fees")),)), leads_to=("main",))
    assert any("Undeclared: language leads to fees" in fault for fault in linter.faults())


def test_a_screen_that_cannot_be_drawn_is_found(plant: Plant) -> None:
    plant.screen("bye", End(Verbatim("")))
    assert any(fault.startswith(("main in id: ValueError", "bye in id: ")) for fault in linter.faults())


def test_a_text_that_is_nowhere_is_found(plant: Plant) -> None:
    plant.screen("language", Menu(Say("nowhere")))
    assert any("KeyError: 'nowhere'" in fault for fault in linter.faults())
