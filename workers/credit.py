"""How much credit is left? Looked at every ten minutes, so that somebody is told before a channel pauses."""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Final

import structlog
from sqlalchemy import update

from gateway.aggregators.sms import SmsChannel
from immigration.database import Database
from immigration.messages.delivery import ensure_channel
from immigration.messages.tables import Channel
from immigration.tasks import finish_about, open_task

_AMOUNT: Final = re.compile(r"([0-9][0-9,]*(?:\.[0-9]+)?)")


def check(database: Database, channels: Iterable[SmsChannel], low: int, now: datetime) -> dict[str, int]:
    """Ask each channel and keep its answer; a task where less than `low` is left, in the account's own currency."""
    asked = {channel.name: balance for channel in channels if (balance := channel.balance()) is not None}
    for name, balance in asked.items():
        left = amount(balance)
        with database.writing() as session:
            ensure_channel(session, name)
            session.execute(
                update(Channel)
                .where(Channel.name == name)
                .values(balance=balance, balance_at=now)
                .execution_options(synchronize_session=False)
            )
            if left is not None and left < low:
                structlog.get_logger("sms").warning("credit is low", channel=name)
                words = f"channel {name} has {balance} left: top it up before it pauses"
                open_task(session, "low_credit", name, words, now)
            elif left is not None:
                finish_about(session, "low_credit", name, "clock", now)
    return {"channels_asked": len(asked)}


def amount(balance: str) -> float | None:
    """The number in `IDR 1000.00`; none where there is none."""
    found = _AMOUNT.search(balance)
    return None if found is None else float(found[1].replace(",", ""))
