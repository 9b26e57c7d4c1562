"""What the server counts, in Prometheus form. Labels are model, version and outcome only: no input makes a label."""

from __future__ import annotations

from typing import Any

from sevenfold.core.errors import MissingExtraError
from sevenfold.deployment.hosting import Hosted
from sevenfold.deployment.runtime import Answer

_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_OUTCOMES = {400: "bad_request", 401: "unauthorized", 404: "not_found", 405: "not_allowed", 408: "too_slow",
             413: "too_large", 415: "bad_media_type", 503: "full"}  # fmt: skip


class _Counters:
    """The counters of one model and version, looked up once: looking up costs more than counting."""

    __slots__ = ("outcomes", "rows", "seconds", "violations")

    def __init__(self, seconds: Any, rows: Any, violations: Any) -> None:
        self.outcomes: dict[str, Any] = {}
        self.seconds = seconds
        self.rows = rows
        self.violations = violations


class Metrics:
    """Counters of the served models.

    Args:
        first: under its name is counted what names no model that is here.
    """

    def __init__(self, first: Hosted) -> None:
        try:
            import prometheus_client as prometheus
        except ImportError:
            raise MissingExtraError.of("prometheus-client", "serve", "Serving a model") from None
        self.content_type = "text/plain; version=0.0.4; charset=utf-8"
        self._registry = prometheus.CollectorRegistry()
        self._latest = prometheus.generate_latest
        self._first = (first.name, first.version)
        self._counters: dict[tuple[str, str], _Counters] = {}
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
            "sevenfold_requests_under_way", "Requests that wait or are predicted.", registry=self._registry
        )
        self._dropped = prometheus.Gauge(
            "sevenfold_log_dropped", "Requests that the log could not take down.", registry=self._registry
        )

    def ended(self, hosted: Hosted | None, status: int, seconds: float) -> None:
        """Count a request by its status."""
        name = "ok" if status < 400 else _OUTCOMES.get(status, "error")
        counters = self._of(hosted)
        outcome = counters.outcomes.get(name)
        if outcome is None:
            labels = self._first if hosted is None else (hosted.name, hosted.version)
            outcome = counters.outcomes[name] = self._requests.labels(*labels, name)
        outcome.inc()
        counters.seconds.observe(seconds)

    def answered(self, hosted: Hosted, answer: Answer) -> None:
        """Count rows and violations."""
        counters = self._of(hosted)
        counters.rows.inc(len(answer.labels))
        if answer.reading.violations:
            counters.violations.inc(len(answer.reading.violations))

    def text(self, under_way: int, dropped: int) -> bytes:
        """Everything in Prometheus' text form."""
        self._under_way.set(under_way)
        self._dropped.set(dropped)
        return self._latest(self._registry)

    def _of(self, hosted: Hosted | None) -> _Counters:
        labels = self._first if hosted is None else (hosted.name, hosted.version)
        counters = self._counters.get(labels)
        if counters is None:
            counters = self._counters[labels] = _Counters(
                self._seconds.labels(*labels), self._rows.labels(*labels), self._violations.labels(*labels)
            )
        return counters
