"""Joining trials: different models, fairly weighed."""

from collections.abc import Sequence

import numpy as np
import polars as pl
import pytest
from scipy.special import softmax

from sevenfold.core.dataset import Schema
from sevenfold.core.recipe import Recipe
from sevenfold.core.task import Goal, Target, Task
from sevenfold.training.workspace import Workspace
from sevenfold.tuning.job import JobResult
from sevenfold.tuning.joining import Judge, different, join, kin_of
from sevenfold.tuning.trial import Status, Trial


def trial(number: int, model: str, loss: float, size: int = 10) -> Trial:
    made = Trial(f"t{number:03d}", Recipe(model), "default", "portfolio", status=Status.FINISHED)
    for fold in range(5):
        made.add(fold, JobResult(loss, -loss, None, 1.0, 0.0, 0.0, size, 0))
    return made


def test_candidates_are_of_different_models() -> None:
    trials = [trial(n, "lightgbm", 0.1 + n / 1000) for n in range(20)] + [trial(20, "ridge", 0.2)]
    kept = different(trials)
    assert [t.recipe.model for t in kept] == ["lightgbm"] * 4 + ["ridge"]


def test_kin_do_about_as_well_as_the_leader() -> None:
    ranked = [
        trial(0, "lightgbm", 0.100),
        trial(1, "lightgbm", 0.101),
        trial(2, "catboost", 0.150, size=1000),
        trial(3, "svm_rbf", 0.180),
        trial(4, "neighbours", 0.300),
    ]
    constant = trial(5, "constant", 1.0)
    assert kin_of(ranked, [*ranked, constant], 4, float("inf")) == [0, 2, 3]
    assert kin_of(ranked, [*ranked, constant], 2, float("inf")) == [0, 2]
    assert kin_of(ranked, [*ranked, constant], 4, 100.0) == [0, 3]


def joined(arrays: Sequence[np.ndarray], target: np.ndarray, workspace_target: object) -> list[str]:
    """Names of the members that `join` chooses for squared errors, all trials being kin."""
    ranked = [trial(n, model, 0.1) for n, model in zip(range(len(arrays)), ("ridge", "svm_rbf", "lasso"), strict=True)]
    rows = np.arange(len(target))
    judge = Judge(lambda shown, at: float(np.mean((shown[at] - target[at]) ** 2)), rows, np.random.default_rng(0))
    members, combiner, (what, _) = join(ranked, arrays, judge, workspace_target, 4, float("inf"), kin=[0, 1, 2])  # type: ignore[arg-type]
    assert abs(sum(combiner.state()["weights"]) - 1.0) < 1e-9
    return [what, *(t.recipe.model for t in members)]


class _NoClasses:
    """What `join` asks of a workspace for a regression."""

    def __init__(self, values: np.ndarray) -> None:
        self.target = self
        self.values, self.classes = values, 0


def test_models_that_do_alike_weigh_the_same() -> None:
    stream = np.random.default_rng(1)
    target = stream.normal(size=400)
    arrays = [target + stream.normal(size=400) for _ in range(3)]
    assert joined(arrays, target, _NoClasses(target)) == ["equal weights", "ridge", "svm_rbf", "lasso"]


def test_a_model_that_is_surely_better_is_not_watered_down() -> None:
    stream = np.random.default_rng(1)
    target = stream.normal(size=400)
    arrays = [target + noise * stream.normal(size=400) for noise in (0.1, 2.0, 2.0)]
    assert joined(arrays, target, _NoClasses(target))[:2] == ["weighted average", "ridge"]


@pytest.mark.parametrize("metric", ["log_loss", "brier"])
def test_models_that_are_too_cautious_are_joined_as_they_will_be_calibrated(metric: str) -> None:
    stream = np.random.default_rng(2)
    known, hidden = stream.normal(0, 2.5, (2, 3_000, 4))
    codes = (known + hidden + stream.gumbel(size=(3_000, 4))).argmax(axis=1)
    task = Task(Goal.MULTICLASS, "y", metric, classes=("a", "b", "c", "d"))
    rows = np.arange(3_000)
    folds = tuple((np.flatnonzero(rows % 3 != fold), np.flatnonzero(rows % 3 == fold)) for fold in range(3))
    table = pl.DataFrame({"x": rows})
    workspace = Workspace(table, Target(task.goal, codes.astype(float), 4), task, Schema(()), folds, 0)
    told = [softmax(0.5 * known, axis=1), softmax(0.02 * (known + hidden), axis=1)]
    judge = Judge.of(workspace, np.full(3_000, True), told[0], 2, float("inf"))
    ranked = [trial(n, model, 0.1) for n, model in enumerate(("extra_trees", "svm_rbf"))]
    members, _, why = join(ranked, told, judge, workspace, 4, float("inf"))
    assert members[0].recipe.model == "svm_rbf", why
