"""How does a Lua script run in exactly one round trip, at the least cost? On a connection that its thread keeps.

redis-py's command layer takes a connection, wraps it in retries and measurements and gives it back, for each command:
measured, that is half of what a round trip costs this process. A hop needs none of it (docs/performance.md).
"""

import hashlib
import threading
from collections.abc import Sequence
from typing import Any

from redis import Redis
from redis.exceptions import NoScriptError, ResponseError

Argument = str | bytes | int


class Script:
    """A Lua script and the name under which Redis keeps it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.sha = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


class Scripts:
    """Runs scripts. Raises redis-py's errors, and tries nothing twice: what was sent may have been done."""

    def __init__(self, redis: Redis) -> None:
        self._pool = redis.connection_pool
        self._kept = threading.local()

    def run(self, script: Script, keys: Sequence[str], arguments: Sequence[Argument]) -> Any:
        """The script's answer."""
        try:
            return self._sent("EVALSHA", script.sha, len(keys), *keys, *arguments)
        except NoScriptError:
            # A new or a wiped server: EVAL runs the script and keeps it.
            return self._sent("EVAL", script.text, len(keys), *keys, *arguments)

    def _sent(self, *command: Argument) -> Any:
        connection: Any = getattr(self._kept, "connection", None)
        if connection is None:
            connection = self._kept.connection = self._pool.get_connection()
        try:
            # Something to read before anything was asked: the server has closed the connection meanwhile.
            if connection.can_read(timeout=0):
                connection.disconnect()
                connection.connect()
            connection.send_command(*command)
            return connection.read_response()
        except ResponseError:
            raise
        except BaseException:
            # An answer may still be under way; the next command must not take it for its own.
            self._kept.connection = None
            connection.disconnect()
            self._pool.release(connection)
            raise
