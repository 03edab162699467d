"""Who calls, and may they? The bearer key of a request (RFC 6750)."""

import re
from datetime import datetime
from typing import Final

from gateway.api.problems import Problem
from immigration import api_keys
from immigration.api_keys import Caller, Scope
from immigration.database import Database

_BEARER: Final = re.compile(r"bearer +([!-~]+) *", re.IGNORECASE)
_CHALLENGE: Final = 'Bearer realm="back office"'


def caller_of(database: Database, authorization: str | None, now: datetime) -> Caller:
    """The key in an Authorization header. Raises `Problem` (401)."""
    shape = _BEARER.fullmatch(authorization or "")
    if shape is None:
        raise Problem(
            401,
            "Send a key in the header Authorization: Bearer <key>.",
            headers={"WWW-Authenticate": _CHALLENGE},
        )
    try:
        return api_keys.use(database, shape[1], now)
    except api_keys.UnknownKey:
        raise Problem(
            401,
            "There is no such key, or it was revoked.",
            headers={"WWW-Authenticate": f'{_CHALLENGE}, error="invalid_token"'},
        ) from None


def require(caller: Caller, scope: Scope) -> None:
    """Raises `Problem` (403) where this key was not given the scope."""
    if scope not in caller.scopes:
        raise Problem(
            403,
            f"This call needs a key with the scope {scope}.",
            headers={"WWW-Authenticate": f'{_CHALLENGE}, error="insufficient_scope", scope="{scope}"'},
        )
