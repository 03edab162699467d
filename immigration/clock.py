"""What time is it? One aware, injectable clock for the whole product."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The present moment, aware, in UTC (architecture fact 9: no naive datetime anywhere)."""
    return datetime.now(UTC)
