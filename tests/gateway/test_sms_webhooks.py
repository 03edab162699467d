"""Is everything that aggregators tell of SMS answered 200 and stored as they meant it, or else left without a trace?"""

import io
import json
from itertools import count
from pathlib import Path
from urllib.parse import urlencode

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from structlog.testing import capture_logs

from gateway.sms_webhooks import sms_webhooks_blueprint
from gateway.wiring import Wiring, assemble, connect_redis
from immigration.contacts import Choice, Contact, choices_of
from immigration.database import Database
from immigration.inbox.tables import Inbound, text_about
from immigration.messages.tables import Message, MessageEvent
from tests.support.sms import SmsOffice

on_sqlite_alone = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
SAMPLES = Path(__file__).parent.parent / "samples"
AFRICASTALKING, EIGHT = "/webhooks/demo/africastalking/sms", "/webhooks/demo/8x8/sms"
PHONE, THEIRS = "+254000000001", "+6280000000001"
ID, UMID = "ATXid_00112233445566778899aabbccddeeff", "00000000-0000-4000-8000-000000000003"
FORM = "application/x-www-form-urlencoded"
KEPT = (Inbound, MessageEvent, Message, Choice, Contact)


def tell(client: FlaskClient, path: str, body: bytes | str, content_type: str = FORM) -> None:
    answer = client.post(path, data=body, content_type=content_type)
    assert (answer.status_code, answer.get_data()) == (200, b"")


def sample(client: FlaskClient, name: str, kind: str) -> None:
    text = (SAMPLES / name).read_text()
    if name.endswith(".json"):
        tell(client, f"{EIGHT}/{kind}", text, "application/json")
    else:
        tell(client, f"{AFRICASTALKING}/{kind}", text.partition("\n\n")[2].rstrip("\n"))


def rows(wiring: Wiring, table: type) -> list:
    with wiring.database.reading() as session:
        return list(session.scalars(select(table)))


def how_many(wiring: Wiring) -> list[int]:
    with wiring.database.reading() as session:
        return [session.scalars(select(func.count()).select_from(table)).one() for table in KEPT]


def blueprint_alone(wiring: Wiring) -> FlaskClient:
    """The webhooks without the rest of the application, which wants a database to begin."""
    app = Flask("sms")
    app.register_blueprint(sms_webhooks_blueprint(wiring))
    return app.test_client()


@pytest.fixture
def sent(wiring: Wiring) -> int:
    """A message that the aggregator took under the samples' id; its number."""
    SmsOffice(wiring.database, wiring.vault, wiring.clock).record(1, phone=PHONE, notify=True)
    with wiring.database.writing() as session:
        message = session.scalars(select(Message).where(Message.category == "case")).one()
        message.state, message.rank, message.channel, message.aggregator_id = "submitted", 4, "africastalking", ID
        return message.id


def message_of(wiring: Wiring, number: int) -> Message:
    with wiring.database.reading() as session:
        return session.get_one(Message, number)


@pytest.mark.parametrize(
    ("name", "state", "fault", "said"),
    [
        ("sent", "submitted", None, "submitted"),
        ("submitted", "submitted", None, "submitted"),
        ("buffered", "submitted", None, "submitted"),
        ("success", "delivered", None, "delivered"),
        ("rejected", "failed", "InsufficientCredit", "failed"),
        ("failed", "failed", "DeliveryFailure", "failed"),
        ("failed-odd-reason", "failed", "usermemorycapacityexceeded", "failed"),
        ("expired", "failed", "Expired", "failed"),
        ("absent", "failed", "AbsentSubscriber", "failed"),
        ("unknown-status", "submitted", None, None),
    ],
)
@on_sqlite_alone
def test_each_report_of_africas_talking_is_kept_and_means_what_they_mean_by_it(
    client: FlaskClient, wiring: Wiring, sent: int, name: str, state: str, fault: str | None, said: str | None
) -> None:
    for _ in range(2):
        sample(client, f"sms-dlr-{name}.http", "reports")
    message = message_of(wiring, sent)
    assert (message.state, message.fault) == (state, fault)
    reports = [event for event in rows(wiring, MessageEvent) if event.source == "report"]
    assert [(event.message_id, event.aggregator_id, event.state) for event in reports] == [(sent, ID, said)] * 2


def test_a_report_for_nobody_waits_for_its_message(client: FlaskClient, wiring: Wiring, sent: int) -> None:
    sample(client, "sms-dlr-unknown-id.http", "reports")
    tell(client, f"{AFRICASTALKING}/reports", urlencode({"id": "x" * 500, "status": "y" * 500, "phoneNumber": "z"}))
    waiting = rows(wiring, MessageEvent)
    assert [(event.message_id, event.channel) for event in waiting] == [(None, "africastalking")] * 2
    assert message_of(wiring, sent).state == "submitted"


@on_sqlite_alone
@pytest.mark.parametrize(("name", "state"), [("delivered", "delivered"), ("undelivered", "failed")])
def test_each_report_of_8x8_finds_its_message_by_their_id_or_ours(
    client: FlaskClient, wiring: Wiring, sent: int, name: str, state: str
) -> None:
    with wiring.database.writing() as session:
        message = session.get_one(Message, sent)
        message.channel, message.aggregator_id = "8x8", UMID
        uid = message.uid.hex()
    sample(client, f"8x8-sms-dlr-{name}.json", "reports")
    message = message_of(wiring, sent)
    assert message.state == state
    assert (message.fault is None) == (state == "delivered")
    told = json.loads((SAMPLES / f"8x8-sms-dlr-{name}.json").read_text())
    told["payload"] |= {"umid": "another", "clientMessageId": uid}
    tell(client, f"{EIGHT}/reports", json.dumps(told))
    assert [event.message_id for event in rows(wiring, MessageEvent)] == [sent] * 2


@pytest.mark.parametrize(
    ("name", "phone", "text", "state", "template"),
    [
        ("sms-incoming-iso-date.http", PHONE, "DAFTAR budi", "office", "A_TERUSKAN"),
        ("sms-incoming-space-date.http", PHONE, "STOP", "answered", "A_STOP"),
        ("sms-incoming-unicode.http", PHONE, "Terima kasih 🙏 ꦩꦠꦸꦂ\nbaris 2", "office", "A_TERUSKAN"),
        ("8x8-sms-inbound.json", THEIRS, "DAFTAR budi", "office", "A_TERUSKAN"),
    ],
)
@on_sqlite_alone
def test_each_message_from_a_citizen_is_kept_once_and_answered_once(
    client: FlaskClient, wiring: Wiring, name: str, phone: str, text: str, state: str, template: str
) -> None:
    for _ in range(3):
        sample(client, name, "inbound")
    [row] = rows(wiring, Inbound)
    assert (row.state, row.phone_hash) == (state, wiring.vault.lookup("phone", phone))
    assert row.channel == ("8x8" if name.endswith("json") else "africastalking")
    assert wiring.vault.unseal(row.text_sealed, text_about(row.uid)) == text
    assert [message.template for message in rows(wiring, Message) if message.category == "reply"] == [template]
    assert wiring.redis.dbsize(), "the workers were told"


@on_sqlite_alone
def test_an_optout_at_the_carrier_is_kept_as_a_choice(client: FlaskClient, wiring: Wiring) -> None:
    sample(client, "sms-optout.http", "optout")
    phone_hash = wiring.vault.lookup("phone", PHONE)
    with wiring.database.reading() as session:
        [choice] = choices_of(session, phone_hash)
        assert session.get_one(Contact, phone_hash).reminders is False
    assert (choice.agreed, choice.channel, choice.at) == (False, "aggregator", wiring.clock())
    assert rows(wiring, Message) == []


@on_sqlite_alone
def test_a_sender_whose_plus_was_lost_or_became_a_space_is_the_same(client: FlaskClient, wiring: Wiring) -> None:
    for place, sender in enumerate(("%2B254000000001", "+254000000001", "254000000001")):
        tell(client, f"{AFRICASTALKING}/inbound", f"from={sender}&text=JAM&id={place}")
    assert {row.phone_hash for row in rows(wiring, Inbound)} == {wiring.vault.lookup("phone", PHONE)}


@on_sqlite_alone
@pytest.mark.parametrize("kind", ["inbound", "reports", "optout"])
def test_only_an_aggregator_that_knows_the_secret_is_heard(client: FlaskClient, wiring: Wiring, kind: str) -> None:
    body = {"from": PHONE, "phoneNumber": PHONE, "id": "1", "status": "Success", "text": "STOP"}
    for path in ("wrong/africastalking", "demo/hubtel", "demo/nobody", "%00/africastalking", "demo/africastalking/x"):
        assert client.post(f"/webhooks/{path}/sms/{kind}", data=body).status_code == 404
    assert client.get(f"{AFRICASTALKING}/{kind}").status_code == 405
    assert how_many(wiring) == [0] * len(KEPT)
    assert client.post(f"/webhooks/demo/simulated/sms/{kind}", data=body).status_code == 200
    told = wiring.settings.model_copy(update={"gateway_env": "production"})
    production = blueprint_alone(assemble(told, wiring.database, wiring.vault, wiring.redis, wiring.clock))
    assert production.post(f"/webhooks/demo/simulated/sms/{kind}", data=body).status_code == 404
    assert production.post(f"{AFRICASTALKING}/{kind}", data=body).status_code == 200


UNUSABLE = (
    (AFRICASTALKING, "inbound", b""),
    (AFRICASTALKING, "inbound", b"text=STOP&id=1"),
    (AFRICASTALKING, "inbound", b"from=+&text=STOP"),
    (AFRICASTALKING, "inbound", b"\xff\xfe\x00"),
    (AFRICASTALKING, "inbound", b"&".join(b"f%d=1" % place for place in range(5000))),
    (AFRICASTALKING, "inbound", b"from=%2B254000000001&text=" + b"S" * 65_536),
    (AFRICASTALKING, "reports", b"id=None&status=Success"),
    (AFRICASTALKING, "reports", b"status=Success&phoneNumber=%2B254000000001"),
    (AFRICASTALKING, "reports", b"id=1&status=Success&pad=" + b"x" * 16_384),
    (AFRICASTALKING, "optout", b"senderId=ABC"),
    (AFRICASTALKING, "optout", b"phoneNumber=ABC"),
    (AFRICASTALKING, "optout", b"phoneNumber=%2B62&senderId=%00"),
    (EIGHT, "inbound", b""),
    (EIGHT, "inbound", b"{"),
    (EIGHT, "inbound", b"[" * 60_000),
    (EIGHT, "inbound", b"9" * 5000),
    (EIGHT, "inbound", b'{"payload": []}'),
    (EIGHT, "inbound", b'{"payload": {"body": "STOP"}}'),
    (EIGHT, "inbound", b'{"payload": {"source": null, "body": "STOP"}}'),
    (EIGHT, "reports", b'{"payload": {"umid": "1"}}'),
    (EIGHT, "reports", b'{"payload": {"umid": "1", "status": "delivered"}}'),
    (EIGHT, "reports", b'{"payload": {"status": {"state": "delivered"}}}'),
    (EIGHT, "optout", b'{"payload": {"source": "+6280000000001"}}'),
)


@on_sqlite_alone
def test_what_cannot_be_read_is_answered_200_with_a_line_in_the_log_and_nothing_kept(
    client: FlaskClient, wiring: Wiring
) -> None:
    for path, kind, body in UNUSABLE:
        with capture_logs() as lines:
            tell(client, f"{path}/{kind}", body)
        [line] = [line for line in lines if line["event"] == "sms webhook unusable"]
        assert line["kind"] == kind.rstrip("s")
        assert line["log_level"] == "warning"
        assert not {"STOP", "ABC", PHONE} & set(str(line["reason"]).split()), "what people wrote stays out of the log"
    assert how_many(wiring) == [0] * len(KEPT)


@on_sqlite_alone
def test_a_body_without_a_length_is_not_read_further_than_any_of_theirs(client: FlaskClient, wiring: Wiring) -> None:
    endless = io.BytesIO(b"from=%2B254000000001&text=" + b"S" * 200_000)
    answer = client.post(
        f"{AFRICASTALKING}/inbound",
        input_stream=endless,
        headers={"Transfer-Encoding": "chunked"},
        environ_overrides={"wsgi.input_terminated": True},
    )
    assert (answer.status_code, how_many(wiring)[0]) == (200, 0)
    assert endless.tell() < 100_000


ODD = "a\x00b\ud800c" + "9" * 2000


def test_odd_characters_and_huge_fields_are_kept_without_harm(client: FlaskClient, wiring: Wiring) -> None:
    form = urlencode(
        {"id": "a\x00b" + "9" * 3000, "status": "Fai\x00led", "failureReason": "\x00" * 50, "phoneNumber": "\x00"}
    )
    tell(client, f"{AFRICASTALKING}/reports", form)
    status = {"state": ODD, "detail": ODD, "errorCode": [1], "errorMessage": {"a": ODD}}
    for state in (ODD, "undelivered", "Rejected"):
        told = {
            "payload": {"umid": ODD, "clientMessageId": ODD, "destination": ODD, "status": status | {"state": state}}
        }
        tell(client, f"{EIGHT}/reports", json.dumps(told))
    assert len(rows(wiring, MessageEvent)) == 4
    tell(client, f"{AFRICASTALKING}/inbound", urlencode({"from": "X" * 3000, "id": "\x00" * 90, "text": "\x00" * 99}))
    tell(client, f"{EIGHT}/inbound", json.dumps({"payload": {"source": ODD, "umid": ODD, "body": ODD}}))
    tell(client, f"{EIGHT}/inbound", json.dumps({"payload": {"source": THEIRS, "umid": [ODD], "body": {"a": 1}}}))
    assert [row.state for row in rows(wiring, Inbound)] == ["left"] * 3


NAMES = st.sampled_from(
    ["from", "id", "text", "status", "phoneNumber", "failureReason", "payload", "umid", "source", "body"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(), max_size=8) | st.just(THEIRS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=8,
)
BODIES = (
    st.binary(max_size=60)
    | st.dictionaries(NAMES, st.text(max_size=12) | st.just(PHONE), max_size=5).map(
        lambda form: urlencode(form).encode()
    )
    | JSON.map(lambda told: json.dumps({"payload": told}).encode())
)
_TURNS = count()


@on_sqlite_alone
@given(body=BODIES)
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_at_all_are_answered_200(client: FlaskClient, body: bytes) -> None:
    kind = ("inbound", "reports", "optout")[next(_TURNS) % 3]
    for path in (AFRICASTALKING, EIGHT):
        tell(client, f"{path}/{kind}", body)


@on_sqlite_alone
def test_a_database_that_is_away_is_503_so_that_it_is_told_again(wiring: Wiring, tmp_path: Path) -> None:
    # A folder where the file should be: SQLite cannot open it.
    nowhere = Database(f"sqlite:///{tmp_path}")
    away = blueprint_alone(assemble(wiring.settings, nowhere, wiring.vault, wiring.redis, wiring.clock))
    body = {"from": PHONE, "phoneNumber": PHONE, "id": "1", "status": "Success", "text": "STOP"}
    for kind in ("inbound", "reports", "optout"):
        with capture_logs() as lines:
            answer = away.post(f"{AFRICASTALKING}/{kind}", data=body)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        assert [line["event"] for line in lines] == ["sms webhook not stored"]


@on_sqlite_alone
def test_without_redis_what_people_write_is_still_stored_and_answered(wiring: Wiring) -> None:
    redis = connect_redis("unix:///nonexistent", timeout_s=0.5)
    away = blueprint_alone(assemble(wiring.settings, wiring.database, wiring.vault, redis, wiring.clock))
    with capture_logs() as lines:
        sample(away, "sms-incoming-space-date.http", "inbound")
    assert [line["event"] for line in lines] == ["workers not told"]
    assert [(message.template, message.state) for message in rows(wiring, Message)] == [("A_STOP", "queued")]
