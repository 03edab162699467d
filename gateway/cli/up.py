"""`up`: the whole product on this machine, with one command."""

import os
import sys

import click
from sqlalchemy.exc import SQLAlchemyError

from gateway.cli.starting import database_fault, settings_for
from gateway.migrate import NewerDatabase
from gateway.up import CannotStart
from gateway.up import up as run
from gateway.valkey import ValkeyError
from immigration.keys import NoLookupKey
from immigration.vault import BadKeyRing


@click.command()
def up() -> None:
    """Start a Redis unless REDIS_URL names one, migrate, and run every process of the Procfile until Ctrl-C."""
    settings = settings_for("up")
    try:
        status = run(settings, dict(os.environ))
    except (CannotStart, ValkeyError, NewerDatabase, BadKeyRing, NoLookupKey) as fault:
        raise click.ClickException(str(fault)) from None
    except SQLAlchemyError as fault:
        raise click.ClickException(f"the database cannot be used: {database_fault(fault)}") from None
    except OSError as fault:
        raise click.ClickException(f"{fault.filename or settings.var_dir}: {fault.strerror}") from None
    sys.exit(status)
