"""CatBoost's trees walked by arrays give what the library gives, categories and their combinations included."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sevenfold.core.inputs import Block, Form, Inputs
from sevenfold.core.model import FitContext
from sevenfold.core.task import Goal, Target
from sevenfold.models.trees.catboost import CatBoost
from sevenfold.models.trees.table_exponential import exponential
from sevenfold.testing.compiled_checks import check_row_predictor

LEVELS = (2, 8, 30)


def inputs(rows: int, seed: int) -> Inputs:
    stream = np.random.default_rng(seed)
    values = stream.normal(size=(rows, 3))
    values[stream.random(values.shape) < 0.1] = np.nan
    codes = np.stack([stream.integers(-1, levels, rows) for levels in LEVELS], axis=1).astype(np.int32)
    blocks = [Block(Form.NUMBERS, ("a", "b", "c"), values), Block(Form.CATEGORIES, ("d", "e", "f"), codes, LEVELS)]
    return Inputs.of(rows, blocks)


def target(given: Inputs, goal: Goal) -> Target:
    values, codes = given[Form.NUMBERS].values, given[Form.CATEGORIES].values
    score = np.nan_to_num(values[:, 0]) + (codes[:, 1] % 3) * 0.5 + (codes[:, 2] % 5 == codes[:, 1] % 5)
    if goal is Goal.REGRESSION:
        return Target(goal, np.floor(np.exp(score / 2)), 0)
    classes = 2 if goal is Goal.BINARY else 4
    return Target(goal, np.digitize(score, np.quantile(score, np.arange(1, classes) / classes)).astype(float), classes)


@pytest.mark.parametrize(
    ("goal", "objective"),
    [(Goal.BINARY, "mean"), (Goal.MULTICLASS, "mean"), (Goal.REGRESSION, "mean"), (Goal.REGRESSION, "counts")],
)
def test_one_row_gives_what_the_library_gives(goal, objective):
    given = inputs(400, seed=1)
    model = CatBoost(rounds=20)
    model.fit(given, target(given, goal), None, FitContext(np.random.default_rng(0), objective=objective, rounds=20))
    others = inputs(60, seed=2)
    numbers, codes = others[Form.NUMBERS].values, others[Form.CATEGORIES].values
    borders = np.unique(given[Form.NUMBERS].values[:20, 0].astype(np.float32)).astype(np.float64)[:12]
    numbers[: len(borders), 0] = borders
    numbers[12:18, 1] = (0.0, -0.0, 1e300, -1e300, 5e-324, 3.5e38)
    codes[18:24] = -1
    again = CatBoost(rounds=20)
    again.restore(model.state())
    assert model.row_predictor() is not None
    check_row_predictor(again, others)


def test_a_model_of_an_older_file_has_no_row_form_but_predicts():
    given = inputs(120, seed=3)
    model = CatBoost(rounds=10)
    model.fit(given, target(given, Goal.BINARY), None, FitContext(np.random.default_rng(0), rounds=5))
    old = {name: value for name, value in model.state().items() if name != "levels"}
    again = CatBoost(rounds=10)
    again.restore(old)
    assert again.row_predictor() is None
    assert np.array_equal(again.predict(given), model.predict(given))


def test_the_exponential_is_next_to_the_true_one():
    for x in [0.0, -1e-300, -1e-9, *np.linspace(-700, 700, 999).tolist()]:
        assert exponential(x) == pytest.approx(math.exp(x), rel=1e-12)
    assert exponential(-1e4) == 0.0
    assert exponential(1e4) == math.inf
