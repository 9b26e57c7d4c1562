"""Sizes of the errors of predicted numbers."""

from __future__ import annotations

import numpy as np

from sevenfold.core.arrays import Floats
from sevenfold.core.errors import DataError
from sevenfold.core.metric import Metric, MetricSpec, Needs
from sevenfold.core.task import Goal
from sevenfold.evaluation.metrics.arrays import checked, mean

_INFINITE = float("inf")
_REGRESSION = frozenset({Goal.REGRESSION})
_RATINGS = frozenset({Goal.REGRESSION, Goal.RECOMMENDATION})


class RootMeanSquaredError(Metric):
    """Square root of the mean squared error, in the target's unit."""

    spec = MetricSpec(
        name="rmse",
        title="RMSE",
        goals=_RATINGS,
        needs=Needs.VALUES,
        greater_is_better=False,
        best=0.0,
        worst=_INFINITE,
        summary="Typical size of an error in the target's own unit; large errors weigh most.",
    )

    def __call__(self, truth: Floats, predicted: Floats, weights: Floats | None = None) -> float:
        """See `Metric`."""
        truth, predicted, weights = checked(truth, predicted, weights)
        return float(np.sqrt(mean((truth - predicted) ** 2, weights)))


class MeanSquaredError(Metric):
    """Mean squared error, in the square of the target's unit."""

    spec = MetricSpec(
        name="mse",
        title="Mean squared error",
        goals=_RATINGS,
        needs=Needs.VALUES,
        greater_is_better=False,
        best=0.0,
        worst=_INFINITE,
        summary="Squared error; ranks models as RMSE does.",
    )

    def __call__(self, truth: Floats, predicted: Floats, weights: Floats | None = None) -> float:
        """See `Metric`."""
        truth, predicted, weights = checked(truth, predicted, weights)
        return mean((truth - predicted) ** 2, weights)


class MeanAbsoluteError(Metric):
    """Mean of the absolute errors, in the target's unit."""

    spec = MetricSpec(
        name="mae",
        title="Mean absolute error",
        goals=_RATINGS,
        needs=Needs.VALUES,
        greater_is_better=False,
        best=0.0,
        worst=_INFINITE,
        summary="Average size of an error in the target's own unit.",
    )

    def __call__(self, truth: Floats, predicted: Floats, weights: Floats | None = None) -> float:
        """See `Metric`."""
        truth, predicted, weights = checked(truth, predicted, weights)
        return mean(np.abs(truth - predicted), weights)


class MedianAbsoluteError(Metric):
    """Median of the absolute errors; with weights the mean of lower and upper weighted median."""

    spec = MetricSpec(
        name="median_absolute_error",
        title="Median absolute error",
        goals=_REGRESSION,
        needs=Needs.VALUES,
        greater_is_better=False,
        best=0.0,
        worst=_INFINITE,
        summary="Half of the predictions are closer than this.",
    )

    def __call__(self, truth: Floats, predicted: Floats, weights: Floats | None = None) -> float:
        """See `Metric`."""
        truth, predicted, weights = checked(truth, predicted, weights)
        errors = np.abs(truth - predicted)
        if weights is None:
            return float(np.median(errors))
        kept = weights > 0
        order = np.argsort(errors[kept], kind="stable")
        ranked, reached = errors[kept][order], np.cumsum(weights[kept][order])
        half = reached[-1] / 2.0
        lower = ranked[np.searchsorted(reached, half * (1.0 - 1e-12))]
        upper = ranked[min(np.searchsorted(reached, half * (1.0 + 1e-12)), len(ranked) - 1)]
        return float((lower + upper) / 2.0)


class Bias(Metric):
    """Mean of prediction less truth: positive where the model predicts too much. Its loss is the distance from 0."""

    spec = MetricSpec(
        name="bias",
        title="Bias",
        goals=_REGRESSION,
        needs=Needs.VALUES,
        greater_is_better=False,
        best=0.0,
        worst=_INFINITE,
        summary="By how much predictions are too high (above 0) or too low (below) on average.",
    )

    def __call__(self, truth: Floats, predicted: Floats, weights: Floats | None = None) -> float:
        """See `Metric`."""
        truth, predicted, weights = checked(truth, predicted, weights)
        return mean(predicted - truth, weights)

    def loss(self, value: float) -> float:
        """Distance from 0."""
        return abs(value)


class MeanAbsolutePercentageError(Metric):
    """Mean of the absolute error over the absolute truth, as a fraction (0.1 is 10 %)."""

    spec = MetricSpec(
        name="mape",
        title="Mean absolute percentage error",
        goals=_REGRESSION,
        needs=Needs.VALUES,
        greater_is_better=False,
        best=0.0,
        worst=_INFINITE,
        summary="Average error relative to the true value; 0.1 is ten per cent.",
        source="de Myttenaere et al. 2016",
    )

    def __call__(self, truth: Floats, predicted: Floats, weights: Floats | None = None) -> float:
        """See `Metric`; undefined where a true value is 0."""
        truth, predicted, weights = checked(truth, predicted, weights)
        if not truth.all():
            raise DataError(
                "A percentage error is undefined where the truth is 0.",
                "true values other than 0",
                f"{int((truth == 0).sum())} zeros",
                "Take mae or rmsle.",
            )
        return mean(np.abs(truth - predicted) / np.abs(truth), weights)


class RootMeanSquaredLogError(Metric):
    """RMSE of log(1 + value). Negative predictions count as 0."""

    spec = MetricSpec(
        name="rmsle",
        title="RMSLE",
        goals=_REGRESSION,
        needs=Needs.VALUES,
        greater_is_better=False,
        best=0.0,
        worst=_INFINITE,
        summary="Typical error in proportion: 0.1 is about ten per cent, for small and large values alike.",
    )

    def __call__(self, truth: Floats, predicted: Floats, weights: Floats | None = None) -> float:
        """See `Metric`; undefined where a true value is below 0."""
        truth, predicted, weights = checked(truth, predicted, weights)
        if truth.min() < 0:
            raise DataError(
                "RMSLE is undefined where the truth is negative.", "0 or more", str(truth.min()), "Take rmse or mae."
            )
        return float(np.sqrt(mean((np.log1p(truth) - np.log1p(np.maximum(predicted, 0.0))) ** 2, weights)))
