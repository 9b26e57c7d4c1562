"""The number that the search makes small: the run's metric on predictions, turned into a loss."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sevenfold.core.arrays import Floats
from sevenfold.core.metric import Needs
from sevenfold.core.model import Recommender
from sevenfold.core.pipeline import Pipeline
from sevenfold.core.task import Goal, Target, Task
from sevenfold.evaluation.metrics.catalogue import metric_for
from sevenfold.tuning.calibrate import FEWEST_ROWS, sharpened
from sevenfold.tuning.threshold import choose_threshold

if TYPE_CHECKING:
    import polars as pl

_CALIBRATED = frozenset({"log_loss", "brier"})
"""Metrics that calibration changes: what is chosen will be calibrated, and is compared as if it were."""


def as_calibrated(task: Task, target: Target, predicted: Floats) -> Floats:
    """Out-of-fold predictions as the metric will see them once they are calibrated; most metrics do not mind."""
    changes = task.goal.is_classification and task.metric in _CALIBRATED and len(target) >= FEWEST_ROWS
    return sharpened(predicted, target.codes) if changes else predicted


def score_predictions(task: Task, target: Target, predicted: Floats) -> tuple[float, float]:
    """(value, loss) of predictions: (rows, classes) probabilities or (rows,) values.

    A metric of labels is measured at the threshold that suits it best, as the final model will be used.
    """
    metric = metric_for(task)
    if metric.spec.needs is Needs.LABELS:
        decision = choose_threshold(task, target, predicted)
        shown = decision.decide(predicted).astype(np.float64)
    else:
        shown = predicted
    value = metric(target.values, shown, target.weights)
    return value, metric.loss(value)


def ranking_value(pipeline: Pipeline, table: pl.DataFrame, target: Target, task: Task) -> tuple[float, float]:
    """(value, loss) of a recommender: by its ranking of all items, or by its ratings, as the metric wants."""
    metric = metric_for(task)
    if metric.spec.needs is not Needs.RANKING:
        return score_predictions(task, target, pipeline.predict(table))
    per_user = rank_table(pipeline, table, task)[task.metric]
    value = float(per_user.mean()) if len(per_user) else 0.0
    return value, metric.loss(value)


def rank_table(pipeline: Pipeline, table: pl.DataFrame, task: Task) -> dict[str, Floats]:
    """Ranking metrics, at the depth of the run's metric, of each user of held-out rows: name -> (users,)."""
    from sevenfold.core.inputs import Form
    from sevenfold.evaluation.ranking import ranking_scores

    assert isinstance(pipeline.model, Recommender)
    assert task.goal is Goal.RECOMMENDATION
    depth = int(task.metric.partition("@")[2] or 10)
    codes = pipeline.inputs(table)[Form.IDS].values
    scores = ranking_scores(pipeline.model, codes[:, 0], codes[:, 1], depth)
    return {f"{name}@{depth}": values for name, values in scores.items() if name != "user"}
