"""The random forest."""

from __future__ import annotations

from typing import Any

from sevenfold.core.inputs import Form
from sevenfold.core.model import FitContext, ModelSpec, Trait
from sevenfold.core.space import Space
from sevenfold.core.task import Goal
from sevenfold.models.balance import CLASS_WEIGHT
from sevenfold.models.trees.forest import COLUMN_SHARE, MIN_LEAF_ROWS, TREES, Forest, columns_tried, forest_cost


class RandomForest(Forest):
    """The mean of trees, each grown on rows drawn with replacement, each split chosen among some of the columns."""

    spec = ModelSpec(
        name="random_forest",
        title="Random forest",
        solves=frozenset({Goal.BINARY, Goal.MULTICLASS, Goal.REGRESSION}),
        accepts=frozenset({Form.NUMBERS}),
        space=Space(trees=TREES, min_leaf_rows=MIN_LEAF_ROWS, column_share=COLUMN_SHARE, class_weight=CLASS_WEIGHT),
        portfolio=({}, {"min_leaf_rows": 1, "column_share": 0.3}, {"min_leaf_rows": 10, "column_share": 0.6}),
        cost=lambda params, size: forest_cost(params, size, 30.0),
        source="Breiman, Random Forests, Machine Learning 45, 2001",
        summary="Hard to get wrong: good on most tables without tuning, slower and larger than boosting.",
        traits=frozenset({Trait.WEIGHTS, Trait.MISSING, Trait.SCALE_FREE, Trait.TREES}),
        usual={Goal.MULTICLASS: {"min_leaf_rows": 1}, Goal.REGRESSION: {"min_leaf_rows": 2}},
    )

    def learner(self, classifies: bool, seed: int, min_leaf_rows: int, context: FitContext) -> Any:
        """See `Forest.learner`."""
        from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

        return (RandomForestClassifier if classifies else RandomForestRegressor)(
            n_estimators=1,
            min_samples_leaf=min_leaf_rows,
            max_features=columns_tried(self.params["column_share"], classifies),
            n_jobs=context.threads,
            random_state=seed,
            warm_start=True,
        )
