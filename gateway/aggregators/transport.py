"""How do we speak HTTP to an aggregator? Kept-alive connections, one deadline, and faults told apart by what they mean.

What the official SDK lacks (africastalking.md 9): a session, a total deadline, the status code, no redirects, and
whether a request that failed can have been accepted.
"""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import requests
from requests.adapters import HTTPAdapter
from requests.exceptions import ConnectTimeout, InvalidSchema, InvalidURL, MissingSchema, RequestException
from urllib3.connection import HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError, MaxRetryError, NewConnectionError

CONNECT_S: Final = 2.0
READ_S: Final = 8.0
TOTAL_S: Final = CONNECT_S + READ_S
# An aggregator closes what is idle: a connection that it closes in the moment we write leaves us not knowing.
IDLE_S: Final = 5.0
_BODY_LIMIT: Final = 64 * 1024


class NotSent(Exception):
    """No byte of the request can have been acted upon; the message names the fault."""


class Ambiguous(Exception):
    """The request may have been acted upon; the message names the fault."""


@dataclass(frozen=True)
class HttpReply:
    """An answer: status, headers, text."""

    status: int
    headers: Mapping[str, str]
    text: str


class _Tls(HTTPSConnection):
    """Tells TLS that never came about, when nothing was sent, from a fault of it later on."""

    def connect(self) -> None:
        try:
            super().connect()
        except OSError as fault:
            raise NewConnectionError(self, type(fault).__name__) from fault


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _Tls


class Transport:
    """A session for each thread that sends, and none that has been idle for over five seconds."""

    def __init__(self) -> None:
        self._kept = threading.local()

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        data: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        json: object = None,
    ) -> HttpReply:
        """Ask once. Raises `NotSent`, `Ambiguous`."""
        session = self._session()
        deadline = time.monotonic() + TOTAL_S
        try:
            response = session.request(
                method,
                url,
                headers=dict(headers),
                data=data,
                params=params,
                json=json,
                timeout=(CONNECT_S, READ_S),
                allow_redirects=False,
                stream=True,
            )
            return HttpReply(response.status_code, response.headers, _body(response, deadline))
        except (ConnectTimeout, InvalidURL, InvalidSchema, MissingSchema, UnicodeError) as fault:
            raise NotSent(type(fault).__name__) from None
        except requests.ConnectionError as fault:
            reason = fault.args[0] if fault.args else None
            if isinstance(reason, MaxRetryError) and isinstance(reason.reason, NewConnectionError):
                raise NotSent("no connection") from None
            raise Ambiguous("connection lost") from None
        except requests.Timeout:
            raise Ambiguous("no answer in time") from None
        except (RequestException, HTTPError) as fault:
            raise Ambiguous(type(fault).__name__) from None
        finally:
            self._kept.used = time.monotonic()

    def _session(self) -> requests.Session:
        kept = self._kept
        session: requests.Session | None = getattr(kept, "session", None)
        if session is not None and time.monotonic() - kept.used <= IDLE_S:
            return session
        if session is not None:
            session.close()
        session = kept.session = requests.Session()
        # Neither proxies nor .netrc of the environment have a say in where people's numbers go.
        session.trust_env = False
        adapter = HTTPAdapter(pool_connections=2, pool_maxsize=2, max_retries=0)
        adapter.poolmanager.pool_classes_by_scheme = {"http": HTTPConnectionPool, "https": _TlsPool}
        session.mount("https://", adapter)
        session.mount("http://", adapter)
        return session


def _body(response: requests.Response, deadline: float) -> str:
    """The body within the deadline: a socket's timeout starts anew with every byte.

    Read as it comes, for `iter_content` waits for a whole chunk. Read to its end, the connection goes back to its pool.
    Whatever charset it names, it is ASCII or JSON, or of no use.
    """
    body = bytearray()
    while chunk := response.raw.read1(4096, decode_content=True):
        body += chunk
        if time.monotonic() > deadline or len(body) > _BODY_LIMIT:
            response.close()
            raise Ambiguous("no whole answer in time" if len(body) <= _BODY_LIMIT else "an answer of absurd length")
    response.raw.release_conn()
    return body.decode("utf-8", "replace")
