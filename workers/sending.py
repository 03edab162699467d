"""How do messages leave? A drain claims what is due, sends it on a few threads, and goes on until nothing is due.

One thread alone speaks to the database: each of its rounds settles the answers that came and marks as many new
messages as threads became free, in one transaction. So a death leaves only what was on the wire as `unknown`.
"""

import math
import os
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.aggregators.sms import Outcome, Sms, SmsChannel
from immigration.clock import Clock
from immigration.contacts import choose
from immigration.database import Database, is_unreachable
from immigration.messages import channels, delivery, departure, reports
from immigration.messages.delivery import Result
from immigration.messages.departure import Ready
from immigration.messages.outbox import Outbox
from immigration.messages.spending import Caps, Refunds, refund
from immigration.messages.tables import Message
from workers.pace import Pace
from workers.routes import Routes

# RejectedByGateway is worth a second try, no more (africastalking.md 4.4).
_REJECTED: Final = "rejected by gateway"
_OPTED_OUT: Final = "opted out"
_REFUSED: Final = frozenset({"retry", "channel", "permanent"})
_LOG: Final = structlog.get_logger("sms")
_SOON_S: Final = 0.05
_LOOK_AGAIN_S: Final = 0.25
_LISTEN_S: Final = 1.0
_LAST_ANSWERS_S: Final = 15.0
_LAST_TRIES_S: Final = 20.0


@dataclass(frozen=True)
class Effort:
    """How hard a worker works: threads that send, and the lease on what it holds."""

    threads: int = 32
    lease: timedelta = timedelta(seconds=30)


@dataclass
class Counts:
    """What a drain did."""

    accepted: int = 0
    again: int = 0
    failed: int = 0
    unknown: int = 0
    cut_short: bool = False

    def told(self) -> dict[str, int]:
        """The counts by name."""
        return {
            "messages_accepted": self.accepted,
            "messages_again": self.again,
            "messages_failed": self.failed,
            "messages_in_doubt": self.unknown,
        }

    def add(self, result: Result) -> None:
        """Count one result."""
        match result.kind:
            case "accepted":
                self.accepted += 1
            case "retry" | "channel":
                self.again += 1
            case "permanent":
                self.failed += 1
            case "unknown":
                self.unknown += 1


class Sender:
    """A process's part in sending. Its threads and their connections live as long as the process."""

    def __init__(
        self,
        database: Database,
        outbox: Outbox,
        routes: Routes,
        pace: Pace,
        clock: Clock,
        caps: Caps,
        effort: Effort,
    ) -> None:
        self.database = database
        self.outbox = outbox
        self.routes = routes
        self.pace = pace
        self.clock = clock
        self.caps = caps
        self.effort = effort
        self.pool = ThreadPoolExecutor(effort.threads, thread_name_prefix="sms")
        self.stuck: set[Future[Outcome]] = set()

    @property
    def free(self) -> int:
        """Threads that can send: all but those that an endless answer holds."""
        self.stuck = {future for future in self.stuck if not future.done()}
        return self.effort.threads - len(self.stuck)

    def close(self) -> None:
        """Wait for what is on the wire and end the threads."""
        self.pool.shutdown()

    def drain(
        self,
        stop: Callable[[], bool] = lambda: False,
        *,
        slice_s: float = math.inf,
        at: Clock | None = None,
        plenty: Callable[[], None] = lambda: None,
    ) -> Counts:
        """Send until nothing is due, told to stop, or past the slice. Raises the database's errors.

        `at` is the time by which messages are due, late and quiet (none: the real clock's, by which leases run);
        `plenty` is called where more is due than one worker takes at once. What is on the wire is waited for and
        settled whatever happens; what was only claimed is given back.
        """
        began = time.monotonic()
        run = _Drain(self, at or self.clock, plenty)
        run.run(lambda: stop() or time.monotonic() - began > slice_s)
        return run.counts


class _Drain:
    """One run: what is claimed, on the wire, and answered."""

    def __init__(self, sender: Sender, at: Clock, plenty: Callable[[], None]) -> None:
        self._parts = sender
        self._at = at
        self._plenty = plenty
        self._lease = os.urandom(16)
        self._claimed: deque[int] = deque()
        self._flying: dict[Future[Outcome], Ready] = {}
        self._answers: list[tuple[Ready, Outcome]] = []
        self._closed: set[str] = set()
        self._grants: dict[str, int] = {}
        self._has_plenty = False
        self._look_again_at = 0.0
        self._claim_again_at = 0.0
        self.counts = Counts()

    def run(self, over: Callable[[], bool]) -> None:
        """The drain."""
        try:
            while True:
                self._collect()
                stopping = over()
                went_on = self._round(stopping)
                if self._flying:
                    continue
                if stopping or not self._claimed:
                    self.counts.cut_short = stopping
                    break
                if not went_on:
                    # Held up by its pace, or by a privacy text that another worker has on the wire.
                    time.sleep(_SOON_S)
        finally:
            self._leave()

    def _collect(self) -> None:
        """Take the answers that have come; wait for one, but not so long that something new would wait as well."""
        if not self._flying:
            return
        full = len(self._flying) >= self._parts.free
        patience = _LISTEN_S if full else _SOON_S if self._claimed else _LOOK_AGAIN_S
        done, _ = wait(self._flying, timeout=patience, return_when=FIRST_COMPLETED)
        self._answers += [(self._flying.pop(future), future.result()) for future in done]

    def _round(self, stopping: bool) -> bool:
        """Settle what was answered, launch as many as may go, and claim for the next round, in one transaction.

        Whether it launched or claimed any.
        """
        room = 0 if stopping else self._parts.free - len(self._flying)
        if not self._answers and room <= 0:
            return False
        # Redis is asked and told outside the transaction: while it hangs, nobody else could write.
        chosen = [self._claimed.popleft() for _ in range(self._granted(min(room, len(self._claimed))))]
        try:
            with self._parts.database.writing() as session:
                now = self._parts.clock()
                results, refunds = self._settle(session, now)
                ready, later = self._depart(session, chosen, refunds, now)
                taken = self._claim(session, room, now)
        except Exception:
            self._claimed.extend(chosen)
            raise
        # Behind the others: what they wait for may be among those.
        self._claimed.extend(later)
        # A lease that ran out under us may have brought back what we hold.
        held = set(self._claimed)
        self._claimed.extend(id_ for id_ in taken if id_ not in held)
        if self._has_plenty:
            self._has_plenty = False
            self._plenty()
        self._answers.clear()
        self._tell(results)
        for one in ready:
            channel = self._parts.routes.channels[one.channel]
            self._flying[self._parts.pool.submit(_send, channel, Sms(one.phone, one.text, one.uid.hex()))] = one
        return bool(ready or taken)

    def _depart(
        self, session: Session, chosen: list[int], refunds: Refunds, now: datetime
    ) -> tuple[list[Ready], list[int]]:
        if not chosen:
            refund(session, refunds)
            return [], []
        ready, later, ended = departure.depart(
            session,
            self._parts.outbox,
            self._lease,
            chosen,
            lambda office, wish: self._parts.routes.choose(office, wish, self._closed),
            self._spend_grant,
            self._parts.caps,
            refunds,
            {one.id for one in self._flying.values()}.union(chosen, self._claimed),
            now=self._at(),
            at=now,
            until=now + self._parts.effort.lease,
        )
        for fault, count in ended.items():
            _LOG.warning("messages not sent", reason=fault, count=count)
        return ready, later

    def _granted(self, wanted: int) -> int:
        """How many may leave at their channels' pace; what a channel was granted and did not need it keeps."""
        opened = self._parts.routes.channels.keys() - self._closed
        if wanted <= 0 or not opened:
            # With all channels closed they are looked at all the same, and given back.
            return max(wanted, 0)
        for channel in opened:
            kept = self._grants.get(channel, 0)
            self._grants[channel] = kept + self._parts.pace.take(channel, wanted - kept)
        return min(wanted, sum(self._grants.values()))

    def _spend_grant(self, channel: str) -> bool:
        left = self._grants.get(channel, 0)
        self._grants[channel] = max(0, left - 1)
        return left > 0

    def _claim(self, session: Session, room: int, now: datetime) -> list[int]:
        """Have enough for the next round; not asked again at once where the last answer was that nothing is due."""
        if room <= 0 or len(self._claimed) >= room:
            return []
        if self._flying and time.monotonic() < self._claim_again_at:
            return []
        if time.monotonic() >= self._look_again_at:
            self._closed = channels.closed(session, now)
            self._look_again_at = time.monotonic() + _LOOK_AGAIN_S
        offices = None
        if self._closed:
            every = self._parts.outbox.catalogue().offices
            offices = [office for office in every if self._parts.routes.choose(office, None, self._closed)]
        wanted = 2 * self._parts.effort.threads - len(self._claimed)
        taken = delivery.claim(session, self._lease, wanted, self._at(), now + self._parts.effort.lease, offices)
        self._has_plenty = len(taken) == wanted
        if not self._has_plenty:
            self._claim_again_at = time.monotonic() + _LOOK_AGAIN_S
        return taken

    def _settle(self, session: Session, now: datetime) -> tuple[list[Result], Refunds]:
        results = [self._result(one, outcome) for one, outcome in self._answers]
        delivery.settle(session, self._lease, results, now, again_from=max(now, self._at()))
        refunds = Refunds()
        for (one, _), result in zip(self._answers, results, strict=True):
            if result.kind in _REFUSED:
                refunds[one.office, one.day] += one.segments
        by_channel: dict[str, list[str]] = {}
        for result in results:
            if result.kind == "accepted" and result.aggregator_id is not None:
                by_channel.setdefault(result.channel, []).append(result.aggregator_id)
            if result.kind == "channel":
                self._look_again_at = 0.0
            if result.fault == _OPTED_OUT:
                opted_out(session, result.message_id, now)
        for one, outcome in self._answers:
            # Not where only this phone is not to be disturbed.
            if outcome.holds_channel and outcome.retry_after_s is not None:
                channels.hold(session, one.channel, now + timedelta(seconds=outcome.retry_after_s))
                self._look_again_at = 0.0
        for channel, ids in by_channel.items():
            reports.match_answered(session, channel, ids, now)
        return results, refunds

    def _result(self, one: Ready, outcome: Outcome) -> Result:
        kind = outcome.kind
        if outcome.fault == _REJECTED and one.attempts > 1:
            kind = "permanent"
        onward = None
        if kind in ("retry", "channel"):
            onward = self._parts.routes.after(one.office, one.channel, self._closed)
        return Result(
            message_id=one.id,
            channel=one.channel,
            kind=kind,
            fault=outcome.fault,
            aggregator_id=outcome.aggregator_id,
            retry_after_s=outcome.retry_after_s,
            word=outcome.word,
            next_channel=onward,
            office=one.office,
        )

    def _leave(self) -> None:
        """Wait for what is on the wire, settle it, give the rest back."""
        done, stuck = wait(self._flying, timeout=_LAST_ANSWERS_S)
        self._answers += [(self._flying[future], future.result()) for future in done]
        # Whoever sends a byte now and then can hold a thread for ever; its message is in doubt by its lease.
        self._parts.stuck |= stuck
        self._flying.clear()
        if not self._answers and not self._claimed:
            return
        until = time.monotonic() + _LAST_TRIES_S
        while True:
            try:
                with self._parts.database.writing() as session:
                    results, refunds = self._settle(session, self._parts.clock())
                    refund(session, refunds)
                    delivery.put_off(session, self._lease, list(self._claimed), None)
            except Exception as fault:
                # Otherwise the lease would make `unknown` of what is known.
                if time.monotonic() > until or not is_unreachable(fault):
                    raise
                time.sleep(_LOOK_AGAIN_S)
            else:
                break
        self._tell(results)
        self._answers.clear()
        self._claimed.clear()

    def _tell(self, results: list[Result]) -> None:
        """Count what was settled, and leave a line of what did not go out."""
        for result in results:
            self.counts.add(result)
            if result.kind == "channel":
                _LOG.error("channel paused", channel=result.channel, reason=result.fault)
            elif result.kind != "accepted":
                _LOG.warning("message not sent", channel=result.channel, outcome=result.kind, reason=result.fault)


def _send(channel: SmsChannel, sms: Sms) -> Outcome:
    """The outcome, whatever happens: what is lost here would be `unknown` only by its lease."""
    try:
        return channel.send(sms)
    except Exception as fault:
        _LOG.exception("channel failed", channel=channel.name)
        return Outcome("unknown", "fault of ours", word=type(fault).__name__)


def opted_out(session: Session, message_id: int, now: datetime) -> None:
    """The carrier says that this phone wants no messages of ours."""
    phone_hash = session.scalar(select(Message.phone_hash).where(Message.id == message_id))
    if phone_hash is not None:
        choose(session, phone_hash, "reminders", False, "aggregator", "", now)
