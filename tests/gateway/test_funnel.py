"""Does each call reach the funnel, whether it ends, drops or is told about twice?"""

from flask import Flask
from flask.testing import FlaskClient

from gateway.funnel import FunnelBuffer
from gateway.wiring import Wiring
from immigration import calls
from tests.support.clock import MovedClock

PATH = "/webhooks/demo/africastalking/ussd"
STRANGER = "+6281200000009"


def hop(client: FlaskClient, session: str, text: str) -> None:
    client.post(PATH, data={"sessionId": session, "phoneNumber": STRANGER, "networkCode": "51010", "text": text})


def rows(wiring: Wiring) -> dict[tuple[str, str], tuple[int, int, int, int]]:
    with wiring.database.reading() as session:
        found = calls.funnel(session, wiring.clock().date())
    return {(row.screen, row.language): (row.came, row.went_on, row.dropped, row.ended) for row in found}


def close(wiring: Wiring) -> None:
    with wiring.database.writing() as session:
        calls.close_silent(session, wiring.clock())


def test_a_call_that_ends_and_one_that_drops_are_told_apart(app: Flask, wiring: Wiring, clock: MovedClock) -> None:
    client = app.test_client()
    funnel: FunnelBuffer = app.extensions["funnel"]
    for text in ("", "5", "5*0", "5*0*0"):
        hop(client, "ended", text)
    hop(client, "ended", "5*0*0")
    for text in ("", "1"):
        hop(client, "dropped", text)
    funnel.flush()
    clock.move(minutes=11)
    close(wiring)
    assert rows(wiring) == {
        ("bye", "id"): (1, 0, 0, 1),
        ("hours", "id"): (1, 1, 0, 0),
        ("main", "id"): (3, 3, 0, 0),
        ("number", "id"): (1, 0, 1, 0),
    }


def test_an_end_event_closes_a_call_at_once_and_only_once(app: Flask, wiring: Wiring) -> None:
    client = app.test_client()
    event = {"sessionId": "a", "status": "Incomplete", "durationInMillis": "900", "hopsCount": "2", "cost": "0.00"}
    client.post(PATH + "/events", data=event)
    for text in ("", "1"):
        hop(client, "a", text)
    app.extensions["funnel"].flush()
    client.post(PATH + "/events", data=event)
    close(wiring)
    close(wiring)
    assert rows(wiring)["number", "id"] == (1, 0, 1, 0)


def test_the_funnel_is_part_of_the_metrics(app: Flask, wiring: Wiring) -> None:
    client = app.test_client()
    hop(client, "a", "")
    app.extensions["funnel"].flush()
    text = client.get("/metrics").get_data(as_text=True)
    assert 'ussd_funnel{language="id",screen="main",step="came"} 1.0' in text
