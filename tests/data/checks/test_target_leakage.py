"""The check on target leakage: planted faults are found, clean data are silent."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from sevenfold.core.dataset import Kind
from sevenfold.core.report import Severity
from sevenfold.core.task import Goal


def code_of(table):
    return (table["y"] == "class 1").to_numpy()


@pytest.mark.parametrize("goal", [Goal.BINARY, Goal.MULTICLASS, Goal.REGRESSION])
def test_a_copy_of_the_target_is_an_error(clean, subject_of, findings_of, goal, seed):
    table = clean(seed, goal)
    copy = table["y"] * 3 + 1 if goal is Goal.REGRESSION else table["y"].str.replace("class", "state")
    (finding,) = findings_of("target-leakage", subject_of(table.with_columns(copy=copy), goal))
    assert finding.columns == ("copy",) and finding.severity is Severity.ERROR


def test_a_code_of_words_with_some_mistakes_stands_out(clean, subject_of, findings_of, seed):
    stream = np.random.default_rng(seed + 1000)
    told = code_of(clean(seed)) ^ (stream.random(1200) < 0.06)
    table = clean(seed).with_columns(reason=pl.Series(np.where(told, "gone", "here")))
    (finding,) = findings_of("target-leakage", subject_of(table))
    assert finding.columns == ("reason",) and finding.severity is Severity.WARNING


def test_a_value_filled_in_afterwards(clean, subject_of, findings_of, seed):
    stream = np.random.default_rng(seed + 1000)
    dates = pl.Series(np.where(code_of(clean(seed)), stream.normal(size=1200), np.nan)).fill_nan(None)
    (finding,) = findings_of("target-leakage", subject_of(clean(seed).with_columns(closed=dates)))
    assert finding.columns == ("closed",) and finding.severity is Severity.ERROR


def test_a_level_that_settles_a_part(clean, subject_of, findings_of, seed):
    table = clean(seed, rows=3000).with_columns(
        y=pl.Series(np.random.default_rng(seed).choice(["a", "b"], 3000, p=[0.7, 0.3]))
    )
    settled = (table["y"] == "b").to_numpy() & (np.arange(3000) % 2 == 0)
    (finding,) = findings_of(
        "target-leakage", subject_of(table.with_columns(state=pl.Series(np.where(settled, "end", "run"))))
    )
    assert finding.columns == ("state",) and finding.severity is Severity.WARNING


def test_equal_to_the_target_in_part_of_the_rows(clean, subject_of, findings_of, seed):
    table = clean(seed, Goal.REGRESSION)
    stream = np.random.default_rng(seed + 1000)
    part = pl.Series(np.where(stream.random(1200) < 0.4, table["y"], stream.normal(50, 20, 1200)))
    (finding,) = findings_of("target-leakage", subject_of(table.with_columns(part=part), Goal.REGRESSION))
    assert finding.columns == ("part",)


@pytest.mark.parametrize("goal", [Goal.BINARY, Goal.MULTICLASS, Goal.REGRESSION])
def test_good_columns_are_silent(clean, subject_of, findings_of, goal, seed):
    stream = np.random.default_rng(seed + 1000)
    table = clean(seed, goal).with_columns(
        key=pl.Series([f"k{i}" for i in range(1200)]),
        many=pl.Series([f"m{i}" for i in stream.integers(0, 400, 1200)]),
        gaps=pl.Series(np.where(stream.random(1200) < 0.5, np.nan, 1.0 * np.arange(1200))).fill_nan(None),
    )
    assert not findings_of("target-leakage", subject_of(table, goal, {"key": Kind.TEXT}))


def test_several_strong_columns_are_silent(subject_of, findings_of, seed):
    stream = np.random.default_rng(seed + 1000)
    codes = stream.integers(0, 2, 1200)
    table = pl.DataFrame({f"x{i}": codes * 2.0 + stream.normal(0, 0.8, 1200) for i in range(4)})
    assert not findings_of("target-leakage", subject_of(table.with_columns(y=pl.Series([f"{c}" for c in codes]))))
