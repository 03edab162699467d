"""Does the phone in the browser work by keys, mouse and touch, and say to the wire what a real one says?"""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from playwright.sync_api import Browser, Locator, Page, Request, expect, sync_playwright
from redis import Redis

from gateway.cli.recordings import read_recording
from immigration.gsm7 import is_gsm7, septets
from tests.support.product import Product, running_product

CHROMIUM = shutil.which("chromium")

pytestmark = [
    pytest.mark.skipif(
        CHROMIUM is None, reason="browser tests need Chromium: apt-get install chromium (Debian), then run again"
    ),
    # One product and one browser serve them all.
    pytest.mark.xdist_group("browser"),
]


class Desk:
    """The simulator's page, and what it sent."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.requests: list[Request] = []
        self.faults: list[str] = []
        page.on("request", lambda request: self.requests.append(request))
        page.on("pageerror", lambda fault: self.faults.append(str(fault)))
        page.goto(f"{url}/simulator")

    @property
    def screen(self) -> Locator:
        return self.page.get_by_role("status", name="Screen")

    def is_in(self, state: str) -> None:
        expect(self.page.locator("#handset")).to_have_attribute("data-state", state)

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def sent(self, path: str) -> list[dict[str, str]]:
        """The decoded forms that went to `path` of the webhook, in order."""
        return [
            {name: values[0] for name, values in parse_qs(request.post_data or "", keep_blank_values=True).items()}
            for request in self.requests
            if request.method == "POST" and request.url.endswith(f"/simulated/{path}")
        ]

    @property
    def texts(self) -> list[str]:
        return [hop["text"] for hop in self.sent("ussd")]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with running_product(tmp_path_factory.mktemp("browser"), {"WEB_PROCESSES": "1"}) as product:
        yield product


@pytest.fixture
def product(running: Product) -> Product:
    """The running product, as if nobody had called it yet: no dropped call is offered again."""
    [socket] = Path(running.environment["VAR_DIR"]).glob("valkey-*/valkey.sock")
    with Redis(unix_socket_path=str(socket)) as redis:
        redis.flushall()
    return running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    quiet = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=quiet)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1240, "height": 900})
    yield context.new_page()
    context.close()


@pytest.fixture
def desk(page: Page, product: Product) -> Iterator[Desk]:
    opened = Desk(page, product.url)
    yield opened
    assert opened.faults == []


def test_a_call_is_made_and_ended_by_keyboard_alone(desk: Desk) -> None:
    desk.page.keyboard.type("*384*1303#")
    desk.page.keyboard.press("Enter")
    desk.is_in("menu")
    expect(desk.screen).to_contain_text("Imigrasi")
    desk.page.keyboard.type("0")
    desk.page.keyboard.press("Enter")
    desk.is_in("ended")
    assert desk.texts == ["", "0"]
    [event] = desk.sent("ussd/events")
    assert (event["status"], event["hopsCount"], event["input"]) == ("Success", "2", "0")


def test_a_hop_has_exactly_the_five_fields_of_the_wire(desk: Desk) -> None:
    desk.page.get_by_label("Network", exact=True).select_option("51001")
    desk.button("Call or send").click()
    desk.is_in("menu")
    [hop] = desk.sent("ussd")
    assert re.fullmatch(r"ATUid_[0-9a-f]{32}", hop.pop("sessionId"))
    assert hop == {
        "phoneNumber": "+6281200000001",
        "serviceCode": "*384*1303#",
        "networkCode": "51001",
        "text": "",
    }


def test_the_keypad_dials_and_a_star_and_an_empty_reply_go_out_unescaped(desk: Desk) -> None:
    for name in ["star", "3", "8", "4", "star", "1", "3", "0", "3", "hash", "Call or send"]:
        desk.button(name).click()
    desk.is_in("menu")
    desk.button("star").click()
    desk.button("Call or send").click()
    expect(desk.page.get_by_text("In a call · 2 hops")).to_be_visible()
    desk.button("Call or send").click()
    expect(desk.page.get_by_text("In a call · 3 hops")).to_be_visible()
    assert desk.texts == ["", "*", "**"]


def test_letters_come_by_pressing_a_key_again(desk: Desk) -> None:
    desk.page.clock.install()
    desk.button("Type letters").click()
    for name in ["2", "2", "3"]:
        desk.button(name).click()
    desk.page.clock.fast_forward(1500)
    desk.button("3").click()
    expect(desk.page.get_by_label("Code to dial")).to_have_value("bdd")
    desk.button("Clear last character").click()
    expect(desk.page.get_by_label("Code to dial")).to_have_value("bd")


def test_keys_work_wherever_the_focus_is_and_backspace_clears(desk: Desk) -> None:
    desk.button("Scroll up").focus()
    desk.page.keyboard.type("12")
    desk.page.keyboard.press("Backspace")
    expect(desk.page.get_by_label("Code to dial")).to_have_value("1")
    expect(desk.page.get_by_label("Code to dial")).to_be_focused()


def test_escape_hangs_up_with_an_incomplete_event(desk: Desk) -> None:
    desk.page.keyboard.press("Enter")
    desk.is_in("menu")
    with desk.page.expect_response("**/ussd/events") as answered:
        desk.page.keyboard.press("Escape")
    assert answered.value.status == 200
    desk.is_in("idle")
    [event] = desk.sent("ussd/events")
    assert (event["status"], event["hopsCount"]) == ("Incomplete", "1")
    assert event["lastAppResponse"].startswith("CON ")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", event["date"])


def test_the_repeated_hop_has_the_same_request_and_the_same_bytes(desk: Desk) -> None:
    desk.button("Call or send").click()
    desk.is_in("menu")
    desk.button("Repeat the last hop").click()
    expect(desk.page.get_by_text("Hop 1 again: byte-identical.")).to_be_visible()
    first, second = desk.sent("ussd")
    assert first == second


def test_an_answer_that_comes_after_the_drop_does_not_reach_the_screen(desk: Desk) -> None:
    desk.page.clock.install()
    desk.page.get_by_label("Slow network").select_option("8 s a hop")
    desk.button("Call or send").click()
    desk.is_in("waiting")
    with desk.page.expect_response("**/simulated/ussd"):
        desk.page.clock.fast_forward(4000)
    desk.button("Drop the call").click()
    desk.page.clock.fast_forward(4000)
    desk.is_in("idle")
    assert [event["status"] for event in desk.sent("ussd/events")] == ["Incomplete"]


def test_a_direct_dial_carries_its_reply_and_a_foreign_code_reaches_nobody(desk: Desk) -> None:
    desk.page.keyboard.type("*384*1303*0#")
    desk.page.keyboard.press("Enter")
    desk.is_in("ended")
    desk.page.keyboard.type("*123#")
    desk.page.keyboard.press("Enter")
    expect(desk.screen).to_contain_text("invalid MMI code")
    assert desk.texts == ["0"]


def test_the_language_menu_is_reached_from_an_idle_phone(desk: Desk) -> None:
    desk.button("Language menu").click()
    expect(desk.page.get_by_text("In a call · 3 hops")).to_be_visible()
    assert desk.texts == ["", "00", "00*7"]


def test_each_phone_has_its_own_call_and_an_added_one_its_own_number(desk: Desk) -> None:
    desk.button("Call or send").click()
    desk.is_in("menu")
    desk.page.get_by_role("tab", name="Phone +6281200000001").press("ArrowRight")
    desk.is_in("idle")
    desk.button("Add a phone").click()
    desk.page.keyboard.type("0812-0000-0099")
    desk.page.keyboard.press("Tab")
    expect(desk.page.get_by_role("tab", name="Phone +6281200000099")).to_be_visible()
    desk.button("Call or send").click()
    desk.is_in("menu")
    assert [hop["phoneNumber"] for hop in desk.sent("ussd")] == ["+6281200000001", "+6281200000099"]
    desk.page.get_by_role("tab", name="Phone +6281200000001, in a call").click()
    desk.is_in("menu")


def test_a_number_that_is_none_is_said_and_not_taken(desk: Desk) -> None:
    number = desk.page.get_by_label("Number")
    number.fill("12")
    number.press("Tab")
    expect(desk.page.get_by_role("alert")).to_contain_text("+6281200000001")
    expect(desk.page.get_by_role("tab", selected=True)).to_have_accessible_name("Phone +6281200000001")


def test_an_exported_call_is_a_recording_that_record_test_reads(desk: Desk, tmp_path: Path) -> None:
    desk.page.keyboard.press("Enter")
    desk.is_in("menu")
    desk.page.keyboard.type("0")
    desk.page.keyboard.press("Enter")
    desk.is_in("ended")
    with desk.page.expect_download() as download:
        desk.button("Export call as JSON").click()
    saved = tmp_path / "call.json"
    download.value.save_as(saved)
    content = saved.read_text(encoding="utf-8")
    assert set(json.loads(content)) == {"version", "recorded_at", "phone", "service_code", "network_code", "hops"}
    [call] = read_recording(content)
    assert [step.typed for step in call.steps] == [None, "0"]


def test_leaving_the_page_hangs_up(desk: Desk) -> None:
    desk.button("Call or send").click()
    desk.is_in("menu")
    with desk.page.expect_request("**/ussd/events"):
        # Sent by the page itself: what leaves during a real unload is not reported to the test's side.
        desk.page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide'))")
    assert [event["status"] for event in desk.sent("ussd/events")] == ["Incomplete"]


def test_the_septet_counter_agrees_with_the_engines_on_every_character(desk: Desk) -> None:
    measured = desk.page.evaluate(
        """async () => {
          const { measure } = await import("/simulator/static/gsm7.js");
          const each = [];
          for (let code = 0; code < 0xd800; code++) {
            const { septets, foreign } = measure(String.fromCharCode(code));
            each.push(foreign.length ? 0 : septets);
          }
          return each;
        }"""
    )
    known = [septets(chr(code)) if is_gsm7(chr(code)) else 0 for code in range(0xD800)]
    assert measured == known


def test_an_sms_is_written_its_answer_received_read_and_replied_to_by_keyboard(desk: Desk) -> None:
    keyboard = desk.page.keyboard
    desk.button("Messages").focus()
    keyboard.press("Enter")
    expect(desk.page.get_by_text("No messages")).to_be_visible()
    desk.button("Write an SMS").press("Enter")
    keyboard.type("INFO")
    keyboard.press("Enter")
    expect(desk.page.get_by_role("status", name="New messages")).to_contain_text("new SMS, from IMIGRASI")
    expect(desk.page.get_by_role("tab", name=re.compile(r"0001, \d new SMS$"))).to_be_visible()
    answer = desk.page.get_by_role("group", name="Messages").get_by_role("button").first
    expect(answer).to_have_accessible_name(re.compile("^New, from IMIGRASI, "))
    answer.focus()
    keyboard.press("Enter")
    expect(desk.page.get_by_role("group", name="SMS from IMIGRASI")).to_be_focused()
    keyboard.press("Enter")
    keyboard.type("JAM")
    with desk.page.expect_response("**/sms/inbound") as answered:
        keyboard.press("Enter")
    assert answered.value.status == 200
    expect(desk.page.get_by_text("SMS sent.", exact=True).first).to_be_visible()
    first, reply = desk.sent("sms/inbound")
    assert first.pop("id") != reply.pop("id")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", reply.pop("date"))
    assert reply == {"from": "+6281200000001", "to": "IMIGRASI", "text": "JAM"}
    keyboard.press("Escape")
    keyboard.press("Escape")
    expect(desk.page.get_by_label("Code to dial")).to_be_focused()


def test_the_aggregators_next_answer_is_chosen_and_kept(desk: Desk) -> None:
    choice = desk.page.get_by_label("The aggregator's next answer")
    with desk.page.expect_response(lambda answer: answer.request.method == "POST") as answered:
        choice.select_option("accept-hang")
    assert answered.value.json() == {"fault": "accept-hang", "sticky": False}
    expect(desk.page.get_by_text("Accepted, then no answer until the client gives up")).to_be_visible()
    desk.page.get_by_label("Sticky").check()
    desk.page.reload()
    expect(choice).to_have_value("accept-hang")
    expect(desk.page.get_by_label("Sticky")).to_be_checked()


def test_the_page_takes_nothing_from_elsewhere_and_names_every_control(desk: Desk, product: Product) -> None:
    assert {request.url.startswith(f"{product.url}/simulator") for request in desk.requests} == {True}
    answer = desk.page.request.get(f"{product.url}/simulator")
    assert answer.headers["content-security-policy"].startswith("default-src 'self'")
    controls = desk.page.locator("button, input, select, meter")
    for place in range(controls.count()):
        expect(controls.nth(place)).to_have_accessible_name(re.compile(r"\S"))
    expect(desk.screen).to_have_attribute("aria-live", "polite")


@pytest.mark.parametrize("width", [320, 375, 768])
def test_nothing_sticks_out_sideways(desk: Desk, width: int) -> None:
    desk.page.set_viewport_size({"width": width, "height": 800})
    desk.button("Call or send").click()
    desk.is_in("menu")
    assert desk.page.evaluate("document.documentElement.scrollWidth") <= width
