"""Area under the precision-recall curve."""

from __future__ import annotations

import numpy as np

from sevenfold.core.arrays import Floats
from sevenfold.core.errors import DataError
from sevenfold.core.metric import Metric, MetricSpec, Needs
from sevenfold.core.task import Goal
from sevenfold.evaluation.metrics.arrays import checked_probabilities
from sevenfold.evaluation.metrics.ranks import Thresholds


class AveragePrecision(Metric):
    """Binary: of the positive class. Multiclass: mean over the classes that occur in the truth, each against
    the rest."""

    spec = MetricSpec(
        name="average_precision",
        title="Average precision",
        goals=frozenset({Goal.BINARY, Goal.MULTICLASS}),
        needs=Needs.PROBABILITIES,
        greater_is_better=True,
        best=1.0,
        worst=0.0,
        summary="How pure the top of the ranking is, at every depth; guessing gives the share of the rare class.",
        source="Davis and Goadrich 2006; step interpolation as in scikit-learn",
    )

    def __call__(self, truth: Floats, predicted: Floats, weights: Floats | None = None) -> float:
        """See `Metric`; undefined where no row is positive."""
        codes, probabilities, weights = checked_probabilities(truth, predicted, weights)
        if probabilities.shape[1] == 2:
            values = [Thresholds.of(codes == 1, probabilities[:, 1], weights).average_precision()]
        else:
            present = np.flatnonzero(np.bincount(codes, weights=weights, minlength=probabilities.shape[1]) > 0)
            values = [Thresholds.of(codes == c, probabilities[:, c], weights).average_precision() for c in present]
        value = float(np.mean(values))
        if not np.isfinite(value):
            raise DataError(
                "Average precision is undefined for these rows.",
                "at least one row of the positive class",
                "none",
                "Measure more rows.",
            )
        return value
