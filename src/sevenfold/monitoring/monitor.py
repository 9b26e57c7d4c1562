"""What a store tells: how live rows differ from training rows, how good the predictions were, and what to look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sevenfold.core.report import Finding
from sevenfold.deployment.predictions import prediction_schema, prediction_table
from sevenfold.monitoring.alerts import (
    alerts_about_drift,
    alerts_about_performance,
    alerts_about_rows,
    told_after_training,
)
from sevenfold.monitoring.drift import ALPHA, LEAST_EFFECT, LEAST_ROWS, ColumnDrift, drift
from sevenfold.monitoring.performance import Performance, performance
from sevenfold.monitoring.reference import Watched, watched
from sevenfold.monitoring.rows import LoggedRows, joined, read_rows
from sevenfold.monitoring.sketches import Sketch, Snapshot, Snapshots
from sevenfold.monitoring.store import Reference, Store


@dataclass(frozen=True)
class MonitorReport:
    """What `monitor` found.

    Args:
        rows: rows of the model that served last.
        drift: each watched column, largest effect first; predictions are columns, too.
        performance: on rows whose labels have come; None without labels.
        alerts: what wants attention, as findings.
        told: metric with the low and high end of its interval on the sealed test rows; empty where not recorded.
    """

    rows: int
    drift: tuple[ColumnDrift, ...]
    performance: Performance | None
    alerts: tuple[Finding, ...]
    told: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """What `sevenfold monitor --json` prints."""
        performance = {} if self.performance is None else {**self.performance.to_json(), "after_training": self.told}
        return {
            "rows": self.rows,
            "drift": [column.to_json() for column in self.drift],
            "performance": performance,
            "alerts": [alert.to_json() for alert in self.alerts],
        }


@dataclass(frozen=True)
class Thresholds:
    """When an alert is raised.

    Args:
        alpha: the chance of any drift alert at all while nothing has changed.
        least_effect: a smaller difference does not matter; see `ColumnDrift.effect`.
        least_rows: with fewer rows nothing is called drifted.
    """

    alpha: float = ALPHA
    least_effect: float = LEAST_EFFECT
    least_rows: int = LEAST_ROWS


def monitor(store: str | Path, labels: Any = None, *, thresholds: Thresholds | None = None) -> MonitorReport:
    """Compare the rows of a store with the training rows, and with their labels where these are given.

    Args:
        store: the folder that a server writes.
        labels: see `performance`; a file, a frame, or None.
        thresholds: when an alert is raised.
    Raises:
        RequestError: there is no store, or the labels cannot be joined.
        DataError: the store or the labels are damaged.
    """
    opened = Store.open(Path(store))
    reference = opened.reference()
    bounds = thresholds or Thresholds()
    columns = watched_columns(reference)
    counted = Snapshots()
    kept: list[LoggedRows] = []
    for number, (segment, part) in enumerate(read_rows(opened, reference)):
        before = counted.latest.get((segment, ""), Snapshot(-1, Sketch())).sketch
        counted = counted.with_snapshot(segment, "", Snapshot(number, before + sketch_of(part, columns, reference)))
        kept.append(part.counts_only() if labels is None else part)
    total = counted.total()
    found = drift(
        {name: column.counts for name, column in columns.items()},
        total.counts,
        {name: column.bins.names for name, column in columns.items()},
        alpha=bounds.alpha,
        least_effect=bounds.least_effect,
        least_rows=bounds.least_rows,
    )
    measured = performance(labels, joined(kept, reference), reference) if labels is not None and total.rows else None
    alerts = [
        *alerts_about_rows(total.rows, sum(p.damaged for p in kept), sum(p.foreign for p in kept), bounds.least_rows),
        *alerts_about_drift(found),
        *alerts_about_performance(measured, reference),
    ]
    limits = told_after_training(reference.metadata)
    told = {} if limits is None else {"metric": reference.task.metric, "low": limits[0], "high": limits[1]}
    return MonitorReport(total.rows, tuple(found), measured, tuple(alerts), told)


def watched_columns(reference: Reference) -> dict[str, Watched]:
    """Inputs of the model, and its predictions, with the training rows' counts."""
    task, schema = reference.task, reference.schema
    inputs = {
        name: column
        for name, column in watched(reference.profile, schema).items()
        if schema[name].used and name not in task.apart
    }
    predictions = watched(reference.prediction_profile, prediction_schema(task))
    return {**inputs, **{name: column for name, column in predictions.items() if name not in schema}}


def sketch_of(part: LoggedRows, columns: Mapping[str, Watched], reference: Reference) -> Sketch:
    """Counts of some logged rows: inputs and predictions."""
    inputs = {name: column.bins for name, column in columns.items() if name in reference.schema}
    sketch = Sketch.of(inputs, part.inputs) if part.rows else Sketch()
    if part.rows and not any(isinstance(prediction, list) for prediction in part.predictions):
        predictions = {name: column.bins for name, column in columns.items() if name not in reference.schema}
        made = prediction_table(reference.task, part.predictions, part.probabilities)
        sketch = Sketch(sketch.rows, {**sketch.counts, **Sketch.of(predictions, made).counts})
    return sketch
