"""When may a message that can wait go out? Not in the office's quiet hours."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class QuietHours:
    """From one local time of day until another, over midnight where the end is earlier; equal times: never quiet."""

    begins: time
    ends: time

    @classmethod
    def parse(cls, text: str) -> "QuietHours | None":
        """`20:00-07:00`; empty: none. Raises `ValueError`."""
        if not text:
            return None
        begins, _, ends = text.partition("-")
        return cls(time.fromisoformat(begins), time.fromisoformat(ends))

    def until(self, moment: datetime, zone: ZoneInfo) -> datetime:
        """The first moment from this one on that is not quiet in this zone."""
        local = moment.astimezone(zone)
        clock = local.time()
        if self.begins == self.ends:
            return moment
        over_midnight = self.begins > self.ends
        quiet = (clock >= self.begins or clock < self.ends) if over_midnight else self.begins <= clock < self.ends
        if not quiet:
            return moment
        day = local.date() + timedelta(days=int(over_midnight and clock >= self.begins))
        return datetime.combine(day, self.ends, tzinfo=zone).astimezone(moment.tzinfo)
