"""LightGBM: gradient boosting on histograms, leaf by leaf."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.core.arrays import Floats
from sevenfold.core.compiled import RowPredictor
from sevenfold.core.errors import BundleError, DataError
from sevenfold.core.inputs import Form, Inputs
from sevenfold.core.model import Batched, Batches, Cost, FitContext, FitInfo, ModelSpec, Size, Trait, Valid
from sevenfold.core.space import Choice, Integer, Real, Space
from sevenfold.core.state import State, is_own
from sevenfold.core.task import Goal, Target
from sevenfold.models.balance import CLASS_WEIGHT, balanced, class_weights, row_undo, undo
from sevenfold.models.cost import cost_of
from sevenfold.models.fitting import learnable
from sevenfold.models.probabilities import normalised, row_normalised, two_columns
from sevenfold.models.trees.lightgbm_text import check_text
from sevenfold.models.trees.lightgbm_trees import link_of, trees_of
from sevenfold.models.trees.objective import objective_of, watched_loss
from sevenfold.models.trees.one_row import NORMAL, OneRow
from sevenfold.models.trees.rounds import expected_rounds, most_rounds, patience, take_rounds
from sevenfold.models.trees.summed import SummedTrees, Sums
from sevenfold.models.trees.table import tree_row, tree_table
from sevenfold.models.trees.threads import prediction_threads
from sevenfold.models.trees.unit import Unit

if TYPE_CHECKING:
    import lightgbm

_WIDE_COLUMNS = 1000
_MOST_CELLS = 10**7  # of a table that is handed over as one matrix
_PIECE_ROWS = 2**17
_BIN_ROWS = 200_000  # as many as LightGBM places its bins by


def _cost(params: Mapping[str, Any], size: Size) -> Cost:
    columns = size.columns * min(params["column_share"], _WIDE_COLUMNS / max(1, size.columns))
    leaves = min(params["leaves"], max(2.0, size.rows / 2))
    cells = 4.0 * params["row_share"] * size.rows * columns
    histograms = 14.0 * leaves * columns * _bins(params, size.rows)
    rounds = expected_rounds(params) * size.classes
    watching = 60.0 * size.rows
    binning = 150.0 * size.rows * size.columns
    return cost_of(
        size,
        binning + rounds * (cells + histograms + watching + 150_000),
        parallel=True,
        extra_bytes=leaves * size.columns * 256 * 16.0,
    )


class LightGBM(Batched, SummedTrees):
    """The workhorse on tables: takes numbers, categories, gaps and sparse columns as they are."""

    spec = ModelSpec(
        name="lightgbm",
        title="LightGBM",
        solves=frozenset({Goal.BINARY, Goal.MULTICLASS, Goal.REGRESSION}),
        accepts=frozenset({Form.NUMBERS, Form.CATEGORIES, Form.SPARSE}),
        space=Space(
            learning_rate=Real(0.05, 0.005, 0.3, log=True, help="size of a step; smaller needs more rounds"),
            leaves=Integer(31, 4, 255, log=True, help="leaves of a tree"),
            min_leaf_rows=Integer(20, 1, 300, log=True, help="rows that a leaf must hold"),
            column_share=Real(0.8, 0.2, 1.0, help="share of columns that a tree may use"),
            row_share=Real(0.8, 0.4, 1.0, help="share of rows that a tree learns from"),
            l2=Real(0.1, 1e-4, 100.0, log=True, help="larger holds leaves' values smaller"),
            path_smooth=Real(0.0, 0.0, 30.0, help="draws small leaves towards their parents"),
            extra_trees=Choice(False, (False, True), help="thresholds at random: more different trees"),
            category_smooth=Real(10.0, 1.0, 200.0, log=True, help="draws rare categories towards the mean"),
            bins=Choice(255, (63, 127, 255), help="values that a number is told apart by"),
            class_weight=CLASS_WEIGHT,
            rounds=Integer(2000, 10, 10_000, log=True, help="at most so many trees"),
        ),
        portfolio=(
            {},
            {
                "learning_rate": 0.04,
                "leaves": 50,
                "min_leaf_rows": 40,
                "column_share": 0.7,
                "row_share": 0.75,
                "l2": 0.4,
            },
            {"leaves": 100, "min_leaf_rows": 3, "column_share": 0.6, "row_share": 0.7, "l2": 0.001},
            {"learning_rate": 0.1, "rounds": 400},
            {"leaves": 64, "min_leaf_rows": 5, "extra_trees": True},
            {
                "learning_rate": 0.03,
                "leaves": 8,
                "min_leaf_rows": 30,
                "l2": 10.0,
                "path_smooth": 5.0,
                "column_share": 0.5,
            },
        ),
        cost=_cost,
        source="Ke et al., LightGBM: A Highly Efficient Gradient Boosting Decision Tree, NeurIPS 2017",
        summary="The first model to try on any table of more than a few hundred rows.",
        traits=frozenset(
            {
                Trait.COUNTS,
                Trait.EARLY_STOPPING,
                Trait.MISSING,
                Trait.QUANTILES,
                Trait.SCALE_FREE,
                Trait.TREES,
                Trait.WEIGHTS,
            }
        ),
    )

    def fit(self, inputs: Inputs, target: Target, valid: Valid | None, context: FitContext) -> FitInfo:
        """Boost until `valid` gains no more, for the given rounds, or until the clock's end."""
        import lightgbm

        inputs, target = learnable(self.spec, inputs, target, context)
        self.goal, self.classes = target.goal, target.classes
        self.unit = Unit.of(target, context.objective)
        self.factors = class_weights(target, self.params["class_weight"])
        columns = sum(block.values.shape[1] for form, block in inputs.blocks.items() if form in self.spec.accepts)
        if columns == 0:
            raise DataError("LightGBM is given no column.", "at least one column", "none")
        settings = self._settings(target, columns, valid, context)
        rows, categories = self._binned(inputs, target, settings, context)
        booster = lightgbm.Booster(settings, rows)
        loss = None
        if valid is not None and len(valid.target):
            held = self._dataset(tree_table(valid.inputs)[0], valid.target, categories, settings, rows)
            booster.add_valid(held, "valid")
            loss = watched_loss(booster)
        most = most_rounds(self.params, loss is not None, context)
        taken = take_rounds(booster.update, loss, most, patience(self.params["learning_rate"]), context)
        self._take(booster.model_to_string(num_iteration=taken.kept).encode())
        return FitInfo(rounds=taken.kept, truncated=taken.truncated)

    def fit_batches(self, inputs: Inputs, target: Target, batches: Batches, context: FitContext) -> FitInfo:
        """Bin the batches by the sample's bins, then boost: a byte for each value is all that is held of a row."""
        import lightgbm

        from sevenfold.models.trees.batches import binned

        inputs, target = learnable(self.spec, inputs, target, context)
        self.goal, self.classes = target.goal, target.classes
        self.unit = Unit.of(target, context.objective)
        self.factors = class_weights(target, self.params["class_weight"])
        table, categories = tree_table(inputs)
        settings = self._settings(target, table.shape[1], None, context)
        reference = self._dataset(table, target, categories, settings)
        del table
        rows = binned(reference, batches, lambda part: balanced(part, self.factors), self.unit.apply)
        booster = lightgbm.Booster(settings, rows)
        most = most_rounds(self.params, False, context)
        taken = take_rounds(booster.update, None, most, patience(self.params["learning_rate"]), context)
        self._take(booster.model_to_string(num_iteration=taken.kept).encode())
        return FitInfo(rounds=taken.kept, truncated=taken.truncated)

    def predict(self, inputs: Inputs) -> Floats:
        """See `Model.predict`."""
        table, _ = tree_table(inputs)
        threads = prediction_threads(inputs.rows, self.booster.num_trees())
        raw = np.asarray(self.booster.predict(table, num_threads=threads), dtype=np.float64)
        if self.goal is Goal.REGRESSION:
            return self.unit.invert(raw)
        return undo(two_columns(raw) if raw.ndim == 1 else normalised(raw), self.factors)

    def state(self) -> State:
        """What was learned, as data: LightGBM's own text."""
        return {
            "booster": self.text,
            "goal": str(self.goal),
            "classes": self.classes,
            "shift": self.unit.shift,
            "size": self.unit.size,
            "factors": self.factors,
        }

    def restore(self, state: State) -> None:
        """Take over what `state` gave."""
        self.goal, self.classes = Goal(state["goal"]), int(state["classes"])
        self.unit = Unit(float(state["shift"]), float(state["size"]))
        self.factors = state["factors"]
        if not is_own():
            check_text(state["booster"])
        self._take(state["booster"])

    def row_predictor(self) -> RowPredictor | None:
        """See `Model.row_predictor`."""
        number = self.booster.num_model_per_iteration() if self.classes > 2 else 1
        columns, known_of = self.booster.num_feature(), self._row_answer()
        ask = OneRow(self.booster, columns, number, NORMAL).asker()
        return lambda row: known_of(ask(tree_row(row, columns)))

    def row_sums(self) -> Sums | None:
        """See `SummedTrees.row_sums`."""
        found = trees_of(self.text.decode())
        link = None if found is None else link_of(found[0])
        if found is None or link is None:
            return None
        _, number, trees = found
        answer = self._row_answer()
        totals = tuple(tuple(trees[output::number]) for output in range(number))
        return Sums(totals, False, lambda sums: answer(link(sums)))

    def _row_answer(self) -> Callable[[Sequence[float]], list[float]]:
        """From the library's prediction of one row to `predict`'s."""
        regression, factors, size, shift = self.goal is Goal.REGRESSION, self.factors, self.unit.size, self.unit.shift

        def answer(raw: Sequence[float]) -> list[float]:
            if regression:
                return [raw[0] * size + shift]
            known = [1.0 - raw[0], raw[0]] if len(raw) == 1 else row_normalised(list(raw))
            return known if factors is None else row_undo(known, factors)

        return answer

    def _take(self, text: bytes) -> None:
        import lightgbm

        self.text = text
        try:
            self.booster = lightgbm.Booster(model_str=text.decode())
        except (lightgbm.basic.LightGBMError, UnicodeDecodeError) as error:
            raise BundleError("A stored LightGBM model is damaged.", "LightGBM's text", repr(error)) from error

    def _binned(
        self, inputs: Inputs, target: Target, settings: Mapping[str, Any], context: FitContext
    ) -> tuple[lightgbm.Dataset, list[int]]:
        """The rows as bins, and the places of categories. Of a large table no matrix is made: the bins are placed by a
        sample, as LightGBM itself would, and filled piece by piece."""
        rows, columns = inputs.rows, len(inputs.names)
        if rows <= _PIECE_ROWS or rows * columns <= _MOST_CELLS or Form.SPARSE in inputs.blocks:
            table, categories = tree_table(inputs)
            return self._dataset(table, target, categories, settings), categories
        from sevenfold.models.trees.batches import binned, sliced

        chosen = np.sort(context.stream.permutation(rows)[:_BIN_ROWS])
        table, categories = tree_table(inputs.take(chosen))
        reference = self._dataset(table, target.take(chosen), categories, settings)
        batches = sliced(inputs, balanced(target, self.factors), _PIECE_ROWS)
        return binned(reference, batches, lambda part: part, self.unit.apply), categories

    def _dataset(
        self,
        table: Any,
        target: Target,
        categories: list[int],
        settings: Mapping[str, Any],
        reference: lightgbm.Dataset | None = None,
    ) -> lightgbm.Dataset:
        import lightgbm

        target = balanced(target, self.factors)
        rows = lightgbm.Dataset(
            table,
            self.unit.apply(target.values),
            weight=target.weights,
            reference=reference,
            categorical_feature=categories,
            params=dict(settings),
        )
        return rows.construct()

    def _settings(self, target: Target, columns: int, valid: Valid | None, context: FitContext) -> dict[str, Any]:
        params, rows = self.params, len(target)
        settings: dict[str, Any] = {
            "learning_rate": params["learning_rate"],
            "num_leaves": params["leaves"],
            # Small data cannot afford large leaves: at least a dozen of them must be possible.
            "min_data_in_leaf": min(params["min_leaf_rows"], max(1, rows // 12)),
            "min_sum_hessian_in_leaf": 1e-4,
            "min_data_in_bin": 3 if rows > 200 else 1,
            "feature_fraction": min(params["column_share"], max(0.02, _WIDE_COLUMNS / columns)),
            "bagging_fraction": params["row_share"],
            "bagging_freq": 0 if params["row_share"] == 1.0 else 1,
            "lambda_l2": params["l2"],
            "path_smooth": params["path_smooth"] if rows >= 24 else 0.0,
            "extra_trees": params["extra_trees"],
            "cat_smooth": params["category_smooth"],
            "cat_l2": params["category_smooth"],
            "max_cat_to_onehot": 4,
            "min_data_per_group": min(100, max(5, rows // 100)),
            "max_bin": _bins(params, rows),
            "feature_pre_filter": False,
            "deterministic": True,
            "force_col_wise": True,
            "num_threads": context.threads,
            "seed": int(context.stream.integers(2**31 - 1)),
            "verbosity": -1,
        }
        settings.update(objective_of(target, valid, context))
        return settings


def _bins(params: Mapping[str, Any], rows: int) -> int:
    # A histogram has a fixed price: with few rows most of its bins would be empty.
    return int(params["bins"]) if rows > 3000 else min(int(params["bins"]), 127 if rows > 1000 else 63)
