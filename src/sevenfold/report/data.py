"""All that a report shows, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sevenfold.core.report import Finding, Score

Plain = Mapping[str, Any]


@dataclass(frozen=True)
class MetricFacts:
    """The metric that the run optimises, in words.

    Args:
        name, title, summary: as the metric states them.
        greater_is_better: its direction.
        best: its best value; may be infinite.
    """

    name: str
    title: str
    summary: str = ""
    greater_is_better: bool = True
    best: float = 1.0

    @property
    def direction(self) -> str:
        """Which way is good, for a caption."""
        return "higher is better" if self.greater_is_better else "lower is better"


@dataclass(frozen=True)
class Reference:
    """A plain model beside the one that was made.

    Args:
        name: "constant" or "linear".
        validation, test: its scores.
        gain: how much the made model beats it on the same test rows: value, low, high, real; empty if not known.
    """

    name: str
    validation: Score | None = None
    test: Score | None = None
    gain: Plain = field(default_factory=dict)


@dataclass(frozen=True)
class StepStory:
    """One of the seven steps: its seconds, or None where it was not timed, and what it decided."""

    step: str
    seconds: float | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ColumnRow:
    """One column of the training table.

    Args:
        name, kind: as in the schema.
        missing: share of missing values, or None.
        distinct: distinct values, or None.
        summary: range or most frequent values, in words.
        histogram: counts of a small histogram.
        reason: why it was taken for that kind, or is not used.
        used: whether the models see it.
    """

    name: str
    kind: str
    missing: float | None = None
    distinct: int | None = None
    summary: str = ""
    histogram: tuple[float, ...] = ()
    reason: str = ""
    used: bool = True


@dataclass(frozen=True)
class ReportData:
    """Everything about one run. Every part may be empty, and is then left out of the page.

    Args:
        name: the run's name.
        target, goal: what is predicted.
        classes: labels in the order of probability columns.
        metric: what success is measured by.
        validation, test: the score with its interval on validation folds and on the sealed rows.
        looks: looks at the sealed rows so far.
        references: constant and linear model.
        metrics: every metric on the test rows, by name.
        rows, columns: size of the training table, where known.
        test_rows: sealed rows.
        seconds, budget_seconds: wall time taken and allowed.
        steps: the seven steps.
        profile: the columns.
        findings, not_applicable: results of the checks.
        leaderboard: trials, best first.
        importances, dependences, slices, curves, fairness, coverage: as in `evaluation.json`.
        ensemble: members, each with its trial and model, and weights; may also name the combiner.
        decisions: (step, what, why) in order.
        failures: trials that failed or were stopped, with reasons.
        command: the command that makes the run again.
        facts: further facts for "how to reproduce" (seed, versions, fingerprints, ...), in order.
        skipped: parts of the evaluation that were not made, with reasons.
    """

    name: str
    target: str = ""
    goal: str = ""
    classes: tuple[str, ...] = ()
    metric: MetricFacts | None = None
    validation: Score | None = None
    test: Score | None = None
    looks: int = 1
    references: tuple[Reference, ...] = ()
    metrics: Mapping[str, Score] = field(default_factory=dict)
    rows: int | None = None
    columns: int | None = None
    test_rows: int | None = None
    seconds: float | None = None
    budget_seconds: float | None = None
    steps: tuple[StepStory, ...] = ()
    profile: tuple[ColumnRow, ...] = ()
    findings: tuple[Finding, ...] = ()
    not_applicable: tuple[Plain, ...] = ()
    leaderboard: tuple[Plain, ...] = ()
    importances: tuple[Plain, ...] = ()
    dependences: tuple[Plain, ...] = ()
    slices: tuple[Plain, ...] = ()
    curves: Plain = field(default_factory=dict)
    fairness: tuple[Plain, ...] = ()
    coverage: Plain = field(default_factory=dict)
    ensemble: Plain = field(default_factory=dict)
    decisions: tuple[tuple[str, str, str], ...] = ()
    failures: tuple[Plain, ...] = ()
    command: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    skipped: tuple[Plain, ...] = ()
