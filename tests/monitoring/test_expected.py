"""Expected performance is right where only inputs change, says how sure it is, and is honest about the rest."""

import json

import numpy as np
import polars as pl
import pytest

from sevenfold.core.dataset import Column, Kind, Schema
from sevenfold.core.task import Goal, Task
from sevenfold.evaluation.metrics.catalogue import METRICS
from sevenfold.monitoring.errors import Errors
from sevenfold.monitoring.expected import expectation, expected_score


def classes(rows, stream, harder=0.0):
    """Calibrated probabilities with labels drawn from them; harder ones lie nearer to a half."""
    scores = stream.normal(0, 2 * (1 - harder), rows)
    chance = 1 / (1 + np.exp(-scores))
    truth = (stream.random(rows) < chance).astype(np.float64)
    return np.column_stack([1 - chance, chance]), truth


@pytest.mark.parametrize("name", ["accuracy", "roc_auc", "log_loss", "f1"])
def test_the_interval_holds_the_measured_value_as_often_as_it_says(name):
    metric = METRICS.get(name)()
    stream = np.random.default_rng(0)
    held = 0
    for repeat in range(60):
        probabilities, truth = classes(400, stream, harder=0.5 * (repeat % 2))
        codes = (probabilities[:, 1] >= 0.5).astype(np.float64)
        form = codes if name in ("accuracy", "f1") else probabilities
        score = expected_score(metric, probabilities, codes)
        held += score.low <= metric(truth, form, None) <= score.high
    assert held >= 52  # 57 are expected of 60


def test_harder_rows_are_expected_to_score_worse():
    stream, metric = np.random.default_rng(1), METRICS.get("accuracy")()
    scores = []
    for harder in (0.0, 0.7):
        probabilities, _ = classes(2000, stream, harder)
        scores.append(expected_score(metric, probabilities, (probabilities[:, 1] >= 0.5).astype(np.float64)))
    assert scores[1].high < scores[0].low


def test_several_classes_are_expected_alike():
    stream = np.random.default_rng(2)
    raised = np.exp(stream.normal(0, 2, (3000, 4)))
    probabilities = raised / raised.sum(axis=1, keepdims=True)
    truth = (stream.random(3000)[:, None] >= np.cumsum(probabilities, axis=1)[:, :-1]).sum(axis=1).astype(np.float64)
    codes = probabilities.argmax(axis=1).astype(np.float64)
    score = expected_score(METRICS.get("accuracy")(), probabilities, codes)
    assert score.low <= (truth == codes).mean() <= score.high


def test_what_is_not_known_of_the_model_widens_the_interval():
    probabilities, _ = classes(2000, np.random.default_rng(3))
    metric, codes = METRICS.get("accuracy")(), (probabilities[:, 1] >= 0.5).astype(np.float64)
    narrow, wide = (expected_score(metric, probabilities, codes, told) for told in (None, (0.7, 0.9)))
    assert wide.value == narrow.value
    assert wide.high - wide.low > 2 * (narrow.high - narrow.low)


def test_few_rows_and_rankings_give_nothing():
    probabilities, _ = classes(20, np.random.default_rng(4))
    assert expected_score(METRICS.get("accuracy")(), probabilities, probabilities[:, 1]) is None
    assert expected_score(METRICS.get("rmse")(), np.ones((100, 2)) / 2, np.ones(100)) is None


def numbers(rows, stream, low=0.0, high=10.0):
    """Errors that grow with the prediction."""
    predicted = stream.uniform(low, high, rows)
    return predicted, predicted + stream.normal(0, 0.2 + 0.3 * predicted)


@pytest.mark.parametrize("name", ["rmse", "mae"])
def test_errors_of_numbers_are_expected_where_rows_move_to_larger_ones(name):
    stream, held = np.random.default_rng(5), 0
    metric = METRICS.get(name)()
    for repeat in range(60):
        errors = Errors.of(*numbers(2000, stream))
        predicted, truth = numbers(500, stream, *((0.0, 10.0) if repeat % 2 else (6.0, 10.0)))
        score = errors.expected(name, predicted)
        held += score.low <= metric(truth, predicted, None) <= score.high
    assert held >= 52


def test_errors_survive_json_and_other_metrics_are_not_expected():
    errors = Errors.of(*numbers(500, np.random.default_rng(6)))
    again = Errors.from_json(errors.to_json())
    predicted = np.linspace(-5, 20, 100)
    assert again.expected("rmse", predicted) == errors.expected("rmse", predicted)
    assert errors.expected("r2", predicted) is None
    assert Errors.from_json(None) is None
    assert Errors.of(np.ones(5), np.ones(5)) is None
    assert Errors.of(np.ones(50), np.zeros(50)).expected("mae", np.ones(40)).value == 1.0


def test_the_tasks_metric_comes_first():
    errors = Errors.of(*numbers(500, np.random.default_rng(7))).to_json()
    found = expectation(Task(Goal.REGRESSION, "y", "mae"), None, None, np.linspace(0, 10, 80), {"errors": errors}, None)
    assert list(found) == ["mae", "rmse"]
    assert expectation(Task(Goal.REGRESSION, "y", "mae"), None, None, np.linspace(0, 10, 80), {}, None) == {}


SCHEMA = Schema((Column("place", Kind.CATEGORY, levels=("cave", "hill")), Column("depth", Kind.NUMBER)))
TASK = Task(Goal.REGRESSION, "y", "rmse")


def by_place(rows, stream, in_caves):
    """Errors that are larger in caves, which no prediction tells."""
    caves = stream.random(rows) < in_caves
    table = pl.DataFrame({"place": np.where(caves, "cave", "hill"), "depth": stream.normal(size=rows)})
    predicted = stream.normal(size=rows)
    return predicted, predicted + stream.normal(size=rows) * np.where(caves, 3.0, 0.5), table


@pytest.mark.parametrize("name", ["rmse", "mae"])
def test_errors_that_hang_on_an_input_are_expected_where_it_moves(name):
    stream, metric = np.random.default_rng(8), METRICS.get(name)()
    held = blind = 0
    for _ in range(20):
        predicted, truth, table = by_place(3000, stream, 0.2)
        errors = Errors.of(predicted, truth, table=table, schema=SCHEMA, task=TASK)
        assert errors.alike is not None
        errors = Errors.from_json(json.loads(json.dumps(errors.to_json())))
        predicted, truth, table = by_place(600, stream, 0.8)
        value = metric(truth, predicted, None)
        score = errors.expected(name, predicted, table)
        without = Errors.of(*by_place(3000, stream, 0.2)[:2]).expected(name, predicted)
        held += score.low <= value <= score.high
        blind += without.low <= value <= without.high
    assert held >= 17 and blind == 0


def test_inputs_that_say_nothing_are_left_alone_and_lacking_columns_are_missing_values():
    stream = np.random.default_rng(9)
    predicted, truth = numbers(2000, stream)
    table = pl.DataFrame({"place": stream.choice(["cave", "hill"], 2000), "depth": stream.normal(size=2000)})
    errors = Errors.of(predicted, truth, table=table, schema=SCHEMA, task=TASK)
    plain = Errors.of(predicted, truth)
    near, far = (e.expected("mae", predicted[:500], table[:500]).value for e in (errors, plain))
    assert near == pytest.approx(far, rel=0.1)
    predicted, truth, table = by_place(3000, stream, 0.2)
    errors = Errors.of(predicted, truth, table=table, schema=SCHEMA, task=TASK)
    for part in (table.drop("place"), table.with_columns(place=pl.lit("moon")), None):
        assert errors.expected("mae", predicted, part).value > 0


@pytest.mark.parametrize(
    "harm",
    [
        {"left": [0, 0, 0]}, {"right": [9, 9, 9]}, {"column": [5, -1, -1]}, {"cell": [0, -1, 0]}, {"column": []},
        {"columns": 3},
    ],
)  # fmt: skip
def test_a_tree_that_is_none_is_left_out(harm):
    errors = Errors.of(*by_place(3000, np.random.default_rng(10), 0.2)[:2]).to_json()
    tree = {
        "columns": [{"name": "depth", "edges": [0.0, 1.0], "levels": {}}], "column": [0, -1, -1],
        "threshold": [0.5, 0.0, 0.0], "left": [1, -1, -1], "right": [2, -1, -1], "cell": [0, 0, 1],
    }  # fmt: skip
    two = {name: values if name == "edges" else values[:2] for name, values in errors.items()}
    assert Errors.from_json({**two, "alike": tree}) is not None
    assert Errors.from_json({**two, "alike": {**tree, **harm}}) is None
    assert Errors.from_json({**errors, "alike": tree}) is None
