"""What validation says of the final model: its score on rows that its parts had not seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sevenfold.api.coverage import out_of_fold_answers
from sevenfold.api.session import Session
from sevenfold.core.arrays import Ints
from sevenfold.core.metric import Needs
from sevenfold.core.report import Score
from sevenfold.core.task import Goal
from sevenfold.evaluation.metrics.catalogue import metric_for
from sevenfold.evaluation.subject import form_for

if TYPE_CHECKING:
    import polars as pl

    from sevenfold.api.collect import Collected
    from sevenfold.api.tune import Final
    from sevenfold.evaluation.validation import Rows


def validation_of(session: Session, collected: Collected, final: Final) -> Score:
    """The final model's score on rows that its parts had not seen, with its interval for rows still to come."""
    from sevenfold.evaluation.validation import validation_score

    task, workspace, choice = collected.task, collected.workspace, final.choice
    metric = metric_for(task, None, choice.decision.costs)
    if task.goal is Goal.RECOMMENDATION and metric.spec.needs is Needs.RANKING:
        trial = choice.members[0]
        values = np.array([result.value for _, result in sorted(trial.folds.items())])
        users = sum(len(valid) for _, valid in workspace.folds)
        spread = 1.96 * float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else 0.0
        middle = float(values.mean())
        return Score(middle, middle - spread, middle + spread, users)
    shown, seen = out_of_fold_answers(final), choice.seen
    if metric.spec.needs is Needs.LABELS:
        decided = np.full(len(shown), np.nan)
        decided[seen] = form_for(metric, shown[seen], choice.decision)
        shown = decided
    stream = session.streams.generator("evaluation", "validation")
    target = workspace.target
    return validation_score(metric, target.values, shown, validated_rows(collected), stream, target.weights)


def validated_rows(collected: Collected) -> Rows:
    """The validation rows of each fold, in the order of time where they were split by it, and the groups held out."""
    from sevenfold.data.split.clock import seconds_of
    from sevenfold.data.split.units import number_values
    from sevenfold.evaluation.validation import Rows

    folds = _distinct_folds([valid for _, valid in collected.workspace.folds])
    column = collected.split_column
    if collected.strategy == "time":
        if column is not None:
            times = seconds_of(_column(collected, column), None)
            folds = [fold[np.argsort(times[fold], kind="stable")] for fold in folds]
        return Rows(folds, over_time=True)
    group = collected.task.group
    return Rows(folds, None if group is None else number_values(_column(collected, group)))


def _column(collected: Collected, name: str) -> pl.Series:
    rows = np.arange(len(collected.workspace.target))
    return collected.workspace.part(rows, (name,)).get_column(name)


def _distinct_folds(folds: list[Ints]) -> list[Ints]:
    """The folds of the first repeat: out-of-fold predictions are averaged over repeats, each row counts once."""
    kept: list[Ints] = []
    for valid in folds:
        if kept and len(np.intersect1d(valid, np.concatenate(kept))):
            break
        kept.append(valid)
    return kept
