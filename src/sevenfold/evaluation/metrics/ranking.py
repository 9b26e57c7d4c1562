"""Rankings: the mean over users of a figure that `evaluation.ranking` computes for each."""

from __future__ import annotations

from sevenfold.core.arrays import Floats
from sevenfold.core.metric import Metric, MetricSpec, Needs
from sevenfold.core.task import Goal
from sevenfold.evaluation.metrics.arrays import checked, mean

_RECOMMENDATION = frozenset({Goal.RECOMMENDATION})


class NdcgAt10(Metric):
    """Mean NDCG of each user's first ten items. `predicted` holds each user's value; `truth` is not looked at."""

    spec = MetricSpec(
        name="ndcg@10",
        title="NDCG@10",
        goals=_RECOMMENDATION,
        needs=Needs.RANKING,
        greater_is_better=True,
        best=1.0,
        worst=0.0,
        summary="How much of what a user wants stands in the first ten places, the first ones counting most.",
        source="Järvelin and Kekäläinen 2002",
    )

    def __call__(self, truth: Floats, predicted: Floats, weights: Floats | None = None) -> float:
        """Weighted mean of (users,) values."""
        _, values, weights = checked(truth, predicted, weights)
        return mean(values, weights)


class RecallAt10(Metric):
    """Mean share of each user's items that the first ten hold. `predicted` holds each user's value; `truth` is not
    looked at."""

    spec = MetricSpec(
        name="recall@10",
        title="Recall@10",
        goals=_RECOMMENDATION,
        needs=Needs.RANKING,
        greater_is_better=True,
        best=1.0,
        worst=0.0,
        summary="The share of what a user wants that the first ten places hold.",
        source="Cremonesi et al. 2010",
    )

    def __call__(self, truth: Floats, predicted: Floats, weights: Floats | None = None) -> float:
        """Weighted mean of (users,) values."""
        _, values, weights = checked(truth, predicted, weights)
        return mean(values, weights)
