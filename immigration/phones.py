"""Whose phone is it? One parser for every number that comes in.

Rules: domain.md 4.2 (checked with phonenumbers 9.0.43). Numbers are kept in E.164 (ITU-T).
"""

import re
import unicodedata

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberType

_SPACING = re.compile(r"[\s\-().\u2010-\u2015\u00a0]+")
_SHAPE = re.compile(r"\+[1-9][0-9]{7,14}")


class InvalidPhone(ValueError):
    """Not a number that an SMS can reach; `fix` says what to write instead."""

    fix = "write a mobile number such as 081234567890 or +6281234567890"


def _folded(text: str) -> str:
    """Digits of any script as 0-9."""
    return "".join(
        str(unicodedata.digit(character)) if unicodedata.digit(character, -1) >= 0 else character for character in text
    )


def international(text: str) -> str:
    """`text` as `+` and digits, by the forms people and aggregators write. Raises `InvalidPhone`."""
    if _SHAPE.fullmatch(text) and not text.startswith("+620"):
        return text
    folded = text if text.isascii() else _folded(text)
    number = _SPACING.sub("", folded.lstrip("'"))
    if number.startswith("00"):
        number = "+" + number[2:]
    elif number.startswith("0"):
        number = "+62" + number[1:]
    elif number.startswith("8"):
        number = "+62" + number
    elif number and number[0].isdigit():
        # Aggregators without "+" and exports that lost it: the country code is there already.
        number = "+" + number
    number = number.replace("+620", "+62", 1) if number.startswith("+620") else number
    if not _SHAPE.fullmatch(number):
        raise InvalidPhone("phone: not a phone number")
    return number


def parse_phone(text: str) -> str:
    """A citizen's mobile number in E.164. Raises `InvalidPhone` for anything that no SMS reaches."""
    number = international(text)
    if number.startswith("+62"):
        # E.164 already, of a country whose numbers have no leading zero: parsing again would take half the time.
        parsed = PhoneNumber(country_code=62, national_number=int(number[3:]))
    else:
        try:
            parsed = phonenumbers.parse(number, None)
        except NumberParseException:
            raise InvalidPhone("phone: not a phone number") from None
    kind = phonenumbers.number_type(parsed)
    # `is_valid_number` alone also accepts toll-free numbers; number_type is UNKNOWN for what is not valid.
    if kind not in (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE):
        raise InvalidPhone("phone: not a mobile number")
    return number
