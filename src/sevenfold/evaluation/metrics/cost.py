"""Cost of the decisions, by a matrix."""

from __future__ import annotations

import numpy as np

from sevenfold.core.arrays import Floats
from sevenfold.core.errors import RequestError
from sevenfold.core.metric import Metric, MetricSpec, Needs
from sevenfold.core.task import Goal
from sevenfold.evaluation.metrics.arrays import confusion


class Cost(Metric):
    """Mean cost of a decision. Without a matrix every mistake costs 1, which is the error rate.

    Args:
        costs: (classes, classes) cost of deciding for column j where row i is true.
    """

    spec = MetricSpec(
        name="cost",
        title="Cost of a decision",
        goals=frozenset({Goal.BINARY, Goal.MULTICLASS}),
        needs=Needs.LABELS,
        greater_is_better=False,
        best=float("-inf"),
        worst=float("inf"),
        summary="What a decision costs on average, by your own price for each mistake.",
        source="Elkan 2001, The foundations of cost-sensitive learning",
    )

    def __init__(self, costs: Floats | None = None) -> None:
        self.costs = costs
        if costs is not None and (costs.ndim != 2 or costs.shape[0] != costs.shape[1]):
            raise RequestError("The cost matrix is not square.", "(classes, classes)", str(costs.shape))

    def __call__(self, truth: Floats, predicted: Floats, weights: Floats | None = None) -> float:
        """See `Metric`."""
        counts = confusion(truth, predicted, weights, classes=0 if self.costs is None else len(self.costs))
        costs = 1.0 - np.eye(len(counts)) if self.costs is None else self.costs
        if len(counts) != len(costs):
            raise RequestError(
                "The cost matrix is too small.", f"{len(counts)} classes", f"{len(costs)} classes", "Give all costs."
            )
        return float((counts * costs).sum() / counts.sum())
