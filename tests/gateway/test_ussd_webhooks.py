"""Is every request of an aggregator answered in its own form, whatever its bytes?"""

import json
import random
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from gateway.app import create_app
from gateway.demo import ONE_APPLICATION, load
from gateway.wiring import Wiring, assemble
from immigration.appointments import generating, seats
from immigration.appointments.tables import Hold
from immigration.calls import CallEnd

SAMPLES = Path(__file__).parent.parent / "samples"
AFRICASTALKING = "/webhooks/demo/africastalking/ussd"
HUBTEL = "/webhooks/demo/hubtel/ussd"
MAIN = (
    "Imigrasi Sijunjung\n1 Cek status\n2 Jadwal kunjungan\n3 Bayar\n4 Syarat & biaya\n5 Jam & lokasi\n"
    "7 Bahasa/Language\n0 Keluar"
)
ASK_NUMBER = "Ketik 16 angka nomor permohonan (di bawah barcode):\n0 Kembali"
WRONG = "Pilihan salah.\n"
FORM = "application/x-www-form-urlencoded"


def sample(client: FlaskClient, name: str, path: str = AFRICASTALKING) -> str:
    head, _, body = (SAMPLES / f"{name}.http").read_text().partition("\n\n")
    headers = dict(line.split(": ", 1) for line in head.splitlines()[1:])
    headers.pop("Content-Length")
    headers.pop("Host")
    answer = client.post(path, data=body.rstrip("\n"), headers=headers)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def hop(client: FlaskClient, text: str, session: str = "ATUid_1", phone: str = ONE_APPLICATION) -> str:
    answer = client.post(AFRICASTALKING, data={"sessionId": session, "phoneNumber": phone, "text": text})
    assert answer.status_code == 200
    assert answer.content_type == "text/plain; charset=utf-8"
    return answer.get_data(as_text=True)


@pytest.mark.parametrize(
    ("names", "answer"),
    [
        (["ussd-01-begin"], f"CON {MAIN}"),
        (["ussd-01-begin", "ussd-02-continue"], f"CON {ASK_NUMBER}"),
        (["ussd-01-begin", "ussd-02-continue", "ussd-11-duplicate-hop"], f"CON {ASK_NUMBER}"),
        (["ussd-01-begin", "ussd-02-continue", "ussd-05-trailing-empty"], f"CON {WRONG}{ASK_NUMBER}"),
        (["ussd-01-begin", "ussd-02-continue", "ussd-06-star-typed"], f"CON {WRONG}{ASK_NUMBER}"),
        (["ussd-02-continue", "ussd-05-trailing-empty", "ussd-04-empty-segment"], f"CON {WRONG}{ASK_NUMBER}"),
        (["ussd-03-nested"], f"CON {ASK_NUMBER}"),
        (["ussd-07-direct-dial"], f"CON {WRONG}{ASK_NUMBER}"),
        (["ussd-09-plus-decoded-space"], f"CON {MAIN}"),
        (["ussd-10-no-plus"], f"CON {MAIN}"),
        (["ussd-12-missing-text"], f"CON {MAIN}"),
        (["ussd-01-begin", "ussd-13-repeated-key"], f"CON {ASK_NUMBER}"),
        (["ussd-14-hop-metadata"], f"CON {ASK_NUMBER}"),
        (["ussd-16-charset-header"], f"CON {MAIN}"),
    ],
)
def test_each_sample_of_africas_talking_is_answered_as_documented(
    client: FlaskClient, names: list[str], answer: str
) -> None:
    answers = [sample(client, name) for name in names]
    if names == ["ussd-03-nested"]:
        # 1, then an impossible "1" as number, then 0: back where the call was.
        answer = f"CON {MAIN}"
    if names == ["ussd-07-direct-dial"]:
        # 3 is no option yet, so the 1 behind it chose the status.
        answer = f"CON {ASK_NUMBER}"
    if names[-1] == "ussd-04-empty-segment":
        # Two wrong inputs are answered with the question again, the third by a person's place.
        assert answers[-1].startswith(f"CON {WRONG}")
        return
    assert answers[-1] == answer


@pytest.mark.parametrize("name", ["ussd-08-free-text", "ussd-15-javanese"])
def test_text_of_any_script_is_answered(client: FlaskClient, name: str) -> None:
    # Free text where numbers are offered: the question again, or after three times a person to ask.
    assert sample(client, name).startswith(("CON Pilihan salah.\n", "CON Tidak apa-apa."))


def test_a_plus_that_became_a_space_is_the_same_caller(client: FlaskClient) -> None:
    with_plus = {"sessionId": "a", "phoneNumber": "+254000000001", "text": ""}
    client.post(AFRICASTALKING, data=with_plus)
    client.post(AFRICASTALKING, data=with_plus | {"text": "1"})
    offered = client.post(AFRICASTALKING, data={"sessionId": "b", "phoneNumber": " 254000000001", "text": ""})
    assert offered.get_data(as_text=True).startswith("CON Telepon tadi terputus.")
    offered = client.post(AFRICASTALKING, data={"sessionId": "c", "phoneNumber": "254000000001", "text": ""})
    assert offered.get_data(as_text=True).startswith("CON Telepon tadi terputus.")


def test_the_screen_goes_out_as_hop_metadata(client: FlaskClient) -> None:
    answer = client.post(AFRICASTALKING, data={"sessionId": "a", "phoneNumber": "+254000000001", "text": "5"})
    assert answer.headers["at-ussd-hop-metadata"] == "hours"


@pytest.mark.parametrize(
    "name", ["ussd-event-success", "ussd-event-failed", "ussd-event-incomplete", "ussd-event-incomplete-minimal"]
)
def test_an_end_of_session_is_kept_once_without_what_was_typed(client: FlaskClient, wiring: Wiring, name: str) -> None:
    for _ in range(2):
        assert sample(client, name, AFRICASTALKING + "/events") == ""
    with wiring.database.reading() as session:
        end = session.scalars(select(CallEnd)).one()
    assert end.status == {"s": "Success", "f": "Failed", "i": "Incomplete"}[name.split("-")[2][0]]
    assert end.repeats == 1
    assert end.cost == "0.00"


@pytest.mark.parametrize(("status", "minutes"), [("Incomplete", 30), ("Failed", 30), ("Success", 10)])
def test_a_call_that_broke_off_keeps_its_seat_for_longer(
    client: FlaskClient, wiring: Wiring, status: str, minutes: int
) -> None:
    with wiring.database.writing() as session:
        generating.generate(session, wiring.catalogue().office("SJJ"), wiring.clock(), seats.CLOCK)
    for text in ("", "2", "2*1", "2*1*2", "2*1*2*1"):
        answer = hop(client, text, phone="+6281200000099")
    assert "\n1 Ya, pesan\n" in answer
    ended = {"sessionId": "ATUid_1", "phoneNumber": "+6281200000099", "status": status}
    assert client.post(AFRICASTALKING + "/events", data=ended).status_code == 200
    with wiring.database.reading() as session:
        held = session.scalars(select(Hold)).one()
    assert held.expires_at == wiring.clock() + timedelta(minutes=minutes)


def test_an_event_that_is_nonsense_is_answered_200(client: FlaskClient) -> None:
    answer = client.post(AFRICASTALKING + "/events", data=b"\xff\x00", content_type="text/html")
    assert (answer.status_code, answer.get_data()) == (200, b"")


def hubtel(client: FlaskClient, **body: object) -> dict[str, str]:
    told = {"SessionId": "h1", "Mobile": "6281200000009", "Operator": "mtn", "ServiceCode": "713", "Message": ""} | body
    answer = client.post(HUBTEL, data=json.dumps(told), content_type="application/json")
    assert answer.status_code == 200
    assert answer.content_type == "application/json"
    return dict(answer.get_json())


def test_a_call_over_hubtel_goes_on_by_latest_input_and_hop_number(client: FlaskClient) -> None:
    first = hubtel(client, Type="initiation", Message="*713*12345#", Sequence="1")
    assert (first["Type"], first["Message"]) == ("response", MAIN)
    second = hubtel(client, Type="Response", Message="1", Sequence=2, ClientState=first["ClientState"])
    assert second["Message"] == ASK_NUMBER
    again = hubtel(client, Type="Response", Message="1", Sequence=2, ClientState=first["ClientState"])
    assert again == second
    late = hubtel(client, Type="initiation", Message="*713*12345#", Sequence="1")
    assert late == first


def test_a_call_over_hubtel_survives_a_wiped_redis(client: FlaskClient, wiring: Wiring) -> None:
    state = hubtel(client, Type="initiation", Sequence=1)["ClientState"]
    wiring.redis.flushall()
    answer = hubtel(client, Type="Response", Message="1", Sequence=2, ClientState=state)
    assert answer["Message"] == ASK_NUMBER
    wiring.redis.flushall()
    answer = hubtel(client, Type="Response", Message="9900000000000001", Sequence=3, ClientState=answer["ClientState"])
    assert answer["Message"].startswith("Ketik tanggal lahir")
    wiring.redis.flushall()
    without_state = hubtel(client, Type="Response", Message="24111990", Sequence=4, ClientState="forged")
    assert without_state["Message"] == MAIN


def test_hubtels_samples_are_answered_in_its_own_form(client: FlaskClient) -> None:
    for name, kind in (
        ("initiation", "response"),
        ("response", "response"),
        ("timeout", "release"),
        ("release", "release"),
    ):
        body = (SAMPLES / f"hubtel-ussd-{name}.json").read_text()
        answer = client.post(HUBTEL, data=body, content_type="application/json")
        assert answer.status_code == 200
        assert answer.get_json()["Type"] == kind
        assert answer.get_json()["SessionId"] == "0123456789abcdef0123456789abcdef"


def test_a_wrong_secret_or_aggregator_is_not_found(client: FlaskClient) -> None:
    for path in (
        "/webhooks/wrong/africastalking/ussd",
        "/webhooks/demo/nobody/ussd",
        "/webhooks/d\u00e9mo/hubtel/ussd",
    ):
        assert client.post(path, data={"sessionId": "a"}).status_code == 404


def test_both_secrets_are_valid_while_rotating(wiring: Wiring) -> None:
    settings = wiring.settings.model_copy(update={"webhook_secret": ("new-secret", "old-secret")})
    app = create_app(assemble(settings, wiring.database, wiring.vault, wiring.redis, wiring.clock))
    for secret in ("new-secret", "old-secret"):
        assert app.test_client().post(f"/webhooks/{secret}/africastalking/ussd").status_code == 200


def test_only_the_sources_named_may_call(wiring: Wiring) -> None:
    from gateway.settings import load_settings

    told = load_settings(
        {"WEBHOOK_SOURCES": "192.0.2.0/24", "TRUSTED_PROXIES": "1", "VAR_DIR": str(wiring.settings.var_dir)}
    ).model_copy(update={"redis_url": wiring.settings.redis_url})
    client = create_app(assemble(told, wiring.database, wiring.vault, wiring.redis, wiring.clock)).test_client()
    form = {"sessionId": "a", "phoneNumber": "+254000000001", "text": ""}
    assert client.post(AFRICASTALKING, data=form, headers={"X-Forwarded-For": "192.0.2.7"}).status_code == 200
    assert client.post(AFRICASTALKING, data=form, headers={"X-Forwarded-For": "198.51.100.7"}).status_code == 404
    # What the caller writes itself stands before what our proxy adds, and is not believed.
    forged = {"X-Forwarded-For": "192.0.2.7, 198.51.100.7"}
    assert client.post(AFRICASTALKING, data=form, headers=forged).status_code == 404


def test_a_body_over_16_kb_gets_an_end_unread(client: FlaskClient) -> None:
    answer = client.post(AFRICASTALKING, data=b"text=" + b"1" * 17_000, content_type=FORM)
    assert answer.status_code == 200
    assert answer.get_data(as_text=True) == "END Maaf, permintaan tidak terbaca. Tekan *384*1303# lagi."


def test_a_state_is_read_in_two_hops(client: FlaskClient, wiring: Wiring) -> None:
    with wiring.database.writing() as session:
        load(session, wiring.outbox, wiring.clock())
    assert hop(client, "") == f"CON {MAIN}"
    assert hop(client, "1").startswith("CON ..0001 Paspor 10 tahun, 22 Nov\nSIAP DIAMBIL di UKK Sijunjung")


def _hostile(chance: random.Random) -> tuple[bytes, dict[str, str]]:
    fields = [b"sessionId", b"phoneNumber", b"text", b"networkCode", b"serviceCode", b"x", b""]
    kinds = (
        lambda: chance.randbytes(chance.choice((0, 1, 40, 400, 4000))),
        lambda: b"&".join(
            chance.choice(fields) + b"=" + chance.randbytes(chance.randrange(12)) for _ in range(chance.randrange(9))
        ),
        lambda: (
            b"sessionId=s%d&phoneNumber=%%2B62812%d&text=" % (chance.randrange(50), chance.randrange(9))
            + b"*".join(
                chance.choice((b"1", b"", b"%2A", b"9900000000000001", b"24111990", b"%FF", b"98", b"0", b"00", b"%00"))
                for _ in range(chance.randrange(12))
            )
        ),
        lambda: b"sessionId=a&text=" + b"1*" * chance.randrange(7000),
        lambda: b"sessionId=" + b"a" * chance.randrange(500) + b"&phoneNumber=" + "\u0661\U0001f600".encode(),
        lambda: json.dumps(
            {"SessionId": "a", "Sequence": chance.choice((1, "x", None, 10**30, -1, [])), "Type": 3}
        ).encode(),
        lambda: b"[" * chance.randrange(9000),
    )
    headers = {
        "Content-Type": chance.choice(
            (FORM, "application/json", "multipart/form-data", "", "x/\u00ff", "text/plain; charset=nope")
        ),
        "X-Forwarded-For": chance.choice(("", "nonsense", "::1", "1.2.3.4, 5.6.7.8")),
    }
    return chance.choice(kinds)(), headers


@pytest.mark.timeout(110)
@pytest.mark.parametrize("dialect", ["sqlite"])
@pytest.mark.parametrize("seed", range(2))
def test_ten_thousand_hostile_requests_are_all_answered_with_con_or_end(app: Flask, seed: int) -> None:
    chance = random.Random(seed)
    client = app.test_client()
    for _ in range(10_000):
        body, headers = _hostile(chance)
        answer = client.post(AFRICASTALKING, data=body, headers=headers)
        assert answer.status_code == 200
        assert answer.get_data().startswith((b"CON ", b"END ")), body
