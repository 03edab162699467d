"""Is each kind of fault described, and read from text as it is meant?"""

from typing import get_args

import pytest

from gateway.simulator.faults import FAULT_KINDS, Fault, FaultKind


def test_every_kind_of_fault_is_described() -> None:
    assert set(FAULT_KINDS) == set(get_args(FaultKind))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("hang", Fault("hang")),
        ("429:30", Fault("429", 30)),
        ("slow:2", Fault("slow", 2.0)),
        ("refuse:405", Fault("refuse", 405)),
        (" refuse ", Fault("refuse")),
        ("redirect:http://127.0.0.1:9/x", Fault("redirect", "http://127.0.0.1:9/x")),
    ],
)
def test_a_fault_is_read_from_text(text: str, fault: Fault) -> None:
    assert Fault.parse(text) == fault


@pytest.mark.parametrize(
    "text",
    ["", "sulk", "hang:3", "slow", "slow:x", "slow:-1", "slow:nan", "slow:inf", "429:soon", "429:-1", "refuse:200"],
)
def test_a_fault_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"known are 500, 503|does not fit"):
        Fault.parse(text)
