"""Which way does a message go? Each office's channels in order of choice, past those that are closed."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.aggregators.sms import SmsChannel


@dataclass(frozen=True)
class Routes:
    """Which way do messages go? The channels by name, and each office's in order of choice (others: `default`)."""

    channels: Mapping[str, SmsChannel]
    default: tuple[str, ...]
    by_office: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def of(self, office: str) -> tuple[str, ...]:
        """The channels of an office, first choice first."""
        return self.by_office.get(office, self.default)

    def choose(self, office: str, wish: str | None, closed: set[str]) -> str | None:
        """The channel to take now: the wish if it is open, else the first that is."""
        opened = [name for name in self.of(office) if name not in closed]
        return wish if wish in opened else opened[0] if opened else None

    def after(self, office: str, tried: str, closed: set[str]) -> str | None:
        """Another open channel than the one that surely did not accept; none where there is no other."""
        return next((name for name in self.of(office) if name != tried and name not in closed), None)
