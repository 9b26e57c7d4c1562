"""Agreement beyond chance: Matthews correlation and Cohen's kappa."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from sevenfold.core.arrays import Floats
from sevenfold.core.metric import Metric, MetricSpec, Needs
from sevenfold.core.task import Goal
from sevenfold.evaluation.metrics.arrays import confusion

_BOTH = frozenset({Goal.BINARY, Goal.MULTICLASS})


class MatthewsCorrelation(Metric):
    """Correlation between true and decided class; 0 where either is constant."""

    spec = MetricSpec(
        name="mcc",
        title="Matthews correlation",
        goals=_BOTH,
        needs=Needs.LABELS,
        greater_is_better=True,
        best=1.0,
        worst=-1.0,
        summary="Correlation of decisions with the truth; 0 is guessing, whatever the balance of classes.",
        source="Gorodkin 2004",
    )

    def __call__(self, truth: Floats, predicted: Floats, weights: Floats | None = None) -> float:
        """See `Metric`."""
        counts = confusion(truth, predicted, weights)
        counts = counts / counts.sum()
        true, decided = counts.sum(axis=1), counts.sum(axis=0)
        together = np.diag(counts).sum() - (true * decided).sum()
        spread = (1.0 - (true * true).sum()) * (1.0 - (decided * decided).sum())
        return float(np.clip(together / np.sqrt(spread), -1.0, 1.0)) if spread > 1e-15 else 0.0


class _Kappa(Metric):
    """1 less the observed over the expected penalty. `power` 0: every mistake alike; 2: squared distance."""

    power: ClassVar[int]

    def __call__(self, truth: Floats, predicted: Floats, weights: Floats | None = None) -> float:
        """See `Metric`."""
        counts = confusion(truth, predicted, weights)
        counts = counts / counts.sum()
        grid = np.arange(len(counts), dtype=np.float64)
        apart = np.abs(grid[:, None] - grid[None, :])
        penalty = apart**self.power if self.power else (apart > 0).astype(np.float64)
        expected = float((penalty * np.outer(counts.sum(axis=1), counts.sum(axis=0))).sum())
        return 1.0 - float((penalty * counts).sum()) / expected if expected > 1e-15 else 0.0


class CohenKappa(_Kappa):
    """Share of agreement beyond what the marginal frequencies give by chance; 0 where that is all."""

    power = 0

    spec = MetricSpec(
        name="cohen_kappa",
        title="Cohen's kappa",
        goals=_BOTH,
        needs=Needs.LABELS,
        greater_is_better=True,
        best=1.0,
        worst=-1.0,
        summary="Agreement with the truth beyond chance.",
        source="Cohen 1960",
    )


class QuadraticKappa(_Kappa):
    """Kappa in which a mistake costs the square of the distance between classes, for ordered classes."""

    power = 2

    spec = MetricSpec(
        name="quadratic_kappa",
        title="Quadratic weighted kappa",
        goals=_BOTH,
        needs=Needs.LABELS,
        greater_is_better=True,
        best=1.0,
        worst=-1.0,
        summary="Agreement beyond chance for ordered classes: near misses cost little.",
        source="Cohen 1968",
    )
