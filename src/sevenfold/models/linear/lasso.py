"""The lasso."""

from __future__ import annotations

from sevenfold.core.inputs import Form
from sevenfold.core.model import FitContext, ModelSpec, Trait
from sevenfold.core.space import Real, Space
from sevenfold.core.task import Goal, Target
from sevenfold.models.cost import cost_of
from sevenfold.models.linear.base import LinearModel, Weights
from sevenfold.models.linear.design import Design
from sevenfold.models.linear.shrinkage import shrunk


class Lasso(LinearModel):
    """Least squares that leaves columns out: an L1 penalty makes weights exactly 0."""

    spec = ModelSpec(
        name="lasso",
        title="Lasso",
        solves=frozenset({Goal.REGRESSION}),
        accepts=frozenset({Form.NUMBERS, Form.SPARSE}),
        space=Space(
            strength=Real(0.003, 1e-5, 0.5, log=True, help="share of the penalty that would leave every column out")
        ),
        portfolio=({}, {"strength": 0.03}, {"strength": 0.0003}),
        cost=lambda _, size: cost_of(size, 1.2 * size.rows * size.columns * (60 + min(size.rows, size.columns, 2000))),
        source="Tibshirani, Regression Shrinkage and Selection via the Lasso, JRSS B 58, 1996",
        summary="For many columns of which few matter; names those that do.",
        traits=frozenset({Trait.WEIGHTS, Trait.LINEAR, Trait.INTERPRETABLE}),
    )

    def learn(self, design: Design, target: Target, context: FitContext) -> Weights:
        """See `LinearModel.learn`."""
        return shrunk(design, target, self.params["strength"], 1.0, context)
