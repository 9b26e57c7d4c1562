"""Rows that must stay on one side: groups that the user names, and copies where new rows will repeat none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sevenfold.core.arrays import Floats, Ints

if TYPE_CHECKING:
    import polars as pl

_REPEATS_SHARE = 0.5  # of the copies expected among test rows; with fewer the test file was made free of them
_TARGET_BINS = 10


def number_rows(table: pl.DataFrame, columns: Sequence[str]) -> Ints:
    """(rows,) a number for each distinct combination of values, from 0, by first appearance.

    Combinations are told apart by a 64-bit hash.
    """
    frame = table.select(columns)
    return first_seen(frame.hash_rows(seed=7).to_numpy())


def number_values(column: pl.Series) -> Ints:
    """(rows,) a number for each distinct value, from 0, by first appearance; every missing one is by itself."""
    numbers = first_seen(column.hash(seed=7).to_numpy())
    missing = column.is_null().to_numpy()
    if missing.any():
        numbers = numbers.copy()
        numbers[missing] = numbers.max() + 1 + np.arange(int(missing.sum()))
        numbers = first_seen(numbers)
    return numbers


def first_seen(values: npt.NDArray[Any]) -> Ints:
    """Renumber values from 0 by first appearance."""
    _, first, inverse = np.unique(values, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first, kind="stable")] = np.arange(len(first))
    return rank[inverse.reshape(-1)]


def copies_belong_together(numbers: Ints, test_share: float | None = None) -> tuple[bool, str]:
    """Whether copies of input rows are to stay on one side, and the reason.

    A split is to resemble the use. Rows that repeat in the data at hand will be repeated by new ones from the same
    source, and keeping copies together would make validation harder than use; a given test file that hardly repeats
    training rows says that they will not be.

    Args:
        numbers: (rows,) number of each row's combination of inputs.
        test_share: of the given test rows, how many repeat a training row; None without a test file.
    """
    counts = np.bincount(numbers)
    copied, rows = int(counts[counts > 1].sum()), len(numbers)
    if copied == 0:
        return False, ""
    shared = f"{copied:,} of {rows:,} rows share their inputs with another row"
    if test_share is not None and test_share < _REPEATS_SHARE * copied / rows:
        return True, f"{shared}, and the given test rows hardly repeat any: copies are kept on the same side"
    return False, f"{shared}: they are dealt like all others, as new rows may repeat known ones as well"


def repeated_share(train: npt.NDArray[Any], test: npt.NDArray[Any]) -> float:
    """Share of test rows whose combination of inputs, given as hashes, occurs among the training rows."""
    return float(np.isin(test, train).mean()) if len(test) else 0.0


def strata_of(values: Floats, classification: bool, rows: int) -> Ints:
    """(rows,) stratum of each row: its class, or for small regression data its tenth of the target."""
    if classification:
        return values.astype(np.int64)
    bins = min(_TARGET_BINS, rows // 10)
    if bins < 2:
        return np.zeros(rows, dtype=np.int64)
    edges = np.unique(np.quantile(values, np.linspace(0, 1, bins + 1)[1:-1]))
    return np.searchsorted(edges, values, side="right").astype(np.int64)


def rarest_stratum(units: Ints, strata: Ints) -> Ints:
    """(units,) of the strata found in each unit, the one with fewest rows over all, so that rare ones are spread."""
    counts = np.bincount(strata)
    scarcity = np.argsort(np.argsort(counts, kind="stable"), kind="stable")
    by_scarcity = np.argsort(counts, kind="stable")
    lowest = np.full(int(units.max()) + 1, len(counts), dtype=np.int64)
    np.minimum.at(lowest, units, scarcity[strata])
    return by_scarcity[lowest]
