"""Which state of a message outranks which? One table, applied in SQL, so that news may come in any order, and twice.

queued -> claimed -> submitting -> submitted -> delivered | failed; `unknown` where nobody can tell whether the
aggregator took it; expired, cancelled and suppressed never left.
"""

from enum import StrEnum
from typing import Final


class State(StrEnum):
    """Where a message is."""

    QUEUED = "queued"
    CLAIMED = "claimed"
    SUBMITTING = "submitting"
    UNKNOWN = "unknown"
    SUBMITTED = "submitted"
    DELIVERED = "delivered"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    SUPPRESSED = "suppressed"


RANK: Final[dict[State, int]] = {
    State.QUEUED: 0,
    State.CLAIMED: 1,
    State.SUBMITTING: 2,
    State.UNKNOWN: 3,
    State.SUBMITTED: 4,
    State.FAILED: 6,
    State.DELIVERED: 6,
    State.EXPIRED: 6,
    State.CANCELLED: 6,
    State.SUPPRESSED: 6,
}
"""News changes a message only where its rank is higher than the rank on record: the first end holds."""

ABSENT_RANK: Final = 5
"""A phone that was off: failed, unless the report still comes that it was reached (africastalking.md 5)."""

PENDING: Final = (State.QUEUED.value, State.CLAIMED.value)
"""Not begun: may still be cancelled."""

UNSETTLED: Final = (*PENDING, State.SUBMITTING.value)
