"""The kernel of fixed points: right, and the same for a row by itself and among others."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sevenfold.models.svm import kernel
from sevenfold.models.svm.kernel import Blocks, Kernel, squared_distances, widest_block
from sevenfold.models.svm.pairs import Pairs
from sevenfold.models.svm.svm_rbf import Expansion


@given(st.lists(st.integers(0, 70), min_size=1, max_size=6), st.integers(1, 200))
@settings(max_examples=60, deadline=None)
def test_points_stand_apart_in_blocks_of_their_group(groups: list[int], widest: int) -> None:
    blocks = Blocks.of(groups, widest)
    assert blocks.width % 8 == 0 and blocks.width <= max(8, widest)
    assert len(set(blocks.places.tolist())) == sum(groups) == len(blocks.places)
    ends = [*blocks.starts[1:].tolist(), blocks.count]
    own = np.repeat(np.arange(len(groups)), groups)
    of = np.searchsorted(np.array(ends), blocks.places // blocks.width, side="right")
    assert (of == own).all()


@pytest.mark.parametrize(("columns", "points"), [(0, 3), (1, 1), (7, 500), (60, 611)])
def test_kernels_are_those_of_the_distances_whatever_rows_are_asked_together(columns: int, points: int) -> None:
    stream = np.random.default_rng(points)
    known, rows = stream.normal(size=(points, columns)), stream.normal(size=(40, columns))
    rows[:1] = known[:1]
    rows[1:2] = 1e9
    blocks = Blocks.of([points], widest_block(columns))
    made = Kernel.of(known, 0.3, blocks)
    assert made is not None
    near = made.near(rows)
    assert np.allclose(near[:, blocks.places], np.exp(-0.3 * squared_distances(rows, known)), atol=1e-12)
    for row in range(len(rows)):
        assert (made.near(rows[row : row + 1]) == near[row]).all()


@pytest.mark.parametrize("columns", [5, 12])
def test_many_columns_go_by_distances(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = np.random.default_rng(0)
    points, rows = stream.normal(size=(30, columns)), stream.normal(size=(9, columns))
    dual, counts = stream.normal(size=(2, 30)), np.array([25, 0, 5])
    before, pairs = Expansion(points, dual, np.ones(2)), Pairs(points, dual, np.ones(3), counts, 1.0, np.zeros(3))
    expected = before.scores(rows, 0.1), pairs.scores(rows, 0.1)
    assert np.allclose(expected[0], np.exp(-0.1 * squared_distances(rows, points)) @ dual.T + 1.0)
    monkeypatch.setattr(kernel, "_MOST_COLUMNS", 8)
    after = Expansion(points, dual, np.ones(2)), Pairs(points, dual, np.ones(3), counts, 1.0, np.zeros(3))
    for model, wanted in zip(after, expected, strict=True):
        found = model.scores(rows, 0.1)
        assert np.allclose(found, wanted)
        for row in range(len(rows)):
            assert (model.scores(rows[row : row + 1], 0.1) == found[row]).all()


def test_a_class_in_several_blocks_is_summed_as_one() -> None:
    stream = np.random.default_rng(0)
    counts = np.array([400, 3, 150, 0])
    points, rows = stream.normal(size=(553, 4)), stream.normal(size=(5, 4))
    dual, intercept = stream.normal(size=(3, 553)) * 0.1, stream.normal(size=6)
    found = Pairs(points, dual, intercept, counts, 1.0, np.zeros(4)).scores(rows, 0.2)
    near = np.exp(-0.2 * squared_distances(rows, points))
    ends = np.cumsum(counts)
    expected = np.zeros((5, 4))
    for pair, (i, j) in enumerate([(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]):
        margin = np.full(5, intercept[pair])
        for own, row in ((i, j - 1), (j, i)):
            part = slice(ends[own] - counts[own], ends[own])
            margin += near[:, part] @ dual[row, part]
        expected[:, i] -= np.logaddexp(0.0, -4.0 * margin)
        expected[:, j] -= np.logaddexp(0.0, 4.0 * margin)
    assert np.allclose(found, expected)
