"""Can this request be read at all? Its path, its body and its Idempotency-Key, checked to the last field."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final, TypeVar

from flask import Request
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from gateway.api.operation import Parameter
from gateway.api.problems import Problem, invalid_fields

BODY_LIMIT: Final = 16 * 1024
KEY_HEADER: Final = "Idempotency-Key"
KEY_PATTERN: Final = "^[!-~]{1,255}$"
_KEY: Final = re.compile("[!-~]{1,255}")
_FIELD_LENGTH: Final = 60

B = TypeVar("B", bound=BaseModel)


def check_path(parameters: tuple[Parameter, ...], path: Mapping[str, str]) -> None:
    """Raises `Problem` (422) where a part of the path is not what it must be."""
    faults = [
        (parameter.name, parameter.fix)
        for parameter in parameters
        if not re.fullmatch(parameter.pattern, path[parameter.name])
    ]
    if faults:
        raise invalid_fields(faults)


def read_query(parameters: tuple[Parameter, ...], told: Mapping[str, str]) -> dict[str, str]:
    """The query's parameters that were given. Raises `Problem` (422) for one that is missing, not known or unfit."""
    known = {parameter.name: parameter for parameter in parameters}
    faults = [
        (name[:_FIELD_LENGTH], known[name].fix if name in known else "is no parameter of this call: leave it out")
        for name, value in told.items()
        if name not in known or not re.fullmatch(known[name].pattern, value)
    ]
    faults += [
        (parameter.name, f"is missing: {parameter.fix}")
        for parameter in parameters
        if parameter.required and parameter.name not in told
    ]
    if faults:
        raise invalid_fields([(name if name.isprintable() and name else "query", fix) for name, fix in faults])
    return dict(told)


def idempotency_key(request: Request) -> str | None:
    """The request's Idempotency-Key, if it has one. Raises `Problem` (400)."""
    key = request.headers.get(KEY_HEADER)
    if key is not None and not _KEY.fullmatch(key):
        fault = (KEY_HEADER, "write 1 to 255 visible ASCII characters, such as a UUID")
        raise Problem(400, f"The header {KEY_HEADER} cannot be used.", errors=[fault])
    return key


def read_body(request: Request, model: type[B], now: datetime) -> B:
    """The request's body as `model`. Raises `Problem` (400, 413, 415, 422)."""
    if request.mimetype != "application/json":
        raise Problem(415, "Send the body as JSON, with the header Content-Type: application/json.")
    # Asked for more than it was told to read, werkzeug refuses before a byte is kept.
    request.max_content_length = BODY_LIMIT
    try:
        data = request.get_data(cache=False)
    except RequestEntityTooLarge:
        raise Problem(413, f"The body is longer than {BODY_LIMIT} bytes.") from None
    except ClientDisconnected:
        raise Problem(400, "The body ended before its announced length.") from None
    try:
        return model.model_validate_json(data, context={"now": now})
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
    if any(fault["type"] == "json_invalid" for fault in faults):
        raise Problem(400, "The body is not JSON in UTF-8.")
    raise invalid_fields([(_field(fault), _message(fault)) for fault in faults])


def _field(fault: ErrorDetails) -> str:
    # The name of a field that we do not know is the caller's own text: no more of it than tells which.
    named = ".".join(str(part)[:_FIELD_LENGTH] for part in fault["loc"])
    return named if named.isprintable() and named else "body"


def _message(fault: ErrorDetails) -> str:
    match fault["type"]:
        case "missing":
            return "is missing: add it"
        case "extra_forbidden":
            return "is no field of this call: leave it out"
        case "fault":
            return fault["msg"]
        case _:
            return fault["msg"].replace("Input should", "should", 1)
