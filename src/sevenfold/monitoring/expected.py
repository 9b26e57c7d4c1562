"""What performance is to be expected before labels come, if only the inputs have changed.

Classes: the probabilities themselves say how often the model will be wrong, as far as they are calibrated (confidence-
based performance estimation). Numbers: rows like these had errors like those when the model had not learned from them
(direct loss estimation by prediction). Neither sees a change in how the target depends on the inputs: for that, real
labels are needed, and nothing else will do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.core.arrays import Floats
from sevenfold.core.context import Streams
from sevenfold.core.errors import DataError
from sevenfold.core.metric import Metric, Needs
from sevenfold.core.report import Score
from sevenfold.core.task import Task
from sevenfold.monitoring.errors import Errors

if TYPE_CHECKING:
    import polars as pl

ASSUMES = "that the target still depends on the inputs as it did in training; only labels can tell whether it does"
_DRAWS = 100
_LEAST_ROWS = 30
_Z = 1.959964


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
    table: pl.DataFrame | None = None,
) -> dict[str, Score]:
    """Expected scores by metric: the task's own, and for numbers rmse and mae; empty where nothing can be said.

    Args:
        probabilities, codes: (rows, classes) and (rows,) decided classes, or None.
        values: (rows,) numbers, or None.
        metadata: of the bundle.
        told: 95 % limits of the score after training.
        draws: of labels.
        table: typed inputs of the rows; errors of numbers are then told apart by them as well.
    """
    from sevenfold.evaluation.metrics.catalogue import metric_for

    if probabilities is not None and codes is not None and len(probabilities):
        metric = metric_for(task, None)
        score = expected_score(metric, probabilities, codes, told, draws)
        return {} if score is None else {metric.spec.name: score}
    errors = Errors.from_json(metadata.get("errors"))
    if values is None or errors is None:
        return {}
    names = list(dict.fromkeys([task.metric, "rmse", "mae"]))
    return {name: score for name in names if (score := errors.expected(name, values, table)) is not None}
