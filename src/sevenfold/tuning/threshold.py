"""The decision rule: which probability, or which expected cost, decides for a class."""

from __future__ import annotations

import numpy as np

from sevenfold.core.arrays import Floats
from sevenfold.core.errors import RequestError
from sevenfold.core.metric import Metric, Needs
from sevenfold.core.predictor import Decision
from sevenfold.core.task import Goal, Label, Target, Task
from sevenfold.evaluation.metrics.catalogue import metric_for

_CANDIDATES = 200
# One side of a trade-off alone is won by deciding always the same: no threshold is fitted to these.
_ONE_SIDED = frozenset({"precision", "recall", "accuracy"})


def choose_threshold(task: Task, target: Target, probabilities: Floats) -> Decision:
    """The threshold that makes the task's metric best on out-of-fold probabilities (binary tasks, metrics of labels).

    Other tasks and metrics keep the most probable class. Accuracy keeps 0.5: with calibrated probabilities no
    threshold is better in expectation.

    Args:
        probabilities: (rows, 2), from folds that have not seen the rows.
    """
    if task.goal is not Goal.BINARY or task.metric in _ONE_SIDED:
        return Decision()
    metric = metric_for(task)
    if metric.spec.needs is not Needs.LABELS:
        return Decision()
    positive = probabilities[:, 1]
    candidates = np.unique(np.quantile(positive, np.linspace(0.0, 1.0, _CANDIDATES)))
    losses = [_loss_at(metric, float(t), positive, target) for t in candidates]
    best = int(np.argmin(losses))
    # Between two candidates all thresholds decide alike here; the middle is the safest for new rows.
    after = candidates[best - 1] if best > 0 else candidates[best]
    return Decision(threshold=float((candidates[best] + after) / 2))


def _loss_at(metric: Metric, threshold: float, positive: Floats, target: Target) -> float:
    decided = (positive >= threshold).astype(np.float64)
    return metric.loss(metric(target.values, decided, target.weights))


def cost_decision(costs: dict[str, float], classes: tuple[Label, ...]) -> Decision:
    """A decision of least expected cost, from entries "TRUE:DECIDED" -> cost; what is not named costs 0.

    Raises:
        RequestError: an entry names no class.
    """
    names = [str(label) for label in classes]
    matrix = np.zeros((len(names), len(names)))
    for entry, cost in costs.items():
        truth, _, decided = entry.partition(":")
        if truth not in names or decided not in names:
            raise RequestError(
                "A cost names a class that is not there.",
                "TRUE:DECIDED with classes " + ", ".join(names),
                entry,
                "Write the classes as in the data.",
            )
        matrix[names.index(truth), names.index(decided)] = cost
    return Decision(costs=matrix)
