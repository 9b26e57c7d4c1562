"""How a network sees numbers: robustly scaled, softly clipped, with quantile bins. Learned on training rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sevenfold.core.arrays import Floats, Ints
from sevenfold.core.state import State

SMALLEST = 1e-300  # columns that spread less are taken for constant
LARGEST = 1e300  # larger numbers count as this, so that differences stay finite
SAMPLED_ROWS = 100_000  # quantiles of more rows are taken from evenly spaced ones


@dataclass(frozen=True)
class Scaling:
    """Median to 0, quartile distance to 1, limits near +-3 (Holzmüller et al. 2024, section 3.1).

    Args:
        center: (columns,) medians.
        scale: (columns,) factors.
        flagged: numbers of the columns in which training rows were missing; each gets a flag.
        lower, width: (columns, bins) edges and widths of quantile bins on the scaled numbers.
    """

    center: Floats
    scale: Floats
    flagged: Ints
    lower: Floats
    width: Floats

    @classmethod
    def learn(cls, values: Floats, bins: int) -> Scaling:
        """From (rows, columns) with NaN where missing; `bins` of 0 or 1 gives none."""
        sample = values[:: max(1, len(values) // SAMPLED_ROWS)]
        columns = values.shape[1]
        center, scale = np.zeros(columns), np.ones(columns)
        for number in range(columns):
            present = _present(sample[:, number])
            if not len(present):
                continue
            low, quarter, center[number], upper, high = np.quantile(present, (0, 0.25, 0.5, 0.75, 1))
            # A constant column stays at 0; one with more than half its rows alike is scaled by its range.
            spread = upper - quarter if upper > quarter else (high - low) / 2
            scale[number] = 1.0 / spread if spread > SMALLEST else 0.0
        flagged = np.flatnonzero(np.isnan(values).any(axis=0))
        empty = np.empty((columns, 0))
        plain = cls(center, scale, flagged, empty, empty)
        if bins < 2:
            return plain
        lower, width = _bins(plain.apply(sample)[:, :columns], bins)
        return cls(center, scale, flagged, lower, width)

    @property
    def columns(self) -> int:
        """Number columns with their missing flags."""
        return len(self.center) + len(self.flagged)

    def apply(self, values: Floats) -> np.ndarray[Any, np.dtype[np.float32]]:
        """(rows, columns) float32: scaled numbers, 0 where missing, then the missing flags. Finite always."""
        with np.errstate(over="ignore"):  # what becomes infinite is clipped in the next line
            scaled = (np.clip(values, -LARGEST, LARGEST) - self.center) * self.scale
        scaled = np.clip(scaled, -1e6, 1e6)
        clipped = scaled / np.sqrt(1.0 + (scaled / 3.0) ** 2)
        missing = np.isnan(values)
        flags = missing[:, self.flagged]
        return np.concatenate([np.where(missing, 0.0, clipped), flags], axis=1, dtype=np.float32)

    def state(self) -> State:
        """As data, the inverse of `restored`."""
        return {
            "center": self.center,
            "scale": self.scale,
            "flagged": self.flagged,
            "lower": self.lower,
            "width": self.width,
        }

    @classmethod
    def restored(cls, state: State) -> Scaling:
        """The scaling whose `state` this is."""
        return cls(**{name: state[name] for name in ("center", "scale", "flagged", "lower", "width")})


def _present(values: Floats) -> Floats:
    return np.clip(values[np.isfinite(values)], -LARGEST, LARGEST)


def _bins(scaled: np.ndarray[Any, np.dtype[np.float32]], bins: int) -> tuple[Floats, Floats]:
    """Quantile bins of each column; a column with fewer distinct values has bins that never fill."""
    columns = scaled.shape[1]
    lower, width = np.full((columns, bins), 1e6), np.ones((columns, bins))
    for number in range(columns):
        edges = np.unique(np.quantile(scaled[:, number].astype(np.float64), np.linspace(0, 1, bins + 1)))
        count = len(edges) - 1
        lower[number, :count] = edges[:-1]
        width[number, :count] = np.maximum(np.diff(edges), 1e-4)
    return lower, width
