"""Where can a billing be paid near an office? By kind, as its reference file lists them (domain.md 1.4.11)."""

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

PlaceKind = Literal["bank", "post", "shop", "online"]


class PayPlaces(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Places of a kind; without names any will do."""

    kind: PlaceKind
    names: tuple[str, ...] = ()


class BadPlaces(Exception):
    """The places cannot be used; the message names field and fix."""


def places_from(told: Sequence[Any]) -> tuple[PayPlaces, ...]:
    """The places as a reference file or the database gives them. Raises `BadPlaces`."""
    try:
        places = msgspec.convert(told, tuple[PayPlaces, ...])
    except msgspec.ValidationError as fault:
        raise BadPlaces(str(fault).replace("$", "").replace("`", "")) from None
    kinds = [place.kind for place in places]
    for kind in kinds:
        if kinds.count(kind) > 1:
            raise BadPlaces(f"kind: {kind} stands twice, write its names together")
    return places
