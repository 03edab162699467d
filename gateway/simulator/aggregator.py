"""Who plays the SMS aggregator? A pretend one over real HTTP: accepts as told, fails as told, keeps a ledger.

It stands in for Africa's Talking and 8x8 in the demonstration and in tests. Addresses:
`POST /version1/messaging`, `GET /version1/user`, `POST /api/v1/subaccounts/{id}/messages`.
"""

import re
import socket
import struct
import sys
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from threading import Event, Lock, Thread
from typing import Any, Final, Self
from urllib.parse import urlsplit

from gateway.simulator.dialects import (
    AfricasTalking,
    Answer,
    Dialect,
    EightByEight,
    NotASend,
    Outcome,
    Send,
    is_number,
    spoilt,
)
from gateway.simulator.faults import ACCEPTED, INVALID_NUMBER, OF_ONE_RECIPIENT, Fault
from gateway.simulator.ledger import Accepted, Ledger

__all__ = ["Accepted", "Fault", "Ledger", "PretendAggregator"]

Decide = Callable[[str, str], Fault | None]

DRIP_S: Final = 0.5
_STOPS_WITHIN_S = 0.02
_RESET = struct.pack("ii", 1, 0)
_AFRICASTALKING = AfricasTalking()
_EIGHT_BY_EIGHT = EightByEight()
_EIGHT_BY_EIGHT_PATH = re.compile(r"/api/v1/subaccounts/[^/]+/messages")


def _no_fault(phone: str, text: str) -> Fault | None:
    return None


class PretendAggregator:
    """Listens from `start` to `stop`; its address outlives both, so that it can be away for a while.

    `decide(phone, text)` names the fault that a recipient meets. `on_accept` is called in the request's
    thread before the answer leaves: a report from there overtakes it.
    """

    def __init__(
        self,
        port: int = 0,
        *,
        decide: Decide = _no_fault,
        latency_s: float = 0.0,
        on_accept: Callable[[Accepted], None] | None = None,
        balance: str = "IDR 1000000.00",
    ) -> None:
        self.ledger = Ledger()
        self.balance = balance
        self.latency_s = latency_s
        self.decide = decide
        self._on_accept = on_accept
        self._port = port
        self._faults: deque[Fault] = deque()
        self._server: _Server | None = None

    @property
    def url(self) -> str:
        """Where it listens, or did."""
        if not self._port:
            raise RuntimeError("a free port is known only after start()")
        return f"http://127.0.0.1:{self._port}"

    def fail(self, *faults: Fault) -> None:
        """The next requests to send meet these, one each, in order; then `decide` again."""
        self._faults.extend(faults)

    def start(self) -> None:
        """Listen. Raises `OSError` where the port is taken."""
        if self._server:
            raise RuntimeError("the pretend aggregator runs already")
        self._server = _Server(self, self._port)
        self._port = self._server.server_port
        self._server.start()

    def stop(self) -> None:
        """Cut every connection and free the port; nothing of it runs afterwards."""
        if self._server:
            self._server.stop()
            self._server = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def take(self, dialect: Dialect, send: Send) -> tuple[Fault | None, list[Outcome]]:
        """The fault of the request as a whole, and what became of each recipient; of none where nothing is accepted."""
        try:
            faults: list[Fault | None] = [self._faults.popleft()] * len(send.phones)
        except IndexError:
            faults = [self.decide(phone, send.text) for phone in send.phones]
        whole = next((fault for fault in faults if fault and fault.kind not in OF_ONE_RECIPIENT), None)
        if whole and whole.kind not in ACCEPTED:
            return whole, []
        if whole:
            faults = [None] * len(send.phones)
        return whole, [
            self._outcome(dialect, send, phone, fault) for phone, fault in zip(send.phones, faults, strict=True)
        ]

    def _outcome(self, dialect: Dialect, send: Send, phone: str, fault: Fault | None) -> Outcome:
        if not is_number(phone):
            fault = fault or Fault("refuse", INVALID_NUMBER)
        outcome = Outcome(phone, dialect.new_id(), fault)
        if outcome.accepted:
            message = Accepted(outcome.id, phone, send.sender, send.text, dialect.name, send.client_id)
            self.ledger.note_accepted(message)
            if self._on_accept:
                self._on_accept(message)
        return outcome


class _Server(ThreadingHTTPServer):
    """A thread per connection, all of them known, so that stopping leaves none behind."""

    request_queue_size = 1024

    def __init__(self, pretend: PretendAggregator, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.pretend = pretend
        self.stopping = Event()
        self._lock = Lock()
        self._open: dict[socket.socket, Thread] = {}
        self._serving = Thread(target=self.serve_forever, args=(_STOPS_WITHIN_S,), daemon=True)

    def server_bind(self) -> None:
        # HTTPServer would ask the resolver for this machine's name, which can take seconds.
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        thread = Thread(target=self.process_request_thread, args=(request, client_address), daemon=True)
        with self._lock:
            self._open[request] = thread
        self.pretend.ledger.note_opened()
        thread.start()

    def shutdown_request(self, request: Any) -> None:
        # Counted first: a client that has seen its connection end may open another at once.
        self.pretend.ledger.note_closed()
        if request.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, len(_RESET)) == _RESET:
            # No shutdown before: it would send an orderly end, and the reset would come too late to be seen.
            self.close_request(request)
        else:
            super().shutdown_request(request)
        with self._lock:
            del self._open[request]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is an everyday matter here; what else is raised deserves its traceback."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    def start(self) -> None:
        self._serving.start()

    def stop(self) -> None:
        self.shutdown()
        self._serving.join()
        self.server_close()
        with self._lock:
            left = dict(self._open)
        self.stopping.set()
        for connection in left:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in left.values():
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    """One connection, with as many requests as the client sends over it."""

    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        pretend = self.server.pretend
        pretend.ledger.note_request()
        address = urlsplit(self.path)
        if address.path == "/version1/user":
            self._answer(_AFRICASTALKING.balance(self.headers, address.query, pretend.balance))
        else:
            self._answer(_AFRICASTALKING.refusal(Fault("404"), None))

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if len(body) < length:
            self.close_connection = True
            return
        self.server.pretend.ledger.note_request()
        path = urlsplit(self.path).path
        if path == "/version1/messaging":
            self._send(_AFRICASTALKING, body)
        elif _EIGHT_BY_EIGHT_PATH.fullmatch(path):
            self._send(_EIGHT_BY_EIGHT, body)
        else:
            self._answer(_AFRICASTALKING.refusal(Fault("404"), None))

    def _send(self, dialect: Dialect, body: bytes) -> None:
        try:
            send = dialect.read(self.headers, body)
        except NotASend as refused:
            self._answer(refused.answer)
            return
        whole, outcomes = self.server.pretend.take(dialect, send)
        match whole.kind if whole else None:
            case "reset" | "accept-reset":
                self._reset()
            case "hang" | "accept-hang":
                self._hang()
            case "slow" if whole:
                self._answer(dialect.outcome(send, outcomes), after_s=float(whole.value or 0))
            case "drip" if whole:
                self._answer(
                    dialect.outcome(send, outcomes), drip_s=DRIP_S if whole.value is None else float(whole.value)
                )
            case _ if whole and not outcomes:
                self._answer(dialect.refusal(whole, send))
            case _:
                self._answer(spoilt(dialect.outcome(send, outcomes), whole))

    def _answer(self, answer: Answer, *, after_s: float = 0.0, drip_s: float | None = None) -> None:
        body = answer.body.encode()
        head = [f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}"]
        head += [f"{name}: {value}" for name, value in answer.headers]
        head += [f"Content-Type: {answer.content_type}", f"Content-Length: {len(body)}", "", ""]
        pieces = ["\r\n".join(head).encode("latin-1") + (body if drip_s is None else b"")]
        if drip_s is not None:
            pieces += [body[at : at + 1] for at in range(len(body))]
        wait_s = after_s + self.server.pretend.latency_s
        for piece in pieces:
            if wait_s and self.server.stopping.wait(wait_s):
                self.close_connection = True
                return
            self.wfile.write(piece)
            wait_s = drip_s or 0.0

    def _hang(self) -> None:
        # Whoever ends the connection, the client or stop(), ends this too.
        while self.connection.recv(4096):
            pass
        self.close_connection = True

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """The ledger says what came."""
