"""How is personal data kept? Sealed with AES-GCM under a ring of keys, found by keyed hash.

AES-GCM with a random 96-bit nonce: NIST SP 800-38D. The row that a value belongs to is its associated data, so a
value copied into another row does not open. HMAC-SHA256: RFC 2104; HKDF: RFC 5869.
"""

import base64
import binascii
import hashlib
import hmac
import os
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_KEY_BYTES = 32
_ID_BYTES = 4
_NONCE_BYTES = 12
LOOKUP_BYTES = 16


class BadKeyRing(Exception):
    """A key of DATA_KEYS cannot be used; the message says which place in the ring and why, never the key."""


class Unreadable(Exception):
    """A sealed value does not open: another ring, another row, or damaged bytes."""


@dataclass(frozen=True)
class _Key:
    id: bytes
    cipher: AESGCM
    secret: bytes


class KeyRing:
    """Keys for data at rest, newest first: the first seals, all of them open."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys:
            raise BadKeyRing("DATA_KEYS is empty: give at least one key, base64 of 32 random bytes")
        for place, key in enumerate(keys, start=1):
            if len(key) != _KEY_BYTES:
                raise BadKeyRing(f"DATA_KEYS: key {place} has {len(key)} bytes, {_KEY_BYTES} are needed")
        self._keys = [_Key(hashlib.sha256(key).digest()[:_ID_BYTES], AESGCM(key), key) for key in keys]
        self._by_id = {key.id: key for key in self._keys}
        if len(self._by_id) != len(self._keys):
            raise BadKeyRing("DATA_KEYS names the same key twice")

    @classmethod
    def from_base64(cls, keys: Sequence[str]) -> "KeyRing":
        """The ring as DATA_KEYS writes it. Raises `BadKeyRing`."""
        raw = []
        for place, key in enumerate(keys, start=1):
            try:
                raw.append(base64.b64decode(key, validate=True))
            except (binascii.Error, ValueError):
                raise BadKeyRing(f"DATA_KEYS: key {place} is not base64") from None
        return cls(raw)

    @property
    def newest_id(self) -> bytes:
        """The id (4 bytes) of the key that seals."""
        return self._keys[0].id

    @property
    def ids(self) -> list[bytes]:
        """The ids of all keys, newest first."""
        return [key.id for key in self._keys]

    def seal(self, plain: bytes, about: bytes) -> bytes:
        """Sealed bytes: key id, nonce, ciphertext with tag."""
        key = self._keys[0]
        nonce = os.urandom(_NONCE_BYTES)
        return key.id + nonce + key.cipher.encrypt(nonce, plain, about)

    def seal_alike(self, plain: bytes, about: bytes) -> bytes:
        """As `seal`, but the same bytes for the same input: a repeated answer must be repeated to the byte.

        The nonce is a keyed hash of what is sealed (the synthetic nonce of RFC 5297), so it only ever comes again
        together with the very same plaintext.
        """
        key = self._keys[0]
        nonce = hmac.digest(key.secret, b"%d:%b%b" % (len(about), about, plain), "sha256")[:_NONCE_BYTES]
        return key.id + nonce + key.cipher.encrypt(nonce, plain, about)

    def unseal(self, sealed: bytes, about: bytes) -> bytes:
        """What was sealed about the same thing. Raises `Unreadable`."""
        key = self._by_id.get(bytes(sealed[:_ID_BYTES]))
        if key is None:
            raise Unreadable("no key of DATA_KEYS opens this value")
        body = _ID_BYTES + _NONCE_BYTES
        try:
            return key.cipher.decrypt(sealed[_ID_BYTES:body], sealed[body:], about)
        except (InvalidTag, ValueError):
            # A ValueError: so much is cut off that no nonce is left.
            raise Unreadable("a sealed value is damaged or belongs to another row") from None

    def derived(self, purpose: str) -> "KeyRing":
        """A ring of its own for another purpose (values in Redis, state echoed by an aggregator)."""
        return KeyRing(
            [HKDF(hashes.SHA256(), _KEY_BYTES, None, purpose.encode()).derive(key.secret) for key in self._keys]
        )


class Vault:
    """Seals personal data and finds it again without opening it."""

    def __init__(self, ring: KeyRing, lookup_key: bytes) -> None:
        self.ring = ring
        self._lookup = hmac.new(lookup_key, digestmod=hashlib.sha256)

    def seal(self, text: str, about: str) -> bytes:
        """`text` sealed for the row and column that `about` names."""
        return self.ring.seal(text.encode(), about.encode())

    def unseal(self, sealed: bytes, about: str) -> str:
        """The text sealed for `about`. Raises `Unreadable`."""
        return self.ring.unseal(sealed, about.encode()).decode()

    def lookup(self, kind: str, value: str) -> bytes:
        """The keyed hash (16 bytes) under which a value of this kind is found; the same under every ring."""
        # A keyed object is copied because setting up HMAC's two pads costs more than the hash itself.
        mac = self._lookup.copy()
        mac.update(f"{kind}\x00{value}".encode("utf-8", "surrogatepass"))
        return mac.digest()[:LOOKUP_BYTES]

    def derived(self, purpose: str) -> KeyRing:
        """A ring for another purpose than the database."""
        return self.ring.derived(purpose)
