"""Least squares with L1 and L2 penalties, by coordinate descent (Friedman, Hastie and Tibshirani 2010)."""

from __future__ import annotations

import warnings

import numpy as np

from sevenfold.core.arrays import Floats
from sevenfold.core.model import FitContext
from sevenfold.core.task import Target
from sevenfold.models.fitting import equal_or
from sevenfold.models.linear.base import Weights, truth_of
from sevenfold.models.linear.descent import minimise
from sevenfold.models.linear.design import Design
from sevenfold.models.linear.losses import squared

_LARGEST_GRAM = 2000


def shrunk(design: Design, target: Target, strength: float, l1_share: float, context: FitContext) -> Weights:
    """Weights that minimise the squared error plus a mix of penalties.

    Args:
        design: the training rows.
        target: of a regression.
        strength: share of the penalty at which every weight would be 0.
        l1_share: share of L1 in the mix; the rest is L2.
        context: of the fit.
    """
    truth, shift, unit = truth_of(target)
    row_weights = equal_or(target.weights, design.rows)
    share = row_weights / row_weights.sum()
    steepest = float(np.abs(design.transposed_times(truth * share[:, None])).max(initial=0.0))
    penalty = strength * steepest / l1_share
    if design.sparse is not None:
        found = minimise(
            design,
            truth,
            squared,
            row_weights,
            context.seconds_left,
            l1=penalty * l1_share,
            l2=penalty * (1 - l1_share),
        )
        return Weights(found.weights * unit, found.intercept * unit + shift, truncated=found.truncated)
    weights, intercept = _coordinate_descent(design.dense, truth[:, 0], row_weights, penalty, l1_share)
    return Weights(weights[None, :] * unit, np.array([intercept * unit + shift]))


def _coordinate_descent(
    values: Floats, truth: Floats, row_weights: Floats, penalty: float, l1_share: float
) -> tuple[Floats, float]:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import ElasticNet

    if penalty <= 0 or values.shape[1] == 0:
        return np.zeros(values.shape[1]), float(np.average(truth, weights=row_weights))
    centre = np.average(values, axis=0, weights=row_weights)
    mean = float(np.average(truth, weights=row_weights))
    root = np.sqrt(row_weights)
    matrix = np.asfortranarray((values - centre) * root[:, None])
    rows, columns = values.shape
    solver = ElasticNet(
        alpha=penalty,
        l1_ratio=l1_share,
        fit_intercept=False,
        precompute=bool(rows > columns and columns <= _LARGEST_GRAM),
        max_iter=300,
        tol=1e-4,
        copy_X=False,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        solver.fit(matrix, (truth - mean) * root)
    weights = np.asarray(solver.coef_, dtype=np.float64)
    return weights, mean - float((weights * centre).sum())
