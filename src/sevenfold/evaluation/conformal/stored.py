"""Learned once in training, stored with the model as plain data, read by whatever version comes later."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np

from sevenfold.core.arrays import Floats
from sevenfold.core.task import Goal, Task
from sevenfold.evaluation.conformal.classes import KIND as CLASSES
from sevenfold.evaluation.conformal.classes import ClassSets
from sevenfold.evaluation.conformal.numbers import KIND as NUMBERS
from sevenfold.evaluation.conformal.numbers import Intervals

Conformal: TypeAlias = ClassSets | Intervals

FIELD = "conformal"
"""Where the metadata of a bundle hold it."""

_MOST_ROWS = 100_000  # more calibration rows change the third digit of a coverage


def learn(
    task: Task, predicted: Floats, truth: Floats, stream: np.random.Generator, *, ordered: bool = False
) -> Conformal | None:
    """From predictions of rows that their models had not learned from; None where the task has no such thing.

    The promise. Were the models that predicted these rows the one that answers, a new row that is exchangeable with
    them would be covered with a probability of at least the coverage asked for (split conformal prediction, Vovk,
    Gammerman and Shafer 2005). Here the rows are predicted out of fold, each by models of the other folds, and the
    model that answers is their average or one that has learned from all rows: cross-conformal prediction. Of its kin,
    CV+ is proven to cover at least 1 - 2 alpha - sqrt(2 / n) with alpha = 1 - coverage (Barber, Candès, Ramdas and
    Tibshirani 2021, theorem 4); the answer of one model in place of each fold's is proven to cover nothing unless
    models of different folds say much the same, and then about 1 - alpha. Members, weights and calibration were chosen
    on the same rows, which flatters a little; a model of more rows errs less, which does the opposite. So the coverage
    is measured as well, on the sealed rows, and told with its interval. Split by time, rows are not exchangeable, and
    what is measured is all there is.

    Args:
        predicted: (rows, classes) probabilities, calibrated, or (rows,) numbers.
        truth: (rows,) class indices or numbers.
        stream: parts the rows.
        ordered: the rows were split by time.
    """
    shown = predicted if predicted.ndim == 1 else predicted.sum(axis=1)
    rows = np.flatnonzero(np.isfinite(shown) & np.isfinite(truth))
    if len(rows) > _MOST_ROWS:
        rows = rows[np.linspace(0, len(rows) - 1, _MOST_ROWS).astype(np.int64)]
    if not len(rows):
        return None
    if task.goal.is_classification:
        return ClassSets.of(predicted[rows], truth[rows].astype(np.int64), ordered=ordered)
    if task.goal is Goal.REGRESSION:
        return Intervals.of(predicted[rows], truth[rows], stream, ordered=ordered)
    return None


def stored(metadata: Mapping[str, Any], task: Task) -> Conformal | None:
    """What a bundle's metadata hold; None for bundles of older versions and of ones that write it otherwise."""
    data = metadata.get(FIELD)
    if not isinstance(data, Mapping):
        return None
    try:
        if data["kind"] == CLASSES and task.goal.is_classification:
            return ClassSets.from_json(data, len(task.classes))
        if data["kind"] == NUMBERS and task.goal is Goal.REGRESSION:
            return Intervals.from_json(data)
    except (ValueError, KeyError, TypeError, OverflowError):
        return None
    return None
