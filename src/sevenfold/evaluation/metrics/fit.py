"""How well predicted numbers explain the truth: R², pinball loss, Poisson deviance."""

from __future__ import annotations

import numpy as np

from sevenfold.core.arrays import Floats
from sevenfold.core.errors import DataError, RequestError
from sevenfold.core.metric import Metric, MetricSpec, Needs
from sevenfold.core.task import Goal
from sevenfold.evaluation.metrics.arrays import checked, mean

_REGRESSION = frozenset({Goal.REGRESSION})
_LEAST_COUNT = 1e-9


class RSquared(Metric):
    """Share of the truth's variance that is explained. A constant truth gives 1 for exact predictions, else 0."""

    spec = MetricSpec(
        name="r2",
        title="R²",
        goals=_REGRESSION,
        needs=Needs.VALUES,
        greater_is_better=True,
        best=1.0,
        worst=float("-inf"),
        summary="Share of the variation that is explained; 0 is no better than the mean.",
    )

    def __call__(self, truth: Floats, predicted: Floats, weights: Floats | None = None) -> float:
        """See `Metric`."""
        truth, predicted, weights = checked(truth, predicted, weights)
        left = mean((truth - predicted) ** 2, weights)
        spread = mean((truth - mean(truth, weights)) ** 2, weights)
        if spread == 0.0:
            return 1.0 if left == 0.0 else 0.0
        return 1.0 - left / spread


class Pinball(Metric):
    """Loss of a predicted quantile.

    Args:
        quantile: between 0 and 1; at 0.5 the loss is half the mean absolute error.
    """

    spec = MetricSpec(
        name="pinball",
        title="Pinball loss",
        goals=_REGRESSION,
        needs=Needs.VALUES,
        greater_is_better=False,
        best=0.0,
        worst=float("inf"),
        summary="Error of a predicted quantile: too low and too high cost as the quantile says.",
        source="Koenker and Bassett 1978",
    )

    def __init__(self, quantile: float = 0.5) -> None:
        if not 0 < quantile < 1:
            raise RequestError("The quantile is out of range.", "between 0 and 1", str(quantile), "Say 0.9.")
        self.quantile = quantile

    def __call__(self, truth: Floats, predicted: Floats, weights: Floats | None = None) -> float:
        """See `Metric`."""
        truth, predicted, weights = checked(truth, predicted, weights)
        gap = truth - predicted
        return mean(np.maximum(self.quantile * gap, (self.quantile - 1.0) * gap), weights)


class PoissonDeviance(Metric):
    """Mean unit deviance of counts. Predictions below 1e-9 count as 1e-9."""

    spec = MetricSpec(
        name="poisson_deviance",
        title="Poisson deviance",
        goals=_REGRESSION,
        needs=Needs.VALUES,
        greater_is_better=False,
        best=0.0,
        worst=float("inf"),
        summary="Misfit of predicted counts, where large counts may vary more.",
        source="McCullagh and Nelder 1989, section 2.3",
    )

    def __call__(self, truth: Floats, predicted: Floats, weights: Floats | None = None) -> float:
        """See `Metric`; undefined where a true value is below 0."""
        truth, predicted, weights = checked(truth, predicted, weights)
        if truth.min() < 0:
            raise DataError("Poisson deviance is undefined for negative counts.", "0 or more", str(truth.min()))
        expected = np.maximum(predicted, _LEAST_COUNT)
        log_ratio = np.log(np.where(truth > 0, truth, 1.0) / np.where(truth > 0, expected, 1.0))
        # Each row's deviance is at least 0; rounding must not say otherwise.
        return mean(np.maximum(2.0 * (truth * log_ratio - truth + expected), 0.0), weights)
