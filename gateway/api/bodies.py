"""What may the back office write? The bodies of its calls, checked to the last field before a rule sees them."""

import re
import unicodedata
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)
from pydantic_core import PydanticCustomError

from immigration.applications.record import Billing, Details, Record
from immigration.applications.states import Status
from immigration.payments.paying import REFERENCE
from immigration.payments.settling import Outcome
from immigration.people import Language
from immigration.phones import InvalidPhone, parse_phone

# RFC 3339 section 5.6, which Python's own parser accepts much more than.
_MOMENT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})?"
)
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# "Today" of a birth date is the offices' (domain.md 4.4); an hour more or less in the east does no harm.
_ZONE: Final = ZoneInfo("Asia/Jakarta")
_EARLIEST: Final = 2000
_LATEST: Final = 2100
_OLDEST_YEARS: Final = 130
_CLOCKS_APART: Final = timedelta(minutes=5)
# A billing of SIMPONI for a passport lapses within days; what is due later is a slip of the pen.
_DUE_WITHIN: Final = timedelta(days=7)
_PHONE_LENGTH: Final = 40


def _fault(message: str) -> PydanticCustomError:
    return PydanticCustomError("fault", "{message}", {"message": message})


def _now(info: ValidationInfo) -> datetime:
    assert info.context is not None
    now: datetime = info.context["now"]
    return now


def _moment(value: Any) -> datetime:
    shape = _MOMENT.fullmatch(value) if isinstance(value, str) else None
    if shape is None:
        raise _fault("write a time as RFC 3339, such as 2026-11-24T10:00:00+07:00")
    if shape[2] is None:
        raise _fault("has no offset from UTC: add it, such as +07:00")
    try:
        moment = datetime.fromisoformat(value.upper())
    except ValueError:
        raise _fault("there is no such time: write it as 2026-11-24T10:00:00+07:00") from None
    if not _EARLIEST <= moment.year < _LATEST:
        raise _fault(f"write a year from {_EARLIEST} to {_LATEST - 1}")
    return moment


def _day(value: Any) -> date:
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise _fault("write a date as 2026-11-24")
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise _fault("there is no such day: write a date as 2026-11-24") from None


def _near(day: date) -> date:
    if not _EARLIEST <= day.year < _LATEST:
        raise _fault(f"write a year from {_EARLIEST} to {_LATEST - 1}")
    return day


def _birth(day: date, info: ValidationInfo) -> date:
    today = _now(info).astimezone(_ZONE).date()
    if day > today:
        raise _fault("lies in the future")
    if today.year - day.year > _OLDEST_YEARS:
        raise _fault(f"lies more than {_OLDEST_YEARS} years back")
    return day


def _happened(moment: datetime, info: ValidationInfo) -> datetime:
    if moment > _now(info) + _CLOCKS_APART:
        raise _fault("lies in the future: write when it happened, or leave it out")
    return moment


def _due(moment: datetime, info: ValidationInfo) -> datetime:
    if moment > _now(info) + _DUE_WITHIN:
        raise _fault(f"lies more than {_DUE_WITHIN.days} days ahead")
    return moment


def _phone(value: Any) -> str:
    if not isinstance(value, str) or len(value) > _PHONE_LENGTH:
        raise _fault(f"is no phone number: {InvalidPhone.fix}")
    try:
        return parse_phone(value)
    except InvalidPhone as fault:
        raise _fault(f"{str(fault).removeprefix('phone: ')}: {fault.fix}") from None


def _reference(value: Any) -> str:
    if not isinstance(value, str) or not value.isascii() or not REFERENCE.fullmatch(value.upper()):
        raise _fault("write the NTPN, 16 letters and digits")
    return value.upper()


def _printable(text: str) -> str:
    # Control characters, halves of surrogate pairs and line separators: neither a screen nor PostgreSQL takes them.
    if any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in text):
        raise _fault("holds a control character or a line break: leave it out")
    return text


def _bounded(longest: int) -> StringConstraints:
    return StringConstraints(strip_whitespace=True, min_length=1, max_length=longest)


_DAY_SCHEMA: Final = WithJsonSchema({"type": "string", "format": "date"})
Moment = Annotated[datetime, BeforeValidator(_moment), WithJsonSchema({"type": "string", "format": "date-time"})]
Day = Annotated[date, BeforeValidator(_day), AfterValidator(_near), _DAY_SCHEMA]
BirthDate = Annotated[date, BeforeValidator(_day), AfterValidator(_birth), _DAY_SCHEMA]
Phone = Annotated[
    str,
    BeforeValidator(_phone),
    WithJsonSchema({"type": "string", "minLength": 8, "maxLength": _PHONE_LENGTH}),
]
Happened = Annotated[Moment, AfterValidator(_happened)]
Code = Annotated[str, StringConstraints(pattern="^[A-Z0-9]{1,12}$")]
Reference = Annotated[
    str, BeforeValidator(_reference), WithJsonSchema({"type": "string", "pattern": "^[0-9A-Za-z]{16}$"})
]
Name = Annotated[str, _bounded(200), AfterValidator(_printable)]
Missing = Annotated[str, _bounded(200), AfterValidator(_printable)]
Receipt = Annotated[str, _bounded(40), AfterValidator(_printable)]
Note = Annotated[str, _bounded(1000), AfterValidator(_printable)]


class Body(BaseModel):
    """What every body is: each field of its own type, and none that we do not know."""

    model_config = ConfigDict(strict=True, extra="forbid")


class ApplicantBody(Body):
    """Whose application it is. The NIK has no place here: we neither need nor want it."""

    name: Name
    birth_date: BirthDate
    phone: Phone | None = Field(
        None,
        description="A mobile number as people write it; none where nobody knows one.",
        examples=["081234567890"],
    )
    language: Language | None = Field(None, description="Which language to speak; the caller's own choice wins.")
    consent: bool = Field(False, description="Whether the applicant agreed to be sent messages.")


class PaymentBody(Body):
    """What is to be paid, and until when."""

    billing: Annotated[str, StringConstraints(pattern="^[0-9]{15}$")] = Field(description="15 digits of SIMPONI.")
    amount: Annotated[int, Field(ge=1, le=1_000_000_000)] = Field(description="Whole rupiah.")
    due_at: Annotated[Moment, AfterValidator(_due)] = Field(description="At most 7 days ahead.")


class DetailsBody(Body):
    """What a state needs said with it. Told again with the same state, these replace what was told."""

    missing: Missing | None = Field(None, description="Which papers are missing, in the citizen's words.")
    receipt: Receipt | None = Field(None, description="The postal receipt.")
    due_on: Day | None = Field(None, description="The last day on which to do what is asked.")
    ready_on: Day | None = Field(None, description="The day on which it is ready.")
    valid_until: Day | None = Field(None, description="The last day of a permit.")

    def details(self) -> Details:
        """As the rules take it."""
        return Details(**dict(self))


class ApplicationBody(Body):
    """An application as it is now."""

    service: Code = Field(examples=["P10"])
    office: Code = Field(examples=["SJJ"])
    applicant: ApplicantBody
    status: Status
    payment: PaymentBody | None = Field(None, description="Left out, the payment on record stays.")
    details: DetailsBody | None = Field(None, description="Left out, what was told with the same state stays.")
    occurred_at: Happened | None = Field(
        None, description="When the state came about; now, if left out. Older news goes to the history alone."
    )
    notify: bool = Field(False, description="Tell the applicant by SMS what changed.")

    def record(self, number: str) -> Record:
        """As the rules take it."""
        return Record(
            number=number,
            office=self.office,
            service=self.service,
            status=self.status,
            phone=self.applicant.phone,
            name=self.applicant.name,
            birth_date=self.applicant.birth_date,
            language=self.applicant.language,
            consent=self.applicant.consent,
            details=Details() if self.details is None else self.details.details(),
            payment=None if self.payment is None else Billing(**dict(self.payment)),
            occurred_at=self.occurred_at,
        )


class StatusBody(Body):
    """A step of an application."""

    status: Status
    occurred_at: Happened | None = Field(
        None, description="When it happened; now, if left out. Older news goes to the history alone."
    )
    details: DetailsBody | None = Field(None, description="Left out, what was told with the same state stays.")
    notify: bool = Field(True, description="Tell the applicant by SMS what changed.")
    correction: bool = Field(False, description="Go past the known transitions; say why in `note`.")
    note: Note | None = Field(None, validate_default=True, description="Why; needed with a correction, only then.")

    @field_validator("note")
    @classmethod
    def _goes_with_a_correction(cls, note: str | None, info: ValidationInfo) -> str | None:
        correction = info.data.get("correction", False)
        if correction and note is None:
            raise _fault("is missing: a correction says why")
        if note is not None and not correction and "correction" in info.data:
            raise _fault("goes with a correction alone: add correction: true, or leave it out")
        return note


class PaidBody(Body):
    """That a billing was paid."""

    paid_at: Happened = Field(description="When the bank took the money.")
    reference: Reference = Field(
        description="The NTPN of the receipt, 16 letters and digits.", examples=["1A2B3C4D5E6F7G8H"]
    )


class DisputeBody(Body):
    """Why a payment is to be looked into."""

    note: Note = Field(description="What is wrong; kept in the application's history.")


class SettleBody(Body):
    """What was found out about a disputed payment."""

    outcome: Outcome = Field(description="`paid`: it counts. `cancelled`: it does not.")


class TicketAnswerBody(Body):
    """An officer's answer."""

    text: Note = Field(description="Goes out as one SMS that begins with the office's name.")
