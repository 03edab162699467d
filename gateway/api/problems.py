"""What does a caller read where something is wrong? Problem details (RFC 9457) that name the field, never its value."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Final

from pydantic import BaseModel, Field

from immigration.api_keys import Answer

MEDIA_TYPE: Final = "application/problem+json"
_KINDS: Final = "urn:problem-type:"


class FieldFault(BaseModel):
    """A field that cannot be taken, and what to write instead."""

    field: str = Field(examples=["applicant.phone"])
    message: str = Field(examples=["not a mobile number: write it like 081234567890 or +6281234567890"])


class ProblemDetails(BaseModel):
    """What went wrong (RFC 9457). `type` is `about:blank` where the status says all there is to say."""

    type: str = Field(examples=["urn:problem-type:invalid-fields"])
    title: str
    status: int
    detail: str
    errors: list[FieldFault] = Field(default=[], description="With 400 and 422: one entry per field.")
    possible: list[str] = Field(default=[], description="With an unknown transition: the states that may follow.")


class Problem(Exception):
    """A request ends here, with this status and these words. `kind` makes it one that a program can tell apart."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        kind: str | None = None,
        errors: Sequence[tuple[str, str]] = (),
        possible: Sequence[str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.headers = dict(headers or {})
        told = ProblemDetails(
            type="about:blank" if kind is None else _KINDS + kind,
            title=HTTPStatus(status).phrase,
            status=status,
            detail=detail,
        )
        if errors:
            told.errors = [FieldFault(field=field, message=message) for field, message in errors]
        if possible is not None:
            told.possible = list(possible)
        self.answer = Answer(status, told.model_dump_json(exclude_unset=True))


def invalid_fields(errors: Sequence[tuple[str, str]]) -> Problem:
    """The problem of a request that is readable, with these fields to put right."""
    named = ", ".join(dict.fromkeys(field for field, _ in errors))
    return Problem(422, f"Put right and send again: {named}.", kind="invalid-fields", errors=errors)
