"""Exact nearest neighbours by one matrix product and a second look.

The product gives all distances fast but rounds differently with the number of rows asked. So it only screens: every
point that could be among the nearest, rounding considered, is looked at again by itself.
"""

from __future__ import annotations

import numpy as np

from sevenfold.core.arrays import Floats, Ints

_CHUNK_CELLS = 1 << 21
# Far above the rounding of a product of float64, far below any distance that matters.
_ROUNDING = 1e-11


def nearest(asked: Floats, points: Floats, squares: Floats, count: int) -> tuple[Floats, Ints]:
    """The nearest points of each row: (rows, count) distances, ascending, and places; equal ones by place.

    Args:
        asked: (rows, columns).
        points: (points, columns).
        squares: (points,) squared lengths of the points.
        count: how many, at most the number of points.
    """
    distances = np.empty((len(asked), count))
    places = np.empty((len(asked), count), dtype=np.int64)
    step = max(1, _CHUNK_CELLS // len(points))
    for start in range(0, len(asked), step):
        part = asked[start : start + step]
        own = (part**2).sum(axis=1)
        rough = (own[:, None] + squares) - 2.0 * (part @ points.T)
        reach = np.partition(rough, count - 1, axis=1)[:, count - 1]
        slack = _ROUNDING * (own + squares.max())
        rows, found = np.nonzero(rough <= (reach + 2 * slack)[:, None])
        exact = _exact(part, points, rows, found)
        order = np.lexsort((found, exact, rows))
        first = np.searchsorted(rows, np.arange(len(part)))
        chosen = order[(first[:, None] + np.arange(count)).ravel()]
        distances[start : start + step] = np.sqrt(exact[chosen]).reshape(-1, count)
        places[start : start + step] = found[chosen].reshape(-1, count)
    return distances, places


def _exact(asked: Floats, points: Floats, rows: Ints, found: Ints) -> Floats:
    """(pairs,) squared distances, each pair by itself."""
    result = np.empty(len(rows))
    step = max(1, _CHUNK_CELLS // max(1, points.shape[1]))
    for start in range(0, len(rows), step):
        pair = slice(start, start + step)
        result[pair] = ((asked[rows[pair]] - points[found[pair]]) ** 2).sum(axis=1)
    return result
