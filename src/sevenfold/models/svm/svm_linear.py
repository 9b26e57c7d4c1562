"""The linear support vector machine."""

from __future__ import annotations

from sevenfold.core.inputs import Form
from sevenfold.core.model import FitContext, ModelSpec, Trait
from sevenfold.core.space import Real, Space
from sevenfold.core.task import Goal, Target
from sevenfold.models.cost import cost_of
from sevenfold.models.fitting import equal_or
from sevenfold.models.linear.base import LinearModel, Weights, truth_of
from sevenfold.models.linear.descent import minimise
from sevenfold.models.linear.design import Design
from sevenfold.models.linear.losses import squared_hinge, squared_tube
from sevenfold.models.platt import fit_sigmoids, inner_split, prior_sigmoids


class LinearSVM(LinearModel):
    """The widest margin between classes, one against the rest; for numbers a tube that ignores small errors."""

    spec = ModelSpec(
        name="svm_linear",
        title="Linear SVM",
        solves=frozenset({Goal.BINARY, Goal.MULTICLASS, Goal.REGRESSION}),
        accepts=frozenset({Form.NUMBERS, Form.SPARSE}),
        space=Space(C=Real(0.1, 1e-4, 1e3, log=True, help="trust in the rows: larger narrows the margin")),
        portfolio=({}, {"C": 0.003}, {"C": 3.0}),
        cost=lambda _, size: cost_of(size, 150.0 * size.rows * (1.0 * size.columns + 15) * size.classes),
        source="Cortes and Vapnik, Support-Vector Networks, Machine Learning 20, 1995",
        summary="Strong on text and other wide, sparse inputs.",
        traits=frozenset({Trait.WEIGHTS, Trait.LINEAR, Trait.INTERPRETABLE}),
    )

    def learn(self, design: Design, target: Target, context: FitContext) -> Weights:
        """See `LinearModel.learn`."""
        if not target.goal.is_classification:
            return self._margin(design, target, context)
        split = inner_split(target, context.stream)
        if split is not None:
            learning, held = split
            inner = self._margin(design.take(learning), target.take(learning), context)
            scores = design.take(held).times(inner.weights) + inner.intercept
            slope, shifts = fit_sigmoids(scores, target.take(held))
        found = self._margin(design, target, context)
        if split is None:
            slope, shifts = prior_sigmoids(design.times(found.weights) + found.intercept, target)
        return Weights(found.weights * slope, found.intercept * slope + shifts, truncated=found.truncated)

    def _margin(self, design: Design, target: Target, context: FitContext) -> Weights:
        truth, shift, unit = truth_of(target)
        loss = squared_hinge if target.goal.is_classification else squared_tube
        row_weights = equal_or(target.weights, design.rows)
        l2 = 1.0 / (self.params["C"] * design.rows)
        found = minimise(design, truth, loss, row_weights, context.seconds_left, l2=l2)
        return Weights(found.weights * unit, found.intercept * unit + shift, truncated=found.truncated)
