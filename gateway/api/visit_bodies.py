"""What does the back office say to book, move or cancel a visit, and of the day at the office?"""

from typing import Annotated, Final

from pydantic import Field, StringConstraints, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from gateway.api.bodies import Body, Code, Moment, Phone
from immigration.offices.visit_rules import Lane

_SLOT: Final = "A slot's `id`, or else `starts_at`."
_STARTS_AT: Final = "When the session begins; `lane` says in which lane."

SlotId = Annotated[int, Field(ge=1, le=2**63 - 1)]
Number = Annotated[str, StringConstraints(pattern="^[0-9]{16}$")]


def _either(value: object, other: str, info: ValidationInfo) -> None:
    """Exactly one of the two fields is told; `other` is the one that stands before. Raises what names the fault."""
    if other not in info.data:
        return
    if value is None and info.data[other] is None:
        raise PydanticCustomError("fault", "{message}", {"message": f"is missing: write it, or {other}"})
    if value is not None and info.data[other] is not None:
        raise PydanticCustomError("fault", "{message}", {"message": f"goes without {other}: leave one of them out"})


class PlaceBody(Body):
    """Which seat: a slot by its number, or by its lane and its session's beginning."""

    slot: SlotId | None = Field(None, description=_SLOT)
    starts_at: Moment | None = Field(
        None, validate_default=True, description=_STARTS_AT, examples=["2026-12-01T09:00:00+07:00"]
    )

    @field_validator("starts_at")
    @classmethod
    def _one_place(cls, value: object, info: ValidationInfo) -> object:
        _either(value, "slot", info)
        return value


class BookBody(PlaceBody):
    """A visit to be booked, for an application or for a service."""

    office: Code = Field(examples=["SJJ"])
    lane: Lane = Field("general", description="The lane of `starts_at`.")
    application: Number | None = Field(None, description="The application's 16 digits, or else `service`.")
    service: Code | None = Field(None, validate_default=True, description="For somebody without an application.")
    phone: Phone | None = Field(
        None,
        description="A mobile number as people write it; the application's own, if left out.",
        examples=["081234567890"],
    )

    @field_validator("service")
    @classmethod
    def _one_matter(cls, value: object, info: ValidationInfo) -> object:
        _either(value, "application", info)
        return value


class MoveBody(PlaceBody):
    """Where a visit is moved to."""

    lane: Lane | None = Field(None, description="The lane of `starts_at`; the visit's own, if left out.")
    notify: bool = Field(True, description="Tell the citizen by SMS.")


class CancelBody(Body):
    """A visit that is off."""

    notify: bool = Field(True, description="Tell the citizen by SMS.")


class StepBody(Body):
    """Nothing is to be said but that it is so: send `{}`."""


class WalkInBody(Body):
    """Somebody who came without a booking."""

    office: Code = Field(examples=["SJJ"])
    lane: Lane = Field("general", description="priority: those who go first, until the office's hour for it.")
    service: Code | None = Field(None, description="What they come for.")


class CallNextBody(Body):
    """A counter that is free."""

    office: Code = Field(examples=["SJJ"])
    counter: Annotated[int, Field(ge=1, le=500)] = Field(1, description="Which one.")
