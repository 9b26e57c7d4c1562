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
from sevenfold.core.predictor import Decision
from sevenfold.core.report import Score
from sevenfold.core.task import Target, Task
from sevenfold.evaluation.affordable import affordable_rows
from sevenfold.evaluation.compare import compare
from sevenfold.evaluation.dependence import partial_dependence
from sevenfold.evaluation.evaluate import (
    SIDE_DRAWS,
    USUAL,
    Evaluation,
    curves_of,
    fairness_of,
    group_codes,
    measure,
    measure_all,
    slice_columns,
    slices_of,
)
from sevenfold.evaluation.importance import Importance, permutation_importance
from sevenfold.evaluation.intervals import interval, widened
from sevenfold.evaluation.metrics.catalogue import METRICS, metric_for
from sevenfold.evaluation.subject import Predicts, decision_of, form_for

if TYPE_CHECKING:
    import polars as pl

    from sevenfold.evaluation.conformal.stored import Conformal

MOST_PICTURES = 6
_GAIN_DRAWS = 400


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
    reference_ranking: Mapping[str, Floats] | None = None,
    looks: int = 1,
    conformal: Conformal | None = None,
    row_seconds: float = 0.0,
    clock: Callable[[], float] = time.monotonic,
) -> dict[str, Any]:
    """Scores, references, importances, curves, fairness, partial dependence, slices: most needed first.

    Scores, curves, references and fairness are always made, as a score without its yardsticks says little; each
    further part only while time is left, and `skipped` names those that were not made, with the reason. Of very many
    rows, or with a very slow model, as many are judged as there is time for.

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
        reference_ranking: (users,) values of the task's metric for each reference, the same users in the same order.
        looks: looks at the test rows so far, this one included.
        conformal: what sets and intervals are made from.
        row_seconds: that the model took to predict a validation row; 0 where that is not known.
    Returns:
        `{"task", "metric", "rows", "looks", "validation", "test", "references": {NAME: {"validation", "test",
        "gain"}}, "metrics", "slices", "fairness", "curves", "undefined", "importances", "partial_dependence",
        "coverage", "skipped", "seconds"}`; each score is `{"value", "low", "high", "rows"}`, `coverage` is what
        `conformal.coverage.coverage_report` gives,
        and `gain` tells by how much the model beats the reference on the same rows (see `compare.Gain`).
    """
    started = clock()

    def left() -> float:
        return seconds - (clock() - started)

    skipped: list[dict[str, str]] = []
    if ranking is None:
        plain_ones = list((references or {}).values())
        judged = affordable_rows(
            [predictor, *plain_ones], table, streams.generator("evaluation", "rows"), seconds, row_seconds, clock
        )
        if judged is not None:
            reason = f"the time does not suffice for all: {len(judged):,} of {table.height:,}, drawn by lot, are judged"
            skipped.append({"part": "test rows", "reason": reason})
            table, target = table[judged], target.take(judged)
    predicted, decision, groups = predictor.predict(table), decision_of(predictor), group_codes(table, task)
    stream = streams.generator("evaluation", "scores")
    scores, undefined = measure_all(task, target, predicted, decision, stream, [task.metric], groups, ranking, looks)
    found: dict[str, Any] = {
        "task": task.to_json(),
        "metric": task.metric,
        "looks": looks,
        "validation": None if validation is None else validation.to_json(),
        "test": scores[task.metric].to_json() if task.metric in scores else None,
        "references": {},
        "importances": [],
        "partial_dependence": [],
        "skipped": skipped,
    }
    for name, plain in (references or {}).items():
        found["references"][name] = _reference(
            name, plain, predicted, decision, table, target, task, streams, looks, skipped
        )
        known = (reference_validation or {}).get(name)
        values = (reference_ranking or {}).get(name)
        own = (ranking or {}).get(task.metric)
        if values is not None and own is not None and len(values) != len(own):
            # Each ranks what its own training rows lack: with few events a user may have nothing left to be found.
            skipped.append({"part": f"reference {name}", "reason": "it ranks other users than the model does"})
        elif values is not None and own is not None:
            found["references"][name] = _ranked_reference(name, values, own, task, streams, looks)
        found["references"][name]["validation"] = None if known is None else known.to_json()
    columns = _inputs(schema, task, table)
    by_rows = METRICS.get(task.metric).spec.needs is not Needs.RANKING
    important = _importances(predictor, table, target, task, columns, streams, left, skipped) if by_rows else []
    found["importances"] = [i.to_json() for i in important]
    others = [name for name in USUAL.get(task.goal, ()) if name != task.metric]
    more = measure_all(task, target, predicted, decision, stream, others, groups, ranking, looks, SIDE_DRAWS)
    shapes = curves_of(task, target, predicted, decision)
    found |= Evaluation(len(target), scores | more[0], curves=shapes, undefined=undefined | more[1]).to_json()
    if by_rows:
        found["fairness"] = list(fairness_of(task, target, predicted, decision, table, schema))
    if conformal is not None:
        found["coverage"] = _coverage(conformal, predicted, decision, target, task, table, schema, columns, left)
    pictured = [i.column for i in important if i.repeats and i.low > 0] or [i.column for i in important] or columns
    found["partial_dependence"] = _dependences(predictor, table, task, schema, pictured, streams, left, skipped)
    if by_rows and task.metric in scores and left() > 0:
        order = _slice_order(schema, task, table, important)
        stream = streams.generator("evaluation", "slices")
        slices = slices_of(task, task.metric, target, predicted, decision, table, schema, order, stream, left)
        found["slices"] = [s.to_json() for s in slices]
    elif by_rows:
        reason = "the time was used up" if left() <= 0 else "the metric is undefined"
        skipped.append({"part": "slices", "reason": reason})
    found["seconds"] = round(clock() - started, 3)
    return found


def _reference(
    name: str,
    plain: Predicts,
    predicted: Floats,
    decision: Decision,
    table: pl.DataFrame,
    target: Target,
    task: Task,
    streams: Streams,
    looks: int,
    skipped: list[dict[str, str]],
) -> dict[str, Any]:
    if METRICS.get(task.metric).spec.needs is Needs.RANKING:
        return {"test": None}
    stream, groups = streams.generator("evaluation", "reference", name), group_codes(table, task)
    answers, rule = plain.predict(table), decision_of(plain)
    score = measure(task, task.metric, target, answers, rule, stream, groups)
    if isinstance(score, str):
        skipped.append({"part": f"reference {name}", "reason": score})
        return {"test": None}
    metric = metric_for(task, None, decision.costs)
    gain = compare(
        metric,
        target.values,
        form_for(metric, answers, rule),
        form_for(metric, predicted, decision),
        stream,
        target.weights,
        groups,
        _GAIN_DRAWS,
    )
    return {"test": widened(score, looks).to_json(), "gain": gain.to_json()}


def _ranked_reference(
    name: str, values: Floats, own: Floats, task: Task, streams: Streams, looks: int
) -> dict[str, Any]:
    """Score of a reference over users, and the model's gain over it on the same users."""
    metric, stream = metric_for(task), streams.generator("evaluation", "reference", name)
    nothing = np.zeros(len(values))
    score = widened(interval(metric, nothing, values, stream), looks)
    return {"test": score.to_json(), "gain": compare(metric, nothing, values, own, stream).to_json()}


def _coverage(
    conformal: Conformal,
    predicted: Floats,
    decision: Decision,
    target: Target,
    task: Task,
    table: pl.DataFrame,
    schema: Schema,
    columns: Sequence[str],
    left: Callable[[], float],
) -> dict[str, Any]:
    """Coverage on the test rows; by parts of the rows where there is time."""
    from sevenfold.evaluation.conformal.coverage import coverage_report

    decided = decision.decide(predicted) if task.goal.is_classification else None
    looked_at = columns if left() > 0 else ()
    return coverage_report(conformal, predicted, decided, target.values, task, table, schema, looked_at)


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
            seconds=0.6 * left(),
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
