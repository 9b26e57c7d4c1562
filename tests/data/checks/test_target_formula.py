"""The check on target formula: planted faults are found, clean data are silent."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from sevenfold.core.report import Severity
from sevenfold.core.task import Goal


def trip(seed, rows=1500):
    stream = np.random.default_rng(seed)
    fare = np.round(stream.lognormal(2.4, 0.6, rows) * 2) / 2
    return stream, pl.DataFrame(
        {
            "distance": fare / 3 + np.abs(stream.normal(0, 1, rows)),
            "tip": np.round(stream.exponential(2, rows), 2),
            "toll": np.where(stream.random(rows) < 0.1, 6.1, 0.0),
            "y": fare,
        }
    )


@pytest.mark.parametrize("charge", [[3.3], [0.8, 3.3, 3.8]])
def test_a_sum_with_and_without_what_is_not_there(subject_of, findings_of, charge, seed):
    stream, table = trip(seed)
    extra = pl.Series(stream.choice(charge, table.height))
    table = table.with_columns(total=pl.col("y") + pl.col("tip") + pl.col("toll") + extra)
    (finding,) = findings_of("target-formula", subject_of(table, Goal.REGRESSION))
    assert set(finding.columns) == {"total", "tip", "toll"} and finding.severity is Severity.ERROR


def test_a_weighted_sum(subject_of, findings_of, seed):
    _, table = trip(seed)
    table = table.with_columns(hidden=2.5 * pl.col("y") - 0.7 * pl.col("distance"))
    (finding,) = findings_of("target-formula", subject_of(table, Goal.REGRESSION))
    assert set(finding.columns) == {"hidden", "distance"}


def test_a_product(subject_of, findings_of, seed):
    stream, table = trip(seed)
    count = pl.Series(stream.integers(1, 9, table.height).astype(float))
    table = table.with_columns(count=count, price=pl.col("y") / count)
    (finding,) = findings_of("target-formula", subject_of(table, Goal.REGRESSION))
    assert set(finding.columns) == {"count", "price"} and finding.evidence["form"] == "product"


def test_a_good_linear_relation_is_silent(clean, subject_of, findings_of, seed):
    stream, table = trip(seed)
    assert not findings_of("target-formula", subject_of(table, Goal.REGRESSION))
    values = stream.normal(size=(1500, 4))
    noisy = values @ np.array([1.0, 2.0, -1.0, 0.5]) + stream.normal(0, 0.25, 1500)
    linear = pl.DataFrame({f"x{i}": values[:, i] for i in range(4)}).with_columns(y=pl.Series(noisy))
    assert not findings_of("target-formula", subject_of(linear, Goal.REGRESSION))
    assert not findings_of("target-formula", subject_of(clean(seed, Goal.REGRESSION), Goal.REGRESSION))
