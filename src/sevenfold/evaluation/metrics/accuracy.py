"""Accuracy, and the mean of each class's accuracy."""

from __future__ import annotations

import numpy as np

from sevenfold.core.arrays import Floats
from sevenfold.core.metric import Metric, MetricSpec, Needs
from sevenfold.core.task import Goal
from sevenfold.evaluation.metrics.arrays import checked, confusion, mean


class Accuracy(Metric):
    """Share of rows that are decided rightly."""

    spec = MetricSpec(
        name="accuracy",
        title="Accuracy",
        goals=frozenset({Goal.BINARY, Goal.MULTICLASS}),
        needs=Needs.LABELS,
        greater_is_better=True,
        best=1.0,
        worst=0.0,
        summary="The share of answers that are right.",
    )

    def __call__(self, truth: Floats, predicted: Floats, weights: Floats | None = None) -> float:
        """See `Metric`."""
        truth, predicted, weights = checked(truth, predicted, weights)
        return mean((truth == predicted).astype(np.float64), weights)


class BalancedAccuracy(Metric):
    """Mean over the classes that occur in the truth of the share decided rightly."""

    spec = MetricSpec(
        name="balanced_accuracy",
        title="Balanced accuracy",
        goals=frozenset({Goal.BINARY, Goal.MULTICLASS}),
        needs=Needs.LABELS,
        greater_is_better=True,
        best=1.0,
        worst=0.0,
        summary="Accuracy in which each class counts alike, however rare.",
        source="Brodersen et al. 2010",
    )

    def __call__(self, truth: Floats, predicted: Floats, weights: Floats | None = None) -> float:
        """See `Metric`."""
        counts = confusion(truth, predicted, weights)
        totals = counts.sum(axis=1)
        present = totals > 0
        return float((np.diag(counts)[present] / totals[present]).mean())
