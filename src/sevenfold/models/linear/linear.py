"""Ordinary least squares."""

from __future__ import annotations

from sevenfold.core.inputs import Form
from sevenfold.core.model import FitContext, ModelSpec, Trait
from sevenfold.core.space import Space
from sevenfold.core.task import Goal, Target
from sevenfold.models.cost import cost_of
from sevenfold.models.fitting import equal_or
from sevenfold.models.linear.base import LinearModel, Weights, truth_of
from sevenfold.models.linear.design import Design
from sevenfold.models.linear.least_squares import least_squares


class LinearRegression(LinearModel):
    """The weighted sum with the least squared error; of several, the smallest."""

    spec = ModelSpec(
        name="linear",
        title="Linear regression",
        solves=frozenset({Goal.REGRESSION}),
        accepts=frozenset({Form.NUMBERS, Form.SPARSE}),
        space=Space(),
        portfolio=({},),
        cost=lambda _, size: cost_of(size, 1.5 * size.rows * size.columns * (30 + min(size.rows, size.columns))),
        source="Legendre, Nouvelles méthodes pour la détermination des orbites des comètes, 1805",
        summary="A plain yardstick where effects add up and rows are many for the columns.",
        traits=frozenset({Trait.WEIGHTS, Trait.LINEAR, Trait.INTERPRETABLE}),
    )

    def learn(self, design: Design, target: Target, context: FitContext) -> Weights:
        """See `LinearModel.learn`."""
        truth, shift, unit = truth_of(target)
        found = least_squares(design, truth, equal_or(target.weights, design.rows), 0.0, context.seconds_left)
        return Weights(found.weights * unit, found.intercept * unit + shift, truncated=found.truncated)
