"""Predictions as a table of their own, so that they are profiled and watched like any column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sevenfold.core.arrays import Floats
from sevenfold.core.dataset import Column, Kind, Schema
from sevenfold.deployment.runtime import Runtime, label_name

if TYPE_CHECKING:
    import polars as pl

PREDICTION = "prediction"
_PROBABILITIES_LIMIT = 10  # so many classes have their probability watched, one column each


def prediction_schema(runtime: Runtime) -> Schema:
    """The columns of `prediction_table`: the decision, and for a few classes their probabilities."""
    names = [label_name(label) for label in runtime.predictor.task.classes]
    if not names:
        return Schema((Column(PREDICTION, Kind.NUMBER, "what the model predicts"),))
    decision = Column(PREDICTION, Kind.CATEGORY, "the class that is decided for", levels=tuple(names))
    watched = names[1:] if len(names) == 2 else names if len(names) <= _PROBABILITIES_LIMIT else []
    probabilities = [Column(probability_name(name), Kind.NUMBER, "a class's probability") for name in watched]
    return Schema((decision, *probabilities))


def prediction_table(runtime: Runtime, values: Floats) -> pl.DataFrame:
    """Predictions, (rows,) or (rows, classes), as a typed table of `prediction_schema`."""
    import polars as pl

    if values.ndim == 1:
        return pl.DataFrame({PREDICTION: pl.Series(values, dtype=pl.Float64).fill_nan(None)})
    names = [label_name(label) for label in runtime.predictor.task.classes]
    decided = pl.Series([names[code] for code in runtime.predictor.decision.decide(values)], dtype=pl.String)
    columns = {PREDICTION: decided}
    for column in prediction_schema(runtime).columns[1:]:
        index = names.index(column.name.removeprefix(probability_name("")))
        columns[column.name] = pl.Series(values[:, index], dtype=pl.Float64).fill_nan(None)
    return pl.DataFrame(columns)


def probability_name(label: str) -> str:
    """The name of the column that holds a class's probability."""
    return f"probability_{label}"


def profile_of_predictions(runtime: Runtime, values: Floats | None) -> dict[str, Any]:
    """The profile of reference predictions as plain data, empty where there are none."""
    if values is None or len(values) == 0:
        return {}
    from sevenfold.data.profile import profile

    return dict(profile(prediction_table(runtime, values), prediction_schema(runtime)).to_json())
