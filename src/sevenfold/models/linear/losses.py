"""Losses of linear scores with their slopes, for the descent.

Each takes (rows, outputs) scores and truths and gives (rows,) losses and (rows, outputs) slopes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from sevenfold.core.arrays import Floats, Ints
from sevenfold.models.probabilities import sigmoid, softmax

Loss: TypeAlias = Callable[[Floats, Floats], tuple[Floats, Floats]]


def squared(scores: Floats, truth: Floats) -> tuple[Floats, Floats]:
    """Half the squared error."""
    gap = scores - truth
    return 0.5 * (gap**2).sum(axis=1), gap


def logistic(scores: Floats, truth: Floats) -> tuple[Floats, Floats]:
    """Minus the log-likelihood of 0/1 truths; outputs are independent."""
    signed = np.where(truth > 0, scores, -scores)
    return np.logaddexp(0.0, -signed).sum(axis=1), sigmoid(scores) - truth


def multinomial(scores: Floats, truth: Floats) -> tuple[Floats, Floats]:
    """Minus the log-likelihood of one-hot truths under a softmax."""
    highest = scores.max(axis=1)
    total = highest + np.log(np.exp(scores - highest[:, None]).sum(axis=1))
    return total - (scores * truth).sum(axis=1), softmax(scores) - truth


def poisson(scores: Floats, truth: Floats) -> tuple[Floats, Floats]:
    """Minus the Poisson log-likelihood with a log link, up to a constant of the truth."""
    # Beyond exp(30) the loss goes on as a straight line: no overflow while the search takes its first steps.
    bounded = np.minimum(scores, 30.0)
    mean = np.exp(bounded)
    return (mean * (1.0 + scores - bounded) - truth * scores).sum(axis=1), mean - truth


def squared_hinge(scores: Floats, truth: Floats) -> tuple[Floats, Floats]:
    """max(0, 1 - margin)² with truths of 0/1, one against the rest for each output."""
    sign = np.where(truth > 0, 1.0, -1.0)
    short = np.maximum(0.0, 1.0 - sign * scores)
    return (short**2).sum(axis=1), -2.0 * sign * short


def squared_tube(scores: Floats, truth: Floats) -> tuple[Floats, Floats]:
    """max(0, |error| - 0.1)²: errors within the tube cost nothing (for a target of spread 1)."""
    gap = scores - truth
    beyond = np.sign(gap) * np.maximum(0.0, np.abs(gap) - 0.1)
    return (beyond**2).sum(axis=1), 2.0 * beyond


def one_hot(codes: Ints, classes: int) -> Floats:
    """(rows, classes) truths; (rows, 1) for two classes."""
    if classes == 2:
        return (codes == 1).astype(np.float64)[:, None]
    return (codes[:, None] == np.arange(classes)).astype(np.float64)
