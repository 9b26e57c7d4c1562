"""What LightGBM learns and by which metric it stops, for each goal."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.core.model import FitContext, Valid
from sevenfold.core.task import Goal, Target

if TYPE_CHECKING:
    import lightgbm

_TRUSTED_ROWS = 1000
_TRUSTED_CLASS_ROWS = 100

# The metrics by which a run may want to stop, in LightGBM's words; another one stops by the loss that is learned.
_METRICS = {
    Goal.BINARY: {
        "roc_auc": "auc",
        "average_precision": "average_precision",
        "accuracy": "binary_error",
        "log_loss": "binary_logloss",
    },
    Goal.MULTICLASS: {"accuracy": "multi_error", "log_loss": "multi_logloss"},
    Goal.REGRESSION: {"rmse": "l2", "mse": "l2", "r2": "l2", "mae": "l1"},
}
_OBJECTIVES = {"mean": "regression", "median": "regression_l1", "quantile": "quantile", "counts": "poisson"}
_LOSSES = {"mean": "l2", "median": "l1", "quantile": "quantile", "counts": "poisson"}


def objective_of(target: Target, valid: Valid | None, context: FitContext) -> dict[str, Any]:
    """The settings `objective`, `metric`, and what they need."""
    settings: dict[str, Any] = {"metric": _metric(target.goal, valid, context)}
    if target.goal is Goal.REGRESSION:
        # Poisson refuses counts that are all 0; their mean is the same without a logarithm.
        all_zero = context.objective == "counts" and not target.values.any()
        settings["objective"] = _OBJECTIVES["mean" if all_zero else context.objective]
        settings["alpha"] = context.quantile
    elif target.goal is Goal.BINARY:
        settings["objective"] = "binary"
    else:
        settings["objective"], settings["num_class"] = "multiclass", target.classes
    return settings


def watched_loss(booster: lightgbm.Booster) -> Callable[[], float]:
    """The metric on the booster's one set of held rows, turned so that smaller is better."""

    def loss() -> float:
        _, _, value, greater_is_better = booster.eval_valid()[0][:4]
        return -float(value) if greater_is_better else float(value)

    return loss


def trusted_metric(valid: Valid) -> bool:
    """Whether held rows are many enough to stop by the run's own metric.

    Ranks and errors jump about on few rows, and say nothing of one class alone; the loss that is learned does not.
    """
    values, counts = np.unique(valid.target.values, return_counts=True)
    if not valid.target.goal.is_classification:
        return True
    return len(valid.target) >= _TRUSTED_ROWS and len(values) > 1 and int(np.sort(counts)[-2]) >= _TRUSTED_CLASS_ROWS


def _metric(goal: Goal, valid: Valid | None, context: FitContext) -> str:
    if goal is Goal.REGRESSION:
        learned = _LOSSES[context.objective]
        return _METRICS[goal].get(context.metric, learned) if context.objective == "mean" else learned
    by_loss = _METRICS[goal]["log_loss"]
    if valid is None or not trusted_metric(valid):
        return by_loss
    return _METRICS[goal].get(context.metric, by_loss)
