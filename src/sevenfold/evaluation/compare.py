"""Is one prediction really better than another on the same rows?"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from sevenfold.core.arrays import Floats, Ints
from sevenfold.core.errors import DataError
from sevenfold.core.metric import Metric, Needs
from sevenfold.evaluation.resample import MOST_DRAWS, Sampler, cell_draws, cells


@dataclass(frozen=True)
class Gain:
    """How much better the second prediction is than the first, in the metric's unit.

    Args:
        value: loss of the first less loss of the second; above 0 the second is better.
        low, high: 95 % limits by paired bootstrap.
        chance: share of the draws in which the second is better, ties counting half.
    """

    value: float
    low: float
    high: float
    chance: float

    @property
    def real(self) -> bool:
        """Whether the interval leaves no doubt that the second is better."""
        return self.low > 0

    def to_json(self) -> dict[str, Any]:
        """value, low, high, chance and real."""
        return {**asdict(self), "real": self.real}


def compare(
    metric: Metric,
    truth: Floats,
    first: Floats,
    second: Floats,
    stream: np.random.Generator,
    weights: Floats | None = None,
    groups: Ints | None = None,
    draws: int = MOST_DRAWS,
) -> Gain:
    """The gain of `second` over `first`, both measured on the same draws of rows, so what is hard for both cancels.

    Args:
        truth: (rows,).
        first, second: what the metric needs, rows first.
        weights: (rows,) or None.
        groups: (rows,) group of each row; whole groups are then drawn.
        draws: at most so many draws of rows.
    Raises:
        DataError: the metric is undefined for the rows, or for nearly all draws of them.
    """
    value = metric.loss(metric(truth, first, weights)) - metric.loss(metric(truth, second, weights))
    if metric.spec.needs is Needs.LABELS and weights is None and groups is None:
        (true, one, two), counts = cells(truth, first, second)
        drawn = cell_draws(true, counts, draws, stream)
        gains = [_gain(metric, true, one, two, row) for row in drawn]
        scale = 1.0
    else:
        stratified = metric.spec.needs in (Needs.LABELS, Needs.PROBABILITIES)
        sampler = Sampler.plan(len(truth), truth.astype(np.int64) if stratified else None, groups, draws)
        gains = [
            _gain(metric, truth[r], first[r], second[r], None if weights is None else weights[r])
            for r in sampler(stream)
        ]
        scale = sampler.scale
    found = np.array(gains)
    found = found[np.isfinite(found)]
    if len(found) < 20:
        raise DataError(
            "Two predictions cannot be compared on these rows.",
            "rows on which the metric is defined",
            f"{len(truth)} rows on which it mostly is not",
            "Compare on more rows.",
        )
    deviations = (found - np.median(found)) * scale
    low, high = value + np.quantile(deviations, 0.025), value + np.quantile(deviations, 0.975)
    settled = value + deviations
    chance = float((settled > 0).mean() + 0.5 * (settled == 0).mean())
    return Gain(value, float(min(low, value)), float(max(high, value)), chance)


def _gain(metric: Metric, truth: Floats, first: Floats, second: Floats, weights: Floats | None) -> float:
    try:
        return metric.loss(metric(truth, first, weights)) - metric.loss(metric(truth, second, weights))
    except DataError:
        return float("nan")
