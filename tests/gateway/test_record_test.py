"""Does a recorded call become a test that reads well, says the same, and names no caller?"""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.cli import main
from gateway.cli.handset import Handset
from gateway.cli.recordings import BadRecording, Step, read_recording
from tests.support.product import running_product

MENU = (
    "CON Imigrasi Sijunjung\n1 Cek status\n2 Jadwal kunjungan\n3 Bayar\n4 Syarat & biaya\n"
    "5 Jam & lokasi\n7 Bahasa/Language\n0 Keluar"
)


def export(*hops: tuple[str, str], **changes: object) -> str:
    recording = {
        "version": 1,
        "phone": "+6281399999999",
        "service_code": "*384*1303#",
        "network_code": "51010",
        "hops": [{"text": text, "reply": reply} for text, reply in hops],
    }
    return json.dumps(recording | changes)


def recorded(folder: Path, content: str, *options: str, name: str = "cek status.json") -> Result:
    file = folder / name
    file.write_text(content, encoding="utf-8")
    return CliRunner().invoke(main, ["record-test", str(file), *options])


def test_a_recorded_call_becomes_a_readable_test(tmp_path: Path) -> None:
    result = recorded(tmp_path, export(("", MENU), ("1", 'CON Ketik "16" angka'), ("1*0", "END Selesai")))
    assert (
        result.stdout
        == '''"""Calls that were recorded: what the caller did, and each screen that came."""

from menus.testing import CallKit


def test_cek_status(kit: CallKit) -> None:
    call = kit.dial("+6281200000001")
    call.sees(
        "Imigrasi Sijunjung\\n"
        "1 Cek status\\n"
        "2 Jadwal kunjungan\\n"
        "3 Bayar\\n"
        "4 Syarat & biaya\\n"
        "5 Jam & lokasi\\n"
        "7 Bahasa/Language\\n"
        "0 Keluar"
    )
    call.replies("1").sees('Ketik "16" angka')
    call.replies("0").ends("Selesai")
'''
    )
    assert result.exit_code == 0


def test_the_callers_number_is_replaced_and_the_person_warned(tmp_path: Path) -> None:
    result = recorded(tmp_path, export(("", MENU)))
    assert "81399999999" not in result.output
    assert "personal data" in result.stderr


def test_the_formatter_and_the_linter_leave_the_test_as_it_is(tmp_path: Path) -> None:
    target = tmp_path / "test_call.py"
    lengths = [(f"{'1*' * size}1", "CON " + "kata " * size + "\nSelesai") for size in range(32)]
    content = export(("", MENU), *lengths, ("1*" * 32 + "a'b", "CON \\ {x}"), ("1*" * 32 + "a'b*", "CON "))
    assert recorded(tmp_path, content, "--output", str(target)).exit_code == 0
    for command in (["format", "--check"], ["check"]):
        ruff = [sys.executable, "-m", "ruff", *command, "--isolated", "--line-length", "120", str(target)]
        assert subprocess.run(ruff, capture_output=True, check=False).returncode == 0, target.read_text()


def test_any_text_comes_back_from_the_test_as_it_was(tmp_path: Path) -> None:
    odd = "\"'\\n\\\x00\x1b\u2028\u202e{}é\t\r\n\n'''"
    tree = ast.parse(recorded(tmp_path, export(("", "CON " + odd), (odd, "END x"))).stdout)
    literals = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    assert literals.count(odd) == 2


def test_a_log_of_webhooks_with_several_calls_gives_a_test_for_each(tmp_path: Path) -> None:
    hops = [("a", "", MENU), ("b", "1", "CON B"), ("a", "0", "END A"), ("b", "1*0", "END B")]
    log = "".join(json.dumps({"sessionId": s, "text": t, "reply": r}) + "\n" for s, t, r in hops)
    code = recorded(tmp_path, log, "--name", "two calls").stdout
    assert "def test_two_calls_1(" in code
    assert "def test_two_calls_2(" in code
    assert 'kit.dial("+6281200000001", text="1")' in code


def test_a_log_of_a_single_hop_is_still_a_log() -> None:
    [call] = read_recording(json.dumps({"text": "", "reply": MENU}))
    assert call.steps == (Step(None, MENU),)


def test_stars_and_empty_replies_are_told_by_the_text_before() -> None:
    [call] = read_recording(export(("", MENU), ("1", "CON a"), ("1*", "CON b"), ("1**12*5", "CON c")))
    assert [step.typed for step in call.steps] == [None, "1", "", "12*5"]
    [call] = read_recording(export(("", MENU), ("1", "CON a"), ("1**", "CON b")))
    assert [step.typed for step in call.steps] == [None, "1", "*"]


def test_repeated_and_late_copies_leave_no_trace_in_the_test() -> None:
    [call] = read_recording(export(("", MENU), ("1", "CON a"), ("1", "CON a"), ("", MENU), ("1*0", "END z")))
    assert [step.typed for step in call.steps] == [None, "1", "0"]


@pytest.mark.parametrize(
    ("content", "field"),
    [
        ("", "hops: the file is empty"),
        ("[]", "not a recorded call"),
        ("{}", "version: expected 1"),
        (export(("", MENU), version=2), "version: expected 1, found 2"),
        (export(), "hops: expected a list"),
        (export(("", MENU), ("1", "Sibuk")), "hops[1].reply: starts with neither"),
        (export(("", MENU), hops=[{"text": 1, "reply": MENU}]), "hops[0].text: expected a text"),
        (export(("", MENU), hops=[7]), "hops[0]: expected an object"),
        (export(("", MENU), ("1", "CON a"), ("2*1", "CON b")), "hops[2].text: does not go on"),
        (export(("", MENU), ("1", "CON a"), ("1", "CON b")), "hops[2].reply: differs"),
        (export(("", "END a"), ("1", "CON b")), "hops[1].text: goes on after an END"),
        ('{"text": "", "reply": "CON a"}\n{"text": ', "line 2: not JSON"),
        ('{"text": "", "reply": "CON a"}\n{"text": "1"}', "line 2.reply: expected a text"),
    ],
)
def test_a_bad_recording_is_refused_by_the_name_of_its_field(content: str, field: str) -> None:
    with pytest.raises(BadRecording) as refusal:
        read_recording(content)
    assert field in str(refusal.value)


def test_a_bad_recording_fails_the_command_with_one_line(tmp_path: Path) -> None:
    result = recorded(tmp_path, "{}")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "cek status.json: version" in result.stderr


def test_a_file_that_exists_is_not_written_over(tmp_path: Path) -> None:
    target = tmp_path / "test_mine.py"
    target.write_text("mine")
    assert recorded(tmp_path, export(("", MENU)), "--output", str(target)).exit_code == 1
    assert target.read_text() == "mine"


@pytest.mark.xdist_group("races")
def test_a_call_of_the_running_demonstration_becomes_a_test_that_passes(tmp_path: Path) -> None:
    with running_product(tmp_path, {"WEB_PROCESSES": "1"}) as product:
        handset = Handset(
            f"{product.url}/webhooks/demo/simulated", "+6281200000002", code="*384*1303#", network="51010"
        )
        handset.dial([])
        for typed in ("1", "2", "0", "4", "9900000000000001"):
            handset.reply(typed)
        handset.hang_up()
    recording = tmp_path / "several applications.json"
    recording.write_text(json.dumps(handset.export()))
    generated = Path(__file__).parents[1] / "menus" / f"test_generated_{os.getpid()}.py"
    try:
        made = subprocess.run(
            [sys.executable, "-m", "gateway", "record-test", str(recording), "--output", str(generated)]
        )
        assert made.returncode == 0
        ran = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-n0", "-k", "sqlite", str(generated)],
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stdout
    finally:
        generated.unlink(missing_ok=True)
