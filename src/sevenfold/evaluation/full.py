"""All that evaluation can say of a finished model, within a time limit, as the plain data of `evaluation.json`."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.core.arrays import Floats
from sevenfold.core.context import Streams
from sevenfold.core.dataset import Schema
from sevenfold.core.errors import DataError
from sevenfold.core.metric import Needs
from sevenfold.core.report import Score
from sevenfold.core.task import Target, Task
from sevenfold.evaluation.compare import compare
from sevenfold.evaluation.dependence import partial_dependence
from sevenfold.evaluation.evaluate import evaluate, group_codes, measure, slice_columns
from sevenfold.evaluation.importance import Importance, permutation_importance
from sevenfold.evaluation.intervals import widened
from sevenfold.evaluation.metrics.catalogue import METRICS, metric_for
from sevenfold.evaluation.subject import Predicts, decision_of, form_for

if TYPE_CHECKING:
    import polars as pl

MOST_PICTURES = 6


def evaluation_report(
    predictor: Predicts,
    table: pl.DataFrame,
    target: Target,
    task: Task,
    schema: Schema,
    streams: Streams,
    *,
    seconds: float = 20.0,
    validation: Score | None = None,
    references: Mapping[str, Predicts] | None = None,
    reference_validation: Mapping[str, Score] | None = None,
    ranking: Mapping[str, Floats] | None = None,
    looks: int = 1,
    clock: Callable[[], float] = time.monotonic,
) -> dict[str, Any]:
    """Scores, references, curves, importances, partial dependence, slices, fairness: most needed first.

    The scores and curves are always made; each further part only while time is left, and `skipped` names those
    that were not made, with the reason.

    Args:
        predictor: the finished model.
        table: typed test table, not seen in training.
        target: its encoded target.
        task, schema: what was trained.
        streams: the run's streams; this function draws those under "evaluation".
        seconds: time limit for all.
        validation: the score on validation rows, shown beside the test score.
        references: plain models to stand beside it: "constant", "linear".
        reference_validation: their validation scores.
        ranking: (users,) values of each ranking metric, for a recommendation.
        looks: looks at the test rows so far, this one included.
    Returns:
        `{"task", "metric", "rows", "looks", "validation", "test", "references": {NAME: {"validation", "test",
        "gain"}}, "metrics", "slices", "fairness", "curves", "undefined", "importances", "partial_dependence",
        "skipped", "seconds"}`; each score is `{"value", "low", "high", "rows"}`,
        and `gain` tells by how much the model beats the reference on the same rows (see `compare.Gain`).
    """
    started = clock()

    def left() -> float:
        return seconds - (clock() - started)

    skipped: list[dict[str, str]] = []
    one = evaluate(
        predictor,
        table,
        target,
        task,
        stream=streams.generator("evaluation", "scores"),
        ranking=ranking,
        looks=looks,
    )
    found: dict[str, Any] = {
        "task": task.to_json(),
        "metric": task.metric,
        "looks": looks,
        "validation": None if validation is None else validation.to_json(),
        "test": one.scores[task.metric].to_json() if task.metric in one.scores else None,
        **one.to_json(),
        "references": {},
        "importances": [],
        "partial_dependence": [],
        "skipped": skipped,
    }
    for name, plain in (references or {}).items():
        found["references"][name] = _reference(
            name, plain, predictor, table, target, task, streams, looks, left, skipped
        )
        known = (reference_validation or {}).get(name)
        found["references"][name]["validation"] = None if known is None else known.to_json()
    columns = _inputs(schema, task, table)
    by_rows = METRICS.get(task.metric).spec.needs is not Needs.RANKING
    important = _importances(predictor, table, target, task, columns, streams, left, skipped) if by_rows else []
    found["importances"] = [i.to_json() for i in important]
    pictured = [i.column for i in important if i.repeats and i.value > 0] or columns
    found["partial_dependence"] = _dependences(predictor, table, task, schema, pictured, streams, left, skipped)
    if by_rows and left() > 0:
        rest = evaluate(
            predictor,
            table,
            target,
            task,
            stream=streams.generator("evaluation", "slices"),
            schema=schema,
            metrics=[task.metric],
            columns=_slice_order(schema, task, table, important),
            looks=looks,
            seconds=left(),
            clock=clock,
        ).to_json()
        found["slices"], found["fairness"] = rest["slices"], rest["fairness"]
    elif by_rows:
        skipped.append({"part": "slices", "reason": "the time was used up"})
    found["seconds"] = round(clock() - started, 3)
    return found


def _reference(
    name: str,
    plain: Predicts,
    predictor: Predicts,
    table: pl.DataFrame,
    target: Target,
    task: Task,
    streams: Streams,
    looks: int,
    left: Callable[[], float],
    skipped: list[dict[str, str]],
) -> dict[str, Any]:
    if left() <= 0:
        skipped.append({"part": f"reference {name}", "reason": "the time was used up"})
        return {"test": None}
    if METRICS.get(task.metric).spec.needs is Needs.RANKING:
        return {"test": None}
    stream, groups = streams.generator("evaluation", "reference", name), group_codes(table, task)
    answers, decision = plain.predict(table), decision_of(plain)
    score = measure(task, task.metric, target, answers, decision, stream, groups)
    if isinstance(score, str):
        skipped.append({"part": f"reference {name}", "reason": score})
        return {"test": None}
    metric = metric_for(task, None, decision_of(predictor).costs)
    gain = compare(
        metric,
        target.values,
        form_for(metric, answers, decision),
        form_for(metric, predictor.predict(table), decision_of(predictor)),
        stream,
        target.weights,
        groups,
    )
    return {"test": widened(score, looks).to_json(), "gain": gain.to_json()}


def _importances(
    predictor: Predicts,
    table: pl.DataFrame,
    target: Target,
    task: Task,
    columns: Sequence[str],
    streams: Streams,
    left: Callable[[], float],
    skipped: list[dict[str, str]],
) -> list[Importance]:
    if left() <= 0:
        skipped.append({"part": "importances", "reason": "the time was used up"})
        return []
    try:
        important = permutation_importance(
            predictor,
            table,
            target,
            metric_for(task, None, decision_of(predictor).costs),
            columns,
            streams.generator("evaluation", "importance"),
            seconds=0.5 * left(),
        )
    except DataError as error:
        skipped.append({"part": "importances", "reason": error.what})
        return []
    missed = [i.column for i in important if i.repeats == 0]
    if missed:
        reason = f"the time did not suffice for {len(missed)} of {len(columns)} columns"
        skipped.append({"part": "importances", "reason": reason})
    return important


def _dependences(
    predictor: Predicts,
    table: pl.DataFrame,
    task: Task,
    schema: Schema,
    columns: Sequence[str],
    streams: Streams,
    left: Callable[[], float],
    skipped: list[dict[str, str]],
) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    least = left() / 2  # the other half is for slices
    for name in columns:
        if len(found) == MOST_PICTURES:
            break
        if left() <= least:
            skipped.append({"part": "partial_dependence", "reason": f"the time sufficed for {len(found)} columns"})
            break
        stream = streams.generator("evaluation", "dependence", name)
        made = partial_dependence(predictor, table, schema[name], task, stream)
        if made is not None:
            found.append(made)
    return found


def _inputs(schema: Schema, task: Task, table: pl.DataFrame) -> list[str]:
    return [c.name for c in schema if c.used and c.name not in task.apart and c.name in table.columns]


def _slice_order(schema: Schema, task: Task, table: pl.DataFrame, important: Sequence[Importance]) -> list[str]:
    """Important columns first, so that a time limit cuts what matters least."""
    place = {i.column: rank for rank, i in enumerate(important)}
    return sorted(slice_columns(schema, task, table), key=lambda name: place.get(name, len(place)))


def background_rows(table: pl.DataFrame, stream: np.random.Generator, rows: int = 100) -> pl.DataFrame:
    """Ordinary rows for `explain_rows`, drawn from a typed training table."""
    return table[np.sort(stream.permutation(table.height)[:rows])]
