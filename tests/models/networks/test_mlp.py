from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import torch

from sevenfold.core.errors import DataError
from sevenfold.core.inputs import Block, Form, Inputs
from sevenfold.core.model import FitContext, Size
from sevenfold.core.state import pack, unpack
from sevenfold.core.task import Goal, Target
from sevenfold.models.networks.mlp import MultilayerPerceptron
from sevenfold.training.loop import teach

SMALL: dict[str, Any] = {"units": 24, "layers": 2, "bins": 4, "epochs": 4, "patience": 0}


def table(rows: int, seed: int = 0) -> Inputs:
    generator = np.random.default_rng(seed)
    numbers = generator.normal(size=(rows, 3)) * [1, 100, 1e-3]
    numbers[generator.random((rows, 3)) < 0.1] = np.nan
    codes = generator.integers(-1, 4, (rows, 2)).astype(np.int32)
    return Inputs.of(
        rows,
        [Block(Form.NUMBERS, ("a", "b", "c"), numbers), Block(Form.CATEGORIES, ("d", "e"), codes, (4, 5))],
    )


def target_of(inputs: Inputs, goal: Goal) -> Target:
    values = np.nan_to_num(inputs[Form.NUMBERS].values[:, 0]) + inputs[Form.CATEGORIES].values[:, 0]
    if goal is Goal.REGRESSION:
        return Target(goal, 1000 + 50 * values)
    classes = 2 if goal is Goal.BINARY else 3
    edges = np.quantile(values, np.arange(1, classes) / classes)
    return Target(goal, np.searchsorted(edges, values).astype(np.float64), classes)


def taught(goal: Goal, params: dict[str, Any] = SMALL, rows: int = 150) -> MultilayerPerceptron:
    inputs = table(rows)
    network = MultilayerPerceptron(**params)
    teach(network, inputs, target_of(inputs, goal), None, FitContext(np.random.default_rng(1)))
    return network


@pytest.mark.parametrize("goal", [Goal.BINARY, Goal.MULTICLASS, Goal.REGRESSION])
@pytest.mark.parametrize("residual", [False, True])
def test_numpy_predicts_what_torch_would(goal: Goal, residual: bool) -> None:
    network = MultilayerPerceptron(**SMALL, residual=residual)
    kept: list[torch.nn.Module] = []
    learned = network.learned
    network.learned = lambda module: (kept.append(module), learned(module))[1]  # type: ignore[method-assign,func-returns-value]
    inputs = table(150)
    teach(network, inputs, target_of(inputs, goal), None, FitContext(np.random.default_rng(1)))
    with torch.no_grad():
        logits = kept[0](*(torch.from_numpy(array) for array in network.arrays(inputs)))
    expected = network._outputs.predictions(logits.numpy())
    assert network.predict(inputs) == pytest.approx(expected, rel=1e-4, abs=1e-5)


@pytest.mark.parametrize("goal", [Goal.MULTICLASS, Goal.REGRESSION])
@pytest.mark.parametrize("units", [24, 37, 256])
def test_a_row_alone_gives_what_it_gives_among_others(goal: Goal, units: int) -> None:
    network = taught(goal, {**SMALL, "units": units, "layers": 3, "epochs": 1})
    inputs = table(200, seed=5)
    together = network.predict(inputs)
    alone = np.concatenate([network.predict(inputs.take(np.array([row]))) for row in range(200)])
    assert np.array_equal(together, alone)
    order = np.random.default_rng(0).permutation(200)[:77]
    assert np.array_equal(network.predict(inputs.take(order)), together[order])


@pytest.mark.parametrize("goal", [Goal.BINARY, Goal.REGRESSION])
def test_restored_from_data_it_predicts_the_same(goal: Goal) -> None:
    network = taught(goal)
    again = MultilayerPerceptron(**SMALL)
    again.restore(unpack(pack(network.state())))
    assert pack(again.state()) == pack(network.state())
    inputs = table(60, seed=2)
    assert np.array_equal(network.predict(inputs), again.predict(inputs))


def test_predictions_are_finite_whatever_comes() -> None:
    network = taught(Goal.REGRESSION)
    numbers = np.array([[np.inf, -np.inf, np.nan], [1e308, -1e308, 0.0], [np.nan] * 3])
    codes = np.array([[99, -1], [-7, 4], [3, 5]], np.int32)
    strange = Inputs.of(
        3, [Block(Form.NUMBERS, ("a", "b", "c"), numbers), Block(Form.CATEGORIES, ("d", "e"), codes, (4, 5))]
    )
    assert np.isfinite(network.predict(strange)).all()
    assert network.predict(strange.take(np.empty(0, np.int64))).shape == (0,)


def test_learns_a_regression_of_any_scale() -> None:
    network = taught(Goal.REGRESSION, {**SMALL, "epochs": 60, "rate": 5e-3}, rows=600)
    inputs = table(300, seed=9)
    truth = target_of(inputs, Goal.REGRESSION).values
    assert np.mean((network.predict(inputs) - truth) ** 2) < 0.2 * truth.var()


def test_the_median_is_not_moved_by_outliers() -> None:
    generator = np.random.default_rng(0)
    values = generator.normal(size=(500, 1))
    target = np.where(generator.random(500) < 0.2, 1000.0, 10.0)
    inputs = Inputs.of(500, [Block(Form.NUMBERS, ("a",), values)])
    network = MultilayerPerceptron(**{**SMALL, "epochs": 60, "rate": 5e-3})
    context = FitContext(np.random.default_rng(1), objective="median")
    teach(network, inputs, Target(Goal.REGRESSION, target), None, context)
    assert np.median(network.predict(inputs)) < 60


def test_numbers_alone_and_categories_alone_are_enough() -> None:
    inputs = table(100)
    for form in (Form.NUMBERS, Form.CATEGORIES):
        part = Inputs(100, {form: inputs[form]})
        network = MultilayerPerceptron(**SMALL)
        teach(network, part, target_of(inputs, Goal.BINARY), None, FitContext(np.random.default_rng(1)))
        assert network.predict(part).shape == (100, 2)
    with pytest.raises(DataError, match="nothing to learn from"):
        MultilayerPerceptron().build(
            Inputs.of(1, []), target_of(inputs, Goal.BINARY), FitContext(np.random.default_rng())
        )


def test_a_larger_fit_costs_more() -> None:
    cost = MultilayerPerceptron.spec.cost
    params = MultilayerPerceptron().params
    assert cost(params, Size(10_000, 20)).seconds < cost(params, Size(100_000, 20)).seconds
    assert cost(params, Size(10_000, 20)).seconds < cost({**params, "units": 1024}, Size(10_000, 20)).seconds


def test_predicting_needs_no_torch() -> None:
    code = (
        "import sys\n"
        "from sevenfold.models.networks import image_network, mlp\n"
        "assert 'torch' not in sys.modules and 'scipy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": os.pathsep.join(sys.path)}, check=True)
