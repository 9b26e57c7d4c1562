import numpy as np
import polars as pl
import pytest

from sevenfold.core.inputs import Columns
from sevenfold.core.task import Goal, Target
from sevenfold.features.catalogue import FEATURES


def table(rows=1500, width=12):
    values = np.random.default_rng(0).normal(size=(rows, width))
    return pl.DataFrame(values, schema=[f"c{i}" for i in range(width)])


@pytest.mark.parametrize("name", ["select_l1", "select_importance"])
@pytest.mark.parametrize("goal", [Goal.REGRESSION, Goal.BINARY])
def test_columns_that_drive_the_target_stay_and_most_noise_goes(name, goal):
    frame = table()
    score = 3 * frame["c2"].to_numpy() - 2 * frame["c5"].to_numpy() + np.random.default_rng(1).normal(size=1500)
    target = Target(
        goal, score if goal is Goal.REGRESSION else (score > 0).astype(np.float64), 2 * (goal is Goal.BINARY)
    )
    params = {"strength": 0.2} if name == "select_l1" else {"least": 0.01}
    block = FEATURES.get(name)(frame.columns, **params).fit(Columns(frame), target, np.random.default_rng(0))
    assert {"c2", "c5"} <= set(block.names) and len(block.names) <= 4


@pytest.mark.parametrize("name", ["select_l1", "select_importance"])
def test_one_column_stays_where_none_helps(name):
    frame = table(rows=60)
    target = Target(Goal.REGRESSION, np.zeros(60))
    block = FEATURES.get(name)(frame.columns).fit(Columns(frame), target, np.random.default_rng(0))
    assert len(block.names) == 1


def test_kept_columns_pass_unchanged():
    frame = table()
    target = Target(Goal.REGRESSION, frame["c2"].to_numpy() * 2)
    block = FEATURES.get("select_l1")(frame.columns).fit(Columns(frame), target, np.random.default_rng(0))
    assert np.array_equal(block.values[:, block.names.index("c2")], frame["c2"].to_numpy())
