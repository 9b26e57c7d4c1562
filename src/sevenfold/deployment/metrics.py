"""What the server counts, in Prometheus form. Labels are model, version and outcome only: no input makes a label."""

from __future__ import annotations

from sevenfold.core.errors import MissingExtraError
from sevenfold.deployment.runtime import Answer

_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_OUTCOMES = {400: "bad_request", 401: "unauthorized", 404: "not_found", 405: "not_allowed", 408: "too_slow",
             413: "too_large", 415: "bad_media_type", 503: "full"}  # fmt: skip


class Metrics:
    """Counters of one served model."""

    def __init__(self, model: str, version: str) -> None:
        try:
            import prometheus_client as prometheus
        except ImportError:
            raise MissingExtraError.of("prometheus-client", "serve", "Serving a model") from None
        self.content_type = "text/plain; version=0.0.4; charset=utf-8"
        self._registry = prometheus.CollectorRegistry()
        self._latest = prometheus.generate_latest
        self._labels = (model, version)
        names = ("model", "version")
        self._requests = prometheus.Counter(
            "sevenfold_requests", "Requests by how they ended.", (*names, "outcome"), registry=self._registry
        )
        self._seconds = prometheus.Histogram(
            "sevenfold_request_seconds",
            "Time from the first byte to the answer.",
            names,
            registry=self._registry,
            buckets=_BUCKETS,
        )
        self._rows = prometheus.Counter("sevenfold_rows", "Rows predicted.", names, registry=self._registry)
        self._violations = prometheus.Counter(
            "sevenfold_violations", "Values that are not what the schema promises.", names, registry=self._registry
        )
        self._under_way = prometheus.Gauge(
            "sevenfold_requests_under_way", "Requests that wait or are predicted.", names, registry=self._registry
        )
        self._dropped = prometheus.Gauge(
            "sevenfold_log_dropped", "Requests that the log could not take down.", names, registry=self._registry
        )

    def ended(self, status: int, seconds: float) -> None:
        """Count a request by its status."""
        outcome = "ok" if status < 400 else _OUTCOMES.get(status, "error")
        self._requests.labels(*self._labels, outcome).inc()
        self._seconds.labels(*self._labels).observe(seconds)

    def answered(self, answer: Answer) -> None:
        """Count rows and violations."""
        self._rows.labels(*self._labels).inc(answer.reading.rows)
        self._violations.labels(*self._labels).inc(len(answer.reading.violations))

    def text(self, under_way: int, dropped: int) -> bytes:
        """Everything in Prometheus' text form."""
        self._under_way.labels(*self._labels).set(under_way)
        self._dropped.labels(*self._labels).set(dropped)
        return self._latest(self._registry)
