"""How much credit is left? Looked at every ten minutes, so that somebody is told before a channel pauses."""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Final

import structlog
from sqlalchemy import update

from gateway.aggregators.sms import SmsChannel
from immigration.database import Database
from immigration.messages.channels import ensure
from immigration.messages.tables import Channel
from immigration.tasks import finish_about, open_task

_AMOUNT: Final = re.compile(r"([A-Za-z]{3}) *([0-9][0-9,]*(?:\.[0-9]+)?)")


def check(database: Database, channels: Iterable[SmsChannel], low: str, now: datetime) -> dict[str, int]:
    """Ask each channel and keep its answer; a task where less than `low` (`IDR 100000`) is left.

    An account in another currency is not judged: nobody said what is little there.
    """
    asked = {channel.name: balance for channel in channels if (balance := channel.balance()) is not None}
    for name, balance in asked.items():
        least, left = amount(low), amount(balance)
        short = least is not None and left is not None and left[0] == least[0] and left[1] < least[1]
        with database.writing() as session:
            ensure(session, name)
            session.execute(
                update(Channel)
                .where(Channel.name == name)
                .values(balance=balance, balance_at=now)
                .execution_options(synchronize_session=False)
            )
            if short:
                structlog.get_logger("sms").warning("credit is low", channel=name)
                words = f"channel {name} has {balance} left: top it up before it pauses"
                open_task(session, "low_credit", name, words, now)
            else:
                finish_about(session, "low_credit", name, "clock", now)
    return {"channels_asked": len(asked)}


def amount(balance: str) -> tuple[str, float] | None:
    """Currency and number of `IDR 1,000.00`; none where there are none."""
    found = _AMOUNT.search(balance)
    return None if found is None else (found[1].upper(), float(found[2].replace(",", "")))
