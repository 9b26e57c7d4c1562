"""Some rows of a table, without a copy where they stand together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sevenfold.core.arrays import Ints

if TYPE_CHECKING:
    import polars as pl


def taken(table: pl.DataFrame, rows: Ints) -> pl.DataFrame:
    """The rows in the given order; a view of the table where they follow one another."""
    if not len(rows):
        return table.head(0)
    first = int(rows[0])
    if int(rows[-1]) - first == len(rows) - 1 and bool((np.diff(rows) == 1).all()):
        return table.slice(first, len(rows))
    return table[rows]
