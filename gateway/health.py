"""Does this process live, and could it serve a hop? `/healthz` and `/readyz`."""

from flask import Blueprint, Response, jsonify
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from gateway.wiring import Wiring
from workers.clock import is_present
from workers.worker import workers_present

OK = "ok"
FAILING = "failing"
ABSENT = "absent"
UNKNOWN = "unknown"


def health_blueprint(wiring: Wiring) -> Blueprint:
    """`/readyz` is 503 where a hop could not be served; an absent worker or clock is reported, no more."""
    blueprint = Blueprint("health", __name__)

    @blueprint.get("/healthz")
    def healthz() -> Response:
        return jsonify(status=OK)

    @blueprint.get("/readyz")
    def readyz() -> tuple[Response, int]:
        needed = {"database": _database(wiring), "redis": _redis(wiring)}
        failing = [part for part, state in needed.items() if state != OK]
        parts = needed | _background(wiring, reachable=needed["redis"] == OK)
        status = 503 if failing else 200
        return jsonify(status=FAILING if failing else OK, failing=failing, parts=parts), status

    return blueprint


def _database(wiring: Wiring) -> str:
    try:
        with wiring.database.engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except SQLAlchemyError:
        return FAILING
    return OK


def _redis(wiring: Wiring) -> str:
    try:
        wiring.redis.ping()
    except RedisError:
        return FAILING
    return OK


def _background(wiring: Wiring, *, reachable: bool) -> dict[str, str]:
    """Worker and clock, as far as Redis knows of them."""
    try:
        if not reachable:
            raise RedisError
        now = wiring.clock()
        working = workers_present(wiring.redis, now) > 0
        return {"worker": OK if working else ABSENT, "clock": OK if is_present(wiring.redis) else ABSENT}
    except RedisError:
        return {"worker": UNKNOWN, "clock": UNKNOWN}
