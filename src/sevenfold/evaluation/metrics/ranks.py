"""Weighted counts along a falling threshold: what ROC and precision-recall are made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sevenfold.core.arrays import Flags, Floats


@dataclass(frozen=True)
class Thresholds:
    """Counts at every distinct score, highest first.

    Args:
        scores: (points,) distinct scores, falling.
        hits: (points,) weight of positive rows with a score at least this high.
        alarms: (points,) weight of negative rows with a score at least this high.
    """

    scores: Floats
    hits: Floats
    alarms: Floats

    @classmethod
    def of(cls, positive: Flags, scores: Floats, weights: Floats | None = None) -> Thresholds:
        """Count (rows,) scores of rows that are positive or not."""
        order = np.argsort(scores)[::-1]
        ranked = scores[order]
        ends = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
        if weights is None:
            hits = np.cumsum(positive[order])[ends].astype(np.float64)
            return cls(ranked[ends], hits, ends + 1 - hits)
        # Ties are summed together, so the order in which equal scores came out does not matter.
        hits = np.cumsum(np.where(positive, weights, 0.0)[order])[ends]
        alarms = np.cumsum(np.where(positive, 0.0, weights)[order])[ends]
        return cls(ranked[ends], hits, alarms)

    def area(self) -> float:
        """Area under the ROC curve, by trapezes; NaN where one side is empty."""
        positives, negatives = self.hits[-1], self.alarms[-1]
        if positives <= 0 or negatives <= 0:
            return float("nan")
        widths = np.diff(self.alarms, prepend=0.0)
        heights = self.hits + np.concatenate(([0.0], self.hits[:-1]))
        area = float((widths * heights).sum() / (2.0 * positives * negatives))
        return min(1.0, max(0.0, area))

    def average_precision(self) -> float:
        """Precision averaged over the steps in recall; NaN where no row is positive."""
        positives = self.hits[-1]
        if positives <= 0:
            return float("nan")
        flagged = self.hits + self.alarms
        precision = np.divide(self.hits, flagged, out=np.zeros_like(self.hits), where=flagged > 0)
        steps = np.diff(self.hits, prepend=0.0)
        return float((steps * precision).sum() / positives)
