"""Trees of several members walked together: every model of the catalogue beside them in an ensemble, bit for bit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sevenfold.core.model import Estimator, Recommender
from sevenfold.core.task import Goal
from sevenfold.deployment.compiled import build, shared_trees
from sevenfold.deployment.compiled.build import Compiled, compile_runtime
from sevenfold.models.catalogue import MODELS
from sevenfold.models.trees.lightgbm import LightGBM
from sevenfold.models.trees.summed import SummedTrees

TARGETS = {Goal.MULTICLASS: "three", Goal.REGRESSION: "amount", Goal.BINARY: "answer"}
ESTIMATORS = [m for _, m in MODELS if issubclass(m, Estimator) and not issubclass(m, Recommender)]


@pytest.fixture
def together(monkeypatch):
    """Whatever it takes, trees are walked together; says how many models were."""
    taken = []

    def share(program, tried, rows, seconds):
        slow = [replace(one, seconds=1.0) for one in tried]
        shared_trees.share_trees(program, slow, rows, lambda act, given: float("together" not in act.__qualname__))
        taken.append(sum(one.model.gather.__qualname__.startswith("ModelAt.take_sums") for one in tried))

    monkeypatch.setattr(build, "share_trees", share)
    return taken


def check(runtime, typical, records):
    compiled = compile_runtime(runtime, typical)
    assert isinstance(compiled, Compiled), compiled
    np.testing.assert_array_equal(compiled.answer(records).values, runtime.answer(records).values)


@pytest.mark.parametrize("model", ESTIMATORS, ids=lambda m: m.spec.name)
def test_every_model_in_an_ensemble_answers_as_the_frames_do(runtime_of, raw_records, together, model):
    target = next(name for goal, name in TARGETS.items() if goal in model.spec.solves)
    check(*runtime_of(target, (model.spec.name, "lightgbm")), raw_records)
    # CatBoost's trees are walked by themselves where they ask for categories or have several outputs.
    summed = issubclass(model, SummedTrees) and model.spec.name != "catboost"
    assert together == [2 if summed else 1]


@pytest.mark.parametrize("target", TARGETS.values())
def test_boosted_trees_of_three_libraries_are_walked_together(runtime_of, raw_records, together, target):
    check(*runtime_of(target, ("xgboost", "lightgbm", "catboost")), raw_records)
    assert together[0] >= 2


def test_what_gains_nothing_together_is_tried_with_fewer_and_then_left_alone(runtime_of, raw_records, monkeypatch):
    runtime, typical = runtime_of("answer", ("xgboost", "lightgbm", "lightgbm"))
    timed = []

    def seconds(act, given):
        timed.append(len(act(given[0])))
        return float("together" in act.__qualname__)

    def share(program, tried, rows, _):
        shared_trees.share_trees(program, [replace(one, seconds=1.0) for one in tried], rows, seconds)
        assert not program.late

    monkeypatch.setattr(build, "share_trees", share)
    check(runtime, typical, raw_records)
    assert timed == [3, 3, 2, 2]


def test_they_are_left_alone_where_that_is_quicker(runtime_of, raw_records, monkeypatch):
    runtime, typical = runtime_of("answer", ("lightgbm",))
    monkeypatch.setattr(shared_trees, "LEAST_SECONDS", float("inf"))
    monkeypatch.setattr(shared_trees, "TreeBank", None)  # is not even asked for
    check(runtime, typical, raw_records)


def test_sums_that_are_wrong_leave_the_model_by_itself(runtime_of, raw_records, together, monkeypatch):
    runtime, typical = runtime_of("three", ("xgboost", "lightgbm"))
    own = LightGBM.row_sums

    def wrong(self):
        sums = own(self)
        return replace(sums, finish=lambda found: [value + 1e-9 for value in sums.finish(found)])

    monkeypatch.setattr(LightGBM, "row_sums", wrong)
    check(runtime, typical, raw_records)
    assert together == [1]


def test_too_large_tables_are_not_made(runtime_of, raw_records, together, monkeypatch):
    monkeypatch.setattr(shared_trees, "MOST_BYTES", 10.0)
    check(*runtime_of("answer", ("lightgbm",)), raw_records)
    assert together == [0]
