"""Logistic regression of two and of more classes, by descent."""

from __future__ import annotations

from sevenfold.core.model import FitContext
from sevenfold.core.task import Target
from sevenfold.models.balance import balanced, class_weights
from sevenfold.models.fitting import equal_or
from sevenfold.models.linear.base import Weights, truth_of
from sevenfold.models.linear.descent import minimise
from sevenfold.models.linear.design import Design
from sevenfold.models.linear.losses import logistic, multinomial


def logistic_weights(
    design: Design, target: Target, context: FitContext, *, class_weight: str | None, l1: float, l2: float
) -> Weights:
    """Weights that minimise the mean log loss plus penalties, see `descent.minimise`."""
    factors = class_weights(target, class_weight)
    target = balanced(target, factors)
    truth, _, _ = truth_of(target)
    loss = logistic if target.classes == 2 else multinomial
    row_weights = equal_or(target.weights, design.rows)
    found = minimise(design, truth, loss, row_weights, context.seconds_left, l1=l1, l2=l2)
    return Weights(
        found.weights, found.intercept, factors, truncated=found.truncated, notes={"iterations": found.iterations}
    )
