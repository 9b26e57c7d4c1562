"""XGBoost: gradient boosting with second-order steps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.core.arrays import Floats
from sevenfold.core.compiled import RowPredictor
from sevenfold.core.errors import BundleError, DataError, MissingExtraError
from sevenfold.core.inputs import Form, Inputs
from sevenfold.core.model import Cost, Estimator, FitContext, FitInfo, ModelSpec, Size, Trait, Valid
from sevenfold.core.space import Integer, Real, Space
from sevenfold.core.state import State, is_own
from sevenfold.core.task import Goal, Target
from sevenfold.models.balance import CLASS_WEIGHT, balanced, class_weights, row_undo, undo
from sevenfold.models.cost import cost_of
from sevenfold.models.fitting import learnable
from sevenfold.models.probabilities import normalised, row_normalised, two_columns
from sevenfold.models.trees.objective import trusted_metric
from sevenfold.models.trees.one_row import Ask
from sevenfold.models.trees.one_row_xgboost import asker
from sevenfold.models.trees.rounds import expected_rounds, most_rounds, patience, take_rounds
from sevenfold.models.trees.summed import SummedTrees, Sums
from sevenfold.models.trees.table import in_float32, tree_row, tree_table
from sevenfold.models.trees.threads import prediction_threads
from sevenfold.models.trees.unit import Unit
from sevenfold.models.trees.walk_xgboost import learned_of, totals_of, walker
from sevenfold.models.trees.xgboost_binary import check_binary

if TYPE_CHECKING:
    import xgboost

_WIDE_COLUMNS = 1000
_METRICS = {
    Goal.BINARY: {"roc_auc": "auc", "average_precision": "aucpr", "accuracy": "error", "log_loss": "logloss"},
    Goal.MULTICLASS: {"accuracy": "merror", "log_loss": "mlogloss"},
    Goal.REGRESSION: {"rmse": "rmse", "mse": "rmse", "r2": "rmse", "mae": "mae"},
}
_GREATER_IS_BETTER = ("auc", "aucpr")
_OBJECTIVES = {
    "mean": ("reg:squarederror", "rmse"),
    "median": ("reg:quantileerror", "quantile"),
    "quantile": ("reg:quantileerror", "quantile"),
    "counts": ("count:poisson", "poisson-nloglik"),
}


def _library() -> Any:
    try:
        import xgboost
    except ImportError as error:
        raise MissingExtraError.of("xgboost", "boost", "XGBoost") from error
    return xgboost


def _cost(params: Mapping[str, Any], size: Size) -> Cost:
    columns = size.columns * min(params["column_share"], _WIDE_COLUMNS / max(1, size.columns))
    leaves = min(2.0 ** params["depth"], max(2.0, size.rows / 2))
    one_round = 2.0 * params["depth"] * params["row_share"] * size.rows * columns + 10.0 * leaves * columns * (
        256 if size.rows > 3000 else 64
    )
    rounds = expected_rounds(params) * size.classes
    work = 150.0 * size.rows * size.columns + rounds * (one_round + 60.0 * size.rows + 400_000)
    return cost_of(size, work, parallel=True)


class XGBoost(Estimator, SummedTrees):
    """Boosting level by level; a second opinion beside LightGBM."""

    spec = ModelSpec(
        name="xgboost",
        title="XGBoost",
        solves=frozenset({Goal.BINARY, Goal.MULTICLASS, Goal.REGRESSION}),
        accepts=frozenset({Form.NUMBERS, Form.CATEGORIES}),
        space=Space(
            learning_rate=Real(0.06, 0.005, 0.3, log=True, help="size of a step; smaller needs more rounds"),
            depth=Integer(6, 2, 12, help="splits on the way to a leaf, at most"),
            min_leaf_weight=Real(1.0, 1e-3, 100.0, log=True, help="evidence that a leaf must hold"),
            column_share=Real(0.8, 0.2, 1.0, help="share of columns that a tree may use"),
            row_share=Real(0.8, 0.4, 1.0, help="share of rows that a tree learns from"),
            l2=Real(1.0, 1e-3, 100.0, log=True, help="larger holds leaves' values smaller"),
            l1=Real(1e-4, 1e-4, 10.0, log=True, help="larger makes small leaves' values 0"),
            class_weight=CLASS_WEIGHT,
            rounds=Integer(2000, 10, 10_000, log=True, help="at most so many trees"),
        ),
        portfolio=(
            {},
            {"learning_rate": 0.08, "min_leaf_weight": 1e-3, "column_share": 0.65, "row_share": 0.65},
            {
                "learning_rate": 0.05,
                "depth": 9,
                "min_leaf_weight": 2.0,
                "column_share": 0.7,
                "row_share": 0.7,
                "l2": 0.1,
            },
            {"learning_rate": 0.03, "depth": 3, "l2": 10.0, "column_share": 0.5},
        ),
        cost=_cost,
        source="Chen and Guestrin, XGBoost: A Scalable Tree Boosting System, KDD 2016",
        summary="Much like LightGBM with other trees: worth having in an ensemble.",
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
        extra="boost",
    )

    def fit(self, inputs: Inputs, target: Target, valid: Valid | None, context: FitContext) -> FitInfo:
        """Boost until `valid` gains no more, for the given rounds, or until the clock's end."""
        library = _library()
        inputs, target = learnable(self.spec, inputs, target, context)
        self.goal, self.classes = target.goal, target.classes
        self.unit = Unit.of(target, context.objective)
        self.factors = class_weights(target, self.params["class_weight"])
        rows = self._matrix(inputs, target, context.threads)
        if rows.num_col() == 0:
            raise DataError("XGBoost is given no column.", "at least one column", "none")
        metric = self._metric(valid, context)
        booster = library.Booster(self._settings(len(target), rows.num_col(), metric, context), [rows])
        done = 0

        def learn() -> bool:
            nonlocal done
            booster.update(rows, done)
            done += 1
            return False

        loss = None
        if valid is not None and len(valid.target):
            held = self._matrix(valid.inputs, valid.target, context.threads)
            sign = -1.0 if metric in _GREATER_IS_BETTER else 1.0

            def loss() -> float:
                return sign * float(booster.eval(held, iteration=done).rsplit(":", 1)[1])

        most = most_rounds(self.params, loss is not None, context)
        taken = take_rounds(learn, loss, most, patience(self.params["learning_rate"]), context)
        self._take(bytes(booster[: taken.kept].save_raw("ubj")))
        return FitInfo(rounds=taken.kept, truncated=taken.truncated)

    def predict(self, inputs: Inputs) -> Floats:
        """See `Model.predict`."""
        table, _ = tree_table(inputs)
        self.booster.set_param({"nthread": prediction_threads(inputs.rows, self.booster.num_boosted_rounds())})
        raw = np.asarray(self.booster.inplace_predict(in_float32(table)), dtype=np.float64)
        if self.goal is Goal.REGRESSION:
            return self.unit.invert(raw.reshape(-1))
        return undo(two_columns(raw) if raw.ndim == 1 else normalised(raw), self.factors)

    def row_predictor(self) -> RowPredictor:
        """See `Model.row_predictor`."""
        number, columns = self.classes if self.classes > 2 else 1, int(self.booster.num_features())
        self.booster.set_param({"nthread": 1})
        return self._row_predictor(asker(self.booster, columns, number), columns)

    def row_predictors(self) -> Iterator[RowPredictor]:
        """The library's own call, and another walk of its trees."""
        yield self.row_predictor()
        walked = walker(self.booster)
        if walked is not None:
            yield self._row_predictor(walked, int(self.booster.num_features()))

    def row_sums(self) -> Sums | None:
        """See `SummedTrees.row_sums`."""
        learned = learned_of(self.booster)
        if learned is None:
            return None
        answer, predictions = self._row_answer(), learned.bend.predictions
        return Sums(totals_of(learned), True, lambda sums: answer(predictions(np.array(sums, dtype=np.float32))))

    def _row_predictor(self, ask: Ask, columns: int) -> RowPredictor:
        answer = self._row_answer()
        return lambda row: answer(ask(tree_row(row, columns)))

    def _row_answer(self) -> Callable[[Sequence[float]], list[float]]:
        """From the library's prediction of one row to `predict`'s."""
        regression, factors, size, shift = self.goal is Goal.REGRESSION, self.factors, self.unit.size, self.unit.shift

        def answer(raw: Sequence[float]) -> list[float]:
            if regression:
                return [raw[0] * size + shift]
            known = [1.0 - raw[0], raw[0]] if len(raw) == 1 else row_normalised(list(raw))
            return known if factors is None else row_undo(known, factors)

        return answer

    def state(self) -> State:
        """What was learned, as data: XGBoost's own UBJSON."""
        return {
            "booster": self.content,
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
            check_binary(bytes(state["booster"]), self.classes if self.goal is Goal.MULTICLASS else 1)
        self._take(state["booster"])

    def _take(self, content: bytes) -> None:
        library = _library()
        self.content = content
        self.booster = library.Booster()
        try:
            self.booster.load_model(bytearray(content))
        except library.core.XGBoostError as error:
            raise BundleError("A stored XGBoost model is damaged.", "XGBoost's UBJSON", repr(error)) from error

    def _matrix(self, inputs: Inputs, target: Target, threads: int) -> xgboost.DMatrix:
        # Categories go in as numbers: their codes follow frequency, and trees cut ranges out of them.
        table, _ = tree_table(inputs)
        target = balanced(target, self.factors)
        answers = self.unit.apply(target.values)
        return _library().DMatrix(in_float32(table), answers, weight=target.weights, nthread=threads)

    def _metric(self, valid: Valid | None, context: FitContext) -> str:
        if self.goal is Goal.REGRESSION:
            learned = _OBJECTIVES[context.objective][1]
            return _METRICS[self.goal].get(context.metric, learned) if context.objective == "mean" else learned
        by_loss = _METRICS[self.goal]["log_loss"]
        if valid is None or not trusted_metric(valid):
            return by_loss
        return _METRICS[self.goal].get(context.metric, by_loss)

    def _settings(self, rows: int, columns: int, metric: str, context: FitContext) -> dict[str, Any]:
        params = self.params
        settings: dict[str, Any] = {
            "eta": params["learning_rate"],
            "max_depth": params["depth"],
            "min_child_weight": params["min_leaf_weight"],
            "colsample_bytree": min(params["column_share"], max(0.02, _WIDE_COLUMNS / columns)),
            "subsample": params["row_share"],
            "lambda": params["l2"],
            "alpha": params["l1"],
            "tree_method": "hist",
            # A histogram has a fixed price: with few rows most of its bins would be empty.
            "max_bin": 256 if rows > 3000 else 64,
            "nthread": context.threads,
            "seed": int(context.stream.integers(2**31 - 1)),
            "verbosity": 0,
            "eval_metric": metric,
        }
        if self.goal is Goal.REGRESSION:
            settings["objective"] = _OBJECTIVES[context.objective][0]
            if context.objective in ("median", "quantile"):
                settings["quantile_alpha"] = context.quantile if context.objective == "quantile" else 0.5
        elif self.goal is Goal.BINARY:
            settings["objective"] = "binary:logistic"
        else:
            settings["objective"], settings["num_class"] = "multi:softprob", self.classes
        return settings
