from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sevenfold.models.neighbours.search import nearest


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 60), st.integers(1, 40), st.integers(1, 6), st.booleans())
def test_it_is_the_plain_search(seed: int, points: int, rows: int, columns: int, whole: bool) -> None:
    stream = np.random.default_rng(seed)
    known, asked = stream.normal(size=(points, columns)), stream.normal(size=(rows, columns))
    if whole:  # whole numbers: many points are equally far
        known, asked = np.round(known), np.round(asked)
    count = min(5, points)
    distances, places = nearest(asked, known, (known**2).sum(axis=1), count)
    for row in range(rows):
        plain = ((asked[row] - known) ** 2).sum(axis=1)
        order = np.lexsort((np.arange(points), plain))[:count]
        assert places[row].tolist() == order.tolist()
        assert np.array_equal(distances[row], np.sqrt(plain[order]))


def test_rows_far_away_and_without_columns() -> None:
    known = np.arange(6.0).reshape(3, 2)
    far = np.array([[1e9, -1e9], [0.0, 1.0]])
    _, places = nearest(far, known, (known**2).sum(axis=1), 2)
    assert places[1].tolist() == [0, 1]
    distances, places = nearest(np.empty((2, 0)), np.empty((3, 0)), np.zeros(3), 2)
    assert places.tolist() == [[0, 1], [0, 1]] and not distances.any()
