"""Expected calibration error of probabilities."""

from __future__ import annotations

import numpy as np

from sevenfold.core.arrays import Floats
from sevenfold.core.metric import Metric, MetricSpec, Needs
from sevenfold.core.task import Goal
from sevenfold.evaluation.metrics.arrays import checked_probabilities

BINS = 15


class ExpectedCalibrationError(Metric):
    """Mean gap between what was said and what happened, over 15 bins of equal width.

    Binary: probability of the positive class against its frequency. Multiclass: probability of the most
    likely class against how often it is right.
    """

    spec = MetricSpec(
        name="expected_calibration_error",
        title="Calibration error",
        goals=frozenset({Goal.BINARY, Goal.MULTICLASS}),
        needs=Needs.PROBABILITIES,
        greater_is_better=False,
        best=0.0,
        worst=1.0,
        summary="How far '70 % sure' is from being right 70 times in 100, on average.",
        source="Guo et al. 2017, equation 3",
    )

    def __call__(self, truth: Floats, predicted: Floats, weights: Floats | None = None) -> float:
        """See `Metric`."""
        codes, probabilities, weights = checked_probabilities(truth, predicted, weights)
        if probabilities.shape[1] == 2:
            said, happened = probabilities[:, 1], (codes == 1).astype(np.float64)
        else:
            top = probabilities.argmax(axis=1)
            said, happened = probabilities[np.arange(len(codes)), top], (top == codes).astype(np.float64)
        bins = np.clip((said * BINS).astype(np.int64), 0, BINS - 1)
        gaps = said - happened
        if weights is not None:
            gaps = gaps * weights
        total = float(len(codes)) if weights is None else float(weights.sum())
        return float(np.abs(np.bincount(bins, weights=gaps, minlength=BINS)).sum() / total)
