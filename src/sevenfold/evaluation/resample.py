"""Bootstrap samples of rows, drawn so that a metric of 50,000 rows has its interval in well under a second."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sevenfold.core.arrays import Floats, Ints

ROWS_IN_ALL = 1_500_000  # rows looked at over all draws, the cost of an interval
MOST_DRAWS, LEAST_DRAWS = 1000, 200
LARGE, LARGEST = 5_000, 50_000  # above LARGE rows, each draw is a part of them, at most LARGEST
RARE = 100  # rows of the rarest class that each draw should hold


@dataclass(frozen=True)
class Sampler:
    """How rows are drawn again.

    Small data: n of n rows with replacement, within each stratum. Large data: m of n (Politis and Romano 1994;
    Bickel et al. 1997), whose deviations are larger by sqrt(n / m) and are scaled back by `scale`. Groups: whole
    groups are drawn, as rows of one group are not independent.

    Args:
        rows: rows in all.
        strata: row numbers of each stratum; together all rows.
        groups: (rows,) group of each row from 0, or None.
        draws: how many.
        share: rows in a draw over rows in all.
    """

    rows: int
    strata: tuple[Ints, ...]
    groups: Ints | None
    draws: int
    share: float

    @classmethod
    def plan(cls, rows: int, classes: Ints | None, groups: Ints | None = None, draws: int | None = None) -> Sampler:
        """Decide the size and number of draws; `classes` (rows,) are the strata, if any."""
        strata: tuple[Ints, ...] = (np.arange(rows),)
        if classes is not None and groups is None:
            order = np.argsort(classes, kind="stable")
            strata = tuple(np.split(order, np.flatnonzero(np.diff(classes[order])) + 1))
        share = 1.0
        if rows > LARGE and groups is None:
            rarest = min(len(stratum) for stratum in strata)
            share = min(1.0, max(LARGE / rows, min(RARE / rarest, LARGEST / rows)))
        size = max(1.0, rows * share)
        wanted = int(np.clip(ROWS_IN_ALL / size, LEAST_DRAWS, MOST_DRAWS))
        return cls(rows, strata, groups, min(wanted, draws or wanted), share)

    @property
    def scale(self) -> float:
        """What deviations of a draw are multiplied with."""
        return float(np.sqrt(self.share))

    def __call__(self, stream: np.random.Generator) -> Iterator[Ints]:
        """Row numbers of one draw after the other."""
        if self.groups is not None:
            yield from self._by_group(stream, self.groups)
            return
        sizes = [max(1, round(len(stratum) * self.share)) for stratum in self.strata]
        for _ in range(self.draws):
            parts = [
                stratum[stream.integers(0, len(stratum), size)]
                for stratum, size in zip(self.strata, sizes, strict=True)
            ]
            yield parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _by_group(self, stream: np.random.Generator, groups: Ints) -> Iterator[Ints]:
        _, codes = np.unique(groups, return_inverse=True)
        order = np.argsort(codes, kind="stable")
        members = np.split(order, np.flatnonzero(np.diff(codes[order])) + 1)
        for _ in range(self.draws):
            chosen = stream.integers(0, len(members), len(members))
            yield np.concatenate([members[g] for g in chosen])


def cells(*columns: Floats) -> tuple[list[Floats], Ints]:
    """Distinct rows of some columns, sorted by the first, and how often each occurs.

    A metric of labels sees a row only through its true and decided class, so drawing from the few cells of the
    confusion matrix is the same as drawing rows, and far cheaper.
    """
    stacked = np.stack(columns, axis=1)
    distinct, counts = np.unique(stacked, axis=0, return_counts=True)
    return list(distinct.T), counts.astype(np.int64)


def cell_draws(first: Floats, counts: Ints, draws: int, stream: np.random.Generator) -> Floats:
    """(draws, cells) new counts, with the total of each value of `first` kept."""
    drawn = np.empty((draws, len(counts)))
    for value in np.unique(first):
        within = np.flatnonzero(first == value)
        total = int(counts[within].sum())
        drawn[:, within] = stream.multinomial(total, counts[within] / total, size=draws)
    return drawn
