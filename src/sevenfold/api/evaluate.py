"""Score a model on labelled rows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sevenfold.core.errors import DataError, RequestError, unknown_name

if TYPE_CHECKING:
    import polars as pl

    from sevenfold.core.arrays import Floats
    from sevenfold.core.predictor import Decision
    from sevenfold.core.task import Target
    from sevenfold.deployment.model import LoadedModel

LEVEL = 0.9


def evaluate(
    model: LoadedModel | str | Path, data: Any, *, target: str | None = None, coverage: float = LEVEL
) -> dict[str, Any]:
    """Metrics with 95 % intervals and slices: {"rows", "metrics": {NAME: {"value", "low", "high"}}, "slices": [...]}.

    `coverage` tells how often the model's sets or intervals (`predict_set`, `predict_interval`) held the truth, and how
    large they were, see `evaluation.conformal.coverage.coverage_report`; empty where the model has none.

    Args:
        model: a loaded model, or where it lies.
        data: labelled rows that the model has not been trained on.
        target: name of the target column in `data`, if it is another one than in training.
        coverage: that sets or intervals are asked for, above 0 and below 1.
    Raises:
        RequestError, DataError: the model or the data cannot be used.
    """
    from sevenfold.api.load import load
    from sevenfold.core.context import Streams
    from sevenfold.core.metric import Needs
    from sevenfold.data.clean import conform
    from sevenfold.data.readers.read import read
    from sevenfold.data.target import encode
    from sevenfold.evaluation.conformal.quantiles import checked
    from sevenfold.evaluation.evaluate import evaluate as measure
    from sevenfold.evaluation.metrics.catalogue import METRICS
    from sevenfold.tuning.objective import rank_table

    checked(coverage)
    loaded = load(model) if isinstance(model, str | Path) else model
    task = loaded.task
    frame = read(data, target=target or task.target, like=dict(loaded.source) or None).frame
    if target is not None and target != task.target:
        if target not in frame.columns:
            raise unknown_name("Column", target, frame.columns)
        frame = frame.drop(task.target, strict=False).rename({target: task.target})
    if task.target not in frame.columns and task.target in loaded.schema:
        raise RequestError(
            "The data have no target column.", task.target, ", ".join(frame.columns[:20]), "Name it with --target."
        )
    table = conform(frame, loaded.schema).table
    encoded, rows = encode(table, task)
    if not len(rows):
        raise DataError("No row has a target.", "1 or more", "0", "Check the target column.")
    table = table[rows]
    predictor = loaded.runtime.predictor
    answers = predictor.predict(table)
    ranking = None
    if METRICS.get(task.metric).spec.needs is Needs.RANKING:
        ranking = rank_table(predictor.members[0].pipelines[-1], table, task)
    stream = Streams(0).generator("evaluate")
    given = _Given(answers, predictor.decision)
    found = measure(given, table, encoded, task, stream=stream, schema=loaded.schema, ranking=ranking)
    return {**found.to_json(), "coverage": _coverage(loaded, table, encoded, answers, coverage)}


def _coverage(model: LoadedModel, table: pl.DataFrame, target: Target, answers: Floats, level: float) -> dict[str, Any]:
    """Of the rows that have an answer; empty where the model has no sets and no intervals."""
    import numpy as np

    from sevenfold.core.dataset import Kind
    from sevenfold.evaluation.conformal.coverage import coverage_report
    from sevenfold.evaluation.evaluate import slice_columns

    rows = np.flatnonzero(np.isfinite(answers if answers.ndim == 1 else answers.sum(axis=1)))
    if model.conformal is None or not len(rows):
        return {}
    task, schema = model.task, model.schema
    some = answers[rows]
    decided = model.runtime.predictor.decision.decide(some) if task.goal.is_classification else None
    shown = table[rows].select(n for n in table.columns if n in schema and schema[n].kind not in (Kind.IMAGE, Kind.ID))
    columns = slice_columns(schema, task, shown)
    return coverage_report(model.conformal, some, decided, target.values[rows], task, shown, schema, columns, level)


@dataclass(frozen=True)
class _Given:
    """Answers that are there already."""

    answers: Floats
    decision: Decision

    def predict(self, table: pl.DataFrame) -> Floats:
        """The answers, for the table that they are of."""
        return self.answers
