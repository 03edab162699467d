"""What is counted, and where is it read? Prometheus metrics of all web processes together, at `/metrics`."""

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
from prometheus_client.multiprocess import MultiProcessCollector

from gateway.wiring import Wiring

HOPS: Final = Counter("ussd_hops_total", "Answered USSD hops.", ["aggregator", "outcome"])
HOP_SECONDS: Final = Histogram(
    "ussd_hop_seconds",
    "Time from a USSD hop's arrival to its answer.",
    ["aggregator"],
    # An aggregator waits 10 s and we answer within 8: finer where hops should be, up to where they must be.
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 10),
)
API_REQUESTS: Final = Counter("api_requests_total", "Answered API requests.", ["route", "method", "status"])


def metrics_blueprint(wiring: Wiring) -> Blueprint:
    """`GET /metrics`: every web process's numbers, whichever of them is asked."""
    blueprint = Blueprint("metrics", __name__)

    @blueprint.get("/metrics")
    def metrics() -> Response:
        return Response(generate_latest(_everything()), content_type=CONTENT_TYPE_LATEST)

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
