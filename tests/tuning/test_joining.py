"""Joining trials: different models, fairly weighed."""

from collections.abc import Sequence

import numpy as np

from sevenfold.core.recipe import Recipe
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
