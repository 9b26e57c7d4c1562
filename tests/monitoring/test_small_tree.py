"""The small tree against the library's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.tree import DecisionTreeRegressor

from sevenfold.monitoring.small_tree import Grown, grow


def _means(grown: Grown, codes: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Mean of the values in each row's leaf."""
    node = np.zeros(len(values), np.int64)
    while (grown.column[node] >= 0).any():
        column = grown.column[node]
        left = codes[np.arange(len(values)), np.maximum(column, 0)] <= grown.threshold[node]
        node = np.where(column < 0, node, np.where(left, grown.left[node], grown.right[node]))
    sums, counts = np.bincount(node, values), np.bincount(node)
    return sums[node] / counts[node]


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.integers(2, 12), st.integers(1, 30))
def test_it_splits_where_the_library_does(seed: int, leaves: int, leaf_rows: int) -> None:
    stream = np.random.default_rng(seed)
    codes = stream.integers(0, 9, (300, 3))
    values = stream.normal(size=300) + codes[:, 0] * 0.5 + (codes[:, 1] > 4) * codes[:, 2]
    theirs = DecisionTreeRegressor(max_leaf_nodes=leaves, min_samples_leaf=leaf_rows, random_state=0)
    wanted = theirs.fit(codes, values).predict(codes)
    ours = _means(grow(codes, values, leaves, leaf_rows), codes, values)
    assert ((values - ours) ** 2).sum() == pytest.approx(((values - wanted) ** 2).sum(), rel=1e-9)


def test_equal_values_are_not_split() -> None:
    grown = grow(np.arange(100)[:, None] % 7, np.full(100, 3.3), 8, 5)
    assert grown.column.tolist() == [-1]


def test_a_column_of_one_code_is_not_looked_at() -> None:
    values = np.repeat([0.0, 1.0], 50)
    codes = np.stack([np.zeros(100, np.int64), np.repeat([3, 8], 50)], axis=1)
    grown = grow(codes, values, 8, 5)
    assert (grown.column[0], grown.threshold[0], len(grown.column)) == (1, 5.5, 3)
