"""The check on slices."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from sevenfold.core.task import Goal


def test_a_region_where_the_model_fails(subject_of, findings_of, seed):
    honest = subject_of(seed)
    west = (honest.table["region"] == "west").to_numpy()
    spoiled = np.where(west[:, None], honest.predictions[:, ::-1], honest.predictions)
    (finding,) = findings_of("slice-failure", subject_of(seed, predictions=spoiled))
    assert finding.columns == ("region",) and finding.evidence["slice"] == "'region' is 'west'"
    assert finding.rows == tuple(np.flatnonzero(west)[:1000].tolist())


def test_a_range_and_missing_values_of_a_regression(subject_of, findings_of, seed):
    honest = subject_of(seed, Goal.REGRESSION)
    x = honest.table["x"].to_numpy()
    spoiled = honest.predictions + np.where(x > np.quantile(x, 0.75), 4.0, 0.0)
    (finding,) = findings_of("slice-failure", subject_of(seed, Goal.REGRESSION, predictions=spoiled))
    assert finding.columns == ("x",) and "inf]" in finding.evidence["slice"]
    gone = np.arange(2000) % 10 == 0
    table = honest.table.with_columns(x=pl.Series(np.where(gone, np.nan, x)).fill_nan(None))
    spoiled = honest.predictions + np.where(gone, 5.0, 0.0)
    (finding,) = findings_of("slice-failure", subject_of(seed, Goal.REGRESSION, predictions=spoiled, table=table))
    assert finding.evidence["slice"] == "'x' is missing"


@pytest.mark.parametrize("goal", [Goal.BINARY, Goal.MULTICLASS, Goal.REGRESSION])
def test_an_even_model_is_silent(subject_of, findings_of, goal, seed):
    assert not findings_of("slice-failure", subject_of(seed, goal))
