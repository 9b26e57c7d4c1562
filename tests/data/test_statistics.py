"""Our ranks, correlations and tests against scipy's."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from sevenfold.data.statistics import (
    correlation,
    independence,
    largest_gap,
    midranks,
    normal_tail,
    rank_correlation,
    rank_sum,
)

NUMBERS = st.integers(-5, 5).map(float)
SAMPLE = arrays(np.float64, st.integers(20, 60), elements=NUMBERS)


@given(SAMPLE)
def test_ranks(values: np.ndarray) -> None:
    np.testing.assert_array_equal(midranks(values), stats.rankdata(values))


@given(st.data(), st.integers(20, 60))
def test_correlations(data: st.DataObject, rows: int) -> None:
    one, other = (data.draw(arrays(np.float64, rows, elements=NUMBERS)) for _ in range(2))
    if one.std() == 0 or other.std() == 0:
        assert math.isnan(correlation(one, other))
        return
    assert correlation(one, other) == pytest.approx(stats.pearsonr(one, other)[0], abs=1e-12)
    assert rank_correlation(one, other) == pytest.approx(stats.spearmanr(one, other)[0], abs=1e-12)


@given(st.floats(-8, 8))
def test_normal_tail(distance: float) -> None:
    assert normal_tail(distance) == pytest.approx(stats.norm.sf(distance), rel=1e-9)


@given(SAMPLE, SAMPLE)
def test_rank_sum(one: np.ndarray, other: np.ndarray) -> None:
    if len(np.unique(np.concatenate((one, other)))) == 1:
        assert rank_sum(one, other) == 1.0
        return
    assert rank_sum(one, other) == pytest.approx(stats.mannwhitneyu(one, other, method="asymptotic")[1], rel=1e-9)


@given(arrays(np.float64, st.tuples(st.integers(2, 3), st.integers(2, 4)), elements=st.integers(1, 50).map(float)))
def test_independence(counts: np.ndarray) -> None:
    assert independence(counts) == pytest.approx(stats.chi2_contingency(counts)[1], rel=1e-9, abs=1e-300)


def test_a_table_of_one_column_shows_no_dependence() -> None:
    assert independence(np.array([[3.0], [4.0]])) == 1.0


@pytest.mark.parametrize("shift", [0.0, 0.1, 0.5, 2.0])
def test_largest_gap(shift: float) -> None:
    generator = np.random.default_rng(3)
    one, other = generator.normal(size=800), generator.normal(shift, size=1_200)
    wanted = stats.ks_2samp(one, other, method="asymp")
    gap, p_value = largest_gap(one, other)
    assert gap == pytest.approx(wanted.statistic, abs=1e-12)
    assert p_value == pytest.approx(wanted.pvalue, rel=0.1, abs=1e-12)
