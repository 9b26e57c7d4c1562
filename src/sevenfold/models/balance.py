"""Rare classes: weights by class while learning, taken back from the probabilities afterwards.

A model taught with class weights w answers for a population in which class k is w_k times as frequent. Dividing
by w and normalising gives the probabilities of the real one (Elkan, The Foundations of Cost-Sensitive Learning,
IJCAI 2001, theorem 2), so that class weights change what is learned but not what a probability means.
"""

from __future__ import annotations

import numpy as np

from sevenfold.core.arrays import Floats
from sevenfold.core.space import Choice
from sevenfold.core.task import Target
from sevenfold.models.fitting import equal_or
from sevenfold.models.probabilities import normalised, row_normalised

CLASS_WEIGHT = Choice(None, (None, "root", "balanced"), "raise rare classes by 1/share, or by its root")


def class_weights(target: Target, mode: str | None) -> Floats | None:
    """(classes,) weight of each class, 1 for absent ones; None where nothing is to be weighted."""
    if mode is None or not target.goal.is_classification:
        return None
    counts = np.bincount(target.codes, equal_or(target.weights, len(target)), minlength=target.classes)
    seen = counts > 0
    factors = np.ones(target.classes)
    factors[seen] = counts.sum() / (seen.sum() * counts[seen])
    return np.sqrt(factors) if mode == "root" else factors


def balanced(target: Target, factors: Floats | None) -> Target:
    """The target with its weights multiplied by its classes' factors."""
    if factors is None:
        return target
    weights = equal_or(target.weights, len(target)) * factors[target.codes]
    return Target(target.goal, target.values, target.classes, weights / weights.mean())


def row_undo(probabilities: list[float], factors: Floats | None) -> list[float]:
    """`undo` of one row."""
    if factors is None:
        return probabilities
    return row_normalised([p / float(factor) for p, factor in zip(probabilities, factors, strict=True)])


def undo(probabilities: Floats, factors: Floats | None) -> Floats:
    """Probabilities for the real shares of the classes."""
    return probabilities if factors is None else normalised(probabilities / factors)
