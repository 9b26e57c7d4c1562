"""The Gaussian kernel, computed for each pair of rows by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sevenfold.core.arrays import Floats, Ints

CHUNK_CELLS = 1 << 17
_BLOCK_CELLS = 8192  # products of so many cells are made by one thread, always in the same order
_WIDEST = 512
_MOST_COLUMNS = 1024  # with more, blocks would be too narrow to gain anything


def squared_distances(left: Floats, right: Floats) -> Floats:
    """(left rows, right rows) squared Euclidean distances; each pair's does not depend on the others."""
    from scipy.spatial.distance import cdist

    if left.shape[1] == 0:
        return np.zeros((len(left), len(right)))
    return cdist(np.ascontiguousarray(left), np.ascontiguousarray(right), "sqeuclidean")


@dataclass(frozen=True)
class Blocks:
    """Where points stand: one group after the other, each in blocks of equal width whose last places may be empty.

    Args:
        width: of a block.
        starts: (groups,) first block of each.
        places: (points,) place of each point among those of all blocks.
        count: blocks.
    """

    width: int
    starts: Ints
    places: Ints
    count: int

    @classmethod
    def of(cls, groups: Sequence[int], widest: int) -> Blocks:
        """Blocks for groups of so many points, none wider than `widest` (8 is the least)."""
        largest = max(groups, default=0)
        width = -(-largest // max(1, -(-largest // max(8, widest)))) or 1
        width = min(-(-width // 8) * 8, max(8, widest // 8 * 8))
        blocks = [max(1, -(-size // width)) for size in groups]
        starts = np.cumsum([0, *blocks])
        places = [start * width + np.arange(size) for start, size in zip(starts[:-1].tolist(), groups, strict=True)]
        return cls(width, starts[:-1], np.concatenate([np.empty(0, np.int64), *places]), int(starts[-1]))

    def spread(self, values: Floats) -> Floats:
        """(rows, blocks · width) of (rows, points); empty places hold 0."""
        result = np.zeros((len(values), self.count * self.width))
        result[:, self.places] = values
        return result


def widest_block(rows: int) -> int:
    """The widest block whose product with so many rows is made by one thread."""
    return min(_WIDEST, _BLOCK_CELLS // max(1, rows))


@dataclass(frozen=True)
class Kernel:
    """exp(-gamma · distance²) between rows and points that stay.

    Distances are |row|² - 2 row·point + |point|², the squares as two more columns. The products are made block by block
    and row by row, so that a row gives the same by itself and among others.

    Args:
        factors: (blocks, columns + 2, width) 2 gamma times the points, then -gamma times their squared lengths, then
            -gamma.
    """

    factors: Floats

    @classmethod
    def of(cls, points: Floats, gamma: float, blocks: Blocks) -> Kernel | None:
        """The kernel of (points, columns); None where there are too many columns for blocks."""
        if points.shape[1] > _MOST_COLUMNS:
            return None
        spread = np.zeros((blocks.count * blocks.width, points.shape[1]))
        spread[blocks.places] = points
        squares = (spread**2).sum(axis=1)[:, None]
        factors = np.hstack([2.0 * gamma * spread, -gamma * squares, np.full_like(squares, -gamma)])
        factors = factors.reshape(blocks.count, blocks.width, -1).transpose(0, 2, 1)
        return cls(np.ascontiguousarray(factors))

    def near(self, values: Floats) -> Floats:
        """(rows, blocks · width) kernels of (rows, columns); what stands in empty places means nothing."""
        rows, columns = values.shape
        wide = np.empty((rows, 1, 1, columns + 2))
        wide[:, 0, 0, :-2] = values
        wide[:, 0, 0, -2] = 1.0
        wide[:, 0, 0, -1] = np.add.reduce(values * values, axis=1)
        products: Floats = np.matmul(wide, self.factors).reshape(rows, -1)
        np.minimum(products, 0.0, out=products)
        np.exp(products, out=products)
        return products
