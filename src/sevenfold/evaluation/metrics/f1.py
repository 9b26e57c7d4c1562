"""Precision, recall and their harmonic mean."""

from __future__ import annotations

import numpy as np

from sevenfold.core.arrays import Floats
from sevenfold.core.metric import Metric, MetricSpec, Needs
from sevenfold.core.task import Goal
from sevenfold.evaluation.metrics.arrays import confusion

_SOURCE = "van Rijsbergen 1979"


def _ratio(part: float, whole: float) -> float:
    """part / whole, 0 where there is no whole: nothing was claimed, or there was nothing to find."""
    return part / whole if whole > 0 else 0.0


class Precision(Metric):
    """Share of the rows decided for the positive class that belong to it; 0 where there is none."""

    spec = MetricSpec(
        name="precision",
        title="Precision",
        goals=frozenset({Goal.BINARY}),
        needs=Needs.LABELS,
        greater_is_better=True,
        best=1.0,
        worst=0.0,
        summary="Of the alarms raised, the share that is real.",
        source=_SOURCE,
    )

    def __call__(self, truth: Floats, predicted: Floats, weights: Floats | None = None) -> float:
        """See `Metric`."""
        counts = confusion(truth, predicted, weights, classes=2)
        return _ratio(float(counts[1, 1]), float(counts[:, 1].sum()))


class Recall(Metric):
    """Share of the positive rows that are decided for; 0 where there is none."""

    spec = MetricSpec(
        name="recall",
        title="Recall",
        goals=frozenset({Goal.BINARY}),
        needs=Needs.LABELS,
        greater_is_better=True,
        best=1.0,
        worst=0.0,
        summary="Of the cases there are, the share that is found.",
        source=_SOURCE,
    )

    def __call__(self, truth: Floats, predicted: Floats, weights: Floats | None = None) -> float:
        """See `Metric`."""
        counts = confusion(truth, predicted, weights, classes=2)
        return _ratio(float(counts[1, 1]), float(counts[1].sum()))


class F1(Metric):
    """Harmonic mean of precision and recall of the positive class; 0 where both are."""

    spec = MetricSpec(
        name="f1",
        title="F1",
        goals=frozenset({Goal.BINARY}),
        needs=Needs.LABELS,
        greater_is_better=True,
        best=1.0,
        worst=0.0,
        summary="One number for finding the cases and not crying wolf.",
        source=_SOURCE,
    )

    def __call__(self, truth: Floats, predicted: Floats, weights: Floats | None = None) -> float:
        """See `Metric`."""
        counts = confusion(truth, predicted, weights, classes=2)
        return _ratio(2.0 * float(counts[1, 1]), float(counts[1].sum() + counts[:, 1].sum()))


class F1Macro(Metric):
    """Mean of F1 over the classes that occur in truth or decision."""

    spec = MetricSpec(
        name="f1_macro",
        title="F1, mean over classes",
        goals=frozenset({Goal.BINARY, Goal.MULTICLASS}),
        needs=Needs.LABELS,
        greater_is_better=True,
        best=1.0,
        worst=0.0,
        summary="F1 of each class, every class counting alike.",
        source=_SOURCE,
    )

    def __call__(self, truth: Floats, predicted: Floats, weights: Floats | None = None) -> float:
        """See `Metric`."""
        counts = confusion(truth, predicted, weights)
        claims = counts.sum(axis=1) + counts.sum(axis=0)
        present = claims > 0
        return float(np.mean(2.0 * np.diag(counts)[present] / claims[present]))
