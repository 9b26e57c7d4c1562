"""What keeping a limit costs is measured and told."""

import numpy as np
import polars as pl
import pytest

from sevenfold.api.price import served_seconds, told_price
from sevenfold.core.dataset import Column, Kind, Schema
from sevenfold.core.model import FitContext
from sevenfold.core.predictor import Decision, Member, Predictor
from sevenfold.core.recipe import Recipe, Step
from sevenfold.core.task import Goal, Target, Task
from sevenfold.training.fit import fit_pipeline
from sevenfold.training.workspace import Workspace
from sevenfold.tuning.ensemble import AverageCombiner
from sevenfold.tuning.final import Choice
from sevenfold.tuning.limits import Limits

ROWS = 200


@pytest.fixture
def workspace() -> Workspace:
    a = np.random.default_rng(0).normal(size=ROWS)
    table = pl.DataFrame({"a": a, "y": 2 * a})
    schema = Schema((Column("a", Kind.NUMBER), Column("y", Kind.NUMBER)))
    everything = np.arange(ROWS)
    task = Task(Goal.REGRESSION, "y", "rmse")
    return Workspace(table, Target(Goal.REGRESSION, 2 * a), task, schema, ((everything[50:], everything[:50]),), 0)


def choice_of(predicted: np.ndarray, seen: np.ndarray) -> Choice:
    return Choice((), AverageCombiner([1.0]), None, Decision(), predicted, seen, ())


def test_the_served_form_is_what_a_latency_is_held_against(workspace: Workspace) -> None:
    recipe = Recipe("ridge", {}, (Step("filled", "impute", ("a",)),), ("filled",))
    pipeline, _ = fit_pipeline(
        recipe, workspace.table, workspace.target, None, None, FitContext(np.random.default_rng(0))
    )
    predictor = Predictor(workspace.task, (Member("t", (pipeline,)),), AverageCombiner([1.0]))
    assert 0 < served_seconds(predictor, workspace) < 10
    row = workspace.table[:1]
    assert Limits(seconds=1e-9).broken_by(predictor, row, lambda: 1e-10) == ""
    assert "ms are allowed" in Limits(seconds=1e-9).broken_by(predictor, row, lambda: 1e-3)


def test_the_price_is_the_metrics_loss_with_an_interval(workspace: Workspace) -> None:
    truth, noise = workspace.target.values, np.random.default_rng(1).normal(size=ROWS)
    seen = np.ones(ROWS, bool)
    best, taken = choice_of(truth + 0.1 * noise, seen), choice_of(truth + 0.5 * noise, seen)
    expected = 0.4 * float(np.sqrt(np.mean(noise**2)))
    told = told_price(workspace, best, taken)
    assert told.startswith(f"rmse out of fold is {expected:.4g} worse (95 % interval 0.")
    assert told_price(workspace, best, choice_of(truth, np.zeros(ROWS, bool))) == ""
