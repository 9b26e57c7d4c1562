"""Poisson regression of counts and other amounts of 0 and more."""

from __future__ import annotations

import numpy as np

from sevenfold.core.errors import DataError
from sevenfold.core.inputs import Form
from sevenfold.core.model import FitContext, ModelSpec, Trait
from sevenfold.core.space import Real, Space
from sevenfold.core.task import Goal, Target
from sevenfold.models.cost import cost_of
from sevenfold.models.fitting import equal_or
from sevenfold.models.linear.base import LinearModel, Weights
from sevenfold.models.linear.descent import minimise
from sevenfold.models.linear.design import Design
from sevenfold.models.linear.losses import poisson


class PoissonRegression(LinearModel):
    """The logarithm of the mean is a weighted sum, so effects multiply and no prediction is negative."""

    spec = ModelSpec(
        name="poisson",
        title="Poisson regression",
        solves=frozenset({Goal.REGRESSION}),
        accepts=frozenset({Form.NUMBERS, Form.SPARSE}),
        space=Space(alpha=Real(1.0, 1e-3, 1e4, log=True, help="larger holds weights smaller; counted in rows")),
        portfolio=({}, {"alpha": 30.0}),
        cost=lambda _, size: cost_of(size, 120.0 * size.rows * (1.0 * size.columns + 15)),
        source="Nelder and Wedderburn, Generalized Linear Models, JRSS A 135, 1972",
        summary="For counts and amounts that are never negative and whose causes multiply.",
        traits=frozenset({Trait.WEIGHTS, Trait.LINEAR, Trait.INTERPRETABLE, Trait.COUNTS}),
    )
    log_link = True

    def learn(self, design: Design, target: Target, context: FitContext) -> Weights:
        """See `LinearModel.learn`."""
        if (target.values < 0).any():
            raise DataError(
                "A target of a Poisson regression is negative.",
                "numbers of 0 and more",
                str(target.values.min()),
                "Choose another model.",
            )
        row_weights = equal_or(target.weights, design.rows)
        mean = float(np.average(target.values / max(float(target.values.max()), 1e-300), weights=row_weights))
        unit = max(mean * float(target.values.max()), 1e-300)
        truth = (target.values / unit)[:, None]
        l2 = self.params["alpha"] / design.rows
        found = minimise(design, truth, poisson, row_weights, context.seconds_left, l2=l2)
        # A sum far outside the training rows must not become an astronomic mean: ten times the largest seen.
        ceiling = float(np.log(max(float(target.values.max()), 1e-300)) + np.log(10.0))
        return Weights(found.weights, found.intercept + np.log(unit), ceiling=ceiling, truncated=found.truncated)
