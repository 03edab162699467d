"""`web` and `worker`: two of the Procfile's processes, each from the environment alone."""

import click

from gateway.cli.starting import redis_url, settings_for, wiring_for
from gateway.logs import get_logger
from workers.queues import QUEUES


@click.command()
def web() -> None:
    """Serve the webhooks, the API and the pages on PORT, in WEB_PROCESSES processes, until SIGTERM."""
    settings = settings_for("web")
    redis_url(settings)
    from gateway.serve import serve

    serve(settings)


@click.command()
@click.option(
    "--queue",
    "name",
    type=click.Choice(QUEUES),
    default=QUEUES[0],
    show_default=True,
    help="The queue to serve.",
)
def worker(name: str) -> None:
    """Do background work until SIGTERM; what was begun is finished first."""
    from workers.jobs import configure
    from workers.worker import GatewayWorker

    # A job may take longer than a hop would wait.
    wiring = wiring_for("worker", timeout_s=5.0)
    configure(wiring.database, wiring.vault, wiring.clock)
    get_logger("worker").info("serving", queue=name)
    # RQ tells of each job in several lines; what goes wrong is enough.
    GatewayWorker(name, wiring.redis).work(logging_level="WARNING")
