"""The decision tree."""

from __future__ import annotations

from typing import Any

from sevenfold.core.inputs import Form
from sevenfold.core.model import FitContext, ModelSpec, Trait
from sevenfold.core.space import Integer, Space
from sevenfold.core.task import Goal
from sevenfold.models.balance import CLASS_WEIGHT
from sevenfold.models.trees.forest import Forest, forest_cost


class DecisionTree(Forest):
    """One tree of yes-or-no questions."""

    spec = ModelSpec(
        name="decision_tree",
        title="Decision tree",
        solves=frozenset({Goal.BINARY, Goal.MULTICLASS, Goal.REGRESSION}),
        accepts=frozenset({Form.NUMBERS}),
        space=Space(
            depth=Integer(6, 1, 20, help="questions on the way to an answer, at most"),
            min_leaf_rows=Integer(10, 1, 300, log=True, help="rows that a leaf must hold"),
            class_weight=CLASS_WEIGHT,
        ),
        portfolio=({}, {"depth": 10, "min_leaf_rows": 20}, {"depth": 3}),
        cost=lambda params, size: forest_cost(params, size, 25.0),
        source="Breiman, Friedman, Olshen and Stone, Classification and Regression Trees, 1984",
        summary="A model that can be drawn on a page and followed with a finger.",
        traits=frozenset({Trait.WEIGHTS, Trait.MISSING, Trait.SCALE_FREE, Trait.TREES, Trait.INTERPRETABLE}),
    )

    def learner(self, classifies: bool, seed: int, min_leaf_rows: int, context: FitContext) -> Any:
        """See `Forest.learner`."""
        from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

        return (DecisionTreeClassifier if classifies else DecisionTreeRegressor)(
            max_depth=self.params["depth"], min_samples_leaf=min_leaf_rows, random_state=seed
        )
