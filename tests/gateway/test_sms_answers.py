"""What does an aggregator's answer mean, and does the wire hold what the SDK alone does not?

Nothing counts as accepted that was not, and nothing as refused that may have been accepted.
"""

import inspect
import json
import time
from pathlib import Path

import pytest
from africastalking.Service import Service
from africastalking.SMS import SMSService
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.aggregators import eight_by_eight, transport
from gateway.aggregators.africastalking_sms import AfricasTalkingSms, outcome_of
from gateway.aggregators.eight_by_eight import EightByEight
from gateway.aggregators.sms import FAULT_KEPT, ID_KEPT, WORD_KEPT, Outcome, Sms
from gateway.aggregators.transport import HttpReply
from gateway.simulator.aggregator import Fault, PretendAggregator
from tests.support.raw_server import answering, certificate

SAMPLES = Path(__file__).parent.parent / "samples"
PHONE = "+254000000001"
ID = "ATXid_00112233445566778899aabbccddeeff"
SMS = Sms("+6281200000001", "IMIGRASI SIJUNJUNG: Halo", "0" * 32)
KINDS = {"accepted", "retry", "permanent", "channel", "unknown"}


def sample(name: str) -> HttpReply:
    text = (SAMPLES / name).read_text()
    if name.endswith(".json"):
        return HttpReply(201, {"Content-Type": "application/json"}, text)
    head, _, body = text.partition("\n\n")
    first, *lines = head.splitlines()
    return HttpReply(int(first.split()[1]), dict(line.split(": ", 1) for line in lines), body.rstrip("\n"))


def told(message: str = "", *recipients: object, status: int = 201) -> HttpReply:
    return HttpReply(status, {}, json.dumps({"SMSMessageData": {"Message": message, "Recipients": recipients}}))


def recipient(**more: object) -> dict[str, object]:
    return {"number": PHONE, "cost": "0", "messageId": "None", "status": "", **more}


@pytest.mark.parametrize(
    ("name", "kind", "fault"),
    [
        ("sms-response-201-sent-101.http", "accepted", None),
        ("sms-response-201-queued-102.http", "accepted", None),
        ("sms-response-201-premium.http", "accepted", None),
        ("sms-response-messageparts.json", "accepted", None),
        ("sms-response-201-invalid-sender.http", "channel", "invalid sender"),
        ("sms-response-insufficient-balance.json", "channel", "no credit"),
        ("sms-response-401.http", "channel", "credentials refused"),
        ("sms-response-could-not-send.json", "retry", "refused"),
        ("sms-response-409-dnd.http", "retry", "do not disturb"),
        ("sms-response-400.http", "permanent", "refused"),
        ("sms-response-502-html.http", "unknown", "refused"),
    ],
)
def test_each_recorded_answer_of_africas_talking_means_what_they_mean_by_it(
    name: str, kind: str, fault: str | None
) -> None:
    outcome = outcome_of(sample(name), PHONE)
    assert (outcome.kind, outcome.fault) == (kind, fault)
    assert outcome.aggregator_id == (ID if kind == "accepted" else None)


@pytest.mark.parametrize(
    ("phone", "kind", "fault"),
    [
        (PHONE, "accepted", None),
        ("+25400", "permanent", "invalid number"),
        ("+254000000003", "permanent", "opted out"),
        ("+254000000004", "retry", "aggregator error"),
    ],
)
def test_of_several_recipients_ours_alone_counts(phone: str, kind: str, fault: str | None) -> None:
    outcome = outcome_of(sample("sms-response-partial.json"), phone)
    assert (outcome.kind, outcome.fault) == (kind, fault)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        # "Sent" it says, and not to whom; a word that we do not know; no code of theirs, but an id or
        # their word for success.
        (told("Sent to 1/1 Total Cost: KES 0.8000"), "unknown"),
        (told("Sent to 12/12"), "unknown"),
        (told("SomethingNew"), "unknown"),
        (told("", recipient(statusCode=103, status="Success")), "unknown"),
        (told("", recipient(statusCode=999, status="Held", messageId=ID)), "unknown"),
        (told("", recipient(status="Held", messageId=ID)), "unknown"),
        # An old shape without codes.
        (told("", recipient(status="Success", messageId=ID)), "accepted"),
        (told("", recipient(status="UserInBlacklist")), "permanent"),
        (told("", recipient(statusCode="101", status="Success")), "accepted"),
        # No sign of acceptance at all.
        (told("Sent to 0/1 Total Cost: 0"), "retry"),
        (told("InsufficientBalance"), "channel"),
        (told("", recipient(statusCode=999, status="SomethingNew")), "retry"),
    ],
)
def test_what_may_have_been_accepted_is_not_sent_again(answer: HttpReply, kind: str) -> None:
    assert outcome_of(answer, PHONE).kind == kind


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        *((429, "retry"), (500, "retry"), (503, "retry"), (504, "unknown"), (408, "unknown")),
        *((302, "channel"), (404, "channel"), (403, "channel"), (413, "permanent"), (200, "unknown")),
    ],
)
def test_a_status_without_a_document_means_the_same_for_both(status: int, kind: str) -> None:
    reply = HttpReply(status, {"Retry-After": "30"}, "<html>")
    ours, theirs = outcome_of(reply, PHONE), eight_by_eight.outcome_of(reply)
    assert (ours.kind, theirs.kind) == (kind, kind)
    asked_to_wait = 30.0 if kind == "retry" else None
    assert (ours.retry_after_s, theirs.retry_after_s) == (asked_to_wait, asked_to_wait)


@pytest.mark.parametrize(
    ("header", "seconds"), [("7", 7.0), ("999999", 3600.0), ("Wed, 21 Oct 2026 07:28:00 GMT", None), ("-1", None)]
)
def test_only_a_sensible_wait_is_kept(header: str, seconds: float | None) -> None:
    assert outcome_of(HttpReply(429, {"Retry-After": header}, ""), PHONE).retry_after_s == seconds


def test_each_recorded_answer_of_8x8_means_what_they_mean_by_it() -> None:
    taken = eight_by_eight.outcome_of(sample("8x8-sms-send-response.json"))
    assert (taken.kind, taken.aggregator_id) == ("accepted", "00000000-0000-4000-8000-000000000003")
    error = (SAMPLES / "8x8-sms-error.json").read_text()
    refused = eight_by_eight.outcome_of(HttpReply(400, {}, error))
    assert (refused.kind, refused.fault) == ("permanent", "invalid number")


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, {"status": {"code": "REJECTED"}}, "permanent"),
        (200, {"status": {"code": "queued"}}, "unknown"),
        (200, {"status": "QUEUED"}, "unknown"),
        (200, {}, "unknown"),
        (400, {"code": 1005}, "channel"),
        (400, {"code": "1005"}, "channel"),
        (400, {"code": 1001}, "channel"),
        (400, {"code": 1100}, "retry"),
        (422, {"code": 1004}, "permanent"),
        (422, {"code": [1004]}, "permanent"),
        (401, {"code": 1200}, "channel"),
        (500, {"code": 2000}, "retry"),
        (502, {}, "unknown"),
    ],
)
def test_each_error_of_8x8_is_told_apart(status: int, body: dict[str, object], kind: str) -> None:
    assert eight_by_eight.outcome_of(HttpReply(status, {}, json.dumps(body))).kind == kind


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.just("Success") | st.just(ID),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
RECIPIENTS = st.fixed_dictionaries(
    {},
    optional={
        "number": st.just(PHONE) | VALUES,
        "status": st.sampled_from(["Success", "InvalidSenderId", "Odd\ud800\x00"]) | VALUES,
        "statusCode": st.sampled_from([100, 101, 102, "102", 401, 402, 409, 10**40, 103]) | VALUES,
        "messageId": st.sampled_from([ID, "None", "x" * 5000, "a\x00\ud800"]) | VALUES,
    },
)
BODIES = (
    st.text(max_size=60)
    | VALUES.map(json.dumps)
    | st.builds(
        lambda message, recipients: json.dumps({"SMSMessageData": {"Message": message, "Recipients": recipients}}),
        VALUES | st.sampled_from(["Sent to 1/1", "InvalidSenderId"]),
        st.lists(RECIPIENTS, max_size=3) | VALUES,
    )
    | st.builds(
        lambda code, umid, number: json.dumps({"status": {"code": code}, "umid": umid, "code": number}),
        st.sampled_from(["QUEUED", "REJECTED"]) | VALUES,
        VALUES,
        st.sampled_from([1002, 1005, 1100, 10**40, "1200"]) | VALUES,
    )
    | st.sampled_from(["[" * 100_000, "9" * 5000, '{"code": ' + "9" * 4000 + "}", '{"SMSMessageData": NaN}'])
)
STATUSES = st.sampled_from([200, 201, 302, 400, 401, 404, 408, 409, 429, 500, 502, 503]) | st.integers(100, 999)


def is_storable(outcome: Outcome) -> bool:
    kept = ((outcome.word, WORD_KEPT), (outcome.fault or "", FAULT_KEPT), (outcome.aggregator_id or "", ID_KEPT))
    return all(len(text) <= room and "\x00" not in text and text.encode() is not None for text, room in kept)


@given(status=STATUSES, body=BODIES)
@settings(max_examples=300)
def test_any_answer_at_all_has_a_meaning_that_can_be_kept(status: int, body: str) -> None:
    reply = HttpReply(status, {}, body)
    for outcome in (outcome_of(reply, PHONE), eight_by_eight.outcome_of(reply)):
        assert outcome.kind in KINDS
        assert (outcome.fault is None) == (outcome.kind == "accepted")
        assert is_storable(outcome)
        if outcome.kind == "accepted":
            assert status < 300 or status == 409
            assert any(sign in body for sign in ("100", "101", "102", "Success", "QUEUED"))


@pytest.fixture
def aggregator() -> PretendAggregator:
    return PretendAggregator()


def africastalking(url: str) -> AfricasTalkingSms:
    return AfricasTalkingSms("sandbox", "key", "IMIGRASI", url)


def test_the_sdk_still_has_the_private_parts_that_we_replace(aggregator: PretendAggregator) -> None:
    parts = list(inspect.signature(Service._make_request).parameters)
    assert parts == ["self", "url", "method", "headers", "data", "params", "callback", "timeout"]
    sdk = SMSService("sandbox", "key")
    assert sdk._baseUrl == "https://api.sandbox.africastalking.com/version1"
    assert sdk._make_url("/messaging") == f"{sdk._baseUrl}/messaging"
    with aggregator:
        channel = africastalking(aggregator.url)
        assert channel.send(SMS).kind == "accepted"
        assert channel.balance() == "IDR 1000000.00"
    [accepted] = aggregator.ledger.accepted()
    assert (accepted.phone, accepted.text, accepted.sender) == (SMS.phone, SMS.text, "IMIGRASI")


@pytest.mark.parametrize(
    "phone", ["0812", "+62", "+6281200000001\n", "+\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668", ""]
)
def test_what_is_no_number_does_not_leave(aggregator: PretendAggregator, phone: str) -> None:
    with aggregator:
        outcome = africastalking(aggregator.url).send(Sms(phone, "Halo", "0" * 32))
    assert (outcome.kind, aggregator.ledger.requests) == ("permanent", 0)


def test_twenty_messages_take_one_connection(aggregator: PretendAggregator) -> None:
    with aggregator:
        for channel in (africastalking(aggregator.url), EightByEight("sub", "key", "IMIGRASI", aggregator.url)):
            before = aggregator.ledger.connections
            assert {channel.send(SMS).kind for _ in range(20)} == {"accepted"}
            assert aggregator.ledger.connections == before + 1


def test_a_connection_that_was_idle_for_over_five_seconds_is_not_used_again(
    aggregator: PretendAggregator, monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead = 0.0
    real = time.monotonic
    monkeypatch.setattr(transport.time, "monotonic", lambda: real() + ahead)
    with aggregator:
        channel = africastalking(aggregator.url)
        channel.send(SMS)
        ahead = 3.0
        channel.send(SMS)
        assert aggregator.ledger.connections == 1
        ahead += transport.IDLE_S + 0.1
        assert channel.send(SMS).kind == "accepted"
        assert aggregator.ledger.connections == 2


def test_a_redirect_is_not_followed(aggregator: PretendAggregator) -> None:
    with aggregator:
        aggregator.fail(Fault("redirect"))
        outcome = africastalking(aggregator.url).send(SMS)
    assert (outcome.kind, aggregator.ledger.requests) == ("channel", 1)


def test_proxies_and_passwords_of_the_environment_have_no_say(
    aggregator: PretendAggregator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    with aggregator:
        # 8x8's key is in the header that .netrc would overwrite.
        for channel in (africastalking(aggregator.url), EightByEight("sub", "key", "IMIGRASI", aggregator.url)):
            assert channel.send(SMS).kind == "accepted"


@pytest.mark.parametrize(
    ("answer", "kind", "fault"),
    [
        (
            b"HTTP/1.1 201 Created\r\nContent-Type: text/plain; charset=klingon\r\nContent-Length: 2\r\n\r\n{}",
            "unknown",
            "unreadable answer",
        ),
        (b"HTTP/1.1 201 Created\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}", "unknown", "no answer"),
        (b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}", "unknown", "no answer"),
        (b"HTTP/1.1 201 Created\r\nContent-Length: 900\r\n\r\n{", "unknown", "no answer"),
        (b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n", "unknown", "no answer"),
        (b"HTTP/1.1 201 Created\r\n\r\n" + b"{" * 70_000, "unknown", "no answer"),
        (b"HTTP/1.1 9 x\r\n\r\n", "unknown", "no answer"),
        (b"\xff\xfe", "unknown", "no answer"),
        (b"", "unknown", "no answer"),
        (b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 5\r\nContent-Length: 0\r\n\r\n", "retry", "throttled"),
    ],
)
def test_no_bytes_of_an_answer_break_the_sending(answer: bytes, kind: str, fault: str) -> None:
    with answering(answer) as address:
        for channel in (africastalking(f"http://{address}"), EightByEight("sub", "key", "", f"http://{address}")):
            outcome = channel.send(SMS)
            assert (outcome.kind, outcome.fault) == (kind, fault)


def test_only_a_fault_before_the_request_left_is_tried_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    mine = certificate(tmp_path)
    taken = b'HTTP/1.1 200 OK\r\nContent-Length: 37\r\n\r\n{"status":{"code":"QUEUED"},"umid":1}'

    def outcome(address: str, scheme: str = "https") -> Outcome:
        return EightByEight("sub", "key", "", f"{scheme}://{address}").send(SMS)

    with answering(b"") as address:
        assert outcome(address).fault == "not reached", "there is no TLS"
    assert outcome(address, "http").fault == "not reached", "nobody listens"
    assert outcome("there-is-no-such-host.invalid").fault == "not reached"
    assert outcome("127.0.0.1:99999").fault == "not reached", "no such port"
    assert EightByEight("sub", "k\u20ac", "", f"http://{address}").send(SMS).fault == "not reached", "no such header"
    with answering(taken, mine) as address:
        assert outcome(address).fault == "not reached", "nobody vouches for it"
        monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(mine))
        assert outcome(address).kind == "accepted"
    with answering(b"no record of TLS at all", mine, below_tls=True) as address:
        assert (outcome(address).kind, outcome(address).fault) == ("unknown", "no answer")
