"""What a store tells: how live rows differ from training rows, how good the predictions were, and what to look at."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.core.report import Finding, Score
from sevenfold.monitoring import shares
from sevenfold.monitoring.alerts import (
    alerts_about_counts,
    alerts_about_drift,
    alerts_about_expectation,
    alerts_about_performance,
    alerts_about_rows,
    alerts_about_shift,
)
from sevenfold.monitoring.coverage import alerts_about_coverage, coverage_of_window
from sevenfold.monitoring.drift import ALPHA, LEAST_EFFECT, LEAST_ROWS, ColumnDrift, drift_over_windows
from sevenfold.monitoring.expected import ASSUMES, expectation
from sevenfold.monitoring.performance import Performance, label_drift, performance
from sevenfold.monitoring.reference import watchlist
from sevenfold.monitoring.rows import LoggedRows, joined, read_rows
from sevenfold.monitoring.shares import told_after_training
from sevenfold.monitoring.shift import Shift, tell_apart
from sevenfold.monitoring.store import Reference, Store
from sevenfold.monitoring.windows import Gathered, Window, gather

if TYPE_CHECKING:
    import polars as pl


_TOLD_APART_ROWS = 2_000  # from here on small differences of rows are told from chance


@dataclass(frozen=True)
class WindowReport:
    """One window.

    Args:
        start, end: seconds since 1970.
        rows: counted rows.
        drifted: columns that differ in this window by itself.
        expected: score by metric that is to be expected without labels.
        measured: score of the task's metric on its labelled rows.
        coverage: how often sets or intervals held the truth on them, see `monitoring.coverage`.
    """

    start: float
    end: float
    rows: int
    drifted: tuple[str, ...] = ()
    expected: Mapping[str, Score] = field(default_factory=dict)
    measured: Score | None = None
    coverage: Mapping[str, Any] | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain data; times in ISO form."""
        return {
            "start": _iso(self.start),
            "end": _iso(self.end),
            "rows": self.rows,
            "drifted": list(self.drifted),
            "expected": {name: score.to_json() for name, score in self.expected.items()},
            "measured": None if self.measured is None else self.measured.to_json(),
            "coverage": None if self.coverage is None else dict(self.coverage),
        }


@dataclass(frozen=True)
class MonitorReport:
    """What `monitor` found.

    Args:
        rows: rows of the model that served last.
        drift: each watched column, largest effect first; predictions are columns, too, and so is the target once
            labels have come.
        performance: on rows whose labels have come; None without labels.
        alerts: what wants attention, as findings.
        told: metric with the low and high end of its interval on the sealed test rows; empty where not recorded.
        expected: score by metric that is to be expected of the newest rows, from predictions alone.
        shift: whether a model can tell newest rows from earlier ones; None with too few rows.
        windows: the newest windows, oldest first.
    """

    rows: int
    drift: tuple[ColumnDrift, ...]
    performance: Performance | None
    alerts: tuple[Finding, ...]
    told: Mapping[str, Any] = field(default_factory=dict)
    expected: Mapping[str, Score] = field(default_factory=dict)
    shift: Shift | None = None
    windows: tuple[WindowReport, ...] = ()
    model: str = ""
    target: str = ""
    metric: str = ""

    def to_json(self) -> dict[str, Any]:
        """What `sevenfold monitor --json` prints."""
        performance = {} if self.performance is None else {**self.performance.to_json(), "after_training": self.told}
        expected = {name: score.to_json() for name, score in self.expected.items()}
        return {
            "rows": self.rows,
            "drift": [column.to_json() for column in self.drift],
            "performance": performance,
            "alerts": [alert.to_json() for alert in self.alerts],
            "expected": {"metrics": expected, "assumes": ASSUMES, "after_training": self.told} if expected else {},
            "shift": None if self.shift is None else self.shift.to_json(),
            "windows": [window.to_json() for window in self.windows],
            "retrain": retrain_due(self.alerts),
            "model": {"digest": self.model, "target": self.target, "metric": self.metric},
        }


def retrain_due(alerts: Sequence[Finding]) -> dict[str, Any]:
    """The rule: train anew once labels show a drop, or once a drop is expected because columns have drifted.

    Drift alone is no reason: a model may well hold on rows that differ.
    """
    codes = {alert.code for alert in alerts}
    if "performance-drop" in codes:
        return {"due": True, "why": "labels show that the score has dropped"}
    if "expected-drop" in codes and codes & {"drift", "rows-differ"}:
        return {"due": True, "why": "the rows have changed and the score is expected to drop"}
    return {"due": False, "why": "no drop of the score is seen or expected"}


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


def monitor(
    store: str | Path,
    labels: Any = None,
    *,
    thresholds: Thresholds | None = None,
    window: str | None = None,
    compare_with: pl.DataFrame | None = None,
) -> MonitorReport:
    """Compare the rows of a store with the training rows, and with their labels where these are given.

    Args:
        store: the folder that a server writes.
        labels: see `performance`; a file, a frame, or None.
        thresholds: when an alert is raised.
        window: rows or time of one window; see `windows.gather`.
        compare_with: typed training rows that the newest ones are told apart from; by default the first windows'.
    Raises:
        RequestError: there is no store, or the labels cannot be joined.
        DataError: the store or the labels are damaged.
    """
    opened = Store.open(Path(store))
    reference = opened.reference()
    bounds = thresholds or Thresholds()
    watched = watchlist(reference)
    gathered = gather(opened, reference, watched, window)
    limits = {"alpha": bounds.alpha, "least_effect": bounds.least_effect}
    found = drift_over_windows(
        watched.columns, [w.sketch.counts for w in gathered.windows], least_rows=bounds.least_rows, **limits
    )
    measured, truth, logged = _measured(labels, opened, reference, gathered)
    if truth is not None and logged is not None:
        limits["alpha"] = bounds.alpha * shares.TARGET
        found = [*label_drift(truth, reference, least_rows=bounds.least_rows, **limits), *found]
    had = told_after_training(reference.metadata)
    windows = _windows(gathered, found, reference, truth, logged)
    newest = newest_rows(gathered.windows, reference)
    expected = {} if newest is None else expected_of(newest, reference)
    last = gathered.windows[-max(1, len(gathered.windows) // 3) :]  # never those that they are told apart from
    newest_third = newest_rows(last, reference, _TOLD_APART_ROWS)
    shift = shift_of(gathered.windows, newest_third, reference, compare_with, bounds.alpha * shares.ROWS)
    alerts = [
        *alerts_about_rows(gathered.total.rows, gathered.damaged, gathered.foreign, bounds.least_rows),
        *alerts_about_counts(gathered.counts),
        *alerts_about_drift(found),
        *alerts_about_shift(shift, found),
        *alerts_about_expectation(expected, reference, bounds.alpha),
        *alerts_about_performance(measured, reference, bounds.alpha),
        *alerts_about_coverage(
            {} if measured is None else measured.coverage,
            [window.coverage for window in windows],
            bounds.alpha * shares.COVERAGE,
        ),
    ]
    told = {} if had is None else {"metric": reference.task.metric, "low": had.low, "high": had.high}
    return MonitorReport(
        gathered.rows, tuple(found), measured, tuple(alerts), told, expected, shift, tuple(windows),
        reference.digest, reference.task.target, reference.task.metric,
    )  # fmt: skip


def _measured(
    labels: Any, store: Store, reference: Reference, gathered: Gathered
) -> tuple[Performance | None, np.ndarray[Any, Any] | None, LoggedRows | None]:
    """Performance, (rows,) true values of the logged rows (NaN where unknown), and the logged rows."""
    if labels is None or not gathered.rows:
        return None, None, None
    logged = joined([part for _, part in read_rows(store, reference)], reference)
    if not logged.rows:
        return None, None, None
    measured, truth = performance(labels, logged, reference)
    return measured, truth, logged


def _windows(
    gathered: Gathered,
    found: Sequence[ColumnDrift],
    reference: Reference,
    truth: np.ndarray[Any, Any] | None,
    logged: LoggedRows | None,
) -> list[WindowReport]:
    from sevenfold.monitoring.performance import score_of

    made: list[WindowReport] = []
    for place, window in enumerate(gathered.windows):
        drifted = tuple(c.column for c in found if place < len(c.flagged) and c.flagged[place])
        expected = {} if window.sample is None else expected_of(window.sample, reference, draws=30)
        measured, covered = None, None
        if truth is not None and logged is not None:
            inside = (logged.times >= window.start) & (logged.times <= window.end) & ~np.isnan(truth)
            measured = score_of(truth, logged, np.flatnonzero(inside), reference)
            covered = coverage_of_window(truth, logged, np.flatnonzero(inside), reference)
        made.append(WindowReport(window.start, window.end, window.sketch.rows, drifted, expected, measured, covered))
    return made


def expected_of(rows: LoggedRows, reference: Reference, draws: int = 100) -> dict[str, Score]:
    """Score by metric that is to be expected of some rows without their labels."""
    task, had = reference.task, told_after_training(reference.metadata)
    told = None if had is None else (had.low, had.high)
    if not rows.rows:
        return {}
    codes = rows.codes(task.classes) if task.goal.is_classification else None
    values = None if task.goal.is_classification else rows.values()
    return expectation(task, rows.probabilities, codes, values, reference.metadata, told, draws, rows.inputs)


def newest_rows(windows: Sequence[Window], reference: Reference, least_rows: int = 500) -> LoggedRows | None:
    """Rows of the last window, and of those before it while it has few."""
    kept: list[LoggedRows] = []
    for window in reversed(windows):
        if window.sample is not None:
            kept.insert(0, window.sample)
        if sum(part.rows for part in kept) >= least_rows:
            break
    return joined(kept, reference) if kept else None


def shift_of(
    windows: Sequence[Window],
    newest: LoggedRows | None,
    reference: Reference,
    compare_with: pl.DataFrame | None = None,
    alpha: float = ALPHA * shares.ROWS,
) -> Shift | None:
    """Tell the newest rows from training rows where they are given, or else from the first windows' rows."""
    task, schema = reference.task, reference.schema
    columns = [c.name for c in schema if c.used and c.name not in task.apart]
    if newest is None:
        return None
    if compare_with is not None:
        return tell_apart(compare_with, newest.inputs, schema, columns, "the rows given to compare with", alpha=alpha)
    samples = [window.sample for window in windows if window.sample is not None]
    if len(samples) < 4:  # neighbours differ by the hour of the day alone
        return None
    first = joined(samples[: max(1, len(samples) // 3)], reference)
    return tell_apart(first.inputs, newest.inputs, schema, columns, "the first third of the windows", alpha=alpha)


def _iso(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).isoformat(timespec="seconds")
