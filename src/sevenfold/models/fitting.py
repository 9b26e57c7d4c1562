"""What every fit checks first: rows that count, weights of mean 1, an objective the model has, classes to tell apart."""

from __future__ import annotations

import numpy as np

from sevenfold.core.arrays import Floats
from sevenfold.core.errors import DataError, RequestError
from sevenfold.core.inputs import Inputs
from sevenfold.core.model import FitContext, ModelSpec, Trait
from sevenfold.core.task import Goal, Target

_TRAIT_OF = {"median": Trait.QUANTILES, "quantile": Trait.QUANTILES, "counts": Trait.COUNTS}


def learnable(spec: ModelSpec, inputs: Inputs, target: Target, context: FitContext) -> tuple[Inputs, Target]:
    """The rows a fit may learn from: those of positive weight, with weights of mean 1 (or None).

    Raises:
        RequestError: the model does not solve the goal or lacks the objective.
        DataError: no rows, no columns, one class only, negative weights or a target that is not finite.
    """
    _check_request(spec, target, context)
    if not any(form in inputs.blocks for form in spec.accepts):
        raise DataError(f"{spec.title} is given no input it takes.", ", ".join(sorted(spec.accepts)), "none of them")
    if target.weights is not None:
        inputs, target = _weighted(inputs, target)
    if len(target) == 0:
        raise DataError("There is no row to learn from.", "at least one row of positive weight", "none")
    if not np.isfinite(target.values).all():
        raise DataError("The target is not finite.", "numbers", "missing or infinite values")
    if target.goal.is_classification and len(np.unique(target.codes)) < 2:
        raise DataError(
            "The training rows hold one class only.", "two classes or more", "one", "Give rows of another class."
        )
    if target.goal is Goal.REGRESSION and context.objective == "counts" and (target.values < 0).any():
        raise DataError(
            "A count is negative.", "numbers of 0 and more", str(target.values.min()), "Use --objective mean."
        )
    return inputs, target


def equal_or(weights: Floats | None, rows: int) -> Floats:
    """The weights, or ones."""
    return np.ones(rows) if weights is None else weights


def _check_request(spec: ModelSpec, target: Target, context: FitContext) -> None:
    if target.goal not in spec.solves:
        raise RequestError(
            f"{spec.title} does not solve this task.",
            ", ".join(sorted(spec.solves)),
            str(target.goal),
            "Choose another model.",
        )
    needed = _TRAIT_OF.get(context.objective)
    if target.goal is Goal.REGRESSION and needed is not None and needed not in spec.traits:
        raise RequestError(
            f"{spec.title} lacks the objective '{context.objective}'.",
            "mean",
            context.objective,
            "Choose another model.",
        )


def _weighted(inputs: Inputs, target: Target) -> tuple[Inputs, Target]:
    weights = target.weights
    assert weights is not None
    if not np.isfinite(weights).all() or (weights < 0).any():
        raise DataError("A sample weight is negative or not finite.", "numbers of 0 and more", "others among them")
    if not (weights > 0).all():
        rows = np.flatnonzero(weights > 0)
        inputs, target = inputs.take(rows), target.take(rows)
        weights = weights[rows]
    if len(weights) == 0:
        return inputs, target
    # Divided by the largest first: the mean of huge weights would overflow.
    scaled = weights / weights.max()
    return inputs, Target(target.goal, target.values, target.classes, scaled / scaled.mean())
