"""Exact nearest neighbours of one row: `search.nearest` with a first look in single precision, made for one row.

The first look needs no order among all points: of the least distances in some groups of points, the one in the wanted
place is at least the distance of the wanted neighbour, so that what lies within it holds all neighbours.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from sevenfold.core.arrays import Floats, Ints

Search: TypeAlias = Callable[[Floats], "tuple[Floats, Ints] | None"]
"""From (columns,) of a row to (count,) distances, ascending, and places; None where a first look does not help."""

_ROUNDING = 1.2e-7  # twice that of float32
_GROUPS = 4  # for each neighbour
_MOST_FOUND = 16  # points worth a second look, for each neighbour


def row_search(points: Floats, count: int) -> Search:
    """A function that gives what `nearest` gives of one row. Threads may share it.

    Args:
        points: (points, columns).
        count: neighbours, at most the number of points.
    """
    columns = points.shape[1]
    groups = max(64, _GROUPS * count)
    size = -(-len(points) // groups)
    first = np.zeros((columns, groups * size), dtype=np.float32)
    first[:, : len(points)] = points.T
    squares = (points**2).sum(axis=1)
    lengths = np.full(groups * size, np.inf, dtype=np.float32)
    lengths[: len(points)] = squares
    first *= -2.0
    slack, largest = 2.0 * (columns + 8) * _ROUNDING, float(squares.max())
    most, least = max(256, _MOST_FOUND * count), np.minimum.reduce
    few = len(points) < 2 * groups

    def search(values: Floats) -> tuple[Floats, Ints] | None:
        rough = values.astype(np.float32) @ first
        rough += lengths
        nearest = rough.copy() if few else least(rough.reshape(size, groups), axis=0)
        nearest.partition(count - 1)
        reach = float(nearest[count - 1]) + slack * (float(values @ values) + largest)
        found = (rough <= reach).nonzero()[0]
        if len(found) > most:
            return None
        exact = ((values - points.take(found, axis=0)) ** 2).sum(axis=1)
        order = exact.argsort(kind="stable")[:count]
        return np.sqrt(exact.take(order)), found.take(order)

    return search
