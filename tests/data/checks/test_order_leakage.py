"""The check on order leakage: planted faults are found, clean data are silent."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest

from sevenfold.core.dataset import Kind
from sevenfold.core.report import Severity
from sevenfold.core.task import Goal


def test_sticky_labels(clean, subject_of, findings_of, seed):
    flips = np.cumsum(np.random.default_rng(seed).random(1200) < 0.1) % 2
    table = clean(seed).with_columns(y=pl.Series([f"{flip}" for flip in flips]))
    (finding,) = findings_of("order-leakage", subject_of(table))
    assert finding.severity is Severity.WARNING and finding.evidence["effect"] > 0.6


@pytest.mark.parametrize("goal", [Goal.BINARY, Goal.REGRESSION])
def test_rows_sorted_by_the_target_are_a_note(clean, subject_of, findings_of, goal):
    (finding,) = findings_of("order-leakage", subject_of(clean(goal=goal).sort("y"), goal))
    assert finding.severity is Severity.NOTE and "sorted by the target" in finding.text


def test_a_key_along_which_the_target_drifts(clean, subject_of, findings_of, seed):
    stream = np.random.default_rng(seed)
    policy = stream.permutation(3000)
    table = clean(seed, rows=3000).with_columns(
        policy=pl.Series(policy.astype(float)), y=pl.Series(policy / 3000 + stream.normal(0, 0.5, 3000))
    )
    (finding,) = findings_of("order-leakage", subject_of(table, Goal.REGRESSION))
    assert finding.columns == ("policy",) and finding.severity is Severity.WARNING
    as_id = table.with_columns(pl.col("policy").cast(pl.Int64).cast(pl.String))
    (finding,) = findings_of("order-leakage", subject_of(as_id, Goal.REGRESSION, {"policy": Kind.ID}, id="policy"))
    assert finding.columns == ("policy",)


def test_a_key_that_follows_a_year_is_a_note(clean, subject_of, findings_of):
    policy = np.random.default_rng(0).permutation(1200)
    table = clean().with_columns(policy=pl.Series(policy.astype(float)), year=pl.Series(1994.0 + policy // 200))
    (finding,) = findings_of("order-leakage", subject_of(table))
    assert finding.columns == ("policy", "year") and finding.severity is Severity.NOTE


@pytest.mark.parametrize("goal", [Goal.BINARY, Goal.MULTICLASS, Goal.REGRESSION])
def test_rows_in_no_order_are_silent(clean, subject_of, findings_of, goal, seed):
    table = clean(seed, goal).with_columns(number=pl.int_range(1200).cast(pl.Float64))
    assert not findings_of("order-leakage", subject_of(table, goal))


def test_copies_that_stand_together_are_no_order(clean, subject_of, findings_of, seed):
    table = clean(seed, rows=3000)
    twice = np.sort(np.concatenate([np.arange(3000), np.random.default_rng(seed).choice(3000, 600, replace=False)]))
    assert not findings_of("order-leakage", subject_of(table[twice]))


def test_a_key_that_follows_a_named_date_is_told_by_the_date(clean, subject_of, findings_of):
    start = dt.datetime(2024, 1, 1)
    level = np.cumsum(np.random.default_rng(0).normal(size=1200))
    table = clean(goal=Goal.REGRESSION).with_columns(
        number=pl.int_range(1200).cast(pl.Float64),
        day=pl.Series([start + dt.timedelta(hours=hour) for hour in range(1200)]),
        y=pl.Series(level),
    )
    subject = subject_of(table, Goal.REGRESSION)
    assert findings_of("time-order", subject) and not findings_of("order-leakage", subject)


def test_a_key_set_aside_is_not_to_be_left_out_again(clean, subject_of, findings_of):
    drift = np.arange(3000) / 3000 + np.random.default_rng(0).normal(0, 0.3, 3000)
    keys = np.random.default_rng(1).permutation(3000)
    table = clean(rows=3000).with_columns(policy=pl.Series(keys).cast(pl.String), y=pl.Series(drift[keys]))
    (finding,) = findings_of("order-leakage", subject_of(table, Goal.REGRESSION, {"policy": Kind.ID}, id="policy"))
    assert "set aside already" in finding.advice and "--drop" not in finding.advice
    assert "0e+00" not in finding.text
