"""The constant: what is predicted without looking at any input."""

from __future__ import annotations

import numpy as np

from sevenfold.core.arrays import Floats
from sevenfold.core.compiled import RowPredictor
from sevenfold.core.inputs import Form, Inputs
from sevenfold.core.model import Estimator, FitContext, FitInfo, ModelSpec, Trait, Valid
from sevenfold.core.space import Space
from sevenfold.core.state import State
from sevenfold.core.task import Goal, Target
from sevenfold.models.cost import cost_of
from sevenfold.models.fitting import equal_or, learnable


class Constant(Estimator):
    """The classes' shares; the mean, median or quantile of a number."""

    spec = ModelSpec(
        name="constant",
        title="Constant",
        solves=frozenset({Goal.BINARY, Goal.MULTICLASS, Goal.REGRESSION}),
        accepts=frozenset(Form),
        space=Space(),
        portfolio=({},),
        cost=lambda _, size: cost_of(size, 20.0 * size.rows),
        source="Holte, Very Simple Classification Rules, Machine Learning 11, 1993 (the zero rule)",
        summary="The yardstick: a model that is no better has learned nothing.",
        traits=frozenset(
            {
                Trait.BASELINE,
                Trait.COUNTS,
                Trait.INTERPRETABLE,
                Trait.MISSING,
                Trait.QUANTILES,
                Trait.SCALE_FREE,
                Trait.WEIGHTS,
            }
        ),
    )

    def fit(self, inputs: Inputs, target: Target, valid: Valid | None, context: FitContext) -> FitInfo:
        """Learn the answer that is best without inputs."""
        if inputs.blocks:
            _, target = learnable(self.spec, inputs, target, context)
        weights = equal_or(target.weights, len(target))
        if target.goal.is_classification:
            counts = np.bincount(target.codes, weights, minlength=target.classes)
            self.answer = counts / counts.sum()
        elif context.objective in ("median", "quantile"):
            level = context.quantile if context.objective == "quantile" else 0.5
            self.answer = np.array([weighted_quantile(target.values, weights, level)])
        else:
            self.answer = np.array([float(np.average(target.values, weights=weights))])
        self.classifies = target.goal.is_classification
        return FitInfo()

    def predict(self, inputs: Inputs) -> Floats:
        """See `Model.predict`."""
        if self.classifies:
            return np.tile(self.answer, (inputs.rows, 1))
        return np.full(inputs.rows, self.answer[0])

    def row_predictor(self) -> RowPredictor:
        """See `Model.row_predictor`."""
        answer = self.answer.tolist() if self.classifies else [float(self.answer[0])]
        return lambda row: answer

    def state(self) -> State:
        """What was learned, as data."""
        return {"answer": self.answer, "classifies": self.classifies}

    def restore(self, state: State) -> None:
        """Take over what `state` gave."""
        self.answer = np.asarray(state["answer"], dtype=np.float64)
        self.classifies = bool(state["classifies"])


def weighted_quantile(values: Floats, weights: Floats, level: float) -> float:
    """The least value at which the share of the weights below or at it reaches `level`."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    place = int(np.searchsorted(reached, level * reached[-1], side="left"))
    return float(values[order][min(place, len(values) - 1)])
