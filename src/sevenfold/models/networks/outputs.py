"""The end of a network: what its units mean, and how they become predictions."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from sevenfold.core.arrays import Floats
from sevenfold.core.errors import DataError
from sevenfold.core.model import FitContext
from sevenfold.core.state import State
from sevenfold.core.task import Target

MARGIN = 0.1  # predictions stay within the target's training range, widened by this share of it on each side


@dataclass(frozen=True)
class Outputs:
    """Logits of classes, or one value on a scale of its own.

    Args:
        classes: number of classes, 0 for regression.
        center, scale: of the target; the unit at the end gives (target - center) / scale.
        low, high: limits of predictions.
    """

    classes: int
    center: float = 0.0
    scale: float = 1.0
    low: float = 0.0
    high: float = 0.0

    @classmethod
    def learn(cls, target: Target) -> Outputs:
        """From the target of training rows.

        Raises:
            DataError: all rows are of one class.
        """
        if target.classes:
            if len(np.unique(target.values)) < 2:
                raise DataError("All training rows are of one class.", "at least two classes", "one class")
            return cls(target.classes)
        center = float(np.average(target.values, weights=_usable(target.weights)))
        scale = float(np.sqrt(np.average((target.values - center) ** 2, weights=_usable(target.weights))))
        low, high = float(target.values.min()), float(target.values.max())
        margin = MARGIN * (high - low)
        return cls(0, center, scale if np.isfinite(scale) and scale > 0 else 1.0, low - margin, high + margin)

    @property
    def units(self) -> int:
        """How many units the network ends in."""
        return self.classes or 1

    def loss(self, context: FitContext) -> tuple[str, float]:
        """The loss for the run's objective, and the quantile where there is one."""
        if self.classes:
            return "cross-entropy", 0.5
        if context.objective in ("median", "quantile"):
            return "quantile", 0.5 if context.objective == "median" else context.quantile
        return "squared", 0.5

    def labels(self, target: Target) -> np.ndarray[Any, Any]:
        """What the loss compares with."""
        if self.classes:
            return target.codes
        return ((target.values - self.center) / self.scale).astype(np.float32)

    def predictions(self, logits: np.ndarray[Any, Any]) -> Floats:
        """(rows, classes) probabilities or (rows,) values from (rows, units)."""
        wide = logits.astype(np.float64)
        if not self.classes:
            return np.clip(wide[:, 0] * self.scale + self.center, self.low, self.high)
        powers = np.exp(wide - wide.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)

    def state(self) -> State:
        """As data, the inverse of `restored`."""
        return asdict(self)

    @classmethod
    def restored(cls, state: State) -> Outputs:
        """The outputs whose `state` this is."""
        return cls(**state)


def _usable(weights: Floats | None) -> Floats | None:
    return None if weights is None or weights.sum() <= 0 else weights
