"""Whose phone is it? Every way of writing a number that domain.md 4.2 names, and what is no mobile number."""

import pytest

from immigration.phones import InvalidPhone, international, parse_phone

SITI = "+6281234567890"


@pytest.mark.parametrize(
    "written",
    [
        "081234567890",
        "81234567890",
        "6281234567890",
        "+6281234567890",
        "006281234567890",
        "+62081234567890",
        "0812-3456-7890",
        "0812 3456 7890",
        "(0812) 3456.7890",
        " 0812\u00a03456\u20137890 ",
        "'081234567890",
        "٠٨١٢٣٤٥٦٧٨٩٠",
        "０８１２３４５６７８９０",
    ],
)
def test_one_phone_is_one_number_however_it_is_written(written: str) -> None:
    assert parse_phone(written) == SITI


@pytest.mark.parametrize(
    ("operator", "prefixes"),
    [
        ("Telkomsel", "0811 0812 0813 0821 0822 0823 0851 0852 0853"),
        ("Indosat", "0814 0815 0816 0855 0856 0857 0858 0895 0896 0897 0898 0899"),
        ("XL", "0817 0818 0819 0859 0877 0878 0879"),
        ("AXIS", "0831 0832 0833 0838"),
        ("Smartfren", "0881 0882 0883 0887 0888 0889"),
    ],
)
def test_every_operators_numbers_are_mobile(operator: str, prefixes: str) -> None:
    for prefix in prefixes.split():
        assert parse_phone(f"{prefix}12345678"[:12]).startswith(f"+62{prefix[1:]}"), operator


def test_a_mobile_number_of_another_country_is_kept_as_it_is() -> None:
    assert parse_phone("+60123456789") == "+60123456789"
    assert parse_phone("00 49 1512 3456789") == "+4915123456789"


@pytest.mark.parametrize(
    "written",
    [
        "",
        "abc",
        "0",
        "08",
        "0812",
        "0812345678901234567",
        "0800123456",
        "02112345678",
        "+62215551234",
        "+",
        "++6281234567890",
        "0812345678x0",
        "+0081234567890",
        "²¹²³⁴⁵⁶⁷⁸⁹⁰",
    ],
)
def test_what_no_text_message_reaches_is_refused_with_a_way_out(written: str) -> None:
    with pytest.raises(InvalidPhone, match="phone: not a ") as refused:
        parse_phone(written)
    assert "081234567890" in refused.value.fix
    assert written == "" or written not in str(refused.value)


def test_a_caller_need_not_be_a_mobile_number() -> None:
    # A network that lets a landline or a short test number dial is answered all the same.
    assert international("+62215551234") == "+62215551234"
    assert international("254711000000") == "+254711000000"
