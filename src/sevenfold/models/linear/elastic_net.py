"""The elastic net."""

from __future__ import annotations

from sevenfold.core.inputs import Form
from sevenfold.core.model import FitContext, ModelSpec, Trait
from sevenfold.core.space import Real, Space
from sevenfold.core.task import Goal, Target
from sevenfold.models.cost import cost_of
from sevenfold.models.linear.base import LinearModel, Weights
from sevenfold.models.linear.design import Design
from sevenfold.models.linear.shrinkage import shrunk


class ElasticNet(LinearModel):
    """Least squares with L1 and L2 penalties: leaves columns out, and keeps like columns together."""

    spec = ModelSpec(
        name="elastic_net",
        title="Elastic net",
        solves=frozenset({Goal.REGRESSION}),
        accepts=frozenset({Form.NUMBERS, Form.SPARSE}),
        space=Space(
            strength=Real(0.003, 1e-5, 0.5, log=True, help="share of the penalty that would leave every column out"),
            l1_share=Real(0.5, 0.05, 0.95, help="share of L1 in the penalty; the rest is L2"),
        ),
        portfolio=({}, {"strength": 0.03}, {"strength": 0.0005, "l1_share": 0.8}),
        cost=lambda _, size: cost_of(size, 1.2 * size.rows * size.columns * (60 + min(size.rows, size.columns, 2000))),
        source="Zou and Hastie, Regularization and Variable Selection via the Elastic Net, JRSS B 67, 2005",
        summary="For many columns that come in groups saying the same.",
        traits=frozenset({Trait.WEIGHTS, Trait.LINEAR, Trait.INTERPRETABLE}),
    )

    def learn(self, design: Design, target: Target, context: FitContext) -> Weights:
        """See `LinearModel.learn`."""
        return shrunk(design, target, self.params["strength"], self.params["l1_share"], context)
