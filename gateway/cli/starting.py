"""How does a process of ours begin? Settings read, logging set up, parts put together, or one clear line why not."""

from typing import TYPE_CHECKING

import click
from sqlalchemy.exc import SQLAlchemyError

from gateway.logs import configure_logging
from gateway.settings import Settings, SettingsError, load_settings
from immigration.keys import NoLookupKey
from immigration.vault import BadKeyRing

if TYPE_CHECKING:
    from gateway.wiring import Wiring


class SettingsFault(click.ClickException):
    """Settings that cannot be read or are refused: a line per fault, exit status 2."""

    exit_code = 2


def settings_for(process: str) -> Settings:
    """The settings; logs are from now on written as this process's. Raises `SettingsFault`."""
    try:
        settings = load_settings()
    except SettingsError as fault:
        raise SettingsFault(str(fault)) from None
    configure_logging(settings.log_level, process)
    return settings


def redis_url(settings: Settings) -> str:
    """Where Redis is. Raises `SettingsFault` for a process that was started without one."""
    if settings.redis_url is None:
        raise SettingsFault("REDIS_URL is not set: set it, or let `python -m gateway up` start a Redis as well")
    return settings.redis_url


def wiring_for(process: str, *, timeout_s: float) -> "Wiring":
    """The parts over a migrated database. Raises `ClickException` with the reason where they do not come together."""
    # Most commands need only the data, and start in half the time without the rest.
    from gateway.wiring import build

    settings = settings_for(process)
    redis_url(settings)
    try:
        return build(settings, database_timeout_s=timeout_s, redis_timeout_s=timeout_s)
    except (BadKeyRing, NoLookupKey) as fault:
        raise click.ClickException(str(fault)) from None
    except SQLAlchemyError as fault:
        raise click.ClickException(f"the database cannot be used: {database_fault(fault)}") from None


def database_fault(fault: SQLAlchemyError) -> str:
    """The driver's own first line: the rest repeats the statement."""
    return (str(getattr(fault, "orig", None) or fault).splitlines() or [type(fault).__name__])[0]
