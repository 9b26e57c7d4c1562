"""Standardisation inside a model: columns of any size become comparable, and stay finite."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sevenfold.core.arrays import Floats
from sevenfold.core.state import State

# Squares of larger values would leave the range of float64.
_LARGEST = 1e150
# A standardised value beyond this says "far outside" and no more; a product with a weight stays finite.
_FARTHEST = 1e9
_FEW_COLUMNS = 48


@dataclass(frozen=True)
class Scaling:
    """Mean and spread of each column, (columns,) each."""

    mean: Floats
    spread: Floats

    @classmethod
    def of(cls, values: Floats, weights: Floats | None = None) -> Scaling:
        """Learn from (rows, columns) values. A constant column gets spread 0 and is scaled to 0."""
        values = np.clip(values, -_LARGEST, _LARGEST, dtype=np.float64)  # a copy, the only one: it may be large
        # Scaled by the largest first, so that neither huge nor tiny columns lose their squares.
        largest = np.maximum(values.max(axis=0, initial=0.0), -values.min(axis=0, initial=0.0))
        unit = np.where(largest > 0, largest, 1.0)
        values /= unit
        share = np.full(len(values), 1.0 / max(1, len(values))) if weights is None else weights / weights.sum()
        mean = share @ values
        values -= mean
        spread = np.sqrt(share @ np.square(values, out=values))
        # Below this the differences are rounding errors of a constant.
        spread = np.where(spread > 1e-12 * np.maximum(np.abs(mean), 1e-300), spread, 0.0)
        return cls(mean * unit, spread * unit)

    def apply(self, values: Floats) -> Floats:
        """(rows, columns) standardised values, finite, in [-1e9, 1e9]."""
        useful = self.spread > 0
        scaled: Floats = np.clip(values, -_LARGEST, _LARGEST, dtype=np.float64)
        scaled -= self.mean
        with np.errstate(over="ignore"):
            scaled /= np.where(useful, self.spread, 1.0)
        np.clip(scaled, -_FARTHEST, _FARTHEST, out=scaled)
        scaled[:, ~useful] = 0.0
        return scaled

    def row(self) -> Callable[[list[float]], Floats]:
        """`apply` of one row as a function, with all that does not depend on the row done before."""
        useful = self.spread > 0
        divisor, mean = np.where(useful, self.spread, 1.0), self.mean
        useless = None if useful.all() else ~useful
        low, high, near, far = -_LARGEST, _LARGEST, -_FARTHEST, _FARTHEST
        if len(mean) <= _FEW_COLUMNS:
            return self._few(divisor.tolist(), useful.tolist())

        def apply(values: list[float]) -> Floats:
            row = np.array(values, dtype=np.float64)
            np.minimum(np.maximum(row, low, out=row), high, out=row)
            row -= mean
            with np.errstate(over="ignore"):
                row /= divisor
            np.minimum(np.maximum(row, near, out=row), far, out=row)
            if useless is not None:
                row[useless] = 0.0
            return row

        return apply

    def _few(self, divisors: list[float], useful: list[bool]) -> Callable[[list[float]], Floats]:
        """`row` for few columns, of which plain floats are done before the first array is made."""
        by_column = list(zip(self.mean.tolist(), divisors, useful, strict=True))
        low, high, near, far, array = -_LARGEST, _LARGEST, -_FARTHEST, _FARTHEST, np.array

        def apply(values: list[float]) -> Floats:
            held = [
                ((high if v > high else low if v < low else v) - mean) / divisor if varies else 0.0
                for v, (mean, divisor, varies) in zip(values, by_column, strict=True)
            ]
            return array([far if v > far else near if v < near else v for v in held], dtype=np.float64)

        return apply

    def state(self) -> State:
        """What was learned, as data."""
        return {"mean": self.mean, "spread": self.spread}

    @classmethod
    def restored(cls, state: State) -> Scaling:
        """The scaling whose `state` this is."""
        return cls(np.asarray(state["mean"], float), np.asarray(state["spread"], float))
