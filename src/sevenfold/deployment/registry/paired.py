"""Two versions on the same labelled rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.core.context import Streams
from sevenfold.core.errors import DataError
from sevenfold.core.metric import Needs

if TYPE_CHECKING:
    import polars as pl

    from sevenfold.core.arrays import Floats, Ints
    from sevenfold.core.task import Target
    from sevenfold.deployment.model import LoadedModel
    from sevenfold.evaluation.compare import Gain


@dataclass(frozen=True)
class Paired:
    """What the rows say.

    Args:
        metric: the candidate's.
        rows: on which both were measured.
        gain: of the candidate over the champion; None where there is none to tell.
        reason: why there is none.
        fairness, champion_fairness: by sensitive column, see `evaluation.fairness`.
    """

    metric: str
    rows: int
    gain: Gain | None
    reason: str = ""
    fairness: tuple[Mapping[str, Any], ...] = ()
    champion_fairness: tuple[Mapping[str, Any], ...] | None = None


@dataclass(frozen=True)
class _Measured:
    table: pl.DataFrame
    target: Target
    rows: Ints
    values: Floats


def paired(candidate: LoadedModel, champion: LoadedModel | None, data: Any) -> Paired:
    """Measure both on labelled rows.

    Args:
        data: anything that `data.readers` reads, with the target's column.
    Raises:
        RequestError, DataError: the rows cannot be read or have no target.
    """
    from sevenfold.evaluation.compare import compare
    from sevenfold.evaluation.metrics.catalogue import METRICS, metric_for
    from sevenfold.evaluation.subject import form_for

    task = candidate.task
    if METRICS.get(task.metric).spec.needs is Needs.RANKING:
        return Paired(task.metric, 0, None, "rankings have no loss by row; compare them with `sevenfold evaluate`")
    new = _measure(candidate, data)
    fair = _fairness(candidate, new)
    if champion is None:
        return Paired(task.metric, len(new.rows), None, "no other version is in use to compare with", fair)
    if (champion.task.goal, champion.task.classes) != (task.goal, task.classes):
        return Paired(task.metric, 0, None, "the champion answers another question", fair)
    old = _measure(champion, data)
    rows, first, second = np.intersect1d(old.rows, new.rows, assume_unique=True, return_indices=True)
    metric = metric_for(task, None, candidate.runtime.predictor.decision.costs)
    weights = None if new.target.weights is None else new.target.weights[second]
    gain = compare(
        metric,
        new.target.values[second],
        form_for(metric, old.values[first], champion.runtime.predictor.decision),
        form_for(metric, new.values[second], candidate.runtime.predictor.decision),
        Streams(0).generator("gate"),
        weights,
    )
    return Paired(task.metric, len(rows), gain, "", fair, _fairness(champion, old))


def _measure(model: LoadedModel, data: Any) -> _Measured:
    from sevenfold.data.clean import conform
    from sevenfold.data.readers.read import read
    from sevenfold.data.target import encode

    frame = read(data, target=model.task.target, like=dict(model.source) or None).frame
    if model.task.target not in frame.columns:
        raise DataError(
            "The data have no target column.", model.task.target, ", ".join(frame.columns[:20]), "Give labelled rows."
        )
    table = conform(frame, model.schema).table
    target, rows = encode(table, model.task)
    if not len(rows):
        raise DataError("No row has a target.", "1 or more", "0", "Check the target column.")
    table = table[rows]
    return _Measured(table, target, rows, model.runtime.predictor.predict(table))


def _fairness(model: LoadedModel, measured: _Measured) -> tuple[Mapping[str, Any], ...]:
    from sevenfold.evaluation.evaluate import fairness_of

    decision = model.runtime.predictor.decision
    return fairness_of(model.task, measured.target, measured.values, decision, measured.table, model.schema)
