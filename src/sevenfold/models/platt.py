"""Probabilities of classifiers that only give scores.

Platt, Probabilistic Outputs for Support Vector Machines, 1999: a sigmoid of the score, fitted on rows that the
scores were not learned from. With more classes a softmax with one slope for all scores and a shift for each.
"""

from __future__ import annotations

import numpy as np

from sevenfold.core.arrays import Floats, Ints
from sevenfold.core.task import Target
from sevenfold.models.fitting import equal_or
from sevenfold.models.probabilities import sigmoid, softmax

_HELD_SHARE = 0.25


def inner_split(target: Target, stream: np.random.Generator) -> tuple[Ints, Ints] | None:
    """(learning rows, held rows), a quarter of each class held, of classes with fewer than three rows none; None where
    fewer than two classes have more."""
    order = stream.permutation(len(target))
    codes = target.codes[order]
    held: list[Ints] = []
    for code in range(target.classes):
        rows = order[codes == code]
        if len(rows) >= 3:
            held.append(rows[: max(1, int(len(rows) * _HELD_SHARE))])
    if len(held) < 2:
        return None
    kept = np.zeros(len(target), dtype=bool)
    kept[np.concatenate(held)] = True
    return np.flatnonzero(~kept), np.flatnonzero(kept)


def fit_sigmoids(scores: Floats, target: Target) -> tuple[float, Floats]:
    """Slope (above 0) and (outputs,) shifts that make slope * score + shift the log-odds.

    Args:
        scores: (rows, outputs); one output for two classes.
        target: classes are 0, 1, ...; one that does not occur is shifted like the one that is shifted down most.
    """
    from scipy.optimize import minimize

    weights = equal_or(target.weights, len(target))
    weights = weights / weights.sum()
    unit = float(np.sqrt((scores**2).mean())) or 1.0
    outputs = scores.shape[1]
    # Platt's targets: a little short of 0 and 1, by class size, so that separable scores do not give certainty.
    counts = np.bincount(target.codes, minlength=target.classes)
    sure = (counts + 1.0) / (counts + 2.0)
    truth = np.where(target.codes[:, None] == np.arange(target.classes), sure[target.codes][:, None], 0.0)
    truth += (1.0 - truth.sum(axis=1, keepdims=True)) * (truth == 0) / max(1, target.classes - 1)

    def value_and_slope(point: Floats) -> tuple[float, Floats]:
        slope, shifts = np.exp(point[0]), point[1:]
        raised = slope * scores / unit + shifts
        if outputs == 1:
            expected = truth[:, 1:]
            losses = np.logaddexp(0.0, raised)[:, 0] - (expected * raised)[:, 0]
            gap = sigmoid(raised) - expected
        else:
            highest = raised.max(axis=1)
            losses = highest + np.log(np.exp(raised - highest[:, None]).sum(axis=1)) - (truth * raised).sum(axis=1)
            gap = softmax(raised) - truth
        gap = gap * weights[:, None]
        steep = float((gap * scores / unit).sum()) * slope
        return float(losses @ weights), np.concatenate([[steep], gap.sum(axis=0)])

    start = np.concatenate([[0.0], np.zeros(outputs)])
    bounds = [(-10.0, 10.0)] + [(-50.0, 50.0)] * outputs
    found = minimize(value_and_slope, start, jac=True, method="L-BFGS-B", bounds=bounds)
    shifts = found.x[1:].copy()
    if outputs > 1:
        shifts[counts == 0] = shifts[counts > 0].min()
    return float(np.exp(found.x[0]) / unit), shifts


def prior_sigmoids(scores: Floats, target: Target) -> tuple[float, Floats]:
    """The same without held rows, for classes too small to hold any: slope by the spread, no shift."""
    spread = float(np.sqrt((scores**2).mean())) or 1.0
    return 1.0 / spread, np.zeros(scores.shape[1])
