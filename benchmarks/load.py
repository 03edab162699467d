"""Callers for a bench: keep-alive connections that send prepared hops and note how long each answer took."""

import random
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlencode

REPEATS = 0.2
_HEAD = (
    "POST {path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: at-ussd-api/1.0\r\n"
    "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n{body}"
)


@dataclass
class Outcome:
    """What a load did: seconds of each hop, how many were not CON, and the wall time."""

    seconds: list[float] = field(default_factory=list)
    odd: int = 0
    wall: float = 0.0

    def percentile(self, share: float) -> float:
        """The time within which this share of the hops was answered, in seconds."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def hops(path: str, callers: int, seed: int) -> Iterator[bytes]:
    """Calls of two hops, each asking for the state of the caller's own application; a fifth of the hops twice."""
    chance = random.Random(seed)
    while True:
        phone = f"+62812{chance.randrange(callers):08d}"
        session = f"ATUid_{chance.getrandbits(128):032x}"
        for text in ("", "1"):
            body = urlencode(
                {
                    "phoneNumber": phone,
                    "serviceCode": "*384*1303#",
                    "text": text,
                    "sessionId": session,
                    "networkCode": "51010",
                }
            )
            request = _HEAD.format(path=path, length=len(body), body=body).encode()
            yield request
            if chance.random() < REPEATS:
                yield request


def _caller(port: int, path: str, callers: int, seed: int, until: float, outcome: Outcome) -> None:
    source = hops(path, callers, seed)
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while (began := time.perf_counter()) < until:
            connection.sendall(next(source))
            answer = connection.recv(65536)
            head, _, body = answer.partition(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            while len(body) < length:
                body += connection.recv(65536)
            outcome.seconds.append(time.perf_counter() - began)
            outcome.odd += not body.startswith(b"CON ")


def run(port: int, path: str, *, connections: int, callers: int, seconds: float) -> Outcome:
    """Keep `connections` busy with calls of `callers` different phones for some seconds."""
    outcomes = [Outcome() for _ in range(connections)]
    began = time.perf_counter()
    threads = [
        threading.Thread(target=_caller, args=(port, path, callers, seed, began + seconds, outcome))
        for seed, outcome in enumerate(outcomes)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Outcome(
        [one for outcome in outcomes for one in outcome.seconds],
        sum(outcome.odd for outcome in outcomes),
        time.perf_counter() - began,
    )
