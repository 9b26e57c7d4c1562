"""Logarithmic loss of probabilities."""

from __future__ import annotations

import numpy as np

from sevenfold.core.arrays import Floats
from sevenfold.core.metric import Metric, MetricSpec, Needs
from sevenfold.core.task import Goal
from sevenfold.evaluation.metrics.arrays import checked_probabilities, mean

_LEAST = float(np.finfo(np.float64).eps)


class LogLoss(Metric):
    """Mean of -log of the true class's probability, in nats. Probabilities are kept 2.2e-16 away from 0 and 1,
    so one certain mistake costs about 36 and not infinity."""

    spec = MetricSpec(
        name="log_loss",
        title="Log loss",
        goals=frozenset({Goal.BINARY, Goal.MULTICLASS}),
        needs=Needs.PROBABILITIES,
        greater_is_better=False,
        best=0.0,
        worst=float("inf"),
        summary="How far the probabilities are from what happened; confident mistakes cost most.",
        source="Good 1952; Gneiting and Raftery 2007",
    )

    def __call__(self, truth: Floats, predicted: Floats, weights: Floats | None = None) -> float:
        """See `Metric`."""
        codes, probabilities, weights = checked_probabilities(truth, predicted, weights)
        chosen = probabilities[np.arange(len(codes)), codes]
        return mean(-np.log(np.clip(chosen, _LEAST, 1.0 - _LEAST)), weights)
