import numpy as np
import polars as pl
import pytest

from sevenfold.core.config import Plan
from sevenfold.core.model import FitContext
from sevenfold.core.predictor import Member, Predictor
from sevenfold.core.recipe import Recipe, Step
from sevenfold.training.fit import fit_pipeline
from sevenfold.training.workspace import Workspace
from sevenfold.tuning.ensemble import AverageCombiner
from sevenfold.tuning.limits import Limits, row_seconds, state_bytes

RECIPE = Recipe("ridge", {}, (Step("filled", "impute", ("a", "b")),), ("filled",))


@pytest.fixture
def predictor(workspace: Workspace) -> Predictor:
    recipe = Recipe("logistic_l2", {}, RECIPE.steps, RECIPE.outputs)
    context = FitContext(np.random.default_rng(0))
    pipeline, _ = fit_pipeline(recipe, workspace.table, workspace.target, None, None, context)
    return Predictor(workspace.task, (Member("t", (pipeline, pipeline)),), AverageCombiner([1.0]))


def test_limits_come_from_the_plan() -> None:
    assert Limits.of(Plan(data="x", max_size="20MB", max_latency="1ms")) == Limits(20_000_000, 0.001)
    assert not Limits.of(Plan(data="x")).any


def test_a_broken_limit_is_told_with_figures(predictor: Predictor, workspace: Workspace) -> None:
    row: pl.DataFrame = workspace.table[:1]
    assert Limits().broken_by(predictor, row) == ""
    assert Limits(bytes=10**9, seconds=60.0).broken_by(predictor, row) == ""
    assert "MB are allowed" in Limits(bytes=10).broken_by(predictor, row)
    assert "ms are allowed" in Limits(seconds=1e-9).broken_by(predictor, row)


def test_costs_are_measured(predictor: Predictor, workspace: Workspace) -> None:
    assert state_bytes(predictor) > 100
    assert 0 < row_seconds(predictor, workspace.table[:1]) < 10
