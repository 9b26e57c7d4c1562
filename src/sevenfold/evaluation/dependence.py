"""How the answer follows one column: partial dependence with the spread of single rows."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.core.dataset import Column, Kind
from sevenfold.core.task import Task
from sevenfold.evaluation.curves import tidy
from sevenfold.evaluation.subject import Predicts

if TYPE_CHECKING:
    import polars as pl

MOST_LEVELS = 10
MOST_OUTPUTS = 3


def partial_dependence(
    predictor: Predicts,
    table: pl.DataFrame,
    column: Column,
    task: Task,
    stream: np.random.Generator,
    *,
    points: int = 12,
    rows: int = 200,
) -> dict[str, Any] | None:
    """Mean prediction while one column is set to one value after the other, other columns as they are.

    Args:
        table: typed table.
        column: the column; numbers and dates are set to quantiles, categories and flags to their frequent levels.
        points: values to try.
        rows: rows to average over.
    Returns:
        `{"column", "kind", "x", "lines": [{"name", "mean", "low", "high"}]}`; low and high are the 10 % and 90 %
        quantiles over the rows (individual conditional expectations). One line for numbers and for the
        positive class; the three most likely classes otherwise. None for texts, ids, images and sequences, and for
        columns with fewer than two values.
    Sources: Friedman 2001; Goldstein et al. 2015.
    """
    import polars as pl

    grid = _grid(table[column.name], column.kind, points)
    if len(grid) < 2:
        return None
    chosen = np.sort(stream.permutation(table.height)[:rows])
    part = table[chosen]
    values = pl.Series(column.name, grid, dtype=table.schema[column.name])
    repeated = part[np.tile(np.arange(len(chosen)), len(grid))]
    repeated = repeated.with_columns(values[np.repeat(np.arange(len(grid)), len(chosen))])
    answers = predictor.predict(repeated)
    shaped = answers.reshape(len(grid), len(chosen), -1)
    lines = []
    for output, name in _outputs(shaped, task):
        given = shaped[:, :, output]
        low, high = np.quantile(given, (0.1, 0.9), axis=1)
        lines.append(
            {
                "name": name,
                "mean": [tidy(v) for v in given.mean(axis=1)],
                "low": [tidy(v) for v in low],
                "high": [tidy(v) for v in high],
            }
        )
    return {"column": column.name, "kind": str(column.kind), "x": [_shown(v) for v in grid], "lines": lines}


def _grid(values: pl.Series, kind: Kind, points: int) -> list[Any]:
    """Values to set, in order; a missing value comes last where the column has any."""
    present = values.drop_nulls()
    if present.is_empty():
        return []
    if kind in (Kind.NUMBER, Kind.DATE):
        distinct = present.unique().sort()
        if len(distinct) > points:
            shares = np.linspace(0.02, 0.98, points)
            ranked = present.sort()
            distinct = ranked[np.round(shares * (len(ranked) - 1)).astype(np.int64)].unique().sort()
        grid = distinct.to_list()
    elif kind is Kind.CATEGORY:
        counts = present.value_counts().sort(["count", values.name], descending=[True, False])
        grid = counts[values.name].to_list()[:MOST_LEVELS]
    elif kind is Kind.FLAG:
        grid = sorted(present.unique().to_list())
    else:
        return []
    return [*grid, None] if values.null_count() and len(grid) > 1 else grid


def _outputs(shaped: np.ndarray[Any, np.dtype[np.float64]], task: Task) -> list[tuple[int, str]]:
    if not task.goal.is_classification:
        return [(0, task.target)]
    if shaped.shape[2] == 2:
        return [(1, str(task.classes[1]))]
    likely = np.argsort(-shaped.mean(axis=(0, 1)), kind="stable")[:MOST_OUTPUTS]
    return [(int(c), str(task.classes[c])) for c in likely]


def _shown(value: Any) -> Any:
    if value is None:
        return "missing"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="minutes")
    if isinstance(value, bool):
        return "yes" if value else "no"
    return tidy(value) if isinstance(value, float) else str(value)
