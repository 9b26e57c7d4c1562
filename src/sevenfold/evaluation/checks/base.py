"""What model checks look at, and the function that runs them all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.core.arrays import Floats, Ints
from sevenfold.core.context import Streams
from sevenfold.core.dataset import Schema
from sevenfold.core.report import Score
from sevenfold.core.task import Target, Task
from sevenfold.data.checks.base import AuditResult, run_checks

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, eq=False)
class TrainedSubject:
    """A trained run. Whatever is not at hand stays at its default, and checks that need it do not apply.

    Args:
        task: the run's task.
        target: encoded target of the validated rows.
        predictions: their out-of-fold predictions, (rows,) or (rows, classes); NaN where a row was not validated.
        rows: (rows,) their row numbers in the table.
        table: typed table.
        schema: its columns.
        validation, test: scores of the whole model.
        train: its score on the rows that it learned from.
        baseline, linear: scores of the constant baseline and of a plain linear model on the validated rows.
        baseline_test, linear_test: the same on the rows of `test`.
        greater_is_better: direction of these scores.
        importances: by column, the loss that permuting it adds.
        calibration_error: expected calibration error of the probabilities, in [0, 1].
        fold_losses: loss of each fold, smaller is better.
        streams: random streams.
    """

    task: Task
    target: Target | None = None
    predictions: Floats | None = None
    rows: Ints | None = None
    table: pl.DataFrame | None = None
    schema: Schema | None = None
    validation: Score | None = None
    test: Score | None = None
    train: Score | None = None
    baseline: Score | None = None
    linear: Score | None = None
    baseline_test: Score | None = None
    linear_test: Score | None = None
    greater_is_better: bool = True
    importances: Mapping[str, float] = field(default_factory=dict)
    calibration_error: float | None = None
    fold_losses: tuple[float, ...] = ()
    streams: Streams = field(default_factory=lambda: Streams(0))

    @cached_property
    def judged(self) -> Judged | None:
        """Rows that have an out-of-fold prediction."""
        if self.target is None or self.predictions is None or len(self.predictions) != len(self.target):
            return None
        flat = self.predictions.reshape(len(self.predictions), -1)
        known = np.flatnonzero(~np.isnan(flat).any(axis=1)).astype(np.int64)
        if len(known) == 0:
            return None
        rows = known if self.rows is None else self.rows[known]
        return Judged(self.target.take(known), self.predictions[known], rows)

    def gain(self, score: Score, over: Score) -> float:
        """How much better one score is than another; negative where it is worse."""
        return (score.value - over.value) if self.greater_is_better else (over.value - score.value)


@dataclass(frozen=True, eq=False)
class Judged:
    """Validated rows.

    Args:
        target: their target.
        predictions: (rows,) or (rows, classes), finite.
        rows: (rows,) row numbers in the table.
    """

    target: Target
    predictions: Floats
    rows: Ints

    @cached_property
    def losses(self) -> Floats:
        """(rows,) squared distance of probabilities from the truth (Brier), or absolute error: robust, comparable."""
        if self.target.goal.is_classification:
            truth = np.zeros_like(self.predictions)
            truth[np.arange(len(truth)), self.target.codes] = 1.0
            return np.asarray(((self.predictions - truth) ** 2).sum(axis=1), dtype=np.float64)
        return np.abs(self.predictions - self.target.values)

    @cached_property
    def decided(self) -> Ints:
        """(rows,) likeliest class."""
        return self.predictions.argmax(axis=1).astype(np.int64)


def standard_error(score: Score) -> float:
    """Standard error of a score, from its 95 % interval."""
    return (score.high - score.low) / (2 * 1.959964)


def check(subject: TrainedSubject, slow: bool = True) -> AuditResult:
    """Every model check on one trained run.

    Args:
        slow: also those that take more than about a second on 100,000 rows.
    """
    from sevenfold.evaluation.checks.catalogue import CHECKS

    return run_checks(CHECKS, subject, slow)
