"""Sevenfold as scikit-learn estimators: the same features, models, search and ensembles, without a run folder."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import assert_all_finite, column_or_1d
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from sevenfold.core.arrays import Floats
from sevenfold.core.config import parse_seconds
from sevenfold.core.context import Deadline, Streams
from sevenfold.core.errors import DataError
from sevenfold.core.task import Goal, Target, Task

if TYPE_CHECKING:
    import numpy.typing as npt
    import polars as pl

    from sevenfold.evaluation.conformal.stored import Conformal
    from sevenfold.tuning.candidates import Candidate
    from sevenfold.tuning.final import Choice

_TARGET = "sevenfold:target"
_LONGEST = "60s"
_ROWS_A_TRIAL = 100  # where neither budget nor trials are given, effort grows with the data
_FEWEST_TRIALS, _MOST_TRIALS = 2, 50
_SMALL = 500  # rows below which smooth models win as a rule, and boosting mostly costs time
_SMALL_MODELS = {
    True: ("svm_rbf", "naive_bayes", "extra_trees", "logistic_l2"),
    False: ("svm_rbf", "neighbours", "extra_trees", "ridge"),
}
_SMALL_FOLDS, _FOLDS = 3, 5
_FEW = 100  # rows below which three folds are drawn: a fifth of them would tell nothing


class _SevenfoldEstimator(BaseEstimator):  # type: ignore[misc]
    """What both estimators share.

    Args:
        budget: wall time of `fit`, as "60s" or "10m".
        trials: number of trials; with it alone, equal data give equal models.
        metric: to optimise; the task's usual one by default.
        models: names to choose from; all that fit by default.
        tune: "bayes", "random", "grid" or "none".
        random_state: seed.
        n_jobs: threads of one fit.
    Without budget and trials, effort grows with the rows: a trial for each hundred, 2 to 50, and a minute at most.
    Below 500 rows four kinds of model that suit small data are tried, unless `models` says otherwise.
    """

    def __init__(
        self,
        *,
        budget: str | None = None,
        trials: int | None = None,
        metric: str | None = None,
        models: tuple[str, ...] | list[str] | None = None,
        tune: str = "bayes",
        random_state: int = 0,
        n_jobs: int = 1,
    ) -> None:
        self.budget = budget
        self.trials = trials
        self.metric = metric
        self.models = models
        self.tune = tune
        self.random_state = random_state
        self.n_jobs = n_jobs

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.sparse = False
        tags.input_tags.string = False
        tags.non_deterministic = self.budget is not None
        return tags

    def _learn(self, X: Any, task: Task, target: Target) -> None:
        from sevenfold.data.clean import conform
        from sevenfold.data.infer import infer
        from sevenfold.data.profile import profile
        from sevenfold.data.split import plan_split
        from sevenfold.evaluation.metrics.catalogue import check_metric
        from sevenfold.training.workspace import Workspace

        check_metric(task.metric, task.goal)
        frame, kinds = _frame(X)
        schema = infer(frame, kinds=kinds)
        table = conform(frame, schema).table
        streams = Streams(int(self.random_state))
        rows = np.arange(len(target))
        count = _SMALL_FOLDS if len(rows) < _FEW else None if len(rows) >= 2000 else _FOLDS
        split = plan_split(table, schema, task, target, rows, streams, folds=count, given_test=True)
        folds = tuple((fold.train, fold.valid) for fold in split.folds)
        workspace = Workspace(table, target, task, schema, folds, int(self.random_state))
        self._schema = schema
        with tempfile.TemporaryDirectory(prefix="sevenfold-") as folder:
            self._search(workspace, profile(table, schema), Path(folder), streams)

    def _search(self, workspace: Any, profiled: Any, folder: Path, streams: Streams) -> None:
        from sevenfold.core.predictor import Member, Predictor
        from sevenfold.tuning.candidates import gather
        from sevenfold.tuning.executors.inline import InlineExecutor
        from sevenfold.tuning.final import choose, deployable, load_pipeline
        from sevenfold.tuning.proposals import Searcher
        from sevenfold.tuning.samplers.catalogue import SAMPLERS
        from sevenfold.tuning.search import Search
        from sevenfold.tuning.trial import Status

        rows, task = len(workspace.target), workspace.task
        named = tuple(self.models or ())
        candidates, _ = gather(task, workspace.schema, profiled, workspace.target, named)
        if not self.models and rows < _SMALL:
            candidates = _suited(candidates, task)
        sampler = None if self.tune == "none" else SAMPLERS.get(self.tune)()
        varied = [candidate for candidate in candidates if not named or candidate.name in named]
        trials, budget = self.trials, self.budget
        if trials is None and budget is None:
            trials, budget = min(max(rows // _ROWS_A_TRIAL, _FEWEST_TRIALS), _MOST_TRIALS), _LONGEST
        search = Search(
            candidates,
            None if sampler is None else Searcher(varied, sampler, self.tune, streams),
            InlineExecutor(workspace),
            folder,
            folds=len(workspace.folds),
            rows=len(workspace.folds[0][0]),
            valid_rows=len(workspace.folds[0][1]),
            classification=task.goal.is_classification,
            classes=workspace.target.classes,
            journal=lambda kind, data: None,
            deadline=Deadline() if budget is None else Deadline.starting_now(0.9 * parse_seconds(budget)),
            most_trials=trials,
            named=named,
            threads=self.n_jobs or 1,
        )
        tried = search.run()
        if not any(trial.status is Status.FINISHED for trial in tried):
            reasons = (
                "; ".join(f"{trial.recipe.model}: {trial.reason}" for trial in tried[:5]) or "no trial could start"
            )
            raise DataError(
                "No model could be trained.", "at least one finished trial", reasons, "Give a larger budget."
            )
        choice = choose(deployable(tried, named), folder, workspace, {})
        self.conformal_ = _conformal(choice, workspace, streams)
        members = [
            Member(trial.name, tuple(load_pipeline(folder / trial.name / f"fold-{n}") for n in sorted(trial.folds)))
            for trial in choice.members
        ]
        self.predictor_ = Predictor(task, tuple(members), choice.combiner, choice.calibrator, choice.decision)

    def _answers(self, X: Any) -> Floats:
        from sevenfold.data.clean import conform

        check_is_fitted(self, "predictor_")
        checked = _checked(self, X, reset=False)
        return self.predictor_.predict(conform(_frame(checked)[0], self._schema).table)

    def _coverage(self, coverage: float) -> Any:
        from sevenfold.evaluation.conformal.quantiles import checked

        check_is_fitted(self, "predictor_")
        checked(coverage)
        return self.conformal_


class SevenfoldClassifier(ClassifierMixin, _SevenfoldEstimator):  # type: ignore[misc]
    """A classifier for binary and multiclass targets; takes numpy arrays and data frames of any column kinds."""

    def fit(self, X: Any, y: Any) -> SevenfoldClassifier:
        """Learn from (rows, columns) X and (rows,) labels y.

        Raises:
            ValueError: y has one class only, or the arrays do not fit together.
        """
        checked, labels = _checked(self, X, y)
        check_classification_targets(labels)
        labels = column_or_1d(labels, warn=True)
        self.classes_, codes = np.unique(labels, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError("This classifier needs labels of at least 2 classes; y contains one class only.")
        goal = Goal.BINARY if len(self.classes_) == 2 else Goal.MULTICLASS
        metric = self.metric or ("roc_auc" if goal is Goal.BINARY else "log_loss")
        task = Task(
            goal, _TARGET, metric, tuple(value.item() if hasattr(value, "item") else value for value in self.classes_)
        )
        self._learn(checked, task, Target(goal, codes.astype(np.float64), len(self.classes_)))
        return self

    def predict_proba(self, X: Any) -> Floats:
        """(rows, classes) probabilities in the order of `classes_`."""
        return self._answers(X)

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """(rows,) labels."""
        answers = self._answers(X)
        return self.classes_[self.predictor_.decision.decide(answers)]

    def predict_set(self, X: Any, coverage: float = 0.9) -> list[list[Any]]:
        """The labels among which the true one is with a probability of at least `coverage`, for each row, in the order
        of `classes_`; see `sevenfold.load(...).predict_set`.

        Raises:
            RequestError: the coverage is not between 0 and 1.
        """
        sets, answers = self._coverage(coverage), self._answers(X)
        members = sets.members(answers, self.predictor_.decision.decide(answers), coverage)
        return [self.classes_[inside].tolist() for inside in members]


class SevenfoldRegressor(RegressorMixin, _SevenfoldEstimator):  # type: ignore[misc]
    """A regressor; takes numpy arrays and data frames of any column kinds."""

    def fit(self, X: Any, y: Any) -> SevenfoldRegressor:
        """Learn from (rows, columns) X and (rows,) numbers y."""
        checked, numbers = _checked(self, X, y, numeric=True)
        numbers = column_or_1d(numbers, warn=True).astype(np.float64)
        task = Task(Goal.REGRESSION, _TARGET, self.metric or "rmse")
        self._learn(checked, task, Target(Goal.REGRESSION, numbers))
        return self

    def predict(self, X: Any) -> Floats:
        """(rows,) numbers."""
        return self._answers(X)

    def predict_interval(self, X: Any, coverage: float = 0.9) -> Floats:
        """(rows, 2) low and high end, between which the true number lies with a probability of at least `coverage`; see
        `sevenfold.load(...).predict_interval`. With few training rows ends are infinite.

        Raises:
            RequestError: the coverage is not between 0 and 1.
        """
        limits: Floats = self._coverage(coverage).limits(self._answers(X), coverage)
        return limits


def _conformal(choice: Choice, workspace: Any, streams: Streams) -> Conformal | None:
    """From predictions out of fold, as they are shown."""
    from sevenfold.evaluation.conformal.stored import learn

    shown = choice.answers(np.flatnonzero(choice.seen))
    stream = streams.generator("evaluation", "conformal")
    return learn(workspace.task, shown, workspace.target.values[choice.seen], stream)


def _suited(candidates: list[Candidate], task: Task) -> list[Candidate]:
    """The candidates for small data, in order of first try; all of them where none of these fits."""
    order = {name: place for place, name in enumerate(_SMALL_MODELS[task.goal.is_classification])}
    suited = sorted((c for c in candidates if c.name in order), key=lambda c: order[c.name])
    return [c for c in candidates if c.name == "constant"] + suited if suited else candidates


_NO_TARGET = object()


def _checked(estimator: Any, X: Any, y: Any = _NO_TARGET, reset: bool = True, numeric: bool = False) -> Any:
    """scikit-learn's own checks; frames stay frames, so that their column kinds are kept."""
    given = {} if y is _NO_TARGET else {"y": y}
    if hasattr(X, "columns") and not hasattr(X, "toarray"):
        validate_data(estimator, X, reset=reset, skip_check_array=True)
        if y is _NO_TARGET:
            return X
        if y is None:
            raise ValueError("requires y to be passed, but the target y is None")
        labels = np.asarray(y)
        assert_all_finite(labels, input_name="y")
        if len(labels) != len(X):
            raise ValueError(f"X has {len(X)} rows and y has {len(labels)}.")
        return X, labels
    return validate_data(
        estimator,
        X,
        reset=reset,
        dtype="numeric",
        ensure_all_finite="allow-nan",
        ensure_min_samples=2 if reset else 1,
        **given,
        **({"y_numeric": numeric} if given else {}),
    )


def _frame(X: Any) -> tuple[pl.DataFrame, dict[str, str]]:
    """A polars frame, and the kinds that are known: every column of an array is a number."""
    import polars as pl

    if hasattr(X, "columns"):
        from sevenfold.data.readers.read import read

        return read(X).frame, {}
    values = np.asarray(X, dtype=np.float64)
    names = [f"x{number}" for number in range(values.shape[1])]
    frame = pl.DataFrame({name: values[:, number] for number, name in enumerate(names)})
    return frame, dict.fromkeys(names, "number")
