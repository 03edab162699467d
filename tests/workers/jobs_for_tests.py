"""A job that lasts until it is told to end, and a worker process that may be killed while it does."""

import os
import sys

from redis import Redis

from workers.worker import GatewayWorker

STARTED = "test:started"
GO_ON = "test:go-on"


def last_until_told() -> None:
    """Say which process works on it, then wait for the word."""
    with Redis.from_url(sys.argv[1], socket_timeout=None) as redis:
        redis.rpush(STARTED, os.getpid())
        redis.blpop([GO_ON], timeout=50)


if __name__ == "__main__":
    GatewayWorker(Redis.from_url(sys.argv[1])).work(logging_level=None)
