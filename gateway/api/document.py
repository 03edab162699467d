"""What is in the OpenAPI document? Every call with every answer that it can give, from the entries that serve them."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from gateway.api.incoming import BODY_LIMIT, KEY_HEADER, KEY_PATTERN
from gateway.api.operation import Operation
from gateway.api.problems import MEDIA_TYPE, ProblemDetails

_REF: Final = "#/components/schemas/{model}"
_ABOUT: Final = """\
What the back office tells the gateway about applications, what it books, and what it may read.

Keys are made by `python -m gateway api-keys create` and sent as `Authorization: Bearer <key>`. Faults are answered as
problem details (RFC 9457) that name the field. Times are RFC 3339 with their offset.

A write may carry an `Idempotency-Key`: for 24 hours the same key with the same request gets the same answer and
nothing is done twice; with another request it is refused (409).
"""

_EVERY_CALL: Final = {
    401: "No key, an unknown one, or a revoked one.",
    403: "The key was not given the scope that this call needs.",
    422: "A field cannot be taken: `errors` says which, and what to write. Nothing was changed.",
    429: "The key called too often in the last minute: `Retry-After` says when to come again.",
    500: "Something failed on our side. Nothing was changed.",
    503: "The database cannot be reached. Nothing was changed: try again.",
}
_EVERY_WRITE: Final = {
    400: f"The body is not JSON in UTF-8, or the header {KEY_HEADER} cannot be used.",
    413: f"The body is longer than {BODY_LIMIT} bytes.",
    415: "The body is not announced as application/json.",
}
_HEADERS: Final = {401: "WWW-Authenticate", 403: "WWW-Authenticate", 429: "Retry-After", 503: "Retry-After"}


def openapi(operations: Sequence[Operation[Any]], prefix: str) -> dict[str, Any]:
    """The OpenAPI 3.1 document of these calls, which are served under `prefix`."""
    models: set[tuple[type[BaseModel], JsonSchemaMode]] = {(ProblemDetails, "serialization")}
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        if operation.writes:
            models.add((operation.body, "validation"))
        models.update((model, "serialization") for _, model in operation.answers.values())
        paths.setdefault(prefix + operation.path, {})[operation.method.lower()] = _described(operation)
    ordered = sorted(models, key=lambda entry: entry[0].__name__)
    _, schemas = models_json_schema(ordered, ref_template=_REF)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Immigration gateway: back office", "version": "1", "description": _ABOUT},
        "paths": paths,
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"key": []}],
    }


def _described(operation: Operation[Any]) -> dict[str, Any]:
    common = _EVERY_CALL | (_EVERY_WRITE if operation.writes else {})
    answers = {status: (words, ProblemDetails) for status, words in common.items()} | dict(operation.answers)
    described: dict[str, Any] = {
        "tags": [operation.tag],
        "operationId": f"{operation.run.__name__.removeprefix('_')}_{operation.tag}",
        "summary": operation.summary,
        "description": f"{operation.description}\n\nScope: `{operation.scope}`.",
        "parameters": list(_parameters(operation)),
        "responses": {
            str(status): _response(status, words, model, operation.media)
            for status, (words, model) in sorted(answers.items())
        },
    }
    if operation.writes:
        described["requestBody"] = {"required": True, "content": _content("application/json", operation.body)}
    return described


def _parameters(operation: Operation[Any]) -> Iterable[dict[str, Any]]:
    for parameter in operation.parameters:
        yield {
            "name": parameter.name,
            "in": "path",
            "required": True,
            "description": parameter.description,
            "schema": {"type": "string", "pattern": f"^{parameter.pattern}$"},
        }
    for parameter in operation.query:
        yield {
            "name": parameter.name,
            "in": "query",
            "required": parameter.required,
            "description": parameter.description,
            "schema": {"type": "string", "pattern": f"^{parameter.pattern}$"},
        }
    if operation.writes:
        yield {
            "name": KEY_HEADER,
            "in": "header",
            "required": False,
            "description": "Makes this write safe to send again.",
            "schema": {"type": "string", "pattern": KEY_PATTERN},
        }


def _response(status: int, words: str, model: type[BaseModel], media: Sequence[str]) -> dict[str, Any]:
    response: dict[str, Any] = {
        "description": words,
        "content": _content("application/json" if status < 400 else MEDIA_TYPE, model),
    }
    if status < 400:
        response["content"] |= {media_type: {"schema": {"type": "string"}} for media_type in media}
    if status in _HEADERS:
        response["headers"] = {_HEADERS[status]: {"required": True, "schema": {"type": "string"}}}
    return response


def _content(media_type: str, model: type[BaseModel]) -> dict[str, Any]:
    return {media_type: {"schema": {"$ref": _REF.format(model=model.__name__)}}}
