"""Predictions as a table of their own, so that they are profiled and watched like any column."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sevenfold.core.arrays import Floats
from sevenfold.core.dataset import Column, Kind, Schema
from sevenfold.core.task import Task
from sevenfold.data.classes import spelled
from sevenfold.deployment.runtime import Runtime

if TYPE_CHECKING:
    import polars as pl

PREDICTION = "prediction"
_PROBABILITIES_LIMIT = 10  # so many classes have their probability watched, one column each


def prediction_schema(task: Task) -> Schema:
    """The columns of `prediction_table`: the decision, and for a few classes their probabilities."""
    names = spelled(task.classes)
    if not names:
        return Schema((Column(PREDICTION, Kind.NUMBER, "what the model predicts"),))
    decision = Column(PREDICTION, Kind.CATEGORY, "the class that is decided for", levels=tuple(names))
    watched = names[1:] if len(names) == 2 else names if len(names) <= _PROBABILITIES_LIMIT else []
    probabilities = [Column(probability_name(name), Kind.NUMBER, "a class's probability") for name in watched]
    return Schema((decision, *probabilities))


def prediction_table(task: Task, labels: Sequence[Any], values: Floats | None) -> pl.DataFrame:
    """Predictions as a typed table of `prediction_schema`.

    Args:
        task: what is predicted.
        labels: (rows,) labels that were decided for, or numbers.
        values: (rows, classes) probabilities; None for numbers.
    """
    import polars as pl

    if values is None:
        return pl.DataFrame({PREDICTION: pl.Series(labels, dtype=pl.Float64, strict=False).fill_nan(None)})
    names = spelled(task.classes)
    texts = labels if set(map(type, labels)) == {str} else spelled(labels)  # many of them: not one by one
    columns = {PREDICTION: pl.Series(texts, dtype=pl.String)}
    schema = prediction_schema(task)
    for code, name in enumerate(names):
        if probability_name(name) in schema:
            columns[probability_name(name)] = pl.Series(values[:, code], dtype=pl.Float64).fill_nan(None)
    return pl.DataFrame(columns)


def probability_name(label: str) -> str:
    """The name of the column that holds a class's probability."""
    return f"probability_{label}"


def profile_of_predictions(runtime: Runtime, values: Floats | None) -> dict[str, Any]:
    """The profile of reference predictions as plain data, empty where there are none."""
    if values is None or len(values) == 0:
        return {}
    from sevenfold.data.profile import profile

    task = runtime.predictor.task
    chances = values if task.goal.is_classification else None
    table = prediction_table(task, runtime.decide(values).tolist(), chances)
    return dict(profile(table, prediction_schema(task)).to_json())
