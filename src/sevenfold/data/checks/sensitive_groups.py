"""Groups of a sensitive column, for the checks that compare them."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.core.arrays import Ints
from sevenfold.core.dataset import Column, Kind
from sevenfold.data.distances import as_numbers

if TYPE_CHECKING:
    import polars as pl

_MOST = 20


def groups_of(values: pl.Series, column: Column) -> tuple[Ints, list[str]]:
    """(rows,) group of each row, -1 where missing, and the groups' names: levels, or quarters of a number.

    Of more than 20 levels, the commonest 19 and all others as one.
    """
    if column.kind in (Kind.NUMBER, Kind.DATE):
        numbers = as_numbers(values)
        present = numbers[~np.isnan(numbers)]
        if len(np.unique(present)) > 6:
            edges = np.unique(np.quantile(present, [0.25, 0.5, 0.75]))
            codes = np.searchsorted(edges, numbers, side="left").astype(np.int64)
            codes[np.isnan(numbers)] = -1
            limits = [f"{edge:g}" for edge in edges]
            names = [f"up to {limits[0]}"]
            names += [f"{low} to {high}" for low, high in pairwise(limits)]
            return codes, [*names, f"above {limits[-1]}"]
    if column.kind in (Kind.IMAGE, Kind.SEQUENCE):
        return np.full(len(values), -1, dtype=np.int64), []
    counted = values.drop_nulls().cast(str).value_counts(sort=True, name="rows")
    # Equal counts come in any order from the counting: the name decides.
    levels = [str(level) for level, _ in sorted(counted.iter_rows(), key=lambda item: (-item[1], item[0]))]
    names = levels if len(levels) <= _MOST else [*levels[: _MOST - 1], "all others"]
    code_of = {level: min(code, len(names) - 1) for code, level in enumerate(levels)}
    texts = values.cast(str).to_list()
    return np.array([-1 if text is None else code_of[text] for text in texts], dtype=np.int64), names
