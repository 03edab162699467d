"""What becomes of an open call when the menus change under it? It finishes or lands at the main menu, never astray."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from immigration.calls import menus_replaced_at
from immigration.database import Database
from menus.description import Go, Menu, Option, Say
from menus.machine import Machine, Screen
from menus.testing import CallKit
from menus.topics import SCREENS
from menus.wording import Wording
from tests.menus.conftest import BORN, NUMBER, ONE, STRANGER
from tests.menus.test_turns import ASK_BIRTH, ASK_NUMBER, MAIN, PRINTING
from tests.support.clock import MovedClock

NEW_MAIN = "Imigrasi Sijunjung\n1 Jam & lokasi\n4 Cek status\n0 Keluar"
Deploy = Callable[..., None]


@pytest.fixture
def deploy(kit: CallKit, clock: MovedClock, monkeypatch: pytest.MonkeyPatch) -> Deploy:
    """Put another version of the menus in place: its main menu has other numbers, and some screens may be gone."""

    def deploy(version: str = "new", *, without: str = "") -> None:
        def machine(keyed: Callable[[str, str], bytes]) -> Machine:
            screens: dict[str, Screen] = {name: one for name, one in SCREENS.by_name.items() if name != without}
            ways = (("1", "main.hours", "hours"), ("4", "main.status", "status"), ("0", "exit", "bye"))
            options = tuple(Option(number, Say(label), Go(to)) for number, label, to in ways)
            screens["main"] = replace(screens["main"], draw=lambda caller, desk: Menu(Say("main"), options, back=False))
            return Machine(screens, Wording.load(), version, keyed)

        monkeypatch.setattr("menus.build.build_machine", machine)
        clock.move(seconds=20)
        kit.turns = kit.renewed()

    return deploy


def test_a_number_means_what_the_phone_shows(kit: CallKit, deploy: Deploy) -> None:
    call = kit.dial(ONE).sees(MAIN)
    deploy()
    call.replies("1").sees(PRINTING)
    call.replies("0").sees(NEW_MAIN)
    call.replies("4").sees(PRINTING)


def test_a_call_in_the_middle_of_something_finishes_it(kit: CallKit, deploy: Deploy) -> None:
    call = kit.dial(STRANGER).replies("1").replies(NUMBER).sees(ASK_BIRTH)
    deploy()
    call.replies(BORN)
    assert call.screen.startswith("..0001")


def test_a_screen_that_is_no_more_leads_to_the_main_menu(kit: CallKit, deploy: Deploy) -> None:
    call = kit.dial(ONE).replies("4").replies("1")
    deploy(without="service")
    call.replies("1").sees(NEW_MAIN)
    call.replies("4").sees(PRINTING)


def test_what_was_answered_before_is_answered_the_same_after(kit: CallKit, deploy: Deploy) -> None:
    call = kit.dial(ONE).replies("4").replies("1")
    deploy(without="service")
    call.repeats()
    call.repeats(0)
    call.repeats(1)


def test_wiped_right_after_a_deploy_an_open_call_lands_at_the_main_menu(kit: CallKit, deploy: Deploy) -> None:
    call = kit.dial(STRANGER).replies("1").sees(ASK_NUMBER)
    deploy()
    kit.wipe()
    # A replay would take "1" for the opening hours.
    call.replies(NUMBER).sees(NEW_MAIN)
    call.repeats()
    call.replies("4").sees(ASK_NUMBER)
    kit.wipe()
    call.repeats()
    call.replies(NUMBER).sees(ASK_BIRTH)
    kit.wipe()
    call.repeats()


def test_a_call_that_began_after_the_deploy_lands_there_too_while_old_ones_may_live(
    kit: CallKit, deploy: Deploy
) -> None:
    kit.dial(ONE)
    deploy()
    call = kit.dial(ONE).replies("4").sees(PRINTING)
    kit.wipe()
    call.replies("1").sees(NEW_MAIN)


def test_once_no_old_call_can_live_a_wiped_call_is_replayed_again(
    kit: CallKit, deploy: Deploy, clock: MovedClock
) -> None:
    kit.dial(ONE)
    deploy()
    clock.move(minutes=11)
    kit.turns = kit.renewed()
    call = kit.dial(ONE).replies("4").sees(PRINTING)
    kit.wipe()
    call.replies("2").sees(ASK_NUMBER)


def test_a_place_in_the_old_menus_is_not_offered(kit: CallKit, deploy: Deploy) -> None:
    kit.dial(STRANGER).replies("1")
    deploy()
    kit.dial(STRANGER).sees(NEW_MAIN)


def test_a_call_that_was_gone_on_with_in_the_old_menus_lands_at_the_main_menu(kit: CallKit, deploy: Deploy) -> None:
    kit.dial(STRANGER).replies("1")
    call = kit.dial(STRANGER)
    deploy()
    kit.wipe()
    call.replies("1").sees(NEW_MAIN)


def test_restarting_the_same_menus_is_no_deploy(kit: CallKit) -> None:
    call = kit.dial(STRANGER).replies("1")
    kit.turns = kit.renewed()
    kit.wipe()
    call.replies(NUMBER).sees(ASK_BIRTH)


def test_the_moment_of_a_deploy_is_kept_and_a_way_back_is_one_too(database: Database, clock: MovedClock) -> None:
    def started(version: str) -> object:
        with database.writing() as session:
            return menus_replaced_at(session, version, clock())

    assert started("a") is None
    assert started("a") is None
    deployed = clock.move(minutes=5)
    assert started("b") == deployed
    clock.move(minutes=5)
    assert started("b") == deployed
    back = clock.move(minutes=5)
    assert started("a") == back
    assert back - deployed == timedelta(minutes=10)
