"""Does the terminal phone speak Africa's Talking's form exactly, and can a script drive it?"""

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner, Result

from gateway.cli import main
from gateway.cli.handset import Handset, WrongCode, prefilled
from tests.gateway.stub_gateway import ANSWERS, MENU, StubGateway, stub_gateway


@pytest.fixture
def gateway() -> Iterator[StubGateway]:
    with stub_gateway() as stub:
        yield stub


def dialled(stub: StubGateway, *options: str, code: str = "*384*1303#", script: str = "") -> Result:
    arguments = ["dial", code, "--phone", "0812 0000 0001", "--url", stub.url, *options]
    return CliRunner().invoke(main, arguments, input=script)


def test_each_line_of_a_script_is_one_reply_and_answers_come_out_plain(gateway: StubGateway) -> None:
    result = dialled(gateway, script="1\n0\n")
    assert result.stdout == f"{ANSWERS['']}\n---\n{ANSWERS['1']}\n---\n{ANSWERS['1*0']}\n"
    assert result.exit_code == 0
    assert [hop["text"] for hop in gateway.hops] == ["", "1", "1*0"]


def test_a_hop_has_exactly_the_five_fields_of_the_wire(gateway: StubGateway) -> None:
    dialled(gateway, "--network", "51001")
    hop = dict(gateway.hops[0])
    assert re.fullmatch(r"ATUid_[0-9a-f]{32}", hop.pop("sessionId"))
    assert hop == {
        "phoneNumber": "+6281200000001",
        "serviceCode": "*384*1303#",
        "networkCode": "51001",
        "text": "",
    }


def test_end_of_input_hangs_up_with_an_incomplete_event(gateway: StubGateway) -> None:
    result = dialled(gateway, script="1\n")
    assert result.exit_code == 0
    [event] = gateway.events
    assert (event["status"], event["hopsCount"], event["input"]) == ("Incomplete", "2", "1")
    assert event["lastAppResponse"] == ANSWERS["1"]
    assert event["sessionId"] == gateway.hops[0]["sessionId"]


def test_a_call_that_reaches_its_end_sends_a_success_event(gateway: StubGateway) -> None:
    assert dialled(gateway, "--input", "0").exit_code == 0
    assert [event["status"] for event in gateway.events] == ["Success"]


def test_empty_lines_and_typed_stars_reach_the_wire_unescaped(gateway: StubGateway) -> None:
    dialled(gateway, script="1\n\n")
    dialled(gateway, script="1\n*\n")
    assert [hop["text"] for hop in gateway.hops] == ["", "1", "1*", "", "1", "1**"]


def test_a_dialled_code_may_carry_replies(gateway: StubGateway) -> None:
    dialled(gateway, code="*384*1303*1#", script="0\n")
    assert [hop["text"] for hop in gateway.hops] == ["1", "1*0"]
    assert {hop["serviceCode"] for hop in gateway.hops} == {"*384*1303#"}


@pytest.mark.parametrize("code", ["*384*1304#", "*384*13031#", "*384*1303", "384", ""])
def test_a_code_that_does_not_lead_here_is_refused(code: str) -> None:
    with pytest.raises(WrongCode):
        prefilled(code, "*384*1303#")


def test_a_bad_phone_is_wrong_usage_and_names_the_fix(gateway: StubGateway) -> None:
    result = CliRunner().invoke(main, ["dial", "*384*1303#", "--phone", "12", "--url", gateway.url])
    assert result.exit_code == 2
    assert "081234567890" in result.stderr
    assert gateway.hops == []


def test_a_wrong_code_or_address_is_wrong_usage(gateway: StubGateway) -> None:
    assert dialled(gateway, code="*123#").exit_code == 2
    assert dialled(gateway, "--url", "localhost:8000").exit_code == 2


def test_a_wrong_secret_is_said_and_fails(gateway: StubGateway) -> None:
    result = dialled(gateway, "--secret", "other")
    assert result.exit_code == 1
    assert "404" in result.stderr
    assert "--secret" in result.stderr


def test_a_gateway_that_is_not_there_is_said_and_fails(gateway: StubGateway) -> None:
    result = dialled(gateway, "--url", "http://127.0.0.1:1")
    assert result.exit_code == 1
    assert "no gateway at 127.0.0.1:1 " in result.stderr


def test_the_gateway_here_is_called_on_the_port_that_the_environment_names(gateway: StubGateway) -> None:
    port = str(urlsplit(gateway.url).port)
    arguments = ["dial", "*384*1303#", "--phone", "081200000001"]
    result = CliRunner().invoke(main, arguments, input="", env={"PORT": port})
    assert result.stdout == f"{ANSWERS['']}\n"


def test_an_answer_without_con_or_end_fails_the_call_and_the_event_says_so(gateway: StubGateway) -> None:
    result = dialled(gateway, "--input", "9")
    assert result.exit_code == 1
    assert "neither CON nor END" in result.stderr
    assert [event["status"] for event in gateway.events] == ["Failed"]


def test_the_event_carries_the_time_in_utc_and_the_length_of_the_call(gateway: StubGateway) -> None:
    ticks = iter([100.0, 108.123])
    handset = Handset(
        f"{gateway.url}/webhooks/demo/simulated",
        "+6281200000001",
        code="*384*1303#",
        network="99999",
        now=lambda: datetime(2026, 11, 24, 3, 0, tzinfo=UTC),
        monotonic=lambda: next(ticks),
    )
    handset.dial([])
    handset.hang_up()
    line = {name: value for name, value in gateway.hops[0].items() if name != "text"}
    assert gateway.events[0] == line | {
        "date": "2026-11-24 03:00:00",
        "status": "Incomplete",
        "cost": "0.00",
        "durationInMillis": "8123",
        "hopsCount": "1",
        "hopsMetadata": "",
        "input": "",
        "lastAppResponse": MENU,
        "errorMessage": "",
    }


def test_on_a_terminal_the_call_can_be_repeated_exported_dropped_and_redialled(
    gateway: StubGateway, tmp_path: Path
) -> None:
    recording = tmp_path / "call.json"
    typed = f"1\n/repeat\n/export {recording}\n/drop\n/redial\n0\n\n"
    screen = on_a_terminal(gateway, typed)
    assert "Ketik [16] angka" in screen
    assert "28/160 septets" in screen
    assert "Same answer, byte for byte." in screen
    assert [hop["text"] for hop in gateway.hops] == ["", "1", "1", "", "0"]
    assert [event["status"] for event in gateway.events] == ["Incomplete", "Success"]
    assert json.loads(recording.read_text())["hops"] == [
        {"text": "", "reply": ANSWERS[""]},
        {"text": "1", "reply": ANSWERS["1"]},
    ]


def on_a_terminal(stub: StubGateway, typed: str) -> str:
    """Run `dial` on a pseudo-terminal, type `typed`, and return all that it wrote."""
    controller, terminal = pty.openpty()
    command = [
        sys.executable,
        "-m",
        "gateway",
        "dial",
        "*384*1303#",
        "--phone",
        "081200000001",
        "--url",
        stub.url,
    ]
    with subprocess.Popen(command, stdin=terminal, stdout=terminal, stderr=terminal) as process:
        os.close(terminal)
        os.write(controller, typed.encode())
        written = b""
        try:
            while chunk := os.read(controller, 65536):
                written += chunk
        except OSError:
            # Linux reports the closing of the other side as EIO.
            pass
        assert process.wait(timeout=20) == 0
    os.close(controller)
    return written.decode()
