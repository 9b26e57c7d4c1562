"""Parts of the rows by the values of one column: levels, ranges, periods."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.core.arrays import Flags
from sevenfold.core.dataset import Kind

if TYPE_CHECKING:
    import polars as pl

MOST_LEVELS = 12
MISSING, OTHER = "missing", "other values"


@dataclass(frozen=True)
class Part:
    """Rows that share a value or a range of a column.

    Args:
        label: the value or range, for people.
        rows: (rows,) whether each row belongs to it.
    """

    label: str
    rows: Flags


def parts(values: pl.Series, kind: Kind, bins: int = 4, most: int = MOST_LEVELS) -> list[Part]:
    """Disjoint parts that together hold every row; none for kinds that have no such thing (ids, images, ...).

    Args:
        values: a column of a typed table.
        kind: its kind.
        bins: ranges of a number or of a text's length, holding about equally many rows.
        most: levels of a category or periods of a date; the rest are joined as "other values".
    """
    if kind is Kind.NUMBER:
        found = _ranges(values.to_numpy().astype(np.float64), bins, "")
    elif kind is Kind.TEXT:
        found = _ranges(values.str.len_chars().cast(float).to_numpy(), min(bins, 3), " characters")
    elif kind is Kind.CATEGORY:
        found = _levels(values, most)
    elif kind is Kind.FLAG:
        found = [Part("yes", _mask(values)), Part("no", _mask(~values))]
    elif kind is Kind.DATE:
        found = _periods(values, most)
    else:
        return []
    found.append(Part(MISSING, values.is_null().to_numpy()))
    return [part for part in found if part.rows.any()]


def _mask(flags: pl.Series) -> Flags:
    return flags.fill_null(False).to_numpy()


def _levels(values: pl.Series, most: int) -> list[Part]:
    counts = values.drop_nulls().value_counts().sort(["count", values.name], descending=[True, False])
    names = counts[values.name].to_list()
    kept = names if len(names) <= most else names[: most - 1]
    found = [Part(str(name), _mask(values == name)) for name in kept]
    if len(names) > len(kept):
        found.append(Part(OTHER, _mask(~values.is_in(kept))))
    return found


def _ranges(numbers: np.ndarray[tuple[int, ...], np.dtype[np.float64]], bins: int, unit: str) -> list[Part]:
    present = numbers[~np.isnan(numbers)]
    distinct = np.unique(present)
    if len(distinct) <= max(bins, 5):
        return [Part(f"{value:.6g}{unit}", numbers == value) for value in distinct]
    edges = np.unique(np.quantile(present, np.linspace(0, 1, bins + 1)))
    found = []
    for i, (low, high) in enumerate(pairwise(edges)):
        last = i == len(edges) - 2
        inside = (numbers >= low) & ((numbers <= high) if last else (numbers < high))
        label = f"{low:.4g} to {high:.4g}{unit}" if last else f"{low:.4g} to under {high:.4g}{unit}"
        found.append(Part(label, inside))
    return found


def _periods(dates: pl.Series, most: int) -> list[Part]:
    """Years, quarters, months, days or hours: the finest that gives no more than `most` periods, in the coarsest
    words that tell them apart."""
    if dates.null_count() == len(dates):
        return []
    fitting = [names for names in _spellings(dates) if names.n_unique() - int(names.null_count() > 0) <= most]
    names = fitting[0] if fitting else dates.dt.to_string("%Y")
    for coarser in fitting[1:]:
        if coarser.n_unique() == names.n_unique():
            names = coarser
    levels = sorted(names.drop_nulls().unique().to_list())
    if len(levels) <= most:
        return [Part(name, _mask(names == name)) for name in levels]
    # More years than fit: runs of them, about equally many in each.
    runs = np.array_split(np.array(levels), most)
    return [
        Part(str(run[0]) if len(run) == 1 else f"{run[0]} to {run[-1]}", _mask(names.is_in(run.tolist())))
        for run in runs
    ]


def _spellings(dates: pl.Series) -> list[pl.Series]:
    """The dates as hours, days, months, quarters and years."""
    import polars as pl

    year = dates.dt.to_string("%Y")
    quarter = year + "-Q" + dates.dt.quarter().cast(pl.String)
    return [*(dates.dt.to_string(p) for p in ("%Y-%m-%d %H:00", "%Y-%m-%d", "%Y-%m")), quarter, year]
