from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sevenfold.core.state import pack, unpack
from sevenfold.models.networks.scaling import Scaling

ANY = st.floats(allow_nan=True, allow_infinity=True, width=64)


@given(arrays(np.float64, st.tuples(st.integers(1, 30), st.integers(0, 3)), elements=ANY), st.integers(0, 8))
def test_anything_becomes_finite_and_moderate(values: np.ndarray, bins: int) -> None:  # type: ignore[type-arg]
    scaling = Scaling.learn(values, bins)
    scaled = scaling.apply(values)
    assert scaled.dtype == np.float32
    assert scaled.shape == (len(values), scaling.columns)
    assert np.isfinite(scaled).all()
    assert np.abs(scaled).max(initial=0) <= 3.001
    assert np.isfinite(scaling.lower).all()
    assert (scaling.width > 0).all()


def test_median_to_nought_and_quartiles_to_one_apart() -> None:
    values = np.random.default_rng(0).normal(50.0, 7.0, (5000, 1))
    scaled = Scaling.learn(values, 0).apply(values)
    low, middle, high = np.quantile(scaled, (0.25, 0.5, 0.75))
    assert abs(middle) < 1e-3
    assert 0.9 < high - low < 1.0


def test_missing_numbers_get_a_flag_where_training_rows_had_some() -> None:
    values = np.array([[1.0, 2.0], [np.nan, 3.0], [3.0, 4.0]])
    scaling = Scaling.learn(values, 0)
    assert scaling.columns == 3
    fresh = scaling.apply(np.array([[np.nan, np.nan]]))
    assert fresh.tolist() == [[0.0, 0.0, 1.0]]


def test_constant_and_empty_columns_are_nought() -> None:
    values = np.column_stack([np.full(5, 3.0), np.full(5, np.nan), np.arange(5.0)])
    assert (Scaling.learn(values, 4).apply(values)[:, :2] == 0).all()


def test_bins_hold_about_equal_rows() -> None:
    values = np.random.default_rng(0).exponential(size=(4000, 1))
    scaling = Scaling.learn(values, 8)
    scaled = scaling.apply(values)
    edges = np.append(scaling.lower[0], np.inf)
    counts = np.histogram(scaled[:, 0], edges)[0]
    assert counts.min() > 450


def test_restored_it_does_the_same() -> None:
    values = np.random.default_rng(0).normal(size=(50, 3))
    values[3, 1] = np.nan
    scaling = Scaling.learn(values, 5)
    again = Scaling.restored(unpack(pack(scaling.state())))
    assert np.array_equal(scaling.apply(values), again.apply(values))


def test_numbers_far_beyond_the_scale_overflow_quietly() -> None:
    scaling = Scaling.learn(np.array([[-7e46], [-4e-262], [0.0], [0.0], [0.0]]), 4)
    tiny = Scaling.learn(np.array([[0.0], [1e-300], [2e-300], [3e-300]]), 4)
    for learned in (scaling, tiny):
        assert np.isfinite(learned.apply(np.array([[1e308], [-1e308], [np.inf]]))).all()
