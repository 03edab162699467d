"""Does the pretend aggregator answer as Africa's Talking and 8x8 were recorded to, and refuse in their forms?"""

import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from gateway.simulator.aggregator import Accepted, Fault, PretendAggregator
from gateway.simulator.faults import FaultKind
from tests.support.texting import LONG_S, PHONE, send, send_8x8

SAMPLES = Path(__file__).parent.parent / "samples"


@pytest.fixture(scope="module")
def listening() -> Iterator[PretendAggregator]:
    with PretendAggregator() as pretend:
        yield pretend


@pytest.fixture
def before(listening: PretendAggregator) -> int:
    """How many messages were accepted before this test."""
    return len(listening.ledger.accepted())


def sample(name: str) -> tuple[int, dict[str, str], str]:
    """Status, headers and body of a recorded answer."""
    head, _, body = (SAMPLES / name).read_text(encoding="utf-8").partition("\n\n")
    status, *headers = head.split("\n")
    return int(status.split()[1]), dict(line.split(": ", 1) for line in headers), body


def same_ids(text: str) -> str:
    return re.sub("ATXid_[0-9a-f]{32}", "ATXid", text)


@pytest.mark.parametrize(
    ("name", "fault", "asked"),
    [
        ("sms-response-201-sent-101.http", None, {}),
        ("sms-response-201-queued-102.http", None, {"enqueue": "1"}),
        ("sms-response-201-invalid-sender.http", "invalid-sender", {}),
        ("sms-response-400.http", "400", {}),
        ("sms-response-401.http", "401", {}),
        ("sms-response-409-dnd.http", "dnd", {"to": "+2348000000001"}),
        ("sms-response-502-html.http", "502", {}),
        ("sms-response-502-html.http", "502-accepted", {}),
    ],
)
def test_an_answer_agrees_with_the_recorded_one(
    listening: PretendAggregator, name: str, fault: str | None, asked: dict[str, str]
) -> None:
    if fault:
        listening.fail(Fault.parse(fault))
    answer = send(listening, **{"to": "+254000000001", **asked})
    status, headers, body = sample(name)
    assert (answer.status_code, same_ids(answer.text)) == (status, same_ids(body))
    assert dict(answer.headers) == headers


def test_outcomes_per_recipient_agree_with_the_recorded_ones(before: int, listening: PretendAggregator) -> None:
    fates = {"+254000000003": Fault("refuse", 406), "+254000000004": Fault("refuse", 500)}
    with PretendAggregator(decide=lambda phone, text: fates.get(phone)) as pretend:
        answer = send(pretend, "+254000000001,+25400,+254000000003,+254000000004")
        document = answer.json()["SMSMessageData"]
        recorded = json.loads((SAMPLES / "sms-response-partial.json").read_text())["SMSMessageData"]
        assert answer.status_code == 201
        assert same_ids(json.dumps(document["Recipients"])) == same_ids(json.dumps(recorded["Recipients"]))
        assert document["Message"].startswith("Sent to 1/4 Total Cost: ")
        assert [message.phone for message in pretend.ledger.accepted()] == ["+254000000001"]


def test_the_old_shape_and_the_balance_agree_with_the_recorded_ones(listening: PretendAggregator) -> None:
    listening.fail(Fault("could-not-send"))
    answer = send(listening, "+254000000001")
    assert answer.status_code == 201
    assert answer.json() == json.loads((SAMPLES / "sms-response-could-not-send.json").read_text())
    listening.balance = "USD 999999589.6168"
    address = f"{listening.url}/version1/user?username=sandbox"
    balance = requests.get(address, headers={"apiKey": "key"}, timeout=LONG_S)
    assert balance.json() == json.loads((SAMPLES / "user-balance.json").read_text())
    assert requests.get(address, timeout=LONG_S).status_code == 401


def test_the_request_of_the_official_package_is_understood_as_recorded(listening: PretendAggregator) -> None:
    head, _, body = (SAMPLES / "sms-send-legacy-request.http").read_text().partition("\n\n")
    with socket.create_connection(("127.0.0.1", int(listening.url.rsplit(":", 1)[1])), timeout=1) as wire:
        wire.sendall((head.replace("\n", "\r\n") + "\r\n\r\n" + body).encode())
        assert wire.recv(12) == b"HTTP/1.1 201"
    first, second = listening.ledger.accepted()[-2:]
    assert first.phone == "+254000000001"
    assert (second.phone, second.sender, second.text) == ("+254000000002", "SHORTCODE", "Halo \u2603 100% & + = #")


def test_8x8_agrees_with_its_recorded_request_and_answers(before: int, listening: PretendAggregator) -> None:
    recorded = json.loads((SAMPLES / "8x8-sms-send-response.json").read_text())
    answer = send_8x8(listening, **json.loads((SAMPLES / "8x8-sms-send-request.json").read_text()))
    (accepted,) = listening.ledger.accepted()[before:]
    assert answer.json() == {**recorded, "umid": accepted.id}
    assert accepted == Accepted(accepted.id, "+6280000000001", "BRAND", "Halo", "8x8", "our-id-1")

    error = send_8x8(listening, "+628")
    recorded = json.loads((SAMPLES / "8x8-sms-error.json").read_text())
    assert error.status_code == 400
    assert error.json() | {"errorId": ""} == recorded | {"errorId": ""}


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ("400", 400, 1000),
        ("401", 401, 1200),
        ("404", 404, 1001),
        ("429:7", 429, 2000),
        ("500", 500, 2000),
        ("503", 503, 2000),
        ("invalid-sender", 400, 1005),
    ],
)
def test_8x8_refuses_with_its_own_error_body(
    listening: PretendAggregator, before: int, fault: str, status: int, code: int
) -> None:
    listening.fail(Fault.parse(fault))
    answer = send_8x8(listening)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json().keys() == {"code", "message", "errorId", "timestamp"}
    assert answer.headers.get("Retry-After") == ("7" if fault == "429:7" else None)
    assert len(listening.ledger.accepted()) == before


@pytest.mark.parametrize("fault", ["refuse:405", "refuse", "could-not-send", "no-credit", "dnd"])
def test_8x8_rejects_what_it_has_no_form_for(listening: PretendAggregator, before: int, fault: str) -> None:
    listening.fail(Fault.parse(fault))
    answer = send_8x8(listening)
    assert (answer.status_code, answer.json()["status"]["code"]) == (200, "REJECTED")
    assert len(listening.ledger.accepted()) == before


def test_8x8_meets_what_is_in_between_too(listening: PretendAggregator, before: int) -> None:
    kinds: list[FaultKind] = ["502", "html", "redirect", "502-accepted", "504-accepted", "garbage", "empty", "no-id"]
    listening.fail(*(Fault(kind) for kind in kinds))
    assert [send_8x8(listening).status_code for _ in kinds] == [502, 200, 302, 502, 504, 200, 200, 200]
    assert len(listening.ledger.accepted()) - before == 5


def test_a_request_that_is_none_to_send_is_answered_so_and_uses_up_no_fault(listening: PretendAggregator) -> None:
    listening.fail(Fault("503"))
    messaging = f"{listening.url}/version1/messaging"
    subaccount = f"{listening.url}/api/v1/subaccounts/SubAccount-1/messages"
    bearer = {"Authorization": "Bearer key"}
    text = {"destination": PHONE, "text": "Halo"}
    answers = [
        requests.post(messaging, data={"username": "sandbox"}, timeout=LONG_S),
        requests.post(messaging, data={"username": "x", "to": PHONE}, headers={"apiKey": "k"}, timeout=LONG_S),
        requests.post(f"{messaging}/bulk", json={}, headers={"apiKey": "k"}, timeout=LONG_S),
        requests.post(subaccount, json=text, timeout=LONG_S),
        requests.post(subaccount, data="no JSON", headers=bearer, timeout=LONG_S),
        requests.post(subaccount, json={"destination": PHONE}, headers=bearer, timeout=LONG_S),
        requests.post(subaccount, json=text | {"clientMessageId": "x" * 51}, headers=bearer, timeout=LONG_S),
    ]
    assert [answer.status_code for answer in answers] == [401, 400, 404, 401, 400, 400, 400]
    assert answers[1].text == "Request is missing required form field 'message'"
    assert [answer.json()["code"] for answer in answers[3:]] == [1200, 1000, 1004, 3009]
    assert send(listening).status_code == 503
