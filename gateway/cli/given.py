"""How is what an operator types read? Phones, numbers, references, days and times, each refused with the fix."""

import re
from datetime import date, datetime, time

import click

from immigration.inputs import BadNumber, application_number
from immigration.payments.paying import REFERENCE
from immigration.phones import InvalidPhone, international


class Rfc3339(click.ParamType[datetime]):
    """A moment with its zone, such as 2026-11-24T08:00:00+07:00."""

    name = "RFC3339"

    def convert(self, value: str | datetime, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        try:
            moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not a time such as 2026-11-24T08:00:00+07:00", param, ctx)
        if moment.tzinfo is None:
            self.fail(f"{value!r} names no zone: end it with Z or +07:00", param, ctx)
        return moment


class Day(click.ParamType[date]):
    """A day such as 2026-12-01."""

    name = "YYYY-MM-DD"

    def convert(self, value: str | date, param: click.Parameter | None, ctx: click.Context | None) -> date:
        try:
            return value if isinstance(value, date) else date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not a day such as 2026-12-01", param, ctx)


class TimeOfDay(click.ParamType[time]):
    """A time in the office's zone, such as 13:30."""

    name = "HH:MM"

    def convert(self, value: str | time, param: click.Parameter | None, ctx: click.Context | None) -> time:
        try:
            return value if isinstance(value, time) else _time(value)
        except ValueError:
            self.fail(f"{value!r} is not a time such as 13:30", param, ctx)


def _time(text: str) -> time:
    """Hours and minutes, `9:00` and `13.30` as well. Raises `ValueError`."""
    hours, minutes = text.replace(".", ":").split(":")
    return time(int(hours), int(minutes))


class Phone(click.ParamType[str]):
    """A phone number in any usual form, as E.164."""

    name = "PHONE"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            return international(value)
        except InvalidPhone as fault:
            self.fail(fault.fix, param, ctx)


class ApplicationNumber(click.ParamType[str]):
    """An application's number, with or without spaces."""

    name = "NUMBER"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            return application_number(value)
        except BadNumber:
            self.fail("write the application's 16 digits", param, ctx)


class Billing(click.ParamType[str]):
    """A billing, with or without spaces."""

    name = "BILLING"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        digits = value.replace(" ", "")
        if not (len(digits) == 15 and digits.isascii() and digits.isdigit()):
            self.fail("write the billing's 15 digits", param, ctx)
        return digits


class Ntpn(click.ParamType[str]):
    """The treasury's number of a payment."""

    name = "NTPN"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        reference = value.upper()
        if not REFERENCE.fullmatch(reference):
            self.fail("write the NTPN, 16 letters and digits", param, ctx)
        return reference


class TicketNumber(click.ParamType[int]):
    """A ticket as the citizen has it, such as A26-01234, or by the number behind the dash alone."""

    name = "TICKET"

    def convert(self, value: str | int, param: click.Parameter | None, ctx: click.Context | None) -> int:
        found = re.fullmatch(r"(?:A[0-9]{2}-)?([0-9]{1,18})", str(value).strip().upper())
        if found is None or int(found[1]) == 0:
            self.fail(f"{value!r} is not a ticket such as A26-01234", param, ctx)
        return int(found[1])
