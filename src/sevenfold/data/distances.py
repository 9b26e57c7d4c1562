"""How differently one column is distributed in two samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sevenfold.core.arrays import Floats
from sevenfold.core.dataset import Kind
from sevenfold.data.statistics import independence, largest_gap

if TYPE_CHECKING:
    import polars as pl

FEWEST_ROWS = 50
_LEVELS = 100


def distance(kind: Kind, left: pl.Series, right: pl.Series) -> tuple[float, float]:
    """How differently two samples of a number, category or flag are distributed.

    Numbers: the Kolmogorov-Smirnov statistic. Others: total variation over the commonest levels, less what chance
    alone would give. Missing values are left out; fewer than 50 values on a side tell nothing.

    Returns: the distance in [0, 1] and its p-value.
    """
    if kind is Kind.NUMBER:
        one, other = as_numbers(left), as_numbers(right)
        one, other = one[~np.isnan(one)], other[~np.isnan(other)]
        if len(one) < FEWEST_ROWS or len(other) < FEWEST_ROWS:
            return 0.0, 1.0
        return largest_gap(one, other)
    return _variation(left.drop_nulls(), right.drop_nulls())


def _variation(left: pl.Series, right: pl.Series) -> tuple[float, float]:
    if len(left) < FEWEST_ROWS or len(right) < FEWEST_ROWS:
        return 0.0, 1.0
    hashes = np.concatenate([left.hash(seed=7).to_numpy(), right.hash(seed=7).to_numpy()])
    _, codes = np.unique(hashes, return_inverse=True)
    codes = codes.reshape(-1)
    size = int(codes.max()) + 1
    one = np.bincount(codes[: len(left)], minlength=size).astype(np.float64)
    other = np.bincount(codes[len(left) :], minlength=size).astype(np.float64)
    order = np.argsort(-(one + other), kind="stable")
    kept, rest = order[:_LEVELS], order[_LEVELS:]
    one = np.append(one[kept], one[rest].sum())
    other = np.append(other[kept], other[rest].sum())
    filled = one + other > 0
    one, other = one[filled], other[filled]
    if len(one) < 2:
        return 0.0, 1.0
    pooled = (one + other) / (one + other).sum()
    chance = float((np.sqrt(pooled * (1 - pooled) * (1 / one.sum() + 1 / other.sum()))).sum()) * 0.4
    distance = float(np.abs(one / one.sum() - other / other.sum()).sum()) / 2
    p_value = independence(np.stack([one, other]))
    return max(0.0, distance - chance), p_value


def as_numbers(column: pl.Series) -> Floats:
    """(rows,) values of a number, flag or date column, NaN where missing."""
    import polars as pl

    if column.dtype == pl.Boolean:
        column = column.cast(pl.UInt8)
    elif column.dtype == pl.Datetime:
        column = column.dt.epoch("us")
    return column.cast(pl.Float64).fill_null(float("nan")).to_numpy().astype(np.float64)
