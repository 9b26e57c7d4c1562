"""What performance is to be expected before labels come, if only the inputs have changed.

Classes: the probabilities themselves say how often the model will be wrong, as far as they are calibrated (confidence-
based performance estimation). Numbers: rows like these had errors like those when the model had not learned from them
(direct loss estimation by prediction). Neither sees a change in how the target depends on the inputs: for that, real
labels are needed, and nothing else will do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from sevenfold.core.arrays import Floats
from sevenfold.core.context import Streams
from sevenfold.core.errors import DataError
from sevenfold.core.metric import Metric, Needs
from sevenfold.core.report import Score
from sevenfold.core.task import Task
from sevenfold.data.profile import bin_edges

ASSUMES = "that the target still depends on the inputs as it did in training; only labels can tell whether it does"
_DRAWS = 100
_LEAST_ROWS = 30
_Z = 1.959964
_OF_NUMBERS = {"rmse": 0.5, "mse": 1.0, "mae": 1.0}


@dataclass(frozen=True)
class Errors:
    """Errors of predictions on rows that the model had not learned from, by the size of the prediction.

    Args:
        edges: of bins of predictions.
        rows: (bins,) how many.
        absolute, squared: (bins,) mean absolute and squared error.
        absolute_spread, squared_spread: (bins,) their variances from row to row.
    """

    edges: Floats
    rows: Floats
    absolute: Floats
    squared: Floats
    absolute_spread: Floats
    squared_spread: Floats

    @classmethod
    def of(cls, predicted: Floats, truth: Floats, bins: int = 20) -> Errors | None:
        """Learn from predictions and true values; None where there are too few."""
        fine = np.isfinite(predicted) & np.isfinite(truth)
        predicted, truth = predicted[fine], truth[fine]
        if len(predicted) < _LEAST_ROWS:
            return None
        edges = bin_edges(predicted, min(bins, len(predicted) // 15))
        place, cells = _places(predicted, edges), max(1, len(edges) - 1)
        off = np.abs(predicted - truth)
        rows = np.bincount(place, minlength=cells).astype(np.float64)

        def mean(values: Floats) -> Floats:
            overall = float(values.mean())
            sums = np.bincount(place, values, minlength=cells)
            return np.where(rows > 0, sums / np.maximum(rows, 1), overall)

        absolute, squared = mean(off), mean(off**2)
        return cls(edges, rows, absolute, squared, mean(off**2) - absolute**2, mean(off**4) - squared**2)

    def to_json(self) -> dict[str, list[float]]:
        """Plain data."""
        return {name: value.tolist() for name, value in vars(self).items()}

    @classmethod
    def from_json(cls, data: Any) -> Errors | None:
        """What `to_json` wrote; None where there is none, as in bundles of older versions."""
        if not isinstance(data, Mapping) or "squared_spread" not in data:
            return None
        names = ("edges", "rows", "absolute", "squared", "absolute_spread", "squared_spread")
        return cls(*(np.array(data[name], dtype=np.float64) for name in names))

    def expected(self, metric: str, predicted: Floats) -> Score | None:
        """The metric that predictions like these had, with a 95 % interval for what labels will show.

        The interval allows for the luck of these rows and for what few rows in a bin leave unknown.
        """
        power = _OF_NUMBERS.get(metric)
        given = predicted[np.isfinite(predicted)]
        if power is None or len(given) < _LEAST_ROWS:
            return None
        means, spread = (
            (self.absolute, self.absolute_spread) if metric == "mae" else (self.squared, self.squared_spread)
        )
        share = np.bincount(_places(given, self.edges), minlength=len(means)) / len(given)
        value = float((share * means).sum())
        within = float((share * spread).sum()) + float((share * means**2).sum()) - value**2
        unknown = float((share**2 * spread / np.maximum(self.rows, 1)).sum())
        reach = _Z * float(np.sqrt(max(within, 0.0) / len(given) + unknown))
        low, high = max(0.0, value - reach), value + reach
        return Score(value**power, low**power, high**power, len(given))


def expected_score(
    metric: Metric, probabilities: Floats, codes: Floats, told: tuple[float, float] | None = None, draws: int = _DRAWS
) -> Score | None:
    """The metric to be expected of these predictions if their probabilities mean what they say.

    Labels are drawn from the probabilities again and again and the metric is measured on each draw, which holds for
    every metric. The interval adds what is not known of the probabilities themselves: that of the score after
    training. Source: Garg et al. 2022 and the calibrated estimators of NannyML, by simulation.

    Args:
        metric: what is measured.
        probabilities: (rows, classes), calibrated.
        codes: (rows,) classes that were decided for.
        told: 95 % limits of the score after training.
    """
    form = {Needs.PROBABILITIES: probabilities, Needs.LABELS: codes}.get(metric.spec.needs)
    if form is None or len(form) < _LEAST_ROWS:
        return None
    stream = Streams(0).generator("expected", metric.spec.name)
    steps = np.cumsum(probabilities, axis=1)
    steps /= steps[:, -1:]
    values: list[float] = []
    for _ in range(draws):
        drawn = (stream.random(len(steps))[:, None] >= steps[:, :-1]).sum(axis=1).astype(np.float64)
        try:
            values.append(metric(drawn, form, None))
        except DataError:  # one class only
            continue
    if len(values) < draws / 2:
        return None
    made = np.array(values)
    own = 0.0 if told is None else (told[1] - told[0]) / (2 * _Z)
    reach = _Z * float(np.hypot(made.std(ddof=1), own))
    middle = float(made.mean())
    least, most = sorted((metric.spec.best, metric.spec.worst))
    return Score(middle, max(least, middle - reach), min(most, middle + reach), len(form))


def expectation(
    task: Task,
    probabilities: Floats | None,
    codes: Floats | None,
    values: Floats | None,
    metadata: Mapping[str, Any],
    told: tuple[float, float] | None,
    draws: int = _DRAWS,
) -> dict[str, Score]:
    """Expected scores by metric: the task's own, and for numbers rmse and mae; empty where nothing can be said."""
    from sevenfold.evaluation.metrics.catalogue import metric_for

    if probabilities is not None and codes is not None and len(probabilities):
        metric = metric_for(task, None)
        score = expected_score(metric, probabilities, codes, told, draws)
        return {} if score is None else {metric.spec.name: score}
    errors = Errors.from_json(metadata.get("errors"))
    if values is None or errors is None:
        return {}
    names = list(dict.fromkeys([task.metric, "rmse", "mae"]))
    return {name: score for name in names if (score := errors.expected(name, values)) is not None}


def _places(values: Floats, edges: Floats) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """(rows,) bin of each value; those outside belong to the outer bins."""
    if len(edges) <= 2:
        return np.zeros(len(values), dtype=np.int64)
    return np.clip(np.searchsorted(edges, values, side="right") - 1, 0, len(edges) - 2).astype(np.int64)
