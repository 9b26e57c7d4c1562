"""One model on one table: scores with intervals, slices, curves."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.core.arrays import Floats, Ints
from sevenfold.core.dataset import Schema
from sevenfold.core.errors import DataError
from sevenfold.core.metric import Needs
from sevenfold.core.predictor import Decision
from sevenfold.core.report import Score
from sevenfold.core.task import Goal, Target, Task
from sevenfold.evaluation.curves import curves
from sevenfold.evaluation.fairness import fairness
from sevenfold.evaluation.intervals import interval, widened
from sevenfold.evaluation.metrics.catalogue import METRICS, check_metric, metric_for
from sevenfold.evaluation.slices import Slice, score_slices
from sevenfold.evaluation.subject import Predicts, decision_of, form_for

if TYPE_CHECKING:
    import polars as pl

USUAL = {
    Goal.BINARY: (
        "roc_auc",
        "average_precision",
        "log_loss",
        "brier",
        "expected_calibration_error",
        "accuracy",
        "balanced_accuracy",
        "f1",
        "precision",
        "recall",
        "mcc",
    ),
    Goal.MULTICLASS: (
        "log_loss",
        "roc_auc",
        "accuracy",
        "balanced_accuracy",
        "f1_macro",
        "mcc",
        "expected_calibration_error",
    ),
    Goal.REGRESSION: ("rmse", "mae", "median_absolute_error", "r2", "mape", "bias"),
    Goal.RECOMMENDATION: ("ndcg@10", "recall@10", "rmse", "mae"),
}

SIDE_DRAWS = 300


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation found.

    Args:
        rows: rows with a target, or users of a ranking.
        scores: value with interval of each metric, the task's own first.
        slices: scores of parts of the rows, those that stand out first.
        fairness: rates by sensitive group, one entry a column.
        curves: see `evaluation.curves`.
        undefined: metrics that the rows do not define, with the reason.
    """

    rows: int
    scores: Mapping[str, Score]
    slices: tuple[Slice, ...] = ()
    fairness: tuple[Mapping[str, Any], ...] = ()
    curves: Mapping[str, Any] = field(default_factory=dict)
    undefined: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Plain data: rows, metrics, slices, fairness, curves, undefined."""
        return {
            "rows": self.rows,
            "metrics": {name: score.to_json() for name, score in self.scores.items()},
            "slices": [s.to_json() for s in self.slices],
            "fairness": [dict(entry) for entry in self.fairness],
            "curves": dict(self.curves),
            "undefined": dict(self.undefined),
        }


def evaluate(
    predictor: Predicts,
    table: pl.DataFrame,
    target: Target,
    task: Task,
    *,
    stream: np.random.Generator,
    schema: Schema | None = None,
    metrics: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
    ranking: Mapping[str, Floats] | None = None,
    looks: int = 1,
    seconds: float = float("inf"),
    clock: Callable[[], float] = time.monotonic,
) -> Evaluation:
    """Predict the table once and measure it.

    Args:
        predictor: the model; its `decision`, if it has one, turns probabilities into classes.
        table: typed table, the target column included or not.
        target: its encoded target.
        task: the task; its group column keeps groups whole in the intervals.
        schema: with it, slices and fairness are measured.
        metrics: names; the task's own and the usual ones of its goal by default.
        columns: columns to slice by; by default all used ones that are not set apart, and the sensitive ones.
        ranking: (users,) values of each ranking metric, for a recommendation.
        looks: how often these rows have been looked at, this time included; each look widens the intervals.
        seconds: slices stop at this time; scores and curves are always made.
    """
    started = clock()
    predicted, decision = predictor.predict(table), decision_of(predictor)
    names = [check_metric(n, task.goal) for n in metrics] if metrics else None
    groups = group_codes(table, task)
    scores, undefined = measure_all(task, target, predicted, decision, stream, names, groups, ranking, looks)
    found: tuple[Slice, ...] = ()
    fair: tuple[Mapping[str, Any], ...] = ()
    own = task.metric if task.metric in scores else next((n for n in scores if n not in (ranking or {})), None)
    if schema is not None:
        fair = fairness_of(task, target, predicted, decision, table, schema)
        if own is not None and METRICS.get(own).spec.needs is not Needs.RANKING:
            wanted = slice_columns(schema, task, table) if columns is None else columns
            found = slices_of(
                task,
                own,
                target,
                predicted,
                decision,
                table,
                schema,
                wanted,
                stream,
                seconds_left=lambda: seconds - (clock() - started),
            )
    return Evaluation(len(target), scores, found, fair, curves_of(task, target, predicted, decision), undefined)


def measure_all(
    task: Task,
    target: Target,
    predicted: Floats,
    decision: Decision,
    stream: np.random.Generator,
    names: Sequence[str] | None = None,
    groups: Ints | None = None,
    ranking: Mapping[str, Floats] | None = None,
    looks: int = 1,
    draws: int | None = None,
) -> tuple[dict[str, Score], dict[str, str]]:
    """Scores by metric, the task's own first, and the reasons of those that the rows do not define.

    The first metric's interval takes `draws` of the bootstrap, all by default, those of the others 300.
    """
    scores: dict[str, Score] = {}
    undefined: dict[str, str] = {}
    for name in dict.fromkeys(names if names is not None else usual_metrics(task)):
        wanted = SIDE_DRAWS if scores else draws
        score: Score | str
        if METRICS.get(name).spec.needs is Needs.RANKING:
            values = (ranking or {}).get(name)
            score = "no ranking was given"
            if values is not None:
                score = interval(metric_for(task, name), np.zeros(len(values)), values, stream)
        else:
            score = measure(task, name, target, predicted, decision, stream, groups, wanted)
        if isinstance(score, str):
            undefined[name] = score
        else:
            scores[name] = widened(score, looks)
    return scores, undefined


def usual_metrics(task: Task) -> list[str]:
    """The task's own metric first, then the usual ones of its goal.

    Where a ranking is measured the scores of a recommender order items and are no ratings: errors of ratings are left
    out.
    """
    usual = USUAL.get(task.goal, ())
    if METRICS.get(task.metric).spec.needs is Needs.RANKING:
        usual = tuple(name for name in usual if METRICS.get(name).spec.needs is Needs.RANKING)
    return list(dict.fromkeys((task.metric, *usual)))


def slices_of(
    task: Task,
    name: str,
    target: Target,
    predicted: Floats,
    decision: Decision,
    table: pl.DataFrame,
    schema: Schema,
    columns: Sequence[str],
    stream: np.random.Generator,
    seconds_left: Callable[[], float] = lambda: float("inf"),
) -> tuple[Slice, ...]:
    """Slices of one metric by some columns; none where the metric does not fit the predictions."""
    metric = metric_for(task, name, decision.costs)
    form = form_for(metric, predicted, decision)
    found = score_slices(
        metric, target.values, form, table, schema, columns, stream, target.weights, seconds_left=seconds_left
    )
    return tuple(found)


def fairness_of(
    task: Task, target: Target, predicted: Floats, decision: Decision, table: pl.DataFrame, schema: Schema
) -> tuple[Mapping[str, Any], ...]:
    """Rates by the task's sensitive columns, as far as the table has them."""
    present = [c for c in task.sensitive if c in schema and c in table.columns]
    if not present:
        return ()
    decided = _decided(task, predicted, decision)
    return tuple(fairness(task, target.values, predicted, decided, table, schema, present))


def curves_of(task: Task, target: Target, predicted: Floats, decision: Decision) -> dict[str, Any]:
    """Every curve that suits the task; see `evaluation.curves`."""
    return curves(task, target.values, predicted, _decided(task, predicted, decision), target.weights)


def _decided(task: Task, predicted: Floats, decision: Decision) -> Floats:
    return decision.decide(predicted).astype(np.float64) if task.goal.is_classification else predicted


def measure(
    task: Task,
    name: str,
    target: Target,
    predicted: Floats,
    decision: Decision,
    stream: np.random.Generator,
    groups: Ints | None = None,
    draws: int | None = None,
) -> Score | str:
    """One metric with its interval, or the reason why the rows do not define it."""
    metric = metric_for(task, name, decision.costs)
    try:
        form = form_for(metric, predicted, decision)
        return interval(metric, target.values, form, stream, target.weights, groups, draws)
    except DataError as error:
        return error.what


def group_codes(table: pl.DataFrame, task: Task) -> Ints | None:
    """(rows,) group of each row from 0 by the task's group column, or None; a missing group is a group of its own."""
    if task.group is None or task.group not in table.columns:
        return None
    codes = table[task.group].rank("dense").to_numpy().astype(np.float64)
    alone = np.isnan(codes)
    codes[alone] = codes[~alone].max(initial=0) + 1 + np.arange(alone.sum())
    return codes.astype(np.int64)


def slice_columns(schema: Schema, task: Task, table: pl.DataFrame) -> list[str]:
    """Columns worth slicing by: inputs of the model, and the sensitive and time columns."""
    extra = {*task.sensitive, *([task.time] if task.time else [])}
    there = set(table.columns)
    return [
        column.name
        for column in schema
        if column.name in there
        and column.name != task.target
        and (column.name in extra or (column.used and column.name not in task.apart))
    ]
