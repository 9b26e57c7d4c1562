"""Logistic regression with an L2 penalty."""

from __future__ import annotations

from sevenfold.core.inputs import Form
from sevenfold.core.model import FitContext, ModelSpec, Trait
from sevenfold.core.space import Real, Space
from sevenfold.core.task import Goal, Target
from sevenfold.models.balance import CLASS_WEIGHT
from sevenfold.models.cost import cost_of
from sevenfold.models.linear.base import LinearModel, Weights
from sevenfold.models.linear.classify import logistic_weights
from sevenfold.models.linear.design import Design


class LogisticL2(LinearModel):
    """Classes by a weighted sum; weights held small."""

    spec = ModelSpec(
        name="logistic_l2",
        title="Logistic regression, L2",
        solves=frozenset({Goal.BINARY, Goal.MULTICLASS}),
        accepts=frozenset({Form.NUMBERS, Form.SPARSE}),
        space=Space(
            C=Real(1.0, 1e-4, 1e3, log=True, help="trust in the rows: larger lets weights grow"),
            class_weight=CLASS_WEIGHT,
        ),
        portfolio=({}, {"C": 0.03}, {"C": 10.0}),
        cost=lambda _, size: cost_of(size, 120.0 * size.rows * (1.0 * size.columns + 15) * size.classes),
        source="Cox, The Regression Analysis of Binary Sequences, JRSS B 20, 1958",
        summary="The first linear classifier to try, on numbers, categories and text.",
        traits=frozenset({Trait.WEIGHTS, Trait.LINEAR, Trait.INTERPRETABLE}),
    )

    def learn(self, design: Design, target: Target, context: FitContext) -> Weights:
        """See `LinearModel.learn`."""
        l2 = 1.0 / (self.params["C"] * design.rows)
        return logistic_weights(design, target, context, class_weight=self.params["class_weight"], l1=0.0, l2=l2)
