"""Rows that try the edges of a graph: missing, infinite, unseen, and one step to each side of every threshold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.core.dataset import Column, Kind, Schema

if TYPE_CHECKING:
    import polars as pl

_THRESHOLDS = 400  # of one column; more are drawn from
_LEVELS = 100
_MIXED_ROWS = 500
_PART_ROWS = 2000
_FAR = (0.0, -0.0, 1.0, -1.0, 1e-300, 1e9, -1e9, 1e38, -1e38, 1e300, -1e300, float("inf"), float("-inf"))
UNSEEN = "\u2603 never seen"


def trial_tables(
    rows: pl.DataFrame, schema: Schema, names: Sequence[str], thresholds: Mapping[str, set[float]]
) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
    """Typed tables with what is fed to the graph for them; the two differ where a number is infinite.

    Args:
        rows: typed golden rows; they come first, as they are.
        schema: the columns.
        names: columns that the graph reads.
        thresholds: at which trees divide a column.
    """
    import polars as pl

    if rows.height:
        yield rows, rows
    stream = np.random.default_rng(0)
    base = rows if rows.height else pl.DataFrame([pl.Series(c.name, [None], dtype=rows.schema[c.name]) for c in schema])
    candidates = {name: _candidates(schema[name], base, thresholds.get(name, set()), stream) for name in names}
    for name, values in candidates.items():
        for start in range(0, len(values), _PART_ROWS):
            part = values[start : start + _PART_ROWS]
            yield _pair(base[[i % base.height for i in range(len(part))]], {name: part})
    mixed = {
        name: [values[place] for place in stream.integers(len(values), size=_MIXED_ROWS)]
        for name, values in candidates.items()
        if values
    }
    yield _pair(base[[i % base.height for i in range(_MIXED_ROWS)]], mixed)


def _pair(table: pl.DataFrame, changed: Mapping[str, list[Any]]) -> tuple[pl.DataFrame, pl.DataFrame]:
    import polars as pl

    fed = table.with_columns(
        pl.Series(name, values, dtype=table.schema[name], strict=False) for name, values in changed.items()
    )
    # Reading turns infinities into missing values before the model sees them.
    floats = [name for name in changed if table.schema[name] == pl.Float64]
    read = fed.with_columns(pl.when(pl.col(name).is_finite()).then(pl.col(name)).alias(name) for name in floats)
    return read, fed


def _candidates(column: Column, base: pl.DataFrame, thresholds: set[float], stream: np.random.Generator) -> list[Any]:
    seen = base.get_column(column.name).unique(maintain_order=True).to_list()
    if column.kind is Kind.NUMBER:
        return [*seen, None, *_FAR, *_beside(thresholds, stream)]
    if column.kind is Kind.FLAG:
        return [None, True, False]
    if column.kind is Kind.DATE:
        return [*seen, None, *_dates()]
    return [*seen, None, UNSEEN, *column.levels[:_LEVELS]]


def _beside(thresholds: set[float], stream: np.random.Generator) -> Iterator[float]:
    """Each threshold, the float64 beside it, the nearest float32, and the float32 beside that."""
    chosen = np.array(sorted(t for t in thresholds if np.isfinite(t)))
    if len(chosen) > _THRESHOLDS:
        chosen = stream.choice(chosen, _THRESHOLDS, replace=False)
    for threshold in chosen.tolist():
        yield threshold
        yield from (float(np.nextafter(threshold, side)) for side in (-np.inf, np.inf))
        if abs(threshold) < 3e38:
            single = np.float32(threshold)
            yield float(single)
            yield from (float(np.nextafter(single, np.float32(side))) for side in (-np.inf, np.inf))


def _dates() -> Iterator[Any]:
    """Days at which a calendar is easily wrong, and moments around midnight."""
    from datetime import datetime

    for year in (1899, 1900, 1970, 1999, 2000, 2023, 2024, 2100):
        for month, day in ((1, 1), (2, 28), (3, 1), (12, 31)):
            yield datetime(year, month, day)
            yield datetime(year, month, day, 23, 59, 59)
    yield datetime(2000, 2, 29, 12, 30)
    yield datetime(2024, 2, 29, 0, 1)
