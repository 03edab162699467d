"""Does a key open what it was given for, and nothing else?"""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from threading import Event, Thread

import pytest
from redis import Redis

from gateway.api.limiting import PREFIX
from gateway.settings import Settings
from gateway.wiring import Wiring, connect_redis
from immigration import api_keys
from immigration.database import Database
from tests.support.back_office import NUMBER, RECORD, BackOffice
from tests.support.clock import MovedClock

on_sqlite = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)


@on_sqlite
@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer ", "Basic YTpi", "Bearer wrong", "Bearer a b", "Bearer \xff"]
)
def test_without_a_key_of_ours_every_call_is_401(office: BackOffice, header: str | None) -> None:
    client = office.app.test_client()
    headers = {} if header is None else {"Authorization": header}
    for method, path in (("GET", ""), ("PUT", ""), ("POST", "/status")):
        answer = client.open(f"/api/v1/applications/{NUMBER}{path}", method=method, headers=headers, json=RECORD)
        assert (answer.status_code, answer.content_type) == (401, "application/problem+json")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer ")


def test_a_revoked_key_is_401_from_its_next_call_on(office: BackOffice) -> None:
    assert office.put(RECORD).status_code == 201
    with office.wiring.database.writing() as session:
        api_keys.revoke(session, "simkim", "tests", office.wiring.clock())
    assert office.put(RECORD).status_code == 401


def test_a_scope_opens_its_own_calls_alone(office: BackOffice) -> None:
    reader = office.new_key("reader", "records:read")
    writer = office.new_key("writer", "records:write")
    texter = office.new_key("texter", "messages:read", "messages:write")
    assert office.put(RECORD, key=writer).status_code == 201
    assert office.move({"status": "FOTO_WAWANCARA"}, key=writer).status_code == 200
    assert office.get(key=reader).status_code == 200
    refused = [
        office.get(key=writer),
        office.get(key=texter),
        office.put(RECORD, key=reader),
        office.put(RECORD, key=texter),
        office.move({"status": "CETAK"}, key=reader),
    ]
    for answer in refused:
        assert answer.status_code == 403
        assert "insufficient_scope" in answer.headers["WWW-Authenticate"]


def test_a_key_that_may_not_read_gets_nothing_personal_from_a_write(office: BackOffice) -> None:
    office.put(RECORD)
    writer = office.new_key("writer", "records:write")
    assert set(office.put(RECORD, key=writer).get_json()) == {
        "number",
        "office",
        "service",
        "status",
        "status_at",
    }


def test_the_last_use_is_written_once_a_minute(office: BackOffice, clock: MovedClock) -> None:
    def last_used() -> object:
        with office.wiring.database.reading() as session:
            return api_keys.listed(session)[0].last_used_at

    office.get()
    first = last_used()
    assert first == clock()
    clock.move(seconds=59)
    office.get()
    assert last_used() == first
    clock.move(seconds=1)
    office.get()
    assert last_used() == clock()


@pytest.fixture
def strict(wiring: Wiring) -> BackOffice:
    """Where a key may call three times a minute."""
    return BackOffice.over(replace(wiring, settings=Settings(api_rate_per_minute=3)))


@on_sqlite
def test_a_key_that_calls_too_often_is_429_with_retry_after(strict: BackOffice) -> None:
    other = strict.new_key("other", "records:read")
    assert [strict.get().status_code for _ in range(4)] == [404, 404, 404, 429]
    answer = strict.get()
    assert answer.content_type == "application/problem+json"
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert strict.get(key=other).status_code == 404


@on_sqlite
def test_the_count_is_shared_and_goes_by_itself_and_names_nobody(strict: BackOffice, redis_client: Redis) -> None:
    strict.get()
    again = BackOffice(strict.wiring, BackOffice.app_over(strict.wiring), strict.key)
    assert [again.get().status_code for _ in range(3)] == [404, 404, 429]
    names = list(redis_client.scan_iter())
    assert names
    for name in names:
        assert name.startswith(PREFIX.encode())
        assert b"simkim" not in name
        assert 0 < redis_client.ttl(name) <= 60


@contextmanager
def _hanging() -> Iterator[str]:
    """A Redis that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"redis://127.0.0.1:{server.getsockname()[1]}"


@on_sqlite
def test_while_redis_hangs_calls_are_answered_soon_and_still_bounded(strict: BackOffice) -> None:
    with _hanging() as url:
        redis = connect_redis(url, timeout_s=0.5)
        office = BackOffice(strict.wiring, BackOffice.app_over(replace(strict.wiring, redis=redis)), strict.key)
        began = time.monotonic()
        assert [office.get().status_code for _ in range(4)] == [404, 404, 404, 429]
        assert time.monotonic() - began < 2.0


@on_sqlite
def test_while_the_database_is_away_every_call_is_503(wiring: Wiring, office: BackOffice) -> None:
    away = Database("postgresql+psycopg://nobody@127.0.0.1:1/none", timeout_s=1.0)
    app = BackOffice.app_over(replace(wiring, database=away))
    for answer in (
        BackOffice(wiring, app, office.key).get(),
        BackOffice(wiring, app, office.key).put(RECORD),
    ):
        assert (answer.status_code, answer.content_type) == (503, "application/problem+json")
        assert answer.headers["Retry-After"]
    away.close()


@on_sqlite
def test_a_write_that_gets_no_turn_is_503_and_changes_nothing(wiring: Wiring, office: BackOffice) -> None:
    office.get()
    impatient = Database(str(wiring.database.engine.url), timeout_s=0.1)
    held, release = Event(), Event()

    def hold() -> None:
        with wiring.database.writing():
            held.set()
            release.wait()

    holder = Thread(target=hold)
    holder.start()
    held.wait()
    app = BackOffice.app_over(replace(wiring, database=impatient))
    answer = BackOffice(wiring, app, office.key).put(RECORD)
    release.set()
    holder.join()
    impatient.close()
    assert answer.status_code == 503
    assert office.get().status_code == 404
