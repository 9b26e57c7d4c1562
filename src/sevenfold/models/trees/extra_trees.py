"""Extremely randomised trees."""

from __future__ import annotations

from typing import Any

from sevenfold.core.inputs import Form
from sevenfold.core.model import FitContext, ModelSpec, Trait
from sevenfold.core.space import Space
from sevenfold.core.task import Goal
from sevenfold.models.balance import CLASS_WEIGHT
from sevenfold.models.trees.forest import COLUMN_SHARE, MIN_LEAF_ROWS, TREES, Forest, columns_tried, forest_cost


class ExtraTrees(Forest):
    """The mean of trees whose thresholds are drawn at random: smoother than a random forest, and faster to grow."""

    spec = ModelSpec(
        name="extra_trees",
        title="Extra trees",
        solves=frozenset({Goal.BINARY, Goal.MULTICLASS, Goal.REGRESSION}),
        accepts=frozenset({Form.NUMBERS}),
        space=Space(trees=TREES, min_leaf_rows=MIN_LEAF_ROWS, column_share=COLUMN_SHARE, class_weight=CLASS_WEIGHT),
        portfolio=({}, {"min_leaf_rows": 1, "column_share": 0.6}, {"min_leaf_rows": 8, "column_share": 1.0}),
        cost=lambda params, size: forest_cost(params, size, 15.0),
        source="Geurts, Ernst and Wehenkel, Extremely Randomized Trees, Machine Learning 63, 2006",
        summary="A forest for smooth effects and noisy columns; different enough from boosting to help an ensemble.",
        traits=frozenset({Trait.WEIGHTS, Trait.MISSING, Trait.TREES}),
        usual={Goal.MULTICLASS: {"min_leaf_rows": 1}, Goal.REGRESSION: {"min_leaf_rows": 2, "column_share": 1.0}},
    )

    def learner(self, classifies: bool, seed: int, min_leaf_rows: int, context: FitContext) -> Any:
        """See `Forest.learner`."""
        from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

        return (ExtraTreesClassifier if classifies else ExtraTreesRegressor)(
            n_estimators=1,
            min_samples_leaf=min_leaf_rows,
            max_features=columns_tried(self.params["column_share"], classifies),
            n_jobs=context.threads,
            random_state=seed,
            warm_start=True,
        )
