"""A small regression tree over whole numbers, grown best split first.

It does what scikit-learn's would, whose import costs every training a second and 130 MB.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sevenfold.core.arrays import Floats, Ints


@dataclass(frozen=True)
class Split:
    """The best way to cut a part of the rows in two.

    Args:
        gain: by how much the sum of squared distances from the mean falls.
        column, threshold: codes at most the threshold go left.
    """

    gain: float
    column: int
    threshold: float


@dataclass(frozen=True)
class Grown:
    """Nodes, the root first; `column` is -1 for a leaf, `left` and `right` are then -1, too."""

    column: Ints
    threshold: Floats
    left: Ints
    right: Ints


def grow(codes: Ints, values: Floats, most_leaves: int, leaf_rows: int) -> Grown:
    """The tree that lowers the squared error of `values` most, split by split.

    Args:
        codes: (rows, columns) whole numbers from 0.
        values: (rows,).
        most_leaves: it has no more.
        leaf_rows: each leaf holds at least so many rows.
    """
    rows = [np.arange(len(values))]
    best = [_best(codes, values, rows[0], leaf_rows)]
    column, threshold, left, right = [-1], [0.0], [-1], [-1]
    for _ in range(most_leaves - 1):
        open_nodes = [node for node, split in enumerate(best) if split is not None]
        if not open_nodes:
            break
        node = max(open_nodes, key=lambda place: best[place].gain)  # type: ignore[union-attr]
        split = best[node]
        assert split is not None
        goes_left = codes[rows[node], split.column] <= split.threshold
        best[node], column[node], threshold[node] = None, split.column, split.threshold
        left[node], right[node] = len(rows), len(rows) + 1
        for part in (rows[node][goes_left], rows[node][~goes_left]):
            rows.append(part)
            best.append(_best(codes, values, part, leaf_rows))
            for nodes, empty in ((column, -1), (left, -1), (right, -1)):
                nodes.append(empty)
            threshold.append(0.0)
    return Grown(np.array(column, np.int64), np.array(threshold), np.array(left, np.int64), np.array(right, np.int64))


def _best(codes: Ints, values: Floats, rows: Ints, leaf_rows: int) -> Split | None:
    if len(rows) < 2 * leaf_rows:
        return None
    told = values[rows]
    centred = told - told.mean()
    least = 1e-12 * float((centred**2).sum())  # less is rounding
    found: Split | None = None
    for place in range(codes.shape[1]):
        own = codes[rows, place]
        count = np.cumsum(np.bincount(own))[:-1]
        total = np.cumsum(np.bincount(own, centred))[:-1]
        allowed = (count >= leaf_rows) & (len(rows) - count >= leaf_rows)
        if not allowed.any():
            continue
        # The whole is centred: what both sides' means explain is what the split gains.
        gains = np.where(allowed, total**2 / np.maximum(count, 1) + total**2 / np.maximum(len(rows) - count, 1), 0.0)
        cut = int(gains.argmax())
        if gains[cut] > max(least, found.gain if found else 0.0):
            used = np.flatnonzero(np.bincount(own))
            following = used[np.searchsorted(used, cut, side="right")]
            before = used[np.searchsorted(used, cut, side="right") - 1]
            found = Split(float(gains[cut]), place, float(before + following) / 2)
    return found
