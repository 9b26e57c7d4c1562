"""Ridge regression."""

from __future__ import annotations

from sevenfold.core.inputs import Form
from sevenfold.core.model import FitContext, ModelSpec, Trait
from sevenfold.core.space import Real, Space
from sevenfold.core.task import Goal, Target
from sevenfold.models.cost import cost_of
from sevenfold.models.fitting import equal_or
from sevenfold.models.linear.base import LinearModel, Weights, truth_of
from sevenfold.models.linear.design import Design
from sevenfold.models.linear.least_squares import least_squares


class Ridge(LinearModel):
    """Least squares with weights held small."""

    spec = ModelSpec(
        name="ridge",
        title="Ridge regression",
        solves=frozenset({Goal.REGRESSION}),
        accepts=frozenset({Form.NUMBERS, Form.SPARSE}),
        space=Space(
            alpha=Real(
                1.0, 1e-3, 1e5, log=True, help="larger holds weights smaller; counted in rows, columns have spread 1"
            )
        ),
        portfolio=({}, {"alpha": 30.0}, {"alpha": 1000.0}),
        cost=lambda _, size: cost_of(size, 1.0 * size.rows * size.columns * (30 + min(size.rows, size.columns))),
        source="Hoerl and Kennard, Ridge Regression, Technometrics 12, 1970",
        summary="The first linear model to try: steady where columns are many or say the same.",
        traits=frozenset({Trait.WEIGHTS, Trait.LINEAR, Trait.INTERPRETABLE}),
    )

    def learn(self, design: Design, target: Target, context: FitContext) -> Weights:
        """See `LinearModel.learn`."""
        truth, shift, unit = truth_of(target)
        row_weights = equal_or(target.weights, design.rows)
        found = least_squares(design, truth, row_weights, self.params["alpha"], context.seconds_left)
        return Weights(found.weights * unit, found.intercept * unit + shift, truncated=found.truncated)
