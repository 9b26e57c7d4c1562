"""The additive model: boosted shape functions, one a column."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.core.arrays import Floats
from sevenfold.core.compiled import RowInputs, RowPredictor
from sevenfold.core.errors import DataError
from sevenfold.core.inputs import Form, Inputs
from sevenfold.core.model import Cost, Estimator, FitContext, FitInfo, ModelSpec, Size, Trait, Valid
from sevenfold.core.space import Integer, Real, Space
from sevenfold.core.state import State
from sevenfold.core.task import Goal, Target
from sevenfold.models.cost import cost_of
from sevenfold.models.fitting import equal_or, learnable
from sevenfold.models.probabilities import row_sigmoid, row_softmax, sigmoid, softmax, two_columns
from sevenfold.models.trees.objective import objective_of, watched_loss
from sevenfold.models.trees.rounds import expected_rounds, most_rounds, patience, take_rounds
from sevenfold.models.trees.shapes import Binning, Shapes
from sevenfold.models.trees.unit import Unit

if TYPE_CHECKING:
    import lightgbm

_WIDE_COLUMNS = 1000


def _cost(params: Mapping[str, Any], size: Size) -> Cost:
    columns = min(size.columns, _WIDE_COLUMNS)
    one_round = 8.0 * size.rows * columns + 60.0 * params["leaves"] * columns * params["bins"] + 200_000
    # One column a round: many more rounds than trees of many columns take.
    rounds = min(params["rounds"], 3 * expected_rounds(params)) * size.classes
    work = 300.0 * size.rows * size.columns + rounds * one_round
    return cost_of(size, work, parallel=True)


class Additive(Estimator):
    """A sum of one curve or table for each column; what each column adds to a prediction can be read off."""

    spec = ModelSpec(
        name="additive",
        title="Additive model",
        solves=frozenset({Goal.BINARY, Goal.MULTICLASS, Goal.REGRESSION}),
        accepts=frozenset({Form.NUMBERS, Form.CATEGORIES}),
        space=Space(
            learning_rate=Real(0.05, 0.01, 0.3, log=True, help="size of a step; smaller needs more rounds"),
            leaves=Integer(3, 2, 8, help="steps that a round adds to one column's curve"),
            min_leaf_rows=Integer(20, 1, 300, log=True, help="rows that a step must rest on"),
            bins=Integer(64, 8, 255, log=True, help="most steps of a curve"),
            l2=Real(1.0, 1e-3, 100.0, log=True, help="larger makes curves flatter"),
            rounds=Integer(2000, 10, 10_000, log=True, help="at most so many rounds"),
        ),
        portfolio=({}, {"learning_rate": 0.1, "leaves": 4}, {"learning_rate": 0.03, "leaves": 2, "bins": 128}),
        cost=_cost,
        source="Lou, Caruana and Gehrke, Intelligible Models for Classification and Regression, KDD 2012",
        summary="Nearly as good as boosting where columns do not interact, and readable throughout.",
        traits=frozenset(
            {
                Trait.COUNTS,
                Trait.EARLY_STOPPING,
                Trait.INTERPRETABLE,
                Trait.MISSING,
                Trait.QUANTILES,
                Trait.SCALE_FREE,
                Trait.WEIGHTS,
            }
        ),
    )

    def fit(self, inputs: Inputs, target: Target, valid: Valid | None, context: FitContext) -> FitInfo:
        """Boost one column at a time, and add up what each column got."""
        import lightgbm

        inputs, target = learnable(self.spec, inputs, target, context)
        binning = Binning.of(inputs, self.params["bins"])
        if not binning.names:
            raise DataError("The additive model is given no column.", "at least one column", "none")
        self.classes = target.classes
        self.unit = Unit.of(target, context.objective)
        self.log_link = context.objective == "counts" and target.goal is Goal.REGRESSION and bool(target.values.any())
        table = binning.table(inputs)
        settings = self._settings(target, len(binning.names), valid, context)
        categories = list(range(len(binning.edges), len(binning.names)))
        rows = lightgbm.Dataset(
            table,
            self.unit.apply(target.values),
            weight=target.weights,
            categorical_feature=categories,
            params=settings,
        ).construct()
        booster, loss = lightgbm.Booster(settings, rows), None
        if valid is not None and len(valid.target):
            held = lightgbm.Dataset(
                binning.table(valid.inputs),
                self.unit.apply(valid.target.values),
                weight=valid.target.weights,
                reference=rows,
                params=settings,
            ).construct()
            booster.add_valid(held, "valid")
            loss = watched_loss(booster)
        most = most_rounds(self.params, loss is not None, context)
        taken = take_rounds(booster.update, loss, most, patience(self.params["learning_rate"]), context)
        self.shapes = _read(booster, taken.kept, binning, table, equal_or(target.weights, len(target)))
        return FitInfo(rounds=taken.kept, truncated=taken.truncated, notes={"columns used": len(self.shapes.tables)})

    def predict(self, inputs: Inputs) -> Floats:
        """See `Model.predict`."""
        scores = self.shapes.scores(inputs)
        if not self.classes:
            return self.unit.invert(np.exp(scores[:, 0]) if self.log_link else scores[:, 0])
        return two_columns(sigmoid(scores[:, 0])) if self.classes == 2 else softmax(scores)

    def row_predictor(self) -> RowPredictor:
        """See `Model.row_predictor`."""
        scores_of = self.shapes.row_scores()

        def predict(row: RowInputs) -> list[float]:
            scores = scores_of(row)
            if self.classes == 2:
                positive = row_sigmoid(scores[0])
                return [1.0 - positive, positive]
            if self.classes:
                return row_softmax(scores)
            value = float(np.exp(scores[0])) if self.log_link else scores[0]
            return [value * self.unit.size + self.unit.shift]

        return predict

    def state(self) -> State:
        """What was learned, as data."""
        return {
            "shapes": self.shapes.state(),
            "classes": self.classes,
            "log_link": self.log_link,
            "shift": self.unit.shift,
            "size": self.unit.size,
        }

    def restore(self, state: State) -> None:
        """Take over what `state` gave."""
        self.shapes = Shapes.restored(state["shapes"])
        self.classes, self.log_link = int(state["classes"]), bool(state["log_link"])
        self.unit = Unit(float(state["shift"]), float(state["size"]))

    def _settings(self, target: Target, columns: int, valid: Valid | None, context: FitContext) -> dict[str, Any]:
        params, rows = self.params, len(target)
        return {
            "learning_rate": params["learning_rate"],
            "num_leaves": params["leaves"],
            "min_data_in_leaf": min(params["min_leaf_rows"], max(1, rows // 12)),
            "min_sum_hessian_in_leaf": 1e-4,
            "min_data_in_bin": 1,
            "max_bin": 256,
            "lambda_l2": params["l2"],
            "feature_fraction": min(1.0, max(0.02, _WIDE_COLUMNS / columns)),
            "cat_smooth": 10.0,
            "min_data_per_group": min(100, max(5, rows // 100)),
            # One column a tree: what makes the sum of trees a sum of curves.
            "interaction_constraints": [[column] for column in range(columns)],
            "feature_pre_filter": False,
            "deterministic": True,
            "force_col_wise": True,
            "num_threads": context.threads,
            "seed": int(context.stream.integers(2**31 - 1)),
            "verbosity": -1,
            **objective_of(target, valid, context),
        }


def _read(booster: lightgbm.Booster, rounds: int, binning: Binning, table: Floats, weights: Floats) -> Shapes:
    """The booster's curves: its scores of rows that differ from one fixed row in one column only."""
    from scipy import sparse

    used = np.flatnonzero(booster.feature_importance("split", iteration=rounds))
    sizes = binning.sizes
    values = np.concatenate([np.empty(0), *(np.append(np.arange(sizes[j]), np.nan) for j in used)])
    columns = np.repeat(used, [sizes[j] + 1 for j in used])
    shape = (len(values) + 1, len(sizes))
    grid = sparse.csr_matrix((values, (np.arange(len(values)), columns)), shape=shape)
    # The last row holds bin 0 of every column, and so does every other row outside its own column.
    scores = np.asarray(booster.predict(grid, raw_score=True, num_iteration=rounds), dtype=np.float64)
    scores = scores.reshape(shape[0], -1)
    intercept = scores[-1].copy()
    tables: dict[int, Floats] = {}
    start = 0
    for j in map(int, used):
        curve = scores[start : start + sizes[j] + 1] - scores[-1]
        start += sizes[j] + 1
        # Centred over the training rows, so that a curve says how far a value lifts a prediction above the mean.
        bins = np.where(np.isnan(table[:, j]), sizes[j], table[:, j]).astype(np.int64)
        share = np.bincount(bins, weights, minlength=sizes[j] + 1) / weights.sum()
        mean = (share[:, None] * curve).sum(axis=0)
        tables[j] = curve - mean
        intercept += mean
    return Shapes(binning, intercept, tables)
