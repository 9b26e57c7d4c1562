"""Score a model on labelled rows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sevenfold.core.errors import DataError, RequestError, unknown_name

if TYPE_CHECKING:
    from sevenfold.deployment.model import LoadedModel


def evaluate(model: LoadedModel | str | Path, data: Any, *, target: str | None = None) -> dict[str, Any]:
    """Metrics with 95 % intervals and slices: {"rows", "metrics": {NAME: {"value", "low", "high"}}, "slices": [...]}.

    Args:
        model: a loaded model, or where it lies.
        data: labelled rows that the model has not been trained on.
        target: name of the target column in `data`, if it is another one than in training.
    Raises:
        RequestError, DataError: the model or the data cannot be used.
    """
    from sevenfold.api.load import load
    from sevenfold.core.context import Streams
    from sevenfold.core.metric import Needs
    from sevenfold.data.clean import conform
    from sevenfold.data.readers.read import read
    from sevenfold.data.target import encode
    from sevenfold.evaluation.evaluate import evaluate as measure
    from sevenfold.evaluation.metrics.catalogue import METRICS
    from sevenfold.tuning.objective import rank_table

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
    ranking = None
    if METRICS.get(task.metric).spec.needs is Needs.RANKING:
        ranking = rank_table(predictor.members[0].pipelines[-1], table, task)
    stream = Streams(0).generator("evaluate")
    found = measure(predictor, table, encoded, task, stream=stream, schema=loaded.schema, ranking=ranking)
    return found.to_json()
