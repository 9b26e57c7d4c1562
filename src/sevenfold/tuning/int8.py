"""Trials whose weights are stored in eight bits: made of fits that are there, and judged on the same rows."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from sevenfold.core.arrays import Floats
from sevenfold.core.int8 import INT8
from sevenfold.core.pipeline import Pipeline
from sevenfold.core.state import pack
from sevenfold.training.int8 import in_int8
from sevenfold.training.workspace import Workspace
from sevenfold.tuning.final import load_pipeline
from sevenfold.tuning.job import JobResult, columns_of, save_result, score_fold
from sevenfold.tuning.objective import rank_table
from sevenfold.tuning.trial import ROUNDED, Trial

KEPT = 0.99
"""Share of what a model gains over the yardstick that its form in eight bits is shown to keep."""
_WORTH = 0.95  # of its size: less is saved where the form is larger than that


def tolerance(loss: float, yardstick: float) -> float:
    """By how much a loss may grow.

    Args:
        yardstick: loss of what has learned nothing; NaN where it is not known, and a share of the loss itself counts.
    """
    known = abs(loss) if np.isnan(yardstick) else max(0.0, yardstick - loss)
    return (1.0 - KEPT) * known


def worthwhile(pipeline: Pipeline) -> bool:
    """Whether storing its weights in eight bits makes it clearly smaller."""
    sizes = [sum(map(len, pack(form.state()).values())) for form in (pipeline, replace(pipeline, precision=INT8))]
    return sizes[1] <= _WORTH * sizes[0]


def rounded(trial: Trial) -> Trial:
    """The trial in eight bits, without folds."""
    return Trial(
        f"{trial.name}-{INT8}", trial.recipe, trial.style, ROUNDED, teacher=trial.teacher, precision=INT8
    )  # fmt: skip


def round_fold(workspace: Workspace, trials: Path, trial: Trial, made: Trial, fold: int) -> JobResult:
    """A fold's fit of a trial as that of `made`, and its score on the fold's validation rows. Nothing is fitted: a
    fit of `made`'s recipe, its weights rounded afterwards, gives the same.

    Args:
        trials: the run's folder of trials.
    Raises:
        DataError: weights that are not finite.
    """
    started = time.monotonic()
    pipeline = in_int8(load_pipeline(trials / trial.name / f"fold-{fold}"))
    valid = workspace.rows(fold)[1]
    predicted = pipeline.predict(workspace.part(valid, columns_of(pipeline.recipe)))
    value, loss = score_fold(workspace, pipeline, fold, predicted)
    size = save_result(trials / made.name / f"fold-{fold}", pipeline, predicted)
    # The time of the fit is kept: another fit of the recipe takes as long.
    spent = time.monotonic() - started
    return replace(trial.folds[fold], loss=loss, value=value, bytes=size, predict_seconds=spent)


def rank_values(workspace: Workspace, trials: Path, trial: Trial) -> Floats:
    """(users of all folds,) the run's ranking metric."""
    found = []
    for fold in trial.folds:
        pipeline = load_pipeline(trials / trial.name / f"fold-{fold}")
        table = workspace.part(workspace.rows(fold)[1], columns_of(pipeline.recipe))
        found.append(rank_table(pipeline, table, workspace.task)[workspace.task.metric])
    return np.concatenate(found)
