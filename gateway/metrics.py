"""What is counted, and where is it read? Prometheus metrics of all web processes together, at `/metrics`."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

from flask import Blueprint, Response
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
)
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from gateway.wiring import Wiring
from immigration.calls import funnel

_FUNNEL_LABELS: Final = ("screen", "language", "step")

HOPS: Final = Counter("ussd_hops_total", "Answered USSD hops.", ["aggregator", "outcome"])
HOP_SECONDS: Final = Histogram(
    "ussd_hop_seconds",
    "Time from a USSD hop's arrival to its answer.",
    ["aggregator"],
    # An aggregator waits 10 s and we answer within 8: finer where hops should be, up to where they must be.
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 10),
)
API_REQUESTS: Final = Counter("api_requests_total", "Answered API requests.", ["route", "method", "status"])


FUNNEL_DAYS: Final = 7


class _Funnel(Collector):
    """The funnel of the last seven days, read when asked; nothing while the database is away."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring

    def collect(self) -> Iterator[Metric]:
        """A gauge per screen, language and step."""
        gauge = GaugeMetricFamily(
            "ussd_funnel", "USSD screens of the last 7 days: came, went on, dropped, ended.", labels=_FUNNEL_LABELS
        )
        since = (self._wiring.clock() - timedelta(days=FUNNEL_DAYS)).date()
        try:
            with self._wiring.database.reading() as session:
                rows = funnel(session, since)
        except SQLAlchemyError:
            return
        for row in rows:
            for step in ("came", "went_on", "dropped", "ended"):
                gauge.add_metric([row.screen, row.language, step], getattr(row, step))
        yield gauge


def metrics_blueprint(wiring: Wiring) -> Blueprint:
    """`GET /metrics`: every web process's numbers and the funnel, whichever process is asked."""
    blueprint = Blueprint("metrics", __name__)
    of_calls = CollectorRegistry()
    of_calls.register(_Funnel(wiring))

    @blueprint.get("/metrics")
    def metrics() -> Response:
        text = generate_latest(_everything()) + generate_latest(of_calls)
        return Response(text, content_type=CONTENT_TYPE_LATEST)

    return blueprint


def _everything() -> CollectorRegistry:
    together = CollectorRegistry()
    try:
        # Reads the folder that `gateway.serve` named before this library was loaded.
        collect: Any = MultiProcessCollector
        collect(together)
    except ValueError:
        return REGISTRY
    return together
