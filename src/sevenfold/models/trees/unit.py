"""A regression target in its own unit, as boosting libraries that count in float32 want it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sevenfold.core.arrays import Floats
from sevenfold.core.task import Target
from sevenfold.models.fitting import equal_or


@dataclass(frozen=True)
class Unit:
    """predicted = learned * size + shift."""

    shift: float = 0.0
    size: float = 1.0

    @classmethod
    def of(cls, target: Target, objective: str) -> Unit:
        """Mean and spread of a regression target; counts and classes stay as they are."""
        if target.goal.is_classification or objective == "counts" or not len(target):
            return cls()
        largest = float(np.abs(target.values).max()) or 1.0
        small, weights = target.values / largest, equal_or(target.weights, len(target))
        shift = float(np.average(small, weights=weights))
        size = float(np.sqrt(np.average((small - shift) ** 2, weights=weights)))
        # Where the values are all but equal, dividing by their spread would blow up rounding errors.
        return cls(shift * largest, size * largest if size > 1e-12 else largest)

    def apply(self, values: Floats) -> Floats:
        """Values as they are learned."""
        return (values - self.shift) / self.size

    def invert(self, learned: Floats) -> Floats:
        """Learned values in the target's unit."""
        return learned * self.size + self.shift
