"""Standardisation inside a model: columns of any size become comparable, and stay finite."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sevenfold.core.arrays import Floats
from sevenfold.core.state import State

# Squares of larger values would leave the range of float64.
_LARGEST = 1e150
# A standardised value beyond this says "far outside" and no more; a product with a weight stays finite.
_FARTHEST = 1e9


@dataclass(frozen=True)
class Scaling:
    """Mean and spread of each column, (columns,) each."""

    mean: Floats
    spread: Floats

    @classmethod
    def of(cls, values: Floats, weights: Floats | None = None) -> Scaling:
        """Learn from (rows, columns) values. A constant column gets spread 0 and is scaled to 0."""
        values = np.clip(values, -_LARGEST, _LARGEST)
        # Scaled by the largest first, so that neither huge nor tiny columns lose their squares.
        largest = np.abs(values).max(axis=0, initial=0.0)
        unit = np.where(largest > 0, largest, 1.0)
        small = values / unit
        share = np.full(len(values), 1.0 / max(1, len(values))) if weights is None else weights / weights.sum()
        mean = share @ small
        spread = np.sqrt(share @ (small - mean) ** 2)
        # Below this the differences are rounding errors of a constant.
        spread = np.where(spread > 1e-12 * np.maximum(np.abs(mean), 1e-300), spread, 0.0)
        return cls(mean * unit, spread * unit)

    def apply(self, values: Floats) -> Floats:
        """(rows, columns) standardised values, finite, in [-1e9, 1e9]."""
        useful = self.spread > 0
        with np.errstate(over="ignore"):
            scaled = (np.clip(values, -_LARGEST, _LARGEST) - self.mean) / np.where(useful, self.spread, 1.0)
        return np.where(useful, np.clip(scaled, -_FARTHEST, _FARTHEST), 0.0)

    def state(self) -> State:
        """What was learned, as data."""
        return {"mean": self.mean, "spread": self.spread}

    @classmethod
    def restored(cls, state: State) -> Scaling:
        """The scaling whose `state` this is."""
        return cls(np.asarray(state["mean"], float), np.asarray(state["spread"], float))
