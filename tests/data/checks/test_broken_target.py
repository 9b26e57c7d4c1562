"""The check on broken target: planted faults are found, clean data are silent."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from sevenfold.core.report import Severity
from sevenfold.core.task import Goal


@pytest.mark.parametrize("spelling", [" class 0", "CLASS 0", "class_0", "class  0", "class 0."])
def test_spellings_of_one_class(clean, subject_of, findings_of, spelling):
    labels = clean()["y"].to_list()
    changed = [row for row, label in enumerate(labels) if label == "class 0"][:30:3]
    for row in changed:
        labels[row] = spelling
    (finding,) = findings_of("broken-target", subject_of(clean().with_columns(y=pl.Series(labels))))
    assert finding.severity is Severity.ERROR
    assert finding.rows == tuple(changed)


def test_spellings_that_typing_has_joined_are_a_warning(clean, subject_of, findings_of):
    table = clean()
    raw = table.select(y=pl.when(pl.int_range(pl.len()) < 300).then(pl.col("y").str.to_uppercase()).otherwise("y"))
    findings = findings_of("broken-target", subject_of(table, raw=raw))
    assert [finding.severity for finding in findings] == [Severity.WARNING] * 2


@pytest.mark.parametrize("labels", [["1", "-1"], ["<=50K", ">50K"], ["+", "-"], ["1.5", "15"], [" >50K", " <=50K"]])
def test_labels_that_only_look_alike_are_silent(clean, subject_of, findings_of, labels):
    table = clean().with_columns(y=pl.Series(labels * 600))
    assert not findings_of("broken-target", subject_of(table))


def test_one_class_only(clean, subject_of, findings_of):
    (finding,) = findings_of("broken-target", subject_of(clean().with_columns(y=pl.lit("a"))))
    assert finding.severity is Severity.ERROR


def test_a_capped_target(clean, subject_of, findings_of, seed):
    table = clean(seed, Goal.REGRESSION)
    limit = float(np.quantile(table["y"], 0.95))
    capped = table.with_columns(y=pl.col("y").clip(upper_bound=limit))
    (finding,) = findings_of("broken-target", subject_of(capped, Goal.REGRESSION))
    assert finding.rows == tuple(np.flatnonzero(table["y"].to_numpy() >= limit).tolist())
    assert finding.evidence["limit"] == limit


def test_an_absurd_extreme(clean, subject_of, findings_of, seed):
    values = clean(seed, Goal.REGRESSION)["y"].to_numpy().copy()
    values[44] = 1e7
    table = clean(seed).with_columns(y=pl.Series(values))
    (finding,) = findings_of("broken-target", subject_of(table, Goal.REGRESSION))
    assert finding.rows == (44,)


@pytest.mark.parametrize(
    "draw",
    [
        lambda stream: stream.lognormal(10, 1.5, 2000),
        lambda stream: stream.poisson(3, 2000).astype(float),
        lambda stream: np.where(stream.random(2000) < 0.5, 0.0, stream.exponential(5, 2000)),
        lambda stream: stream.standard_t(3, 2000),
        lambda stream: stream.integers(1, 6, 2000).astype(float),
    ],
)
def test_honest_targets_are_silent(subject_of, findings_of, draw, seed):
    stream = np.random.default_rng(seed)
    table = pl.DataFrame({"x": stream.normal(size=2000), "y": draw(stream)})
    assert not findings_of("broken-target", subject_of(table, Goal.REGRESSION))
