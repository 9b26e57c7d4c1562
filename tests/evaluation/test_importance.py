"""Importance and dependence find what a hand-written model looks at."""

from __future__ import annotations

import numpy as np
import pytest

from sevenfold.core.dataset import Column, Kind
from sevenfold.evaluation.dependence import partial_dependence
from sevenfold.evaluation.importance import permutation_importance
from sevenfold.evaluation.metrics.catalogue import metric_for

COLUMNS = ["noise", "colour", "size", "member", "joined", "remark"]


def run(world, **options):
    return permutation_importance(
        world.predictor,
        world.table,
        world.target,
        metric_for(world.task),
        COLUMNS,
        np.random.default_rng(0),
        **options,
    )


def test_used_columns_come_first_and_unused_ones_are_nothing(binary, regression, multiclass):
    for world in (binary, regression, multiclass):
        found = run(world)
        assert [i.column for i in found[:2]] == ["size", "colour"]
        assert all(i.low > 0 for i in found[:2])
        assert all(i.low <= i.value <= i.high for i in found)
        assert all(i.value == 0.0 and i.low == 0.0 for i in found[2:])
        assert all(i.repeats == 3 for i in found)


def test_the_same_stream_gives_the_same_importance(binary):
    assert run(binary) == run(binary)


def test_the_rise_of_squared_error_is_twice_the_variance(regression):
    from sevenfold.evaluation.metrics.catalogue import METRICS

    found = permutation_importance(
        regression.predictor,
        regression.table,
        regression.target,
        METRICS.get("mse")(),
        ["size"],
        np.random.default_rng(0),
        repeats=10,
    )
    spread = 4 * regression.table["size"].fill_null(0.0).to_numpy().var()
    assert found[0].value == pytest.approx(2 * spread, rel=0.15)
    assert found[0].low < 2 * spread < found[0].high


def test_time_is_kept_and_missed_columns_are_told(binary):
    clock = iter(np.arange(0, 1000, 1.0))
    found = run(binary, seconds=4.0, clock=lambda: float(next(clock)))
    assert 0 < sum(i.repeats > 0 for i in found) < len(COLUMNS)
    assert found[-1].repeats == 0 and found[-1].value == 0.0


def test_calls_are_few_and_rows_are_capped(binary):
    class Watching:
        def __init__(self):
            self.seen = []

        def predict(self, table):
            self.seen.append(table.height)
            return model.predict(table)

    model, binary.predictor = binary.predictor, Watching()
    run(binary, rows=100, repeats=2)
    assert binary.predictor.seen == [100, 100 * 2 * len(COLUMNS)]


def test_short_time_takes_fewer_rows(binary):
    sizes = []

    class Slow:
        def predict(self, table):
            sizes.append(table.height)
            return model.predict(table)

    model, binary.predictor = binary.predictor, Slow()
    ticks = iter([0.0, 1.0] + [1.0] * 100)
    found = run(binary, seconds=4.0, clock=lambda: next(ticks))
    assert sizes[0] == 1200 and sizes[1] == 400 * len(COLUMNS)
    assert all(i.repeats for i in found)


def dependence(world, name, **options):
    column = next(c for c in world.schema if c.name == name)
    return partial_dependence(world.predictor, world.table, column, world.task, np.random.default_rng(0), **options)


def test_dependence_of_a_number_has_the_slope_and_a_missing_point(regression):
    found = dependence(regression, "size")
    x, y = found["x"], found["lines"][0]["mean"]
    assert x[-1] == "missing"
    slopes = np.diff(y[:-1]) / np.diff(np.array(x[:-1]))
    np.testing.assert_allclose(slopes, 2.0, atol=1e-3)
    assert found["lines"][0]["low"][0] <= y[0] <= found["lines"][0]["high"][0]


def test_dependence_by_kind(binary, multiclass):
    colours = dependence(binary, "colour")
    assert colours["x"] == ["green", "red", "blue"]
    mean = dict(zip(colours["x"], colours["lines"][0]["mean"], strict=True))
    assert mean["red"] > mean["green"] == mean["blue"]
    assert colours["lines"][0]["name"] == "yes"
    assert dependence(binary, "member")["x"] == ["no", "yes"]
    dates = dependence(binary, "joined", points=5)["x"]
    assert len(dates) == 5 and dates == sorted(dates)
    assert dependence(binary, "remark") is None
    assert dependence(binary, "key") is None
    assert {line["name"] for line in dependence(multiclass, "size")["lines"]} == {"a", "b", "c"}


def test_one_value_makes_no_picture(binary):
    import polars as pl

    table = binary.table.with_columns(pl.lit(None, dtype=pl.Float64).alias("noise"), pl.lit(True).alias("member"))
    for column in (Column("noise", Kind.NUMBER), Column("member", Kind.FLAG)):
        made = partial_dependence(binary.predictor, table, column, binary.task, np.random.default_rng(0))
        assert made is None
