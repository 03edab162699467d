"""No channel is asked for more than its rate, whoever asks, with Redis and without."""

import threading

import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from workers import pace
from workers.pace import Pace


def test_all_workers_together_get_a_seconds_worth_and_no_more(redis_client: Redis) -> None:
    granted: list[int] = []

    def work() -> None:
        mine = Pace(redis_client, 50)
        granted.extend(mine.take("8x8", 10) for _ in range(20))

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    # What the bucket gained while they asked is little, and never a whole burst more.
    assert 50 <= sum(granted) < 100
    assert max(granted) == 10


def test_each_channel_has_a_bucket_of_its_own_that_ends_by_itself(redis_client: Redis) -> None:
    mine = Pace(redis_client, 5)
    assert mine.take("8x8", 9) == 5
    assert mine.take("8x8", 9) == 0
    assert mine.take("africastalking", 2) == 2
    assert 0 < redis_client.ttl("sms:pace:8x8") <= 60


def test_without_redis_a_quarter_of_the_rate_is_safe(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(pace.time, "monotonic", lambda: now[0])
    nowhere = Redis(unix_socket_path="/nonexistent", retry=Retry(NoBackoff(), 0))
    for alone in (Pace(nowhere, 40), Pace(None, 40)):
        assert alone.take("8x8", 99) == 10
        assert alone.take("8x8", 99) == 0
        now[0] += 0.5
        assert alone.take("8x8", 99) == 5
        assert alone.take("africastalking", 99) == 10
        now[0] += 3600
        assert alone.take("8x8", 99) == 10


def test_nothing_wanted_is_nothing_granted() -> None:
    assert Pace(None, 40).take("8x8", 0) == 0
    assert Pace(None, 40).take("8x8", -3) == 0
