"""Does anything personal get where it must not? Canary values through every path of the running product, faults too."""

import json
import re
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pytest
import requests
from redis import Redis

from tests.support.commands import gateway
from tests.support.processes import wait_until
from tests.support.product import Product, running_product

PHONE = "+6281277665544"
NAME = "Zubaidah Canari"
BORN, BORN_TYPED = "1977-06-05", "05061977"
NUMBER = "9987654321098765"
BILLING = "823456789012345"
NIK = "1303041509900001"
TYPED = "rahasia pribadi"
MISSING = "surat Uniktian"
CANARIES = (PHONE, NAME, BORN, BORN_TYPED, NUMBER, BILLING, NIK, TYPED, MISSING)


def written(canary: str) -> set[str]:
    """The ways in which a value might be written."""
    digits = re.sub(r"\D", "", canary)
    ways = {canary, canary.lstrip("+"), quote(canary), quote(canary, safe=""), canary.replace(" ", "+"), canary.lower()}
    if len(digits) >= 8 and digits.isdigit() and not canary[0].isalpha():
        ways |= {digits, "0" + digits.removeprefix("62"), "-".join(re.findall(".{1,4}", digits)), digits[-9:]}
    if canary.startswith("+62"):
        ways.add(canary.removeprefix("+62"))
    return {way for way in ways if len(way) >= 8}


def found(text: str) -> set[str]:
    """Which canaries stand in a text, in any writing."""
    lower = text.lower()
    return {canary for canary in CANARIES for way in written(canary) if way.lower() in lower}


# For the whole session: modules are mixed, and a product takes long to start.
@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with running_product(tmp_path_factory.mktemp("canaries"), {"LOG_LEVEL": "DEBUG"}) as running:
        _walk_every_path(running)
        yield running


def _command(product: Product, *words: str) -> str:
    return gateway(*words, env=product.environment).stdout.strip()


def _walk_every_path(product: Product) -> None:
    ussd = f"{product.url}/webhooks/demo/africastalking/ussd"
    scopes = ("records:read", "records:write", "messages:read")
    key = _command(product, "api-keys", "create", "canary", *(word for scope in scopes for word in ("--scope", scope)))
    api = f"{product.url}/api/v1/applications/"
    headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": "canary"}
    body = {
        "service": "P10",
        "office": "SJJ",
        "applicant": {"name": NAME, "birth_date": BORN, "phone": PHONE, "language": "id", "consent": True},
        "status": "PERLU_LENGKAPI",
        "details": {"missing": MISSING},
    }

    def hop(text: str, session: str, phone: str = PHONE) -> str:
        form = {"sessionId": session, "phoneNumber": phone, "text": text, "networkCode": "51010"}
        return requests.post(ussd, data=form, timeout=20).text

    def texts(round_: str, *said: str) -> None:
        """What a citizen writes, and what an aggregator reports, over both wires."""
        hooks = f"{product.url}/webhooks/demo/africastalking/sms"
        for place, text in enumerate(
            (TYPED, f"STATUS {NUMBER}", f"STATUS {NUMBER}#{BORN_TYPED}", NAME, f"{NAME} {NIK}")
        ):
            form = {"from": PHONE, "to": "12345", "text": text, "id": f"{round_}{place}", "date": "2026-11-24 03:00:00"}
            requests.post(f"{hooks}/inbound", data=form, timeout=30)
            payload = {"umid": f"{round_}{place}", "source": PHONE, "destination": "+62", "body": text}
            told = {"namespace": "SMS", "eventType": "inbound_message_received", "payload": payload}
            requests.post(f"{product.url}/webhooks/demo/8x8/sms/inbound", json=told, timeout=30)
        requests.post(f"{hooks}/inbound", data={"from": NAME, "text": TYPED, "id": round_}, timeout=30)
        report = {"id": "ATXid_canary", "status": "Rejected", "phoneNumber": PHONE, "failureReason": NAME}
        requests.post(f"{hooks}/reports", data=report, timeout=30)
        requests.post(f"{hooks}/optout", data={"senderId": "X", "phoneNumber": PHONE}, timeout=30)
        requests.post(f"{hooks}/reports", data=NAME.encode() + PHONE.encode(), timeout=30)
        listed = {"phone": PHONE, "application": NUMBER}
        requests.get(f"{product.url}/api/v1/messages", params=listed, headers=headers, timeout=30)
        requests.get(f"{product.url}/api/v1/messages", params={"phone": NAME}, headers=headers, timeout=30)

    def calls(round_: str) -> None:
        # While Redis hangs each hop takes a second, and the faults are the same for each number.
        numbers = (NUMBER,) if round_ == "hanging" else (NUMBER, NIK, TYPED, PHONE)
        claims = (["1", "1", number, BORN_TYPED] for number in numbers)
        for inputs in (["1"], [TYPED, NAME], *claims):
            for hops in range(len(inputs) + 1):
                hop("*".join(inputs[:hops]), f"{round_}{inputs}")
        for phone in ("+6281288990011", NAME):
            for text in ("", "1", f"1*{NUMBER}", f"1*{NUMBER}*{BORN_TYPED}"):
                hop(text, f"{round_}{phone}", phone)
        event = {"sessionId": f"{round_}x", "phoneNumber": PHONE, "status": "Incomplete", "input": f"1*{NUMBER}"}
        event |= {"lastAppResponse": f"CON {NAME}", "errorMessage": NAME, "cost": "0.00", "hopsMetadata": ""}
        requests.post(ussd + "/events", data=event, timeout=20)
        hubtel = {"SessionId": "h" + round_, "Type": "Response", "Mobile": PHONE, "Sequence": 5}
        hubtel |= {"Message": NAME, "ClientState": NAME}
        requests.post(f"{product.url}/webhooks/demo/hubtel/ussd", json=hubtel, timeout=20)
        requests.post(ussd, data=NAME.encode() + PHONE.encode(), timeout=20)
        requests.put(api + NUMBER, json=body, headers=headers, timeout=20)
        requests.get(api + NUMBER, headers=headers, timeout=20)
        status = {"status": "BERKAS_DIPERIKSA", "correction": True, "note": f"{NAME} {PHONE}"}
        requests.post(f"{api}{NUMBER}/status", json=status, headers=headers | {"Idempotency-Key": round_}, timeout=20)
        requests.put(api + NUMBER, json=body | {"service": NAME}, headers=headers, timeout=20)
        requests.put(api + PHONE, json=body, headers=headers, timeout=20)
        requests.put(api + NUMBER, data=NAME, headers=headers, timeout=20)
        requests.get(f"{product.url}/{NAME}/{NUMBER}?phone={PHONE}", timeout=20)

    billing = {"billing": BILLING, "amount": 950000, "due_at": "2026-11-24T10:00:00+07:00"}
    body = body | {"payment": billing}
    calls("first")
    texts("first", TYPED, f"STATUS {NUMBER}", f"STATUS {NUMBER}#{BORN_TYPED}", NAME, f"{NAME} {NIK}")
    export = Path(product.environment["VAR_DIR"]) / "export.csv"
    good, bad = f"{NUMBER};P10;SJJ;CETAK;{NAME};{PHONE}", f"{NIK};{NAME};SJJ;CETAK;;"
    export.write_text(f"number;service;office;status;name;phone\n{good}\n{bad}\n")
    _command(product, "import", "applications", str(export))
    _command(product, "limits", "show", "--phone", PHONE)
    _command(product, "audit", "show", "--number", NUMBER)
    for fault in ("refuse:403", "garbage", "500", "no-credit"):
        requests.post(f"{product.url}/simulator/faults", json={"fault": fault, "sticky": False}, timeout=10)
        said = {"from": PHONE, "to": "12345", "text": "STATUS", "id": fault}
        requests.post(f"{product.url}/webhooks/demo/simulated/sms/inbound", data=said, timeout=30)
    for words in (("messages", "list", "--phone", PHONE), ("inbox", "list"), ("optout", "show", "--phone", PHONE)):
        _command(product, *words)
    _command(product, "clock", "once")
    # Faults: Redis hangs, then the database's file is not to be had.
    valkey = product.child("valkey")
    subprocess.run(["kill", "-STOP", str(valkey)], check=True)
    calls("hanging")
    said = {"from": PHONE, "to": "12345", "text": TYPED, "id": "hanging"}
    requests.post(f"{product.url}/webhooks/demo/africastalking/sms/inbound", data=said, timeout=30)
    subprocess.run(["kill", "-CONT", str(valkey)], check=True)
    database = Path(product.environment["VAR_DIR"]) / "gateway.db"
    with closing(sqlite3.connect(database, isolation_level=None)) as blocking:
        blocking.execute("BEGIN EXCLUSIVE")
        hop("", "blocked")
        hop("7*3", "blocked-too")
        requests.get(api + NUMBER, headers=headers, timeout=30)
    wait_until(lambda: product.readiness()[0] == 200, "the product after its faults", within_s=20)


@pytest.mark.timeout(120)
@pytest.mark.xdist_group("canaries")
def test_no_canary_is_in_any_log(product: Product) -> None:
    assert "ussd" in product.log
    assert found(product.log) == set()


@pytest.mark.xdist_group("canaries")
def test_no_canary_is_in_the_metrics_or_the_health(product: Product) -> None:
    for path in ("/metrics", "/readyz", "/healthz", "/simulator"):
        assert found(requests.get(product.url + path, timeout=10).text) == set(), path


@pytest.mark.xdist_group("canaries")
def test_no_canary_is_in_redis_and_every_key_of_ours_has_a_time_to_live(product: Product) -> None:
    socket = next((Path(product.environment["VAR_DIR"])).glob("valkey-*/valkey.sock"))
    with Redis(unix_socket_path=str(socket)) as redis:
        keys = list(redis.scan_iter())
        assert any(key.startswith(b"ussd:") for key in keys)
        for key in keys:
            kind = redis.type(key)
            dumped = repr(redis.dump(key)) + repr(redis.hgetall(key) if kind == b"hash" else "")
            assert found(key.decode("latin-1") + dumped) == set(), key
            # RQ keeps its own registers of workers and queues for good.
            assert redis.pttl(key) != -1 or key.startswith(b"rq:"), key


@pytest.mark.xdist_group("canaries")
def test_no_canary_is_in_the_database_files(product: Product) -> None:
    files = list(Path(product.environment["VAR_DIR"]).glob("gateway.db*"))
    assert files
    for file in files:
        assert found(file.read_bytes().decode("latin-1")) == set(), file


@pytest.mark.xdist_group("canaries")
def test_what_looks_like_a_nik_is_not_even_kept_as_a_hash(product: Product) -> None:
    with closing(sqlite3.connect(Path(product.environment["VAR_DIR"]) / "gateway.db")) as database:
        hashes = database.execute("SELECT number_hash FROM identity_tries").fetchall()
    assert (None,) in hashes


@pytest.mark.xdist_group("canaries")
def test_the_canaries_did_arrive(product: Product) -> None:
    """A control: the values are there for whoever may read them, so that their absence elsewhere means something."""
    key = _command(product, "api-keys", "create", "control", "--scope", "records:read")
    headers = {"Authorization": f"Bearer {key}"}
    answer = requests.get(f"{product.url}/api/v1/applications/{NUMBER}", headers=headers, timeout=10)
    record = json.dumps(answer.json(), ensure_ascii=False)
    assert {PHONE, NAME, BORN, NUMBER} <= found(record)
