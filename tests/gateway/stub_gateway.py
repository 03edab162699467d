"""A gateway of a few lines on a real port: what a phone says to the wire can be read from it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs

MENU = "CON Imigrasi Sijunjung\n1 Cek status\n0 Keluar"
ANSWERS = {
    "": MENU,
    "1": "CON Ketik [16] angka\n0 Kembali",
    "1*": "CON Kosong?\n0 Kembali",
    "1**": "CON Bintang?\n0 Kembali",
    "0": "END Terima kasih",
    "1*0": "END Terima kasih",
    "9": "tidak ada awalan",
}


@dataclass
class StubGateway:
    """What arrived: hops and end events as decoded fields, in order."""

    url: str
    hops: list[dict[str, str]] = field(default_factory=list)
    events: list[dict[str, str]] = field(default_factory=list)


@contextmanager
def stub_gateway() -> Iterator[StubGateway]:
    """Serve `ANSWERS` by whole text under the secret `demo` until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    stub = StubGateway(f"http://127.0.0.1:{server.server_address[1]}")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"])).decode()
            fields = {name: values[0] for name, values in parse_qs(raw, keep_blank_values=True).items()}
            if self.path == "/webhooks/demo/simulated/ussd":
                stub.hops.append(fields)
                self._answer(200, ANSWERS.get(fields["text"], MENU))
            elif self.path == "/webhooks/demo/simulated/ussd/events":
                stub.events.append(fields)
                self._answer(200, "")
            else:
                self._answer(404, "not found")

        def _answer(self, status: int, body: str) -> None:
            encoded = body.encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/plain; charset=utf-8")
            self.send_header("Content-Length", str(len(encoded)))
            self.end_headers()
            self.wfile.write(encoded)

        def log_message(self, format: str, *args: object) -> None:
            """Requests are asserted on, not logged."""

    server.RequestHandlerClass = Handler
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield stub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
