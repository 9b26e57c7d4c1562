"""Brier score of probabilities."""

from __future__ import annotations

import numpy as np

from sevenfold.core.arrays import Floats
from sevenfold.core.metric import Metric, MetricSpec, Needs
from sevenfold.core.task import Goal
from sevenfold.evaluation.metrics.arrays import checked_probabilities, mean


class Brier(Metric):
    """Mean squared distance between probabilities and what happened: of the positive class for binary tasks (0 to
    1), summed over classes otherwise (0 to 2)."""

    spec = MetricSpec(
        name="brier",
        title="Brier score",
        goals=frozenset({Goal.BINARY, Goal.MULTICLASS}),
        needs=Needs.PROBABILITIES,
        greater_is_better=False,
        best=0.0,
        worst=2.0,
        summary="Squared error of the probabilities: small where they are both sharp and true.",
        source="Brier 1950",
    )

    def __call__(self, truth: Floats, predicted: Floats, weights: Floats | None = None) -> float:
        """See `Metric`."""
        codes, probabilities, weights = checked_probabilities(truth, predicted, weights)
        if probabilities.shape[1] == 2:
            return mean((probabilities[:, 1] - (codes == 1)) ** 2, weights)
        happened = np.zeros_like(probabilities)
        happened[np.arange(len(codes)), codes] = 1.0
        return mean(((probabilities - happened) ** 2).sum(axis=1), weights)
