"""Parts of rows, slices that stand out, and fairness."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sevenfold.core.dataset import Kind
from sevenfold.core.task import Goal, Task
from sevenfold.evaluation.fairness import fairness
from sevenfold.evaluation.groups import parts
from sevenfold.evaluation.metrics.catalogue import METRICS
from sevenfold.evaluation.slices import benjamini_hochberg, score_slices


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.none() | st.floats(-1e6, 1e6), min_size=1, max_size=60),
    st.lists(st.none() | st.text(max_size=3), min_size=1, max_size=60),
)
def test_parts_hold_every_row_once(numbers, words):
    for values, kind in (
        (pl.Series("a", numbers, dtype=pl.Float64), Kind.NUMBER),
        (pl.Series("b", words, dtype=pl.String), Kind.CATEGORY),
        (pl.Series("b", words, dtype=pl.String), Kind.TEXT),
        (pl.Series("c", [None if n is None else n > 0 for n in numbers], dtype=pl.Boolean), Kind.FLAG),
    ):
        found = parts(values, kind)
        assert (np.sum([part.rows for part in found], axis=0) == 1).all()
        assert all(part.rows.any() for part in found)


def test_dates_are_cut_into_the_finest_periods_that_fit():
    def labels(dates):
        return [p.label for p in parts(pl.Series("d", dates, dtype=pl.Datetime("us")), Kind.DATE)]

    assert labels([datetime(2020, 1, 1, h) for h in range(3)])[0] == "2020-01-01 00:00"
    assert labels([datetime(2020, m, 1) for m in range(1, 13)])[:2] == ["2020-01", "2020-02"]
    assert labels([datetime(2020, 1, d, h) for d in range(1, 9) for h in (1, 5)])[0] == "2020-01-01"
    assert labels([datetime(2020 + i // 12, i % 12 + 1, 1 + i) for i in range(24)])[:2] == ["2020-Q1", "2020-Q2"]
    years = labels([datetime(1990 + y, 1 + m, 1) for y in range(30) for m in range(6)])
    assert len(years) == 12 and years[0] == "1990 to 1992"
    assert labels([None, None]) == ["missing"]


def test_ids_make_no_parts_and_many_levels_are_joined():
    assert parts(pl.Series("k", ["a", "b"]), Kind.ID) == []
    found = parts(pl.Series("c", [f"v{i}" for i in range(40)]), Kind.CATEGORY)
    assert len(found) == 12 and found[-1].label == "other values"


def test_a_broken_slice_stands_out_and_comes_first(regression):
    truth, predicted = regression.target.values.copy(), regression.predictor.predict(regression.table)
    broken = (regression.table["colour"] == "blue").to_numpy()
    predicted[broken] += 4.0
    found = score_slices(
        METRICS.get("rmse")(),
        truth,
        predicted,
        regression.table,
        regression.schema,
        ["noise", "colour", "member", "joined", "remark", "size", "household"],
        np.random.default_rng(0),
    )
    assert (found[0].column, found[0].label) == ("colour", "blue")
    assert found[0].significant and found[0].worse > 2
    assert found[0].score.low < found[0].score.value < found[0].score.high
    assert {s.column for s in found if s.significant} == {"colour"}
    assert all(s.score.rows >= 30 for s in found)
    assert found[0].to_json()["significant"] is True


def test_slices_without_both_classes_are_left_out_and_time_is_kept(binary):
    predicted = binary.predictor.predict(binary.table)
    table = binary.table.with_columns(pl.Series("member", binary.target.values == 1))
    arguments = (METRICS.get("roc_auc")(), binary.target.values, predicted, table, binary.schema)
    assert score_slices(*arguments, ["member"], np.random.default_rng(0)) == []
    assert score_slices(*arguments, ["size"], np.random.default_rng(0), seconds_left=lambda: 0.0) == []


def test_luck_is_not_reported_as_a_slice():
    stream = np.random.default_rng(0)
    from sevenfold.core.dataset import Column, Schema

    loud = 0
    for seed in range(10):
        truth = stream.normal(size=400)
        predicted = truth + stream.normal(size=400)
        table = pl.DataFrame({f"c{i}": stream.normal(size=400) for i in range(8)})
        schema = Schema(tuple(Column(name, Kind.NUMBER) for name in table.columns))
        found = score_slices(
            METRICS.get("mae")(), truth, predicted, table, schema, table.columns, np.random.default_rng(seed)
        )
        loud += any(s.significant for s in found)
    assert loud <= 2


def test_benjamini_hochberg_by_hand():
    assert benjamini_hochberg([0.01, 0.04, 0.03, 0.5]) == pytest.approx([0.04, 0.16 / 3, 0.16 / 3, 0.5])
    assert benjamini_hochberg([]) == []


def test_fairness_of_two_groups_by_hand():
    rows = 200
    first = np.arange(rows) < 100
    truth = np.tile([0.0, 1.0], 100)
    decided = np.where(first, truth, 0.0)  # the second group is never selected
    predicted = np.column_stack([1 - decided, decided])
    from sevenfold.core.dataset import Column, Schema

    table = pl.DataFrame({"group": np.where(first, "a", "b")})
    task = Task(Goal.BINARY, "y", "roc_auc", classes=(0, 1), sensitive=("group",))
    schema = Schema((Column("group", Kind.CATEGORY),))
    (entry,) = fairness(task, truth, predicted, decided, table, schema, ["group"])
    groups = {g["group"]: g for g in entry["groups"]}
    assert groups["a"]["selection_rate"]["value"] == 0.5
    assert groups["b"]["true_positive_rate"]["value"] == 0.0
    assert groups["b"]["precision"] == {"value": None, "low": 0.0, "high": 1.0, "rows": 0}
    assert groups["b"]["calibration_gap"]["value"] == -0.5
    found = {d["figure"]: d for d in entry["disparities"]}
    assert found["selection_rate"]["value"] == 0.0 and found["selection_rate"]["clear"]
    assert found["true_positive_rate"]["value"] == 1.0 and found["true_positive_rate"]["clear"]
    assert found["false_positive_rate"]["value"] == 0.0 and not found["false_positive_rate"]["clear"]
    assert "precision" not in found


def test_fairness_of_numbers_and_more_classes(regression, multiclass):
    for world, figures in (
        (regression, {"mean_error", "mean_absolute_error"}),
        (multiclass, {"error_rate", "calibration_gap"}),
    ):
        predicted = world.predictor.predict(world.table)
        decided = predicted.argmax(axis=1).astype(float) if predicted.ndim == 2 else predicted
        (entry,) = fairness(world.task, world.target.values, predicted, decided, world.table, world.schema, ["member"])
        assert {d["figure"] for d in entry["disparities"]} == figures
        assert not any(d["clear"] for d in entry["disparities"])
