"""What does a call remember from hop to hop? A small value, versioned, the same for every store."""

from typing import Any, Final, TypeVar

import msgspec

T = TypeVar("T")

FORMAT: Final = 1
ANSWERS_KEPT: Final = 8
TRAIL_KEPT: Final = 12


class Place(msgspec.Struct, array_like=True, frozen=True):
    """Where a call is: enough to draw its screen again, in this call or in the one that goes on with it."""

    screen: str
    language: str
    memory: dict[str, Any] = {}
    trail: list[str] = []
    page: int = 0


class Shown(msgspec.Struct, array_like=True, frozen=True):
    """Where an option led when it was shown. Choosing goes there, whatever the menus or the data say by now."""

    to: str
    remember: dict[str, Any]
    effect: tuple[str, dict[str, Any]] | None = None


class Answered(msgspec.Struct, array_like=True, frozen=True):
    """An answer that was given: to the text of this length and keyed hash."""

    length: int
    mark: bytes
    reply: str
    more: bool
    screen: str


class Session(msgspec.Struct, array_like=True, frozen=True):
    """A call in progress. Of what was typed it holds length and keyed hash, never the text.

    `settled` says that the caller has been told what they came for. `rebuilt` says that a replay made it and nobody has
    gone on from it yet: it may stand at an older hop.
    """

    menus: str
    place: Place
    shown: dict[str, Shown] = {}
    misses: int = 0
    ended: bool = False
    held: Place | None = None
    length: int = 0
    mark: bytes = b""
    answers: list[Answered] = []
    settled: bool = False
    rebuilt: bool = False


class Start(msgspec.Struct, array_like=True, frozen=True):
    """Where a replay begins, if not at the main menu: after `length` of the call's text, with which offer to go on.

    `bound` is where the call came to, after how much of its text, by the last effect that binds: from there on a replay
    need not guess what the screens before have shown.
    """

    length: int
    language: str
    held: Place | None = None
    bound: tuple[int, Place] | None = None


_encoder = msgspec.msgpack.Encoder()
_session_decoder = msgspec.msgpack.Decoder(Session)
_start_decoder = msgspec.msgpack.Decoder(Start)
_place_decoder = msgspec.msgpack.Decoder(Place)


class OtherFormat(Exception):
    """The stored value was written by another version of the product or is damaged."""


def pack(value: Session | Place | Start) -> bytes:
    """The value as bytes, format first."""
    return bytes((FORMAT,)) + _encoder.encode(value)


def unpack_session(data: bytes) -> Session:
    """The inverse of `pack`. Raises `OtherFormat`."""
    return _checked(data, _session_decoder)


def unpack_place(data: bytes) -> Place:
    """The inverse of `pack`. Raises `OtherFormat`."""
    return _checked(data, _place_decoder)


def unpack_start(data: bytes) -> Start:
    """The inverse of `pack`. Raises `OtherFormat`."""
    return _checked(data, _start_decoder)


def _checked(data: bytes, decoder: "msgspec.msgpack.Decoder[T]") -> T:
    if data[:1] != bytes((FORMAT,)):
        raise OtherFormat
    try:
        return decoder.decode(data[1:])
    except msgspec.MsgspecError as error:
        raise OtherFormat from error
