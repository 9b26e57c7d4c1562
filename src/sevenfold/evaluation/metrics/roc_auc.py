"""Area under the ROC curve."""

from __future__ import annotations

import numpy as np

from sevenfold.core.arrays import Floats
from sevenfold.core.errors import DataError
from sevenfold.core.metric import Metric, MetricSpec, Needs
from sevenfold.core.task import Goal
from sevenfold.evaluation.metrics.arrays import checked_probabilities
from sevenfold.evaluation.metrics.ranks import Thresholds


class RocAuc(Metric):
    """Binary: chance that a positive row scores above a negative one. Multiclass: mean over the classes that
    occur in the truth, each against the rest (macro one-vs-rest)."""

    spec = MetricSpec(
        name="roc_auc",
        title="ROC AUC",
        goals=frozenset({Goal.BINARY, Goal.MULTICLASS}),
        needs=Needs.PROBABILITIES,
        greater_is_better=True,
        best=1.0,
        worst=0.0,
        summary="How often a random case of a class is ranked above a random case of another; 0.5 is guessing.",
        source="Fawcett 2006, An introduction to ROC analysis; Hand and Till 2001 for several classes",
    )

    def __call__(self, truth: Floats, predicted: Floats, weights: Floats | None = None) -> float:
        """See `Metric`; undefined where the truth holds one class only."""
        codes, probabilities, weights = checked_probabilities(truth, predicted, weights)
        if probabilities.shape[1] == 2:
            areas = [Thresholds.of(codes == 1, probabilities[:, 1], weights).area()]
        else:
            present = np.flatnonzero(np.bincount(codes, weights=weights, minlength=probabilities.shape[1]) > 0)
            areas = [Thresholds.of(codes == c, probabilities[:, c], weights).area() for c in present]
        value = float(np.mean(areas))
        if not np.isfinite(value):
            raise DataError(
                "ROC AUC is undefined for these rows.",
                "rows of at least two classes",
                "rows of one class",
                "Measure more rows, or take accuracy or log_loss.",
            )
        return value
