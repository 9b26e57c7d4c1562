"""What the server counts, in Prometheus form. Labels are model, version and outcome only: no input makes a label.

Counting is a few additions, made in the event loop only; the library that knows the form is asked when somebody reads.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from itertools import accumulate
from typing import Any

from sevenfold.core.errors import MissingExtraError
from sevenfold.deployment.hosting import Hosted
from sevenfold.deployment.runtime import Answer

_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_OUTCOMES = {400: "bad_request", 401: "unauthorized", 404: "not_found", 405: "not_allowed", 408: "too_slow",
             413: "too_large", 415: "bad_media_type", 503: "full"}  # fmt: skip
_NAMES = ("model", "version")


class _Counts:
    """What was counted of one model and version."""

    __slots__ = ("outcomes", "rows", "seconds", "total_seconds", "violations")

    def __init__(self) -> None:
        self.outcomes: dict[str, int] = {}
        self.rows = 0
        self.violations = 0
        self.seconds = [0] * (len(_BUCKETS) + 1)  # requests by the bucket of their time
        self.total_seconds = 0.0


class Metrics:
    """Counts of the served models. Used from the event loop only.

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
        self._counts: dict[tuple[str, str], _Counts] = {self._first: _Counts()}
        self._under_way = 0
        self._dropped = 0
        self._registry.register(self)

    def ended(self, hosted: Hosted | None, status: int, seconds: float) -> None:
        """Count a request by its status."""
        name = "ok" if status < 400 else _OUTCOMES.get(status, "error")
        counts = self._of(hosted)
        counts.outcomes[name] = counts.outcomes.get(name, 0) + 1
        counts.seconds[bisect_left(_BUCKETS, seconds)] += 1
        counts.total_seconds += seconds

    def answered(self, hosted: Hosted, answer: Answer) -> None:
        """Count rows and violations."""
        counts = self._of(hosted)
        counts.rows += len(answer.labels)
        counts.violations += len(answer.reading.violations)

    def one(self, hosted: Hosted, violations: int, seconds: float) -> None:
        """`answered` and `ended` of a request of one row that went well."""
        counts = self._of(hosted)
        outcomes = counts.outcomes
        outcomes["ok"] = outcomes.get("ok", 0) + 1
        counts.rows += 1
        counts.violations += violations
        counts.seconds[bisect_left(_BUCKETS, seconds)] += 1
        counts.total_seconds += seconds

    def text(self, under_way: int, dropped: int) -> bytes:
        """Everything in Prometheus' text form."""
        self._under_way, self._dropped = under_way, dropped
        return self._latest(self._registry)

    def collect(self) -> Iterator[Any]:
        """The counts as the library wants them."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
        from prometheus_client.utils import floatToGoString

        requests = CounterMetricFamily("sevenfold_requests", "Requests by how they ended.", labels=(*_NAMES, "outcome"))
        seconds = HistogramMetricFamily(
            "sevenfold_request_seconds", "Time from the first byte to the answer.", labels=_NAMES
        )
        rows = CounterMetricFamily("sevenfold_rows", "Rows predicted.", labels=_NAMES)
        violations = CounterMetricFamily(
            "sevenfold_violations", "Values that are not what the schema promises.", labels=_NAMES
        )
        limits = [*map(floatToGoString, _BUCKETS), "+Inf"]
        for labels, counts in self._counts.items():
            for name, number in counts.outcomes.items():
                requests.add_metric((*labels, name), number)
            buckets = list(zip(limits, accumulate(counts.seconds), strict=True))
            seconds.add_metric(labels, buckets, counts.total_seconds)
            rows.add_metric(labels, counts.rows)
            violations.add_metric(labels, counts.violations)
        yield from (requests, seconds, rows, violations)
        yield GaugeMetricFamily("sevenfold_requests_under_way", "Requests that wait or are predicted.", self._under_way)
        yield GaugeMetricFamily("sevenfold_log_dropped", "Requests that the log could not take down.", self._dropped)

    def _of(self, hosted: Hosted | None) -> _Counts:
        labels = self._first if hosted is None else hosted.labels
        counts = self._counts.get(labels)
        if counts is None:
            counts = self._counts[labels] = _Counts()
        return counts
