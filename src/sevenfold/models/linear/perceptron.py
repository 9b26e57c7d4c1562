"""The perceptron."""

from __future__ import annotations

import numpy as np

from sevenfold.core.arrays import Floats
from sevenfold.core.inputs import Form
from sevenfold.core.model import FitContext, ModelSpec, Trait
from sevenfold.core.space import Integer, Space
from sevenfold.core.task import Goal, Target
from sevenfold.models.cost import cost_of
from sevenfold.models.linear.base import LinearModel, Weights
from sevenfold.models.linear.design import Design
from sevenfold.models.platt import fit_sigmoids, inner_split, prior_sigmoids


class Perceptron(LinearModel):
    """Learns from its mistakes, row after row; the mean of all weights on the way is kept (Freund, Schapire 1999)."""

    spec = ModelSpec(
        name="perceptron",
        title="Perceptron",
        solves=frozenset({Goal.BINARY, Goal.MULTICLASS}),
        accepts=frozenset({Form.NUMBERS, Form.SPARSE}),
        space=Space(epochs=Integer(10, 1, 100, log=True, help="passes over the rows")),
        portfolio=({}, {"epochs": 50}),
        cost=lambda params, size: cost_of(
            size, 2.0 * params["epochs"] * size.rows * (1.5 * size.columns + 30) * size.classes
        ),
        source="Rosenblatt, The Perceptron, Psychological Review 65, 1958",
        summary="The oldest learning machine: a yardstick for how far a straight line goes.",
        traits=frozenset({Trait.WEIGHTS, Trait.LINEAR, Trait.INTERPRETABLE}),
    )

    def learn(self, design: Design, target: Target, context: FitContext) -> Weights:
        """See `LinearModel.learn`."""
        split = inner_split(target, context.stream)
        seed = int(context.stream.integers(2**31))
        if split is not None:
            learning, held = split
            weights, intercept = self._mistakes(design.take(learning), target.take(learning), seed)
            scores = design.take(held).times(weights) + intercept
            slope, shifts = fit_sigmoids(scores, target.take(held))
        weights, intercept = self._mistakes(design, target, seed)
        if split is None:
            slope, shifts = prior_sigmoids(design.times(weights) + intercept, target)
        return Weights(weights * slope, intercept * slope + shifts)

    def _mistakes(self, design: Design, target: Target, seed: int) -> tuple[Floats, Floats]:
        from sklearn.linear_model import SGDClassifier

        learner = SGDClassifier(
            loss="perceptron",
            penalty=None,
            learning_rate="constant",
            eta0=1.0,
            average=True,
            max_iter=self.params["epochs"],
            tol=None,
            random_state=seed,
        )
        learner.fit(design.joined(), target.codes, sample_weight=target.weights)
        return np.array(learner.coef_, dtype=np.float64), np.array(learner.intercept_, dtype=np.float64)
