"""Does the pretend aggregator do on the wire what each fault says, and write down exactly what it accepted?"""

import re
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from gateway.simulator.aggregator import Accepted, Fault, PretendAggregator
from gateway.simulator.faults import ACCEPTED, REFUSALS
from tests.support.texting import LONG_S, PHONE, SHORT, send, send_8x8


@pytest.fixture(scope="module")
def listening() -> Iterator[PretendAggregator]:
    with PretendAggregator() as pretend:
        yield pretend


@pytest.fixture
def before(listening: PretendAggregator) -> int:
    """How many messages were accepted before this test."""
    return len(listening.ledger.accepted())


def told_to(fault: Fault) -> tuple[PretendAggregator, threading.Event]:
    """An aggregator that meets every request with `fault`, and the event that a request has arrived."""
    asked = threading.Event()

    def decide(phone: str, text: str) -> Fault | None:
        asked.set()
        return fault

    return PretendAggregator(decide=decide), asked


REFUSED_AS_A_WHOLE = [
    ("500", 500, "text/plain; charset=UTF-8"),
    ("503", 503, "text/plain; charset=UTF-8"),
    ("429", 429, "text/plain; charset=UTF-8"),
    ("400", 400, "text/plain; charset=UTF-8"),
    ("401", 401, "text/plain; charset=UTF-8"),
    ("404", 404, "text/plain; charset=UTF-8"),
    ("502", 502, "text/html"),
    ("html", 200, "text/html"),
    ("redirect", 302, "text/html"),
    ("dnd", 409, "application/json"),
    ("no-credit", 201, "application/json"),
    ("invalid-sender", 201, "application/json"),
    ("refuse:405", 201, "application/json"),
    ("could-not-send", 201, "application/json"),
]


@pytest.mark.parametrize(("fault", "status", "content_type"), REFUSED_AS_A_WHOLE)
def test_what_is_refused_is_not_accepted(
    listening: PretendAggregator, before: int, fault: str, status: int, content_type: str
) -> None:
    listening.fail(Fault.parse(fault))
    answer = send(listening)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, content_type)
    assert len(listening.ledger.accepted()) == before
    assert send(listening).json()["SMSMessageData"]["Recipients"][0]["status"] == "Success"


@pytest.mark.parametrize("code", REFUSALS)
def test_a_refused_recipient_has_its_code_its_name_and_no_id(listening: PretendAggregator, code: int) -> None:
    listening.fail(Fault.parse(f"refuse:{code}"))
    (recipient,) = send(listening).json()["SMSMessageData"]["Recipients"]
    assert recipient == {
        "cost": "0",
        "messageId": "None",
        "number": PHONE,
        "status": REFUSALS[code],
        "statusCode": code,
    }


def test_a_bare_lack_of_credit_names_no_recipient(listening: PretendAggregator) -> None:
    listening.fail(Fault("no-credit"))
    assert send(listening).json() == {"SMSMessageData": {"Message": "InsufficientBalance", "Recipients": []}}


def test_throttling_says_how_long_only_where_it_is_told_to(listening: PretendAggregator) -> None:
    listening.fail(Fault("429"), Fault.parse("429:30"))
    assert "Retry-After" not in send(listening).headers
    assert send(listening).headers["Retry-After"] == "30"


def test_a_redirect_leads_nowhere_or_where_it_is_told_to(listening: PretendAggregator) -> None:
    listening.fail(Fault("redirect"), Fault.parse("redirect:http://127.0.0.1:9/x"))
    nowhere = send(listening).headers["Location"]
    assert requests.get(listening.url + nowhere, timeout=LONG_S).status_code == 404
    assert send(listening).headers["Location"] == "http://127.0.0.1:9/x"


@pytest.mark.parametrize(
    ("fault", "status", "content_type"),
    [
        ("502-accepted", 502, "text/html"),
        ("504-accepted", 504, "text/html"),
        ("garbage", 201, "application/json"),
        ("empty", 201, "application/json"),
        ("string", 201, "application/json; charset=utf-8"),
        ("no-id", 201, "application/json"),
        ("slow:0.05", 201, "application/json"),
    ],
)
def test_what_is_accepted_may_be_answered_badly(
    listening: PretendAggregator, before: int, fault: str, status: int, content_type: str
) -> None:
    listening.fail(Fault.parse(fault))
    answer = send(listening)
    (accepted,) = listening.ledger.accepted()[before:]
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, content_type)
    match fault:
        case "string" | "slow:0.05":
            assert answer.json()["SMSMessageData"]["Recipients"][0]["messageId"] == accepted.id
        case "no-id":
            assert answer.json()["SMSMessageData"]["Recipients"][0] | {"cost": ""} == {
                "cost": "",
                "messageId": "None",
                "number": PHONE,
                "status": "Success",
                "statusCode": 101,
            }
        case "empty":
            assert answer.content == b""
        case _:
            with pytest.raises(requests.exceptions.JSONDecodeError):
                answer.json()


@pytest.mark.parametrize("sending", [send, send_8x8])
@pytest.mark.parametrize(
    ("kind", "raised"),
    [
        ("reset", requests.ConnectionError),
        ("accept-reset", requests.ConnectionError),
        ("hang", requests.ReadTimeout),
        ("accept-hang", requests.ReadTimeout),
        ("slow:60", requests.ReadTimeout),
    ],
)
def test_without_an_answer_only_the_ledger_knows(
    kind: str, raised: type[Exception], sending: Callable[..., requests.Response]
) -> None:
    pretend, asked = told_to(fault := Fault.parse(kind))
    with pretend:
        with pytest.raises(raised) as failure:
            sending(pretend, timeout=LONG_S if raised is requests.ConnectionError else SHORT)
        assert asked.wait(LONG_S)
    if raised is requests.ConnectionError:
        assert "Connection reset by peer" in str(failure.value)
    assert len(pretend.ledger.accepted()) == (fault.kind in ACCEPTED)


def test_a_dripping_body_comes_whole_to_whoever_waits_and_ends_a_short_wait(listening: PretendAggregator) -> None:
    listening.fail(Fault.parse("drip:0.0005"), Fault("drip"))
    assert send(listening).json()["SMSMessageData"]["Recipients"][0]["status"] == "Success"
    with pytest.raises(requests.RequestException):
        send(listening, timeout=SHORT)


def test_many_requests_over_one_session_are_one_connection_and_one_line_each_in_the_ledger() -> None:
    with PretendAggregator() as pretend, requests.Session() as session:
        session.headers["apiKey"] = "key"
        for number in range(20):
            form = {"username": "sandbox", "to": PHONE, "message": f"Halo {number}", "from": "IMIGRASI"}
            assert session.post(f"{pretend.url}/version1/messaging", data=form, timeout=1).status_code == 201
        assert session.get(f"{pretend.url}/version1/user?username=sandbox", timeout=1).status_code == 200
        ledger = pretend.ledger
        assert (ledger.connections, ledger.open_at_once, ledger.requests) == (1, 1, 21)
        assert [message.text for message in ledger.accepted()] == [f"Halo {number}" for number in range(20)]
        assert len({message.id for message in ledger.accepted()}) == 20
        assert all(re.fullmatch("ATXid_[0-9a-f]{32}", message.id) for message in ledger.accepted())


def test_many_clients_at_once_lose_no_line_of_the_ledger() -> None:
    with PretendAggregator(latency_s=0.02) as pretend, ThreadPoolExecutor(16) as clients:
        answers = list(clients.map(lambda number: send(pretend, message=f"Halo {number}"), range(64)))
        assert {answer.status_code for answer in answers} == {201}
        assert sorted(message.text for message in pretend.ledger.accepted()) == sorted(f"Halo {n}" for n in range(64))
        assert (pretend.ledger.connections, pretend.ledger.requests) == (64, 64)
        assert 2 <= pretend.ledger.open_at_once <= 64


def test_a_request_cut_short_does_not_count() -> None:
    with PretendAggregator() as pretend:
        with socket.create_connection(("127.0.0.1", int(pretend.url.rsplit(":", 1)[1])), timeout=1) as wire:
            wire.sendall(b"POST /version1/messaging HTTP/1.1\r\napiKey: k\r\nContent-Length: 99\r\n\r\nusername=x&to=")
            wire.shutdown(socket.SHUT_WR)
            assert wire.recv(1) == b""
        assert (pretend.ledger.connections, pretend.ledger.requests, pretend.ledger.accepted()) == (1, 0, [])


def test_whoever_listens_hears_of_a_message_before_the_answer_leaves() -> None:
    heard: list[Accepted] = []
    told, go_on = threading.Event(), threading.Event()

    def listen(message: Accepted) -> None:
        heard.append(message)
        told.set()
        assert go_on.wait(LONG_S)

    with PretendAggregator(on_accept=listen) as pretend, ThreadPoolExecutor(1) as client:
        answer = client.submit(send, pretend)
        assert told.wait(LONG_S)
        assert not answer.done()
        assert heard == pretend.ledger.accepted()
        go_on.set()
        assert answer.result().json()["SMSMessageData"]["Recipients"][0]["messageId"] == heard[0].id


def test_told_faults_come_first_and_in_order_and_then_it_decides_by_phone_and_text() -> None:
    unwanted = (PHONE, "Halo")
    with PretendAggregator(decide=lambda *sent: Fault("503") if sent == unwanted else None) as pretend:
        pretend.fail(Fault("500"), Fault("string"), Fault("401"))
        assert [send(pretend).status_code for _ in range(5)] == [500, 201, 401, 503, 503]
        assert send(pretend, message="Hai").status_code == 201


@pytest.mark.parametrize("kind", ["hang", "accept-hang", "slow:60", "drip"])
def test_stopping_cuts_what_hangs_leaves_no_thread_and_frees_the_port(kind: str) -> None:
    threads = set(threading.enumerate())
    pretend, asked = told_to(Fault.parse(kind))
    with pretend, ThreadPoolExecutor(1) as client:
        cut = client.submit(send, pretend, timeout=60)
        assert asked.wait(LONG_S)
        pretend.stop()
        assert isinstance(cut.exception(LONG_S), requests.RequestException)
    assert set(threading.enumerate()) <= threads
    with pytest.raises(requests.ConnectionError, match="refused"):
        send(pretend)
    with PretendAggregator(int(pretend.url.rsplit(":", 1)[1])) as another:
        assert send(another).status_code == 201


def test_it_comes_back_at_its_address_with_its_ledger() -> None:
    pretend = PretendAggregator()
    with pytest.raises(RuntimeError):
        assert pretend.url
    for _ in range(2):
        with pretend:
            assert send(pretend).status_code == 201
            with pytest.raises(RuntimeError):
                pretend.start()
    assert len(pretend.ledger.accepted()) == 2
