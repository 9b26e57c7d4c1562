"""Whether equal rows are more than what coarse columns give by chance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import polars as pl

_FACTOR = 20.0
_LOOKED_ROWS = 200_000


def chance_of_equal(table: pl.DataFrame, columns: Sequence[str]) -> float:
    """Chance that two rows agree in all columns, as if the columns were independent."""
    chance = 1.0
    shown = table.select(columns).head(_LOOKED_ROWS)
    rows = shown.height
    for name in columns:
        _, counts = np.unique(shown.get_column(name).hash(seed=7).to_numpy(), return_counts=True)
        # Pairs of different rows, so that a column of distinct values has no chance at all but the resolution's.
        pairs = float((counts * (counts - 1.0)).sum()) / max(1.0, rows * (rows - 1.0))
        chance *= max(pairs, 1.0 / (rows * rows))
    return chance


def more_than_chance(table: pl.DataFrame, columns: Sequence[str], hashes: pl.Series) -> bool:
    """Whether rows agree far more often than independent columns would.

    Columns that go together repeat more often than independent ones, hence the wide margin.

    Args:
        hashes: (rows,) equal for rows that agree in all columns.
    """
    _, repeats = np.unique(hashes.filter(hashes.is_duplicated()).to_numpy(), return_counts=True)
    counts = repeats.astype(np.float64)
    found = float((counts * (counts - 1)).sum()) / 2
    rows = float(len(hashes))
    expected = rows * (rows - 1) / 2 * chance_of_equal(table, columns)
    return found > _FACTOR * expected
