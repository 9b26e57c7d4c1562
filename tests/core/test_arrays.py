"""Ranks."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata

from sevenfold.core.arrays import average_ranks


@given(st.lists(st.sampled_from([-2.5, 0.0, 0.1, 3.0, 1e9]) | st.floats(-1e6, 1e6), min_size=1, max_size=40))
def test_ranks_share_their_mean(values):
    given_values = np.array(values)
    np.testing.assert_array_equal(average_ranks(given_values), rankdata(given_values))
