"""A server that answers any request with the very bytes it was given, over TCP or TLS."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from threading import Thread

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

HOST = "127.0.0.1"


@contextmanager
def answering(answer: bytes, tls: Path | None = None, *, below_tls: bool = False) -> Iterator[str]:
    """Its address, without the scheme. `below_tls` writes the answer past TLS, as a broken machine between would."""
    with closing(socket.create_server((HOST, 0))) as listening:
        thread = Thread(target=_serve, args=(listening, answer, tls, below_tls), daemon=True)
        thread.start()
        yield f"{HOST}:{listening.getsockname()[1]}"
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()


def _serve(listening: socket.socket, answer: bytes, tls: Path | None, below_tls: bool) -> None:
    while True:
        try:
            plain, _ = listening.accept()
        except OSError:
            return
        with closing(plain), suppress(OSError):
            if tls is None:
                _read_request(plain)
                plain.sendall(answer)
                continue
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(tls)
            if below_tls:
                descriptor = plain.dup()
                with closing(context.wrap_socket(plain, server_side=True)) as wrapped, closing(descriptor):
                    _read_request(wrapped)
                    descriptor.sendall(answer)
            else:
                with closing(context.wrap_socket(plain, server_side=True)) as wrapped:
                    _read_request(wrapped)
                    wrapped.sendall(answer)


def _read_request(connection: socket.socket) -> None:
    """Head and body, for an answer to half a request would be a reset; or whatever else it is that comes."""
    told = connection.recv(4096)
    while told.startswith(b"POST") and b"\r\n\r\n" not in told:
        told += connection.recv(4096)
    head, _, body = told.partition(b"\r\n\r\n")
    lengths = [int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    while len(body) < sum(lengths):
        body += connection.recv(4096)


def certificate(folder: Path) -> Path:
    """A file with a key and a certificate for this machine that nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = folder / "server.pem"
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(secret + made.public_bytes(Encoding.PEM))
    return file
