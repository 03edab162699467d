"""What happens to a request, from its key to its answer? One order for every call of the API."""

from collections.abc import Mapping
from typing import Any, Final

from flask import Request, Response

from gateway.api.access import caller_of, require
from gateway.api.incoming import check_path, idempotency_key, read_body, read_query
from gateway.api.limiting import KeyLimiter
from gateway.api.operation import Call, NoBody, Operation
from gateway.api.problems import MEDIA_TYPE, Problem
from gateway.logs import get_logger
from gateway.wiring import Wiring
from immigration.api_keys import Answer, KeyReused, claim, keep_answer
from immigration.database import is_unreachable
from immigration.messages.outbox import anything_queued
from workers.jobs import ring

log = get_logger("api")
_RETRY_AFTER: Final = "5"
# A page of ours has its style in itself and runs nothing.
_PAGE_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"


def handle(
    operation: Operation[Any], request: Request, path: Mapping[str, str], wiring: Wiring, limiter: KeyLimiter
) -> Response:
    """The answer to a request for this call, whatever becomes of it. Never raises."""
    try:
        response = respond(_reached(operation, request, path, wiring, limiter))
    except Problem as problem:
        response = refuse(problem)
    except Exception:
        log.exception("api call failed", route=operation.path)
        response = refuse(Problem(500, "Something failed on our side: nothing was changed."))
    log.info("api call", method=operation.method, route=operation.path, status=response.status_code)
    return response


def respond(answer: Answer) -> Response:
    """An answer on the wire. It may be about a person, so nothing on the way may keep it."""
    media_type = answer.media_type or ("application/json" if answer.status < 400 else MEDIA_TYPE)
    response = Response(answer.body, answer.status, {"Cache-Control": "no-store"}, content_type=media_type)
    if media_type.startswith("text/html"):
        response.headers["Content-Security-Policy"] = _PAGE_POLICY
    return response


def refuse(problem: Problem) -> Response:
    """A problem on the wire."""
    response = respond(problem.answer)
    response.headers.update(problem.headers)
    return response


def _reached(
    operation: Operation[Any], request: Request, path: Mapping[str, str], wiring: Wiring, limiter: KeyLimiter
) -> Answer:
    try:
        return _answer(operation, request, path, wiring, limiter)
    except Exception as error:
        if not is_unreachable(error):
            raise
        log.error("api database away", route=operation.path, reason=type(error).__name__)
        away = "The database cannot be reached: nothing was changed, try again."
        raise Problem(503, away, headers={"Retry-After": _RETRY_AFTER}) from None


def _answer(
    operation: Operation[Any], request: Request, path: Mapping[str, str], wiring: Wiring, limiter: KeyLimiter
) -> Answer:
    now = wiring.clock()
    caller = caller_of(wiring.database, request.headers.get("Authorization"), now)
    limiter.count(caller)
    require(caller, operation.scope)
    check_path(operation.parameters, path)
    query = read_query(operation.query, request.args)
    key = idempotency_key(request) if operation.writes else None
    body = read_body(request, operation.body, now) if operation.writes else NoBody()
    # A read too leaves its audit row in the transaction that it reads in.
    with wiring.database.writing() as session:
        call = Call(session, wiring.vault, caller, now, path, wiring.outbox, query)
        if key is None:
            answer = operation.run(call, body)
        else:
            told = f"{operation.method} {request.path}\n{body.model_dump_json(exclude_unset=True)}"
            answer = _once(operation, call, body, key, told)
    if anything_queued(session):
        ring(wiring.redis)
    return answer


def _once(operation: Operation[Any], call: Call, body: Any, key: str, told: str) -> Answer:
    """Do it, unless this Idempotency-Key was answered before: then that again.

    Refusals by what is on record are answers too. A field that cannot be taken (422) is none: nothing was tried.
    """
    try:
        kept = claim(call.session, call.vault, call.caller, key, told, call.now)
    except KeyReused:
        reused = "This Idempotency-Key came with another request: choose a new one for each change."
        raise Problem(409, reused, kind="idempotency-key-reused") from None
    if kept is not None:
        return kept
    try:
        with call.session.begin_nested():
            answer: Answer = operation.run(call, body)
    except Problem as problem:
        if problem.status == 422:
            raise
        answer = problem.answer
    keep_answer(call.session, call.vault, call.caller, key, answer)
    return answer
