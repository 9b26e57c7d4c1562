"""Weighted least squares with an L2 penalty in closed form, through the smaller of the two Gram matrices."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sevenfold.core.arrays import Floats
from sevenfold.models.linear.descent import Solution, minimise
from sevenfold.models.linear.design import Design
from sevenfold.models.linear.losses import squared

_LARGEST_GRAM = 2500


def least_squares(
    design: Design, truth: Floats, row_weights: Floats, alpha: float, seconds_left: Callable[[], float]
) -> Solution:
    """Minimise sum of weighted squared errors + alpha * weights².

    With alpha 0 the solution of least size is taken where many fit equally well. Sparse designs, and those whose
    Gram matrix would be too large, are solved by descent.

    Args:
        design: the training rows.
        truth: (rows, outputs).
        row_weights: (rows,).
        alpha: penalty; a weight of a standardised column is shrunk by about alpha / rows.
        seconds_left: asked by the descent.
    """
    rows, columns = design.rows, design.columns
    if design.sparse is not None or min(rows, columns) > _LARGEST_GRAM:
        l2 = max(alpha, 1e-6 * rows) / float(row_weights.sum())
        return minimise(design, truth, squared, row_weights, seconds_left, l2=l2)
    root = np.sqrt(row_weights)[:, None]
    total = float(row_weights.sum())
    centre = (design.dense * row_weights[:, None]).sum(axis=0) / total
    mean = (truth * row_weights[:, None]).sum(axis=0) / total
    matrix = (design.dense - centre) * root
    goal = (truth - mean) * root
    wide = columns > rows
    gram = matrix @ matrix.T if wide else matrix.T @ matrix
    right = goal if wide else matrix.T @ goal
    solved = _solve(gram, right, alpha)
    weights = (matrix.T @ solved if wide else solved).T
    return Solution(weights, mean - weights @ centre, 1, False)


def _solve(gram: Floats, right: Floats, alpha: float) -> Floats:
    """(gram + alpha)⁻¹ right, or the pseudo-inverse where that is all but singular."""
    if not len(gram):
        return np.zeros_like(right)
    largest = float(np.trace(gram))
    if alpha > 1e-8 * largest:
        return np.linalg.solve(gram + alpha * np.eye(len(gram)), right)
    values, vectors = np.linalg.eigh(gram)
    kept = values > 1e-10 * max(values[-1], 1e-300)
    inverse = np.where(kept, 1.0 / np.where(kept, values + alpha, 1.0), 0.0)
    return vectors @ (inverse[:, None] * (vectors.T @ right))
