"""L-BFGS for linear scores with L1 and L2 penalties (Byrd, Lu, Nocedal and Zhu 1995), stopping with the clock.

An L1 penalty is made smooth by splitting each weight into its positive and its negative part, both bounded by 0,
so that weights become exactly 0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sevenfold.core.arrays import Floats
from sevenfold.models.linear.design import Design
from sevenfold.models.linear.losses import Loss

_STOP_SECONDS = 0.2


@dataclass(frozen=True)
class Solution:
    """(outputs, columns) weights, (outputs,) intercepts, and whether the clock ended the search."""

    weights: Floats
    intercept: Floats
    iterations: int
    truncated: bool


def minimise(
    design: Design,
    truth: Floats,
    loss: Loss,
    row_weights: Floats,
    seconds_left: Callable[[], float],
    *,
    l1: float = 0.0,
    l2: float = 0.0,
    iterations: int = 300,
) -> Solution:
    """Minimise mean weighted loss + l1 * |weights| + l2 / 2 * weights²; intercepts are free.

    Args:
        design: the training rows.
        truth: (rows, outputs).
        loss: see `losses`.
        row_weights: (rows,).
        seconds_left: asked after each iteration.
        l1: penalty on sizes.
        l2: penalty on squares.
        iterations: at most so many.
    """
    from scipy.optimize import minimize

    outputs, columns = truth.shape[1], design.columns
    share = row_weights / row_weights.sum()
    split = l1 > 0
    cells = outputs * columns

    def weights_of(point: Floats) -> Floats:
        flat = point[:cells] - point[cells : 2 * cells] if split else point[:cells]
        return flat.reshape(outputs, columns)

    def value_and_slope(point: Floats) -> tuple[float, Floats]:
        weights = weights_of(point)
        losses, slopes = loss(design.times(weights) + point[-outputs:], truth)
        slopes = slopes * share[:, None]
        value = float(losses @ share) + 0.5 * l2 * float((weights**2).sum())
        slope = (design.transposed_times(slopes) + l2 * weights).ravel()
        ends = slopes.sum(axis=0)
        if split:
            value += l1 * float(point[: 2 * cells].sum())
            return value, np.concatenate([slope + l1, l1 - slope, ends])
        return value, np.concatenate([slope, ends])

    stopped = False

    def ask_the_clock(_: Floats) -> None:
        nonlocal stopped
        if seconds_left() < _STOP_SECONDS:
            stopped = True
            raise StopIteration

    start = np.zeros((2 if split else 1) * cells + outputs)
    bounds = [(0.0, None)] * (2 * cells) + [(None, None)] * outputs if split else None
    found = minimize(
        value_and_slope,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        callback=ask_the_clock,
        options={"maxiter": iterations, "maxfun": 2 * iterations, "ftol": 1e-9, "gtol": 1e-6},
    )
    return Solution(weights_of(found.x).copy(), found.x[-outputs:].copy(), int(found.nit), stopped)
