"""Do copies of a hop that arrive at once, at several processes, get one answer and have one effect?"""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
import requests

from tests.support.product import Product, running_product

COPIES = 8
STRANGER = "+6281200000009"
DEMO_NUMBER = "9900000000000001"
# Status by a wrong birth date, back, another language: two effects.
INPUTS = ("1", DEMO_NUMBER, "01011991", "0", "7", "3")
CALL = ("", *("*".join(INPUTS[:hops]) for hops in range(1, len(INPUTS) + 1)))


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    folder = tmp_path_factory.mktemp("races")
    with running_product(folder, {"WEB_PROCESSES": "2", "LOG_LEVEL": "WARNING"}) as running:
        yield running


def at_once(send: Callable[[], str]) -> list[str]:
    """What `COPIES` of a request are answered that leave at the same moment."""
    ready = threading.Barrier(COPIES)

    def copy(_: int) -> str:
        ready.wait()
        return send()

    with ThreadPoolExecutor(COPIES) as threads:
        return list(threads.map(copy, range(COPIES)))


@pytest.mark.xdist_group("races")
def test_eight_copies_of_each_hop_get_one_answer_from_two_processes(product: Product) -> None:
    path = f"{product.url}/webhooks/demo/africastalking/ussd"

    def send(text: str) -> str:
        form = {"sessionId": "ATUid_races", "phoneNumber": STRANGER, "networkCode": "51010", "text": text}
        answer = requests.post(path, data=form, timeout=20)
        assert answer.status_code == 200
        return answer.text

    for text in CALL:
        answers = at_once(lambda text=text: send(text))
        assert len(set(answers)) == 1, text
        assert answers[0].startswith("CON ")
        assert send(text) == answers[0]
    assert answers[0].startswith("CON Imigrasi Sijunjung\n1 Check status")
    with closing(sqlite3.connect(Path(product.environment["VAR_DIR"]) / "gateway.db")) as database:
        assert database.execute("SELECT count(*) FROM identity_tries").fetchone() == (1,)
        assert database.execute("SELECT count(*) FROM call_effects").fetchone() == (1,)
        assert database.execute("SELECT language FROM preferences").fetchall() == [("en",)]
