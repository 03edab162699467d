"""Does this process live, could it serve a hop, and do messages leave? `/healthz` and `/readyz`."""

from typing import Any, Final

from flask import Blueprint, Response, jsonify
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from gateway.wiring import Wiring
from immigration.messages.watching import paused, waiting_s
from workers.clock import is_present
from workers.worker import workers_present

OK = "ok"
FAILING = "failing"
ABSENT = "absent"
UNKNOWN = "unknown"
LONGEST_WAIT_S: Final = 300


def health_blueprint(wiring: Wiring) -> Blueprint:
    """`/readyz` is 503 where a hop could not be served or a due message waits over five minutes.

    A paused channel, an absent worker or an absent clock is reported, no more.
    """
    blueprint = Blueprint("health", __name__)

    @blueprint.get("/healthz")
    def healthz() -> Response:
        return jsonify(status=OK)

    @blueprint.get("/readyz")
    def readyz() -> tuple[Response, int]:
        needed = {"database": _database(wiring), "redis": _redis(wiring)}
        messages = _messages(wiring) if needed["database"] == OK else {}
        needed |= {part: state for part, state in messages.items() if part == "messages"}
        failing = [part for part, state in needed.items() if state != OK]
        parts: dict[str, Any] = needed | messages | _background(wiring, reachable=needed["redis"] == OK)
        status = 503 if failing else 200
        return jsonify(status=FAILING if failing else OK, failing=failing, parts=parts), status

    return blueprint


def _messages(wiring: Wiring) -> dict[str, Any]:
    """Whether messages leave: the oldest due one's age, and channels that wait for somebody."""
    try:
        with wiring.database.reading() as session:
            oldest = max(waiting_s(session, wiring.clock()).values())
            stopped = paused(session)
    except SQLAlchemyError:
        return {"messages": FAILING}
    late = oldest > LONGEST_WAIT_S
    return {"messages": FAILING if late else OK, "queue_age_seconds": round(oldest), "paused_channels": stopped}


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
