"""How many test rows there is time to judge, as a prediction that has begun cannot be stopped. Of many rows a few are
tried first; of fewer it is known from validation what they take."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.core.arrays import Ints
from sevenfold.evaluation.subject import Predicts

if TYPE_CHECKING:
    import polars as pl

LEAST_ROWS = 20_000
"""Of many rows fewer are judged whatever it takes: trying costs time as well."""
FEWEST_ROWS = 1_000
"""Fewer are judged whatever it takes: their score would say too little."""
_FIRST_ROWS, _TRIED_ROWS = 500, 8_000  # the first call of a model has a cost of its own
_MEASURING = 1.5  # times predicting: scores, their intervals and curves
_PATIENCE = 2.0  # times the time for all of evaluation, that a slow model's prediction may seem to take
_SHARE = 0.5  # of the time, for all of that; the rest is for importances and slices


def affordable_rows(
    predictors: Sequence[Predicts],
    table: pl.DataFrame,
    stream: np.random.Generator,
    seconds: float,
    row_seconds: float = 0.0,
    clock: Callable[[], float] = time.monotonic,
) -> Ints | None:
    """Numbers of rows to judge, in order and drawn by lot, or None for all of them.

    Args:
        predictors: that will predict these rows.
        table: the test rows.
        seconds: for all of evaluation.
        row_seconds: that a row took when validation rows were predicted; 0 where that is not known.
    """
    if seconds == float("inf"):
        return None
    if table.height <= 2 * LEAST_ROWS:
        # Validation was timed while other fits went on: only what would take far too long by it is cut.
        if row_seconds * table.height <= _PATIENCE * seconds or table.height <= FEWEST_ROWS:
            return None
        most = int(seconds / row_seconds)
        return np.sort(stream.permutation(table.height)[: max(FEWEST_ROWS, most)])
    lots = stream.permutation(table.height)
    for predictor in predictors:
        predictor.predict(table[np.sort(lots[:_FIRST_ROWS])])
    started, tried = clock(), table[np.sort(lots[:_TRIED_ROWS])]
    for predictor in predictors:
        predictor.predict(tried)
    a_row = _MEASURING * (clock() - started) / _TRIED_ROWS
    most = int(_SHARE * seconds / max(a_row, 1e-12))
    return None if most >= table.height else np.sort(lots[: max(LEAST_ROWS, most)])
