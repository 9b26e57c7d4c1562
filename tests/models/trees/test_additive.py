from __future__ import annotations

import numpy as np
import pytest

from sevenfold.core.inputs import Block, Form, Inputs
from sevenfold.core.model import FitContext
from sevenfold.core.task import Goal, Target
from sevenfold.models.trees.additive import Additive


def _inputs(rows: int = 600) -> Inputs:
    stream = np.random.default_rng(0)
    numbers = stream.normal(size=(rows, 3))
    numbers[stream.random((rows, 3)) < 0.1] = np.nan
    codes = stream.integers(-1, 5, (rows, 2)).astype(np.int32)
    return Inputs.of(
        rows,
        [Block(Form.NUMBERS, ("a", "b", "c"), numbers), Block(Form.CATEGORIES, ("k", "m"), codes, (5, 5))],
    )


def _fitted(inputs: Inputs, goal: Goal, classes: int) -> Additive:
    numbers = np.nan_to_num(inputs[Form.NUMBERS].values)
    codes = inputs[Form.CATEGORIES].values
    score = np.sin(2 * numbers[:, 0]) + 0.5 * (codes[:, 0] == 2) - 0.3 * (codes[:, 1] == -1)
    values = (
        score
        if goal is Goal.REGRESSION
        else np.digitize(score, np.quantile(score, np.arange(1, classes) / classes)).astype(float)
    )
    model = Additive()
    model.fit(inputs, Target(goal, values, classes), None, FitContext(np.random.default_rng(1)))
    return model


@pytest.mark.parametrize(("goal", "classes"), [(Goal.REGRESSION, 0), (Goal.BINARY, 2), (Goal.MULTICLASS, 3)])
def test_columns_do_not_interact(goal: Goal, classes: int) -> None:
    """What a change of one column adds to the score is the same whatever the other columns are."""
    inputs = _inputs()
    model = _fitted(inputs, goal, classes)
    moved = Inputs.of(
        600,
        [
            Block(Form.NUMBERS, ("a", "b", "c"), np.nan_to_num(inputs[Form.NUMBERS].values) * [0.0, 1.0, 1.0]),
            inputs[Form.CATEGORIES],
        ],
    )
    shifted = np.array(moved[Form.NUMBERS].values)
    shifted[:, 0] = 0.8
    other = Inputs.of(600, [Block(Form.NUMBERS, ("a", "b", "c"), shifted), inputs[Form.CATEGORIES]])
    gain = model.shapes.scores(other) - model.shapes.scores(moved)
    assert np.allclose(gain, gain[0], atol=1e-12)
    assert np.abs(gain[0]).max() > 0.1


def test_tables_say_what_the_booster_learned() -> None:
    inputs = _inputs()
    model = _fitted(inputs, Goal.REGRESSION, 0)
    truth = np.sin(2 * np.nan_to_num(inputs[Form.NUMBERS].values[:, 0]))
    place = model.shapes.binning.names.index("a")
    curve = model.shapes.tables[place][model.shapes.binning.column(inputs, place), 0]
    known = ~np.isnan(inputs[Form.NUMBERS].values[:, 0])
    assert np.corrcoef(curve[known], truth[known])[0, 1] > 0.97


def test_curves_have_mean_0_over_the_training_rows() -> None:
    inputs = _inputs()
    model = _fitted(inputs, Goal.BINARY, 2)
    for place, table in model.shapes.tables.items():
        assert abs(table[model.shapes.binning.column(inputs, place)].mean()) < 1e-9
