"""One search for all columns finds what a search in each column finds."""

from __future__ import annotations

import math
from bisect import bisect_left

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sevenfold.models.trees.bank_places import Column, Places

VALUES = st.one_of(st.sampled_from([0.0, -0.0, 1.5, -3.0, 1e300, -1e300, 5e-324]), st.floats(allow_infinity=False))


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.lists(VALUES.filter(lambda v: v == v), unique=True, max_size=6).map(sorted), min_size=0, max_size=5),
    st.integers(0, 2**32),
    st.data(),
)
def test_rows_are_those_of_each_columns_interval(bounds: list[list[float]], seed: int, data: st.DataObject) -> None:
    stream = np.random.default_rng(seed)
    columns = [
        Column(7 - place, own, stream.integers(0, 900, (len(own) + 2, int(stream.integers(1, 4)))).astype(np.int32))
        for place, own in enumerate(bounds)
    ]
    every = sum(column.rows.shape[1] for column in columns) + 1
    order = stream.integers(0, every, 30)
    ask = Places.of(columns, 999).asker(order)
    for _ in range(4):
        row = [data.draw(VALUES) for _ in range(8)] if data.draw(st.booleans()) else [math.nan] * 8
        found = [
            column.rows[len(column.bounds) + 1 if row[column.place] != row[column.place] else
                        bisect_left(column.bounds, row[column.place])]
            for column in columns
        ]  # fmt: skip
        assert ask(row).tolist() == np.concatenate([*found, [999]])[order].tolist()
