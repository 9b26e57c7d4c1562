"""CatBoost: ordered boosting of symmetric trees, at home with categories."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

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
from sevenfold.models.trees.catboost_binary import check_binary
from sevenfold.models.trees.objective import trusted_metric
from sevenfold.models.trees.rounds import expected_rounds, most_rounds, patience
from sevenfold.models.trees.summed import SummedTrees, Sums
from sevenfold.models.trees.table import in_float32
from sevenfold.models.trees.table_exponential import exponential
from sevenfold.models.trees.threads import prediction_threads
from sevenfold.models.trees.unit import Unit
from sevenfold.models.trees.walk_catboost import Symmetric, probabilities

_METRICS = {
    Goal.BINARY: {"roc_auc": "AUC", "accuracy": "Accuracy", "average_precision": "PRAUC"},
    Goal.MULTICLASS: {"accuracy": "Accuracy"},
    Goal.REGRESSION: {"mae": "MAE"},
}
_WIDE_COLUMNS = 1000


def _library() -> Any:
    try:
        import catboost
    except ImportError as error:
        raise MissingExtraError.of("catboost", "boost", "CatBoost") from error
    return catboost


def _cost(params: Mapping[str, Any], size: Size) -> Cost:
    columns = size.columns * min(1.0, _WIDE_COLUMNS / max(1, size.columns))
    one_round = params["depth"] * 3.0 * size.rows * (columns + 10) + 2.0 ** params["depth"] * columns * 128 * 2.0
    work = 300.0 * size.rows * size.columns + expected_rounds(params) * size.classes * (one_round + 2_500_000)
    return cost_of(size, work, parallel=True)


class CatBoost(Estimator, SummedTrees):
    """Boosting that turns categories into numbers by the rows before, and splits whole levels alike."""

    spec = ModelSpec(
        name="catboost",
        title="CatBoost",
        solves=frozenset({Goal.BINARY, Goal.MULTICLASS, Goal.REGRESSION}),
        accepts=frozenset({Form.NUMBERS, Form.CATEGORIES}),
        space=Space(
            learning_rate=Real(0.08, 0.005, 0.3, log=True, help="size of a step; smaller needs more rounds"),
            depth=Integer(6, 2, 10, help="levels of a tree"),
            l2=Real(3.0, 0.1, 100.0, log=True, help="larger holds leaves' values smaller"),
            row_randomness=Real(1.0, 0.0, 3.0, help="how unlike the rows' weights are in each tree"),
            split_noise=Real(1.0, 0.01, 10.0, log=True, help="noise when splits are compared"),
            class_weight=CLASS_WEIGHT,
            rounds=Integer(1500, 10, 10_000, log=True, help="at most so many trees"),
        ),
        portfolio=(
            {},
            {"learning_rate": 0.05, "depth": 8, "l2": 1.0, "row_randomness": 0.5},
            {"learning_rate": 0.1, "depth": 5, "l2": 10.0},
        ),
        cost=_cost,
        source="Prokhorenkova et al., CatBoost: Unbiased Boosting with Categorical Features, NeurIPS 2018",
        summary="Strong where categories with many values matter; slower to learn than LightGBM.",
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

    _exported: tuple[bytes, Symmetric | None] | None = None

    def fit(self, inputs: Inputs, target: Target, valid: Valid | None, context: FitContext) -> FitInfo:
        """Boost until `valid` gains no more, for the given rounds, or until the clock's end."""
        library = _library()
        inputs, target = learnable(self.spec, inputs, target, context)
        self.goal, self.classes = target.goal, target.classes
        self.unit = Unit.of(target, context.objective)
        self.factors = class_weights(target, self.params["class_weight"])
        if not inputs.names:
            raise DataError("CatBoost is given no column.", "at least one column", "none")
        self.levels: int | None = _most_levels(inputs)
        watched = valid is not None and len(valid.target) > 0
        most = most_rounds(self.params, watched, context)
        learner = library.CatBoost(self._settings(most, len(inputs.names), valid, context))
        clock = _Clock(context)
        rows = self._pool(inputs, target)
        held = self._pool(valid.inputs, valid.target) if valid is not None and watched else None
        try:
            learner.fit(
                rows,
                eval_set=held,
                use_best_model=watched,
                callbacks=[clock],
                verbose=False,
                early_stopping_rounds=None,
            )
        except library.CatBoostError as error:
            if "constant" not in str(error) and "targets are equal" not in str(error):
                raise
            return self._without_inputs(target, context)
        self.content, self.answer = _saved(learner), np.empty(0)
        self.learner = learner
        return FitInfo(rounds=max(1, int(learner.tree_count_)), truncated=clock.rang)

    def predict(self, inputs: Inputs) -> Floats:
        """See `Model.predict`."""
        if not self.content:
            raw = np.tile(self.answer, (inputs.rows, 1)) if self.classes else np.full(inputs.rows, self.answer[0])
        else:
            kind = {Goal.REGRESSION: "RawFormulaVal"}.get(self.goal, "Probability")
            if self.goal is Goal.REGRESSION and self.counts:
                kind = "Exponent"
            threads = prediction_threads(inputs.rows, int(self.learner.tree_count_))
            raw = np.asarray(
                self.learner.predict(self._features(inputs), prediction_type=kind, thread_count=threads),
                dtype=np.float64,
            )
        if self.goal is Goal.REGRESSION:
            return self.unit.invert(raw)
        return undo(two_columns(raw) if raw.ndim == 1 else normalised(raw), self.factors)

    def row_predictor(self) -> RowPredictor | None:
        """See `Model.row_predictor`: the trees walked by arrays; the library's own call makes a table of each row."""
        if not self.content:
            answer: list[float] = self.answer.tolist()
            return lambda row: (
                row_undo(row_normalised(answer), self.factors) if self.classes else self._inverted(answer)
            )
        symmetric = self._symmetric()
        if symmetric is None:
            return None
        finish, scores_of = self._row_answer(), symmetric.scores()
        return lambda row: finish(scores_of(row.numbers, row.codes))

    def row_sums(self) -> Sums | None:
        """See `SummedTrees.row_sums`."""
        symmetric = self._symmetric() if self.content else None
        walks = None if symmetric is None else symmetric.walks()
        if symmetric is None or walks is None:
            return None
        answer, finished = self._row_answer(), symmetric.finished
        return Sums((walks,), False, lambda sums: answer(finished(sums)))

    def _symmetric(self) -> Symmetric | None:
        """The trees as they are exported, which takes a while."""
        if self.levels is None:
            return None
        if self._exported is None or self._exported[0] is not self.content:
            self._exported = (self.content, Symmetric.of(self.learner, _words(self.levels)))
        return self._exported[1]

    def _row_answer(self) -> Callable[[list[float]], list[float]]:
        """From the scores of one row to `predict`'s answer."""
        classes, counts, factors, inverted = self.classes, self.counts, self.factors, self._inverted

        def answer(scores: list[float]) -> list[float]:
            if not classes:
                return inverted([exponential(scores[0])] if counts else scores)
            known = probabilities(scores)
            return row_undo(known if len(scores) == 1 else row_normalised(known), factors)

        return answer

    def _inverted(self, raw: list[float]) -> list[float]:
        return [raw[0] * self.unit.size + self.unit.shift]

    def state(self) -> State:
        """What was learned, as data: CatBoost's own binary, or the constant where no input tells anything."""
        return {
            "booster": self.content,
            "answer": self.answer,
            "goal": str(self.goal),
            "classes": self.classes,
            "counts": self.counts,
            "shift": self.unit.shift,
            "size": self.unit.size,
            "factors": self.factors,
            "levels": self.levels,
        }

    def restore(self, state: State) -> None:
        """Take over what `state` gave."""
        library = _library()
        self.goal, self.classes = Goal(state["goal"]), int(state["classes"])
        self.counts = bool(state["counts"])
        self.unit = Unit(float(state["shift"]), float(state["size"]))
        self.factors, self.content = state["factors"], bytes(state["booster"])
        self.answer = np.asarray(state["answer"], dtype=np.float64)
        self.levels = state.get("levels")  # not told by files of the first versions
        if not self.content:
            return
        if not is_own():
            check_binary(self.content, self.classes if self.goal is Goal.MULTICLASS else 1)
        self.learner = library.CatBoost()
        try:
            self.learner.load_model(blob=self.content)
        except library.CatBoostError as error:
            raise BundleError("A stored CatBoost model is damaged.", "CatBoost's binary", repr(error)) from error

    def _without_inputs(self, target: Target, context: FitContext) -> FitInfo:
        from sevenfold.models.baseline.constant import Constant

        constant = Constant()
        constant.fit(Inputs(len(target)), target, None, context)
        self.content, self.answer = b"", constant.answer
        self.unit, self.factors = Unit(), None
        return FitInfo(rounds=1, notes={"constant": "no input tells rows apart"})

    def _features(self, inputs: Inputs) -> Any:
        numbers, categories = inputs.get(Form.NUMBERS), inputs.get(Form.CATEGORIES)
        named = None
        if categories is not None:
            # Missing and unseen categories are one more category, "-1".
            words = np.array([word.encode() for word in _words(_most_levels(inputs))], dtype=object)
            named = words[np.clip(categories.values, -1, len(words) - 2) + 1]
        values = in_float32(numbers.values) if numbers is not None and numbers.values.shape[1] else None
        return _library().FeaturesData(num_feature_data=values, cat_feature_data=named)

    def _pool(self, inputs: Inputs, target: Target) -> Any:
        target = balanced(target, self.factors)
        return _library().Pool(self._features(inputs), self.unit.apply(target.values), weight=target.weights)

    def _settings(self, rounds: int, columns: int, valid: Valid | None, context: FitContext) -> dict[str, Any]:
        params = self.params
        settings: dict[str, Any] = {
            "iterations": rounds,
            "learning_rate": params["learning_rate"],
            "depth": params["depth"],
            "l2_leaf_reg": params["l2"],
            "bootstrap_type": "Bayesian",
            "bagging_temperature": params["row_randomness"],
            # Combinations of more than two categories make large files of counts and gain little.
            "max_ctr_complexity": 2,
            "random_strength": params["split_noise"],
            "rsm": min(1.0, max(0.02, _WIDE_COLUMNS / columns)),
            "random_seed": int(context.stream.integers(2**31 - 1)),
            "thread_count": context.threads,
            "allow_writing_files": False,
            "logging_level": "Silent",
        }
        self.counts = self.goal is Goal.REGRESSION and context.objective == "counts"
        level = context.quantile if context.objective == "quantile" else 0.5
        losses = {"mean": "RMSE", "median": "MAE", "quantile": f"Quantile:alpha={level}", "counts": "Poisson"}
        if self.goal is Goal.REGRESSION:
            settings["loss_function"] = losses[context.objective]
        elif self.goal is Goal.BINARY:
            settings["loss_function"] = "Logloss"
        else:
            settings["loss_function"], settings["classes_count"] = "MultiClass", self.classes
        if valid is not None and len(valid.target):
            settings["od_type"], settings["od_wait"] = "Iter", patience(params["learning_rate"])
            settings["eval_metric"] = self._metric(settings["loss_function"], valid, context)
        return settings

    def _metric(self, learned: str, valid: Valid, context: FitContext) -> str:
        if self.goal is Goal.REGRESSION and context.objective != "mean":
            return learned
        if not trusted_metric(valid):
            return learned
        return _METRICS[self.goal].get(context.metric, learned)


def _most_levels(inputs: Inputs) -> int:
    categories = inputs.get(Form.CATEGORIES)
    return 0 if categories is None else max(categories.levels, default=0)


def _words(levels: int) -> list[str]:
    """What codes from -1 on are called."""
    return [str(code) for code in range(-1, levels)]


class _Clock:
    """Asked by CatBoost after each round; ends the learning before the time does."""

    def __init__(self, context: FitContext) -> None:
        self.context = context
        self.rang = False
        self.started = context.seconds_left()

    def after_iteration(self, info: Any) -> bool:
        """Whether to go on."""
        left = self.context.seconds_left()
        if left == float("inf"):
            return True
        one_round = (self.started - left) / max(1, info.iteration)
        self.rang = left < 3 * one_round + 0.1
        return not self.rang


def _saved(learner: Any) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.cbm"
        learner.save_model(str(path))
        return path.read_bytes()
