"""What is told of realised coverage: overall, by class, by group, by part, over time."""

import json

import numpy as np
import polars as pl
import pytest

from sevenfold.core.dataset import Column, Kind, Schema
from sevenfold.core.task import Goal, Task
from sevenfold.evaluation.conformal.coverage import Realised, coverage_report, rolling
from sevenfold.evaluation.conformal.stored import learn
from sevenfold.evaluation.intervals import wilson

SCHEMA = Schema((Column("age", Kind.NUMBER), Column("city", Kind.CATEGORY, levels=("Rome", "Oslo"))))
NUMBER = Task(Goal.REGRESSION, "y", "rmse", sensitive=("city",))
BINARY = Task(Goal.BINARY, "y", "roc_auc", classes=("no", "yes"), sensitive=("city",))


def numbers(stream, rows, wide=1.0):
    """Predictions, truths, and a table whose last fifth, Oslo, errs `wide` times as much."""
    predicted = stream.uniform(-5, 5, rows)
    oslo = np.arange(rows) % 5 == 4
    truth = predicted + stream.normal(0, 1, rows) * np.where(oslo, wide, 1.0)
    table = pl.DataFrame({"age": stream.uniform(20, 60, rows), "city": np.where(oslo, "Oslo", "Rome")})
    return predicted, truth, table


def test_intervals_are_told_overall_by_group_and_by_part():
    stream = np.random.default_rng(0)
    learned = learn(NUMBER, *numbers(stream, 2000)[:2], stream)
    predicted, truth, table = numbers(stream, 3000, wide=2.0)
    found = coverage_report(learned, predicted, None, truth, NUMBER, table, SCHEMA, ["age", "city"])
    limits = learned.limits(predicted, 0.9)
    share = ((limits[:, 0] <= truth) & (truth <= limits[:, 1])).mean()
    assert found["value"] == pytest.approx(share)
    assert (found["low"], found["high"]) == wilson(share * 3000, 3000)
    assert {group["label"] for group in found["groups"]} == {"Rome", "Oslo"}
    worst = found["segments"][0]
    assert (worst["column"], worst["label"]) == ("city", "Oslo") and worst["value"] < 0.7
    assert found["size"] == pytest.approx((limits[:, 1] - limits[:, 0]).mean())
    assert found["p_value"] < 0.01 and found["enough"] and not found["by_class"]
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_sets_are_told_by_class():
    stream = np.random.default_rng(1)

    def drawn(rows):
        codes = (stream.random(rows) < 0.15).astype(np.float64)
        chance = 1 / (1 + np.exp(1.5 - 2 * codes - stream.normal(0, 1, rows)))
        return np.stack([1 - chance, chance], axis=1), codes

    learned = learn(BINARY, *drawn(3000), stream)
    chances, codes = drawn(3000)
    table = pl.DataFrame({"age": np.ones(3000), "city": ["Rome"] * 3000})
    found = coverage_report(learned, chances, np.argmax(chances, axis=1), codes, BINARY, table, SCHEMA)
    assert found["by_class"] and found["unit"] == "classes"
    assert [entry["label"] for entry in found["classes"]] == ["no", "yes"]
    assert all(entry["value"] > 0.86 and entry["p_value"] > 1e-3 for entry in found["classes"])
    assert 1 < found["size"] < 2


def test_too_few_calibration_rows_are_told_without_numbers_that_json_lacks():
    stream = np.random.default_rng(2)
    learned = learn(NUMBER, *numbers(stream, 5)[:2], stream)
    predicted, truth, table = numbers(stream, 100)
    found = coverage_report(learned, predicted, None, truth, NUMBER, table, SCHEMA)
    assert (found["enough"], found["value"], found["size"], found["p_value"]) == (False, 1.0, None, 1.0)
    json.dumps(found, allow_nan=False)


def test_over_time_each_fold_is_covered_by_those_before_it():
    stream = np.random.default_rng(3)
    predicted = stream.normal(0, 1, 4000)
    steady = predicted + stream.normal(0, 1, 4000)
    growing = predicted + stream.normal(0, 1, 4000) * np.repeat([1.0, 1.5, 2.2, 3.4], 1000)
    predicted[:10] = np.nan
    folds = [np.arange(start, start + 1000) for start in range(0, 4000, 1000)]
    told, worse = (rolling(NUMBER, predicted, truth, folds, stream, lambda p: p) for truth in (steady, growing))
    assert told["rows"] == 3000 and told["value"] == pytest.approx(0.9, abs=0.025)
    assert worse["value"] < 0.8
    assert rolling(NUMBER, predicted, steady, folds[:1], stream, lambda p: p) is None


def test_no_rows_have_no_coverage():
    stream = np.random.default_rng(4)
    learned = learn(NUMBER, *numbers(stream, 50)[:2], stream)
    found = Realised.of(learned, np.empty(0), None, np.empty(0), 0.9).to_json()
    assert found["value"] is None and found["rows"] == 0
