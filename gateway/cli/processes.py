"""`web` and `worker`: two of the Procfile's processes, each from the environment alone."""

import click

from gateway.cli.starting import redis_url, settings_for, wiring_for
from gateway.logs import get_logger
from workers.queues import WORK


@click.command()
def web() -> None:
    """Serve the webhooks, the API and the pages on PORT, in WEB_PROCESSES processes, until SIGTERM."""
    settings = settings_for("web")
    redis_url(settings)
    from gateway.serve import serve

    serve(settings)


@click.command()
def worker() -> None:
    """Send messages and do background work until SIGTERM; what is on the wire is finished, the rest given back."""
    from gateway.channels import build_sender
    from workers.jobs import configure
    from workers.worker import GatewayWorker

    # A job may take longer than a hop would wait.
    wiring = wiring_for("worker", timeout_s=5.0)
    settings = wiring.settings
    sender = build_sender(settings, wiring.database, wiring.vault, wiring.outbox, wiring.redis, wiring.clock)
    process = GatewayWorker(wiring.redis)
    configure(
        database=wiring.database,
        redis=wiring.redis,
        clock=wiring.clock,
        sender=sender,
        low_credit=settings.sms_low_credit,
        inbox=wiring.inbox,
        stop=process.should_stop,
    )
    get_logger("worker").info("serving", queue=WORK)
    # RQ tells of each job in several lines; what goes wrong is enough.
    process.work(logging_level="WARNING")
    sender.close()
