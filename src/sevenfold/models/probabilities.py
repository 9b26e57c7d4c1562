"""From scores to probabilities that are finite and sum to 1."""

from __future__ import annotations

import numpy as np

from sevenfold.core.arrays import Floats


def sigmoid(scores: Floats) -> Floats:
    """1 / (1 + exp(-score)), without overflow."""
    small = np.exp(-np.abs(scores))
    return np.where(scores >= 0, 1.0 / (1.0 + small), small / (1.0 + small))


def softmax(scores: Floats) -> Floats:
    """(rows, classes) probabilities of (rows, classes) scores."""
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return normalised(raised)


def normalised(values: Floats) -> Floats:
    """(rows, classes) of values at least 0, each row divided by its sum; a row of zeros becomes uniform.

    Columns are added one after another, so that a row's sum does not depend on the rows around it.
    """
    total = values[:, 0].copy()
    for column in range(1, values.shape[1]):
        total += values[:, column]
    empty = total <= 0
    if empty.any():
        values = np.where(empty[:, None], 1.0, values)
        total = np.where(empty, float(values.shape[1]), total)
    return values / total[:, None]


def row_softmax(scores: list[float]) -> list[float]:
    """`softmax` of one row."""
    array = np.array(scores)
    return row_normalised(np.exp(array - array.max()).tolist())


def row_sigmoid(score: float) -> float:
    """`sigmoid` of one score."""
    small = float(np.exp(-abs(score)))
    return 1.0 / (1.0 + small) if score >= 0 else small / (1.0 + small)


def row_normalised(values: list[float]) -> list[float]:
    """`normalised` of one row."""
    total = values[0]
    for value in values[1:]:
        total += value
    if total <= 0:
        return [1.0 / len(values)] * len(values)
    return [value / total for value in values]


def two_columns(positive: Floats) -> Floats:
    """(rows, 2) probabilities of a binary task from (rows,) of its positive class."""
    return np.stack([1.0 - positive, positive], axis=1)
