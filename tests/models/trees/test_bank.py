"""Trees walked together give, bit for bit, the sums that their libraries give."""

from __future__ import annotations

import math
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sevenfold.models.trees.as_lightgbm import Walk
from sevenfold.models.trees.bank import BLOCK_TREES, Total, TreeBank
from sevenfold.models.trees.widened import LARGEST, widened

NOTHING = np.empty(0, np.int64)
EDGES = [0.0, -0.0, 1.5, math.nextafter(1.5, 2.0), -3.0, 1e300, -1e300, 5e-324, math.nan]


def grown(stream, leaves, columns, codes):
    """A tree of any shape; the last column is asked for sets of codes."""
    left, right = [], []
    open_leaves = [None]  # where each leaf hangs: (node, is left)
    for node in range(leaves - 1):
        at = open_leaves.pop(int(stream.integers(len(open_leaves))))
        if at is not None:
            (left if at[1] else right)[at[0]] = node
        left.append(None)
        right.append(None)
        open_leaves += [(node, True), (node, False)]
    for number, at in enumerate(open_leaves):
        if at is not None:
            (left if at[1] else right)[at[0]] = ~number
    feature = stream.integers(0, columns, leaves - 1)
    sets = {int(n): stream.choice(codes, 4, replace=False) for n in np.flatnonzero(feature == columns - 1)}
    return Walk(
        feature,
        stream.choice([0.0, 1.5, -3.0, 0.25, 1e3, *stream.normal(size=4)], leaves - 1),
        np.array(left, np.int64),
        np.array(right, np.int64),
        (stream.random(leaves - 1) < 0.5) & (feature < columns - 1),
        stream.normal(size=leaves),
        sets,
    )


def leaf(tree, row):
    node = 0 if len(tree.feature) else -1
    while node >= 0:
        value = row[tree.feature[node]]
        if node in tree.sets:
            goes_left = value in tree.sets[node]
        else:
            goes_left = bool(tree.missing_left[node]) if value != value else value <= tree.threshold[node]
        node = int((tree.left if goes_left else tree.right)[node])
    return tree.leaves[~node]


def added(total, row):
    kind = np.float32 if total.single else np.float64
    found = kind(0)
    for tree in total.trees:
        found = kind(found + kind(leaf(tree, row)))
    return float(found)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    st.integers(0, 2**32 - 1),
    st.lists(
        st.tuples(st.integers(1, 2 * BLOCK_TREES), st.sampled_from([2, 9, 32, 64, 65, 150])), min_size=1, max_size=4
    ),
)
def test_it_gives_what_a_walk_from_node_to_node_gives(seed, sums):
    stream = np.random.default_rng(seed)
    totals = [
        Total(
            tuple(
                grown(stream, int(stream.integers(1, most + 1)), 4, 9)
                for _ in range(min(count, 20 if most > 64 else count))
            ),
            bool(stream.random() < 0.5),
        )
        for count, most in sums
    ]
    bank = TreeBank.of(totals, 1e9)
    ask = bank.asker()
    rows = stream.choice([*EDGES, *stream.normal(size=6)], (20, 4))
    rows[:, 3] = stream.integers(-1, 14, 20)
    rows[rows[:, 3] < 0, 3] = np.nan
    for row in rows.tolist():
        assert ask(row) == [added(total, row) for total in totals]


def test_trees_of_one_leaf_need_no_column():
    total = Total((Walk(NOTHING, np.empty(0), NOTHING, NOTHING, np.empty(0, bool), np.array([2.5])),) * 3, False)
    assert TreeBank.of([total], 1e6).asker()([]) == [7.5]


def test_too_large_tables_are_not_made():
    stream = np.random.default_rng(0)
    total = Total(tuple(grown(stream, 40, 3, 9) for _ in range(100)), False)
    assert TreeBank.of([total], 1e3) is None


def test_threads_may_share_it():
    stream = np.random.default_rng(1)
    totals = [Total(tuple(grown(stream, 20, 3, 9) for _ in range(90)), False) for _ in range(3)]
    ask, rows = TreeBank.of(totals, 1e9).asker(), stream.normal(size=(40, 3)).tolist()
    expected = [ask(row) for row in rows]
    found = []
    threads = [threading.Thread(target=lambda: found.append([ask(row) for row in rows])) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 4


@pytest.mark.filterwarnings("ignore:overflow")
@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.floats(width=32, allow_nan=False, allow_infinity=False), st.floats(allow_nan=False, allow_infinity=False))
def test_a_threshold_of_float32_decides_float64_alike(threshold, value):
    bound = float(widened(np.array([threshold]))[0])
    around = [value, threshold, bound, math.nextafter(bound, math.inf), math.nextafter(bound, -math.inf)]
    for asked in around:
        if math.isfinite(asked):
            held = np.float32(min(max(asked, -LARGEST), LARGEST))
            assert (asked <= bound) == bool(held <= np.float32(threshold))
