"""Which students are tried, and how large."""

from dataclasses import replace

import numpy as np
import pytest

from sevenfold.core.dataset import Column, Kind, Schema
from sevenfold.core.recipe import Recipe
from sevenfold.core.task import Goal, Task
from sevenfold.training.workspace import Workspace
from sevenfold.tuning.distil import SAFE, allowed_share, models_for, refusal, sized, student
from sevenfold.tuning.job import JobResult
from sevenfold.tuning.limits import Price
from sevenfold.tuning.teacher import Teacher
from sevenfold.tuning.trial import SMALL, STUDENT, Status, Trial

NO_LIMIT = float("inf")


def trial(name: str, model: str, loss: float, rounds: int | None = None, **params: object) -> Trial:
    result = JobResult(loss, loss, rounds, 1.0, 0.1, 0.1, 1000, 0)
    return Trial(name, Recipe(model, params), "", "portfolio", {0: result, 1: result}, status=Status.FINISHED)


def test_the_share_is_that_of_the_tighter_limit_less_what_features_cost() -> None:
    cost, least = Price(1000, 100e-6), Price(200, 20e-6)
    assert allowed_share(cost, least, Price(NO_LIMIT, NO_LIMIT)) == NO_LIMIT
    assert allowed_share(cost, least, Price(NO_LIMIT, 60e-6)) == pytest.approx((SAFE * 60 - 20) / 80)
    assert allowed_share(cost, least, Price(400, 60e-6)) == pytest.approx((SAFE * 400 - 200) / 800)
    assert allowed_share(cost, least, Price(NO_LIMIT, 10e-6)) == 0.0
    assert allowed_share(Price(1000, float("nan")), Price(200, float("nan")), Price(400, NO_LIMIT)) < 1


def test_rounds_are_the_size_and_fewer_of_them_take_longer_steps() -> None:
    known = trial("t1", "lightgbm", 1.0, rounds=400, learning_rate=0.05, class_weight="balanced")
    half = sized(known, 0.5)
    assert half is not None
    assert half.params["rounds"] == 200
    assert half.params["learning_rate"] == pytest.approx(0.1)
    assert "class_weight" not in half.params
    assert sized(known, 0.51) == sized(known, 0.6) == half, "small errors of a timing change nothing"
    tiny, huge = sized(known, 0.04), sized(known, NO_LIMIT)
    assert tiny is not None and huge is not None
    assert tiny.params["learning_rate"] == pytest.approx(0.15)
    assert huge.params["rounds"] == 800 and huge.params["learning_rate"] == 0.05
    assert sized(known, 0.01) is None
    assert sized(known, 0.0) is None


def test_models_without_such_a_size_are_taken_as_they_are_or_not_at_all() -> None:
    linear = trial("t1", "logistic_l2", 1.0, penalty=0.5)
    assert sized(linear, 1.0) == linear.recipe
    assert sized(linear, 0.9) is None
    forest = sized(trial("t2", "extra_trees", 1.0), 0.25)
    assert forest is not None and forest.params == {"trees": 25}


def test_students_are_modelled_on_the_best_trial_of_each_model() -> None:
    trials = [
        trial("t0", "constant", 0.1), trial("t1", "lightgbm", 3.0), trial("t2", "lightgbm", 2.0),
        trial("t3", "ridge", 2.5), trial("t4", "xgboost", 4.0), replace(trial("t5", "mlp", 0.5), status=Status.CUT),
    ]  # fmt: skip
    assert [t.name for t in models_for(trials, 2)] == ["t2", "t3"]


def test_a_student_is_named_by_what_it_learns_from_whom() -> None:
    base, recipe = trial("t1", "ridge", 1.0), Recipe("ridge")
    one, other = (Teacher(("t1",), ("fold-0",), "average", {"weights": [1.0]}, trust) for trust in (0.5, 1.0))
    assert student(base, recipe, one).name == student(base, recipe, one).name != student(base, recipe, other).name
    assert student(base, recipe, None).origin == SMALL
    made = student(base, recipe, one)
    assert made.origin == STUDENT
    assert made.teacher is not None and Teacher.from_json(made.teacher) == one


def test_what_students_cannot_learn_is_said(workspace: Workspace) -> None:
    assert refusal(workspace) == ""
    numbers = Task(Goal.REGRESSION, "y", "mae", objective="quantile", quantile=0.9)
    assert "means" in refusal(replace(workspace, task=numbers))
    assert "recommendation" in refusal(replace(workspace, task=Task(Goal.RECOMMENDATION, "y", "ndcg@10")))
    pictures = Schema((*workspace.schema, Column("photo", Kind.IMAGE)))
    assert "photo" in refusal(replace(workspace, schema=pictures))


def test_a_price_is_told_with_what_was_measured() -> None:
    assert str(Price(1_230_000, 12.3e-6)) == "12 µs a row, 1.23 MB"
    assert str(Price(500, np.nan)) == "0.0005 MB"
