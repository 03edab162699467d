"""The baseline: a bare Flask route with two Redis round trips, under the same server as the product."""

import os
import sys

from flask import Flask, Response, request
from granian.constants import Interfaces
from granian.server import Server
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

# As large as a call's session is.
_PAYLOAD = os.urandom(700)


def application() -> Flask:
    """For granian's factory target."""
    app = Flask("bare")
    redis = Redis.from_url(os.environ["REDIS_URL"], socket_timeout=0.5, retry=Retry(NoBackoff(), 0))

    @app.post("/bare")
    def bare() -> Response:
        session = request.form["sessionId"]
        redis.get(session)
        redis.set(session, _PAYLOAD, ex=600)
        return Response("CON Imigrasi Sijunjung\n1 Cek status\n0 Keluar", content_type="text/plain; charset=utf-8")

    return app


if __name__ == "__main__":
    Server(
        "benchmarks.bare:application",
        factory=True,
        port=int(sys.argv[1]),
        interface=Interfaces.WSGI,
        blocking_threads=int(sys.argv[2]),
        websockets=False,
        log_access=False,
    ).serve()
