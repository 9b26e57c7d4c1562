"""Splits by time: what is validated and tested always lies after what is learned from."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.core.arrays import Floats, Ints
from sevenfold.core.errors import DataError, RequestError

if TYPE_CHECKING:
    import polars as pl


def seconds_of(column: pl.Series, gap_seconds: float | None) -> Floats:
    """(rows,) when each row happened, in seconds for dates, else in the column's own unit; -inf where missing.

    Raises:
        RequestError: the column cannot be ordered, or a gap is asked for and its unit is not known.
    """
    import polars as pl

    if column.dtype == pl.Datetime:
        values = column.dt.epoch("us").cast(pl.Float64) / 1e6
    elif column.dtype.is_numeric():
        values = column.cast(pl.Float64)
        middle = values.median()
        if gap_seconds and not (isinstance(middle, float) and 1e8 < middle < 1e11):
            raise RequestError(
                f"The time column '{column.name}' holds plain numbers, so a gap in seconds has no meaning.",
                "dates or Unix seconds",
                f"numbers around {middle!r}",
                "Leave --gap out, or give the column as dates.",
            )
    else:
        raise RequestError(
            f"The time column '{column.name}' cannot be put in order.",
            "a column of dates or numbers",
            str(column.dtype),
            f"Name another column with --time, or read it as a date: --kind {column.name}=date.",
        )
    return values.fill_null(float("-inf")).to_numpy().astype(np.float64)


def boundary(times: Floats, position: int) -> int:
    """The position nearest to the wanted one at which sorted times change; 0 or the end where they never do."""
    position = min(max(position, 0), len(times))
    if position in (0, len(times)) or times[position] != times[position - 1]:
        return position
    left = int(np.searchsorted(times, times[position], side="left"))
    right = int(np.searchsorted(times, times[position], side="right"))
    if left == 0:
        return right
    if right == len(times):
        return left
    return left if position - left <= right - position else right


def before(order: Ints, times: Floats, end: int, gap_seconds: float) -> Ints:
    """Rows before position `end` of the time order, less those within the gap before it."""
    if gap_seconds <= 0 or end >= len(order):
        return order[:end]
    return order[: min(end, int(np.searchsorted(times[:end], times[end] - gap_seconds, side="right")))]


def hold_out(order: Ints, times: Floats, share: float, gap_seconds: float) -> tuple[Ints, Ints]:
    """Earlier and later rows, in time order; equal times are on one side.

    Raises:
        DataError: there are not two distinct times, or the gap leaves nothing to learn from.
    """
    cut = boundary(times, round(len(order) * (1 - share)))
    earlier = before(order, times, cut, gap_seconds)
    if cut == len(order) or len(earlier) == 0:
        raise DataError(
            "The rows cannot be split by time.",
            "several distinct times, further apart than the gap",
            f"{len(np.unique(times))} distinct times",
            "Leave --time out, or make --gap smaller.",
        )
    return earlier, order[cut:]


def expanding(
    order: Ints, times: Floats, folds: int, gap_seconds: float, valid_share: float
) -> list[tuple[Ints, Ints]]:
    """Training parts that grow, each with the block of rows after it; the blocks are the last `valid_share`."""
    rows = len(order)
    start = rows * (1 - valid_share)
    edges = [boundary(times, round(start + (rows - start) * step / folds)) for step in range(folds)] + [rows]
    parts = []
    for low, high in pairwise(edges):
        train = before(order, times, low, gap_seconds)
        if low < high and len(train):
            parts.append((train, order[low:high]))
    return parts
