"""Order statistics of conformity scores, few enough to be stored and never too small."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from sevenfold.core.arrays import Floats, Ints
from sevenfold.core.errors import RequestError

LEVEL = 0.9
"""The coverage that is reported and watched, and given where none is asked for."""

_ALL = 100  # so many scores are kept one by one
_FINE = (
    *np.round(np.arange(0.05, 0.5, 0.05), 2),
    *np.round(np.arange(0.5, 0.99, 0.01), 2),
    *np.round(np.arange(0.99, 0.9999, 0.001), 3),
)
_COARSE = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.975, 0.99, 0.995)


def checked(coverage: Any) -> float:
    """A coverage that may be asked for.

    Raises:
        RequestError: it is no number above 0 and below 1.
    """
    fine = isinstance(coverage, int | float) and not isinstance(coverage, bool) and 0 < coverage < 1
    if not fine:
        raise RequestError(
            "The coverage is out of range.", "a number above 0 and below 1", repr(coverage)[:40], "Ask for 0.9, say."
        )
    return float(coverage)


@dataclass(frozen=True)
class Quantiles:
    """Some order statistics of the scores of calibration rows: a larger score, a stranger row.

    Args:
        rows: calibration rows, n.
        ranks: (kept,) ranks from 1, ascending.
        scores: (kept,) the scores of these ranks.
    """

    rows: int
    ranks: Ints
    scores: Floats

    @classmethod
    def of(cls, scores: Floats, *, coarse: bool = False) -> Quantiles:
        """Those that the usual coverages need; all of them where they are few."""
        ordered = np.sort(scores[~np.isnan(scores)])
        rows = len(ordered)
        if rows <= _ALL and not coarse:
            ranks = np.arange(1, rows + 1)
        else:
            wanted = [rank(level, rows) for level in (_COARSE if coarse else _FINE)]
            ranks = np.unique([*(r for r in wanted if r <= rows), *([rows] if rows else [])])
        return cls(rows, ranks.astype(np.int64), ordered[ranks.astype(np.int64) - 1])

    def reach(self, coverage: float) -> float:
        """The score up to which answers belong to the set; infinite where the rows are too few for that coverage.

        The ceil((n + 1) coverage)-th smallest score, or the next larger one that is kept. A new row, exchangeable with
        the calibration rows, has a score no larger than it with a probability of at least the coverage.

        Source: Vovk, Gammerman and Shafer 2005; Lei et al. 2018, theorem 2.1.
        """
        place = int(np.searchsorted(self.ranks, rank(coverage, self.rows)))
        return float(self.scores[place]) if place < len(self.ranks) else math.inf

    def blocks(self, coverage: float) -> tuple[int, int]:
        """Of the n + 1 blocks into which the calibration scores part the line, how many lie inside and outside: the
        coverage that new rows will have is distributed as Beta(inside, outside). Source: Wilks 1941; Vovk 2012."""
        place = int(np.searchsorted(self.ranks, rank(coverage, self.rows)))
        inside = int(self.ranks[place]) if place < len(self.ranks) else self.rows + 1
        return inside, self.rows + 1 - inside

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {"rows": self.rows, "ranks": self.ranks.tolist(), "scores": self.scores.tolist()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Quantiles:
        """What `to_json` wrote.

        Raises:
            ValueError, KeyError, TypeError: it is not.
        """
        made = cls(int(data["rows"]), np.array(data["ranks"], np.int64), np.array(data["scores"], np.float64))
        fits = made.ranks.ndim == 1 and made.ranks.shape == made.scores.shape and made.rows >= 0
        rising = bool((np.diff(made.ranks) > 0).all() and (np.diff(made.scores) >= 0).all())
        inside = not len(made.ranks) or (made.ranks[0] >= 1 and made.ranks[-1] <= made.rows)
        if not (fits and rising and inside):
            raise ValueError("ranks and scores do not fit together")
        return made


def rank(coverage: float, rows: int) -> int:
    """The rank that the coverage needs: ceil((n + 1) coverage); above n where n is too small."""
    return max(1, math.ceil((rows + 1) * coverage - 1e-9))


def least_rows(coverage: float) -> int:
    """Calibration rows from which on a finite answer is possible: 9 for 0.9, 99 for 0.99."""
    return math.ceil(coverage / (1 - coverage) - 1e-9)
