"""What is counted, and where is it read? Prometheus metrics of all web processes together, at `/metrics`."""

from collections.abc import Iterator, Mapping
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
from immigration.messages import channels, watching
from immigration.tasks import open_counts

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
QUANTILES: Final = (0.5, 0.99)


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


class _Messages(Collector):
    """How messages and tasks are doing, read from the database when asked; nothing while it is away."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring

    def collect(self) -> Iterator[Metric]:
        """Gauges: queue age, what was written within a day, seconds taken within an hour, pauses, open tasks."""
        now = self._wiring.clock()
        try:
            with self._wiring.database.reading() as session:
                ages = watching.waiting_s(session, now)
                totals = watching.totals(session, now)
                taken = watching.seconds_taken(session, now)
                ways = {row.name: row.paused_at is not None for row in channels.every(session)}
                tasks = open_counts(session)
        except SQLAlchemyError:
            return
        yield _gauge(
            "sms_queue_age_seconds", "Age of the oldest due message.", ["lane"], {(k,): v for k, v in ages.items()}
        )
        yield _gauge(
            "sms_messages",
            "Messages written within a day.",
            ["lane", "status", "fault"],
            {(one.lane, one.state, one.fault): one.messages for one in totals},
        )
        yield _gauge(
            "sms_segments",
            "Segments of messages written within a day.",
            ["lane", "status", "fault"],
            {(one.lane, one.state, one.fault): one.segments for one in totals},
        )
        yield _gauge(
            "sms_seconds",
            "Seconds from the change to taken over by the aggregator, and to the phone, within an hour.",
            ["step", "quantile"],
            {(step, str(q)): watching.quantile(values, q) for step, values in taken.items() for q in QUANTILES},
        )
        yield _gauge("sms_channel_paused", "1: waits for somebody.", ["channel"], {(k,): v for k, v in ways.items()})
        yield _gauge("tasks_open", "Tasks that wait for a person.", ["kind"], {(k,): v for k, v in tasks.items()})


def _gauge(name: str, about: str, labels: list[str], values: Mapping[tuple[str, ...], float]) -> Metric:
    gauge = GaugeMetricFamily(name, about, labels=labels)
    for at, value in values.items():
        gauge.add_metric(list(at), value)
    return gauge


def metrics_blueprint(wiring: Wiring) -> Blueprint:
    """`GET /metrics`: every web process's numbers and the funnel, whichever process is asked."""
    blueprint = Blueprint("metrics", __name__)
    of_calls = CollectorRegistry()
    of_calls.register(_Funnel(wiring))
    of_calls.register(_Messages(wiring))

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
