"""Does an officer read what helps, for every fault that a message can end with?"""

import re
from pathlib import Path

import pytest

from gateway.aggregators import africastalking_sms, eight_by_eight
from immigration.messages.states import State
from immigration.messages.words import STATES, officer_words

ROOT = Path(__file__).parents[2]
SOURCES = ("gateway/aggregators/africastalking_sms.py", "gateway/aggregators/eight_by_eight.py", "workers/sending.py")
CHECKS = ("immigration/messages/departure.py", "immigration/messages/delivery.py", "immigration/messages/sweeping.py")
# africastalking.md 5: what delivery reports give as their reason, with the aggregator's spelling.
REPORTED = (
    "InsufficientCredit",
    "InvalidLinkId",
    "UserIsInactive",
    "UserInBlackList",
    "UserAccountSuspended",
    "NotNetworkSubcriber",
    "NotNetworkSubscriber",
    "UserNotSubscribedToProduct",
    "UserDoesNotExist",
    "DeliveryFailure",
    "DoNotDisturbRejection",
    "systemerror",
    "usermemorycapacityexceeded",
    "AbsentSubscriber",
    "Rejected",
    "Failed",
    "Expired",
    "absent",
    "superseded",
    "erased",
)


def faults_in_the_code() -> set[str]:
    found = {fault for _, fault in africastalking_sms._CODES.values()}
    found |= {*eight_by_eight._ABOUT_MESSAGE.values(), *eight_by_eight._ABOUT_US.values()}
    for file in SOURCES:
        found |= set(re.findall(r'Outcome\([^()]*?, "([a-z -]+)"', (ROOT / file).read_text()))
    for file in CHECKS:
        text = (ROOT / file).read_text()
        found |= set(re.findall(r'fault"?[=:] ?"([a-z ]+)"', text)) | set(
            re.findall(r'State\.[A-Z]+, "([a-z ]+)"(?!:)', text)
        )
    return found


def test_every_fault_that_the_code_gives_has_words_of_its_own() -> None:
    given = faults_in_the_code()
    assert {"invalid number", "no answer", "worker died", "too late", "wrong address", "cap reached"} <= given
    assert (
        sorted(fault for fault in {*given, *REPORTED, "wrong phone"} if "aggregator says" in officer_words(fault)) == []
    )


@pytest.mark.parametrize("fault", [None, ""])
def test_no_fault_needs_no_words(fault: str | None) -> None:
    assert officer_words(fault) == ""


def test_a_word_that_nobody_knows_is_passed_on_with_what_to_do() -> None:
    assert "`EC_9`" in officer_words("EC_9")
    assert "another number" in officer_words("EC_9")


def test_every_state_is_said_in_words() -> None:
    assert set(STATES) == set(State)
