"""What does a fault mean for an officer, and what helps? One sentence for each fault that a message can have."""

from typing import Final

from immigration.messages.states import State

_ANOTHER: Final = "ask the applicant for another number"
_ACCOUNT: Final = "put it right in the aggregator's account, then `channels resume`"
_BY_ITSELF: Final = "it is tried again by itself"
_OPERATOR: Final = "tell whoever runs this system"

_WORDS: Final[dict[str, str]] = {
    # The number.
    "invalid number": f"the number does not exist: {_ANOTHER}",
    "userdoesnotexist": f"the number does not exist: {_ANOTHER}",
    "unsupported number": f"no SMS reaches this kind of number: {_ANOTHER}",
    "no route": f"the aggregator does not reach this number's network: {_ANOTHER}",
    "notnetworksubscriber": f"the number is no longer in use on its network: {_ANOTHER}",
    # The aggregator's own spelling.
    "notnetworksubcriber": f"the number is no longer in use on its network: {_ANOTHER}",
    "userisinactive": f"the number is not in use: {_ANOTHER}",
    "useraccountsuspended": f"the network has blocked the number: {_ANOTHER}",
    "no phone": "the application has no phone any more, so nobody was written to: ask the applicant for one",
    "wrong phone": f"whoever has this phone says that it is not the applicant's: {_ANOTHER}",
    # The person.
    "opted out": "the person has asked for no such messages: call them, or tell them at the counter",
    "userinblacklist": "the person has asked their network for no messages of ours: call them instead",
    "usernotsubscribedtoproduct": "the person has not asked their network for such messages: call them instead",
    "case is gone": "the application is no longer on record",
    "nothing is due": "it was paid, or there is another billing",
    "state changed": "the application has moved on",
    "date changed": "it counts from another date now",
    "no consent": "the applicant has not agreed to reminders",
    "erased": "the person asked to be forgotten",
    "fault of ours": f"something failed here while it was leaving, so nobody can tell whether it went out: {_OPERATOR}",
    "do not disturb": f"the network lets nothing through at this hour: {_BY_ITSELF}",
    "donotdisturbrejection": "the network let nothing through at that hour: send it again in the daytime",
    # The phone at that moment.
    "absent": "the phone was off or without signal: the network may still deliver it; if not, send it again",
    "absentsubscriber": "the phone was off or without signal: send it again",
    "usermemorycapacityexceeded": "the phone's memory for messages is full: send it again tomorrow",
    "expired": "the phone was not reached for as long as the network tries: send it again, or call",
    "deliveryfailure": f"the network could not deliver it: send it again; if that fails as well, {_ANOTHER}",
    "failed": f"the network could not deliver it: send it again; if that fails as well, {_ANOTHER}",
    "rejected": f"the network refused it: send it again; if that fails as well, {_ANOTHER}",
    # Our account with the aggregator.
    "no credit": "the credit is used up: top up the account, then `channels resume`",
    "insufficientcredit": "the credit was used up: top up the account, then send it again",
    "invalid sender": f"the sender's name is not registered: {_ACCOUNT}",
    "credentials refused": f"the aggregator refuses our user name or key: {_ACCOUNT}",
    "forbidden": f"the aggregator does not let us send: {_ACCOUNT}",
    "unknown sub-account": f"the aggregator does not know our account: {_ACCOUNT}",
    "wrong address": f"the aggregator's address in the settings is wrong: {_OPERATOR}, then `channels resume`",
    "risk hold": "the aggregator holds it as suspicious: ask them why",
    # The aggregator at that moment.
    "aggregator error": f"the aggregator has a fault of its own: {_BY_ITSELF}",
    "systemerror": "the network had a fault of its own: send it again",
    "gateway error": f"the network has a fault of its own: {_BY_ITSELF}",
    "rejected by gateway": f"the network refused it: send it again; if that fails as well, {_ANOTHER}",
    "throttled": f"more was sent than the aggregator takes at a time: {_BY_ITSELF}",
    "not reached": f"the aggregator could not be reached: {_BY_ITSELF}",
    "refused": f"the aggregator refused it without saying why: {_OPERATOR} if it goes on",
    "no answer": "the aggregator did not answer, so it may have gone out: ask the applicant before you send it again",
    "unreadable answer": "the aggregator's answer made no sense, so it may have gone out: ask the applicant "
    "before you send it again",
    "worker died": "the sending was cut off, so it may have gone out: ask the applicant before you send it again",
    # The message.
    "bad encoding": f"the aggregator could not read the text: {_OPERATOR}",
    "bad text": f"the aggregator could not read the text: {_OPERATOR}",
    "bad id": f"the aggregator could not read the message: {_OPERATOR}",
    "invalidlinkid": f"the aggregator could not read the message: {_OPERATOR}",
    "too late": "it could not be sent while it still made sense: tell the applicant if it is still of use",
    "superseded": "newer news of the same application took its place",
    "visit changed": "the visit was moved or cancelled, or the offer is over",
    "cap reached": "the day's cap on messages is reached: it waits; look for what sends so many",
}

STATES: Final[dict[State, str]] = {
    State.QUEUED: "waits to be sent",
    State.CLAIMED: "is about to be sent",
    State.SUBMITTING: "is being sent",
    State.UNKNOWN: "may or may not have gone out",
    State.SUBMITTED: "was taken by the aggregator, whose report is awaited",
    State.DELIVERED: "has reached the phone",
    State.FAILED: "did not reach the phone",
    State.EXPIRED: "was not sent in time",
    State.CANCELLED: "was called off before it was sent",
    State.SUPPRESSED: "was not sent: the person wants none",
}
"""What each state says of a message, after "it"."""


def officer_words(fault: str | None) -> str:
    """What went wrong and what helps; empty where nothing did."""
    if not fault:
        return ""
    known = _WORDS.get(fault.lower())
    return known or f"the aggregator says `{fault}`: send it again; if that fails as well, {_ANOTHER}"
