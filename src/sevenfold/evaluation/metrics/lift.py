"""Lift of the top decile."""

from __future__ import annotations

import numpy as np

from sevenfold.core.arrays import Floats
from sevenfold.core.errors import DataError
from sevenfold.core.metric import Metric, MetricSpec, Needs
from sevenfold.core.task import Goal
from sevenfold.evaluation.metrics.arrays import checked_probabilities
from sevenfold.evaluation.metrics.ranks import Thresholds


class TopDecileLift(Metric):
    """Share of positives among the tenth with the highest scores, over their share among all.

    Where equal scores straddle the tenth, the rows among them count in proportion.
    """

    spec = MetricSpec(
        name="top_decile_lift",
        title="Lift of the top decile",
        goals=frozenset({Goal.BINARY}),
        needs=Needs.PROBABILITIES,
        greater_is_better=True,
        best=10.0,
        worst=0.0,
        summary="How many times more cases the top tenth of the list holds than a random tenth would.",
        source="Ling and Li 1998, Data mining for direct marketing",
    )

    def __call__(self, truth: Floats, predicted: Floats, weights: Floats | None = None) -> float:
        """See `Metric`; undefined where no row is positive."""
        codes, probabilities, weights = checked_probabilities(truth, predicted, weights)
        counts = Thresholds.of(codes == 1, probabilities[:, 1], weights)
        if counts.hits[-1] <= 0:
            raise DataError("Lift is undefined for these rows.", "at least one positive row", "none")
        flagged = np.concatenate(([0.0], counts.hits + counts.alarms))
        hits = np.concatenate(([0.0], counts.hits))
        share = np.interp(0.1 * flagged[-1], flagged, hits) / hits[-1]
        return float(share / 0.1)
