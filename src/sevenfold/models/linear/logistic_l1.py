"""Logistic regression with an L1 penalty."""

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


class LogisticL1(LinearModel):
    """Classes by a weighted sum of few columns: the others get weight 0."""

    spec = ModelSpec(
        name="logistic_l1",
        title="Logistic regression, L1",
        solves=frozenset({Goal.BINARY, Goal.MULTICLASS}),
        accepts=frozenset({Form.NUMBERS, Form.SPARSE}),
        space=Space(
            C=Real(0.3, 1e-3, 1e3, log=True, help="trust in the rows: larger keeps more columns"),
            class_weight=CLASS_WEIGHT,
        ),
        portfolio=({}, {"C": 0.03}, {"C": 3.0}),
        cost=lambda _, size: cost_of(size, 250.0 * size.rows * (1.0 * size.columns + 15) * size.classes),
        source="Tibshirani 1996; Koh, Kim and Boyd, Interior-Point Method for L1 Logistic Regression, JMLR 8, 2007",
        summary="For many columns of which few matter; names those that do.",
        traits=frozenset({Trait.WEIGHTS, Trait.LINEAR, Trait.INTERPRETABLE}),
    )

    def learn(self, design: Design, target: Target, context: FitContext) -> Weights:
        """See `LinearModel.learn`."""
        l1 = 1.0 / (self.params["C"] * design.rows)
        return logistic_weights(design, target, context, class_weight=self.params["class_weight"], l1=l1, l2=0.0)
