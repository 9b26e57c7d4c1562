"""What matters: how much worse the score gets when a column's values are shuffled."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.core.arrays import Floats, Ints
from sevenfold.core.errors import DataError
from sevenfold.core.metric import Metric, Needs
from sevenfold.core.task import Target
from sevenfold.evaluation.resample import Sampler
from sevenfold.evaluation.subject import Predicts, decision_of, form_for

if TYPE_CHECKING:
    import polars as pl

_DRAWS = 100
_LEAST_ROWS = 200
_CALL_ROWS = 8_000  # shuffled tables are predicted together: a call has a cost of its own


@dataclass(frozen=True)
class Importance:
    """How much one column matters.

    Args:
        column: a source column.
        value: mean rise of the loss when it is shuffled, in the metric's unit.
        low, high: 95 % limits over rows and shuffles.
        repeats: shuffles made; 0 where the time did not suffice, and value and limits are then 0.
    """

    column: str
    value: float
    low: float
    high: float
    repeats: int

    def to_json(self) -> dict[str, Any]:
        """Plain data for the report."""
        return {
            "column": self.column,
            "value": self.value,
            "low": self.low,
            "high": self.high,
            "repeats": self.repeats,
        }


def permutation_importance(
    predictor: Predicts,
    table: pl.DataFrame,
    target: Target,
    metric: Metric,
    columns: Sequence[str],
    stream: np.random.Generator,
    *,
    repeats: int = 3,
    rows: int = 2000,
    seconds: float = float("inf"),
    clock: Callable[[], float] = time.monotonic,
) -> list[Importance]:
    """Importance of each source column, largest first. Columns that the time does not reach come last.

    A shuffled column keeps its values and loses its tie to the row (Breiman 2001; Fisher et al. 2019). Columns that
    carry the same information share it: each alone then matters little, though the model needs one of them.

    Args:
        table: typed table, with rows that the model was not trained on.
        target: their target.
        columns: source columns to look at.
        repeats: shuffles of each column, made in rounds over all columns.
        rows: rows to look at, drawn from the table; fewer, but at least 200, where the time does not suffice for all.
        seconds: no new shuffle is begun once its estimated end lies beyond this.
    """
    import polars as pl

    started, decision = clock(), decision_of(predictor)

    def answers(shown: pl.DataFrame) -> Floats:
        return form_for(metric, predictor.predict(shown), decision)

    chosen = np.sort(stream.permutation(table.height)[:rows])
    before = answers(table[chosen])
    each = clock() - started
    affordable = int(len(chosen) * min(1.0, (seconds - each) / max(1e-9, 1.5 * each * len(columns))))
    kept = np.sort(stream.permutation(len(chosen))[: max(_LEAST_ROWS, affordable)])
    chosen, before, each = chosen[kept], before[kept], each * len(kept) / len(chosen)
    part, truth = table[chosen], target.values[chosen]
    weights = None if target.weights is None else target.weights[chosen]
    base = metric.loss(metric(truth, before, weights))
    rises: dict[str, list[float]] = {name: [] for name in columns}
    spreads: dict[str, float] = {}
    together = max(1, _CALL_ROWS // len(chosen))
    queue = list(columns) * repeats
    while queue:
        began = clock()
        fitting = min(float(together), (seconds - (began - started)) / max(1e-9, 1.5 * each))
        if fitting < 1:
            break
        names, queue = queue[: int(fitting)], queue[int(fitting) :]
        orders = [stream.permutation(len(chosen)) for _ in names]
        shuffled = [part.with_columns(part[n][order].alias(n)) for n, order in zip(names, orders, strict=True)]
        for name, after in zip(names, np.split(answers(pl.concat(shuffled)), len(names)), strict=True):
            rises[name].append(metric.loss(metric(truth, after, weights)) - base)
            if name not in spreads:
                spreads[name] = _spread(metric, truth, before, after, weights, stream)
        each = (clock() - began) / len(names)
    found = [_importance(name, rises[name], spreads.get(name, 0.0)) for name in columns]
    return sorted(found, key=lambda i: (i.repeats == 0, -i.value))


def _importance(name: str, rises: Sequence[float], spread: float) -> Importance:
    if not rises:
        return Importance(name, 0.0, 0.0, 0.0, 0)
    value = float(np.mean(rises))
    shuffles = float(np.var(rises, ddof=1)) / len(rises) if len(rises) > 1 else 0.0
    reach = 1.96 * float(np.sqrt(spread**2 + shuffles))
    return Importance(name, value, value - reach, value + reach, len(rises))


def _spread(
    metric: Metric,
    truth: Floats,
    before: Floats,
    after: Floats,
    weights: Floats | None,
    stream: np.random.Generator,
) -> float:
    """Standard deviation of the rise over draws of rows, both predictions on the same rows."""
    if np.array_equal(before, after):
        return 0.0
    classes: Ints | None = truth.astype(np.int64) if metric.spec.needs is not Needs.VALUES else None
    values = []
    for rows in Sampler.plan(len(truth), classes, draws=_DRAWS)(stream):
        some = None if weights is None else weights[rows]
        try:
            values.append(
                metric.loss(metric(truth[rows], after[rows], some))
                - metric.loss(metric(truth[rows], before[rows], some))
            )
        except DataError:
            continue
    return float(np.std(values)) if len(values) > 1 else 0.0
