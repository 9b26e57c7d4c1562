"""The search for one row finds what the search for many finds, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sevenfold.core.compiled import RowInputs
from sevenfold.core.inputs import Block, Form, Inputs
from sevenfold.core.model import FitContext
from sevenfold.core.task import Goal, Target
from sevenfold.models.neighbours.neighbours import Neighbours
from sevenfold.models.neighbours.one_row import row_search
from sevenfold.models.neighbours.search import nearest


@given(st.integers(1, 700), st.integers(1, 20), st.integers(0, 3), st.integers(0, 2**32), st.booleans())
@settings(max_examples=60, deadline=None)
def test_neighbours_are_those_of_a_batch(points: int, count: int, columns: int, seed: int, ties: bool) -> None:
    stream = np.random.default_rng(seed)
    known, rows = stream.normal(size=(points, columns)), stream.normal(size=(6, columns))
    if ties:
        known, rows = known.round(), rows.round()
    rows[:1] = known[:1]
    count = min(count, points)
    distances, places = nearest(rows, known, (known**2).sum(axis=1), count)
    search = row_search(known, count)
    for row in range(len(rows)):
        found = search(rows[row])
        if found is None:  # so many are alike that all have to be looked at
            assert ties or columns == 0
            continue
        assert (found[0] == distances[row]).all() and (found[1] == places[row]).all()


def test_where_all_are_about_as_near_the_first_look_gives_up() -> None:
    known = np.random.default_rng(0).normal(size=(5000, 4))
    assert row_search(known, 3)(np.full(4, 1e9)) is None
    assert row_search(known, 3)(np.zeros(4)) is not None


@pytest.mark.parametrize("weighting", ["distance", "equal"])
@pytest.mark.parametrize("classes", [0, 3])
def test_one_row_is_answered_as_in_a_batch(classes: int, weighting: str) -> None:
    stream = np.random.default_rng(1)
    values = stream.normal(size=(3000, 5))
    answers = stream.integers(0, 3, 3000).astype(float) if classes else stream.normal(size=3000)
    goal = Goal.MULTICLASS if classes else Goal.REGRESSION
    target = Target(goal, answers, classes, stream.uniform(0.5, 2.0, 3000))
    inputs = Inputs.of(3000, [Block(Form.NUMBERS, tuple("abcde"), values)])
    model = Neighbours(neighbours=12, weighting=weighting)
    model.fit(inputs, target, None, FitContext(np.random.default_rng(0)))
    asked = np.concatenate([stream.normal(size=(30, 5)), values[:5], [[1e300] * 5, [0.0] * 5]])
    expected = model.predict(Inputs.of(len(asked), [Block(Form.NUMBERS, tuple("abcde"), asked)]))
    predict = model.row_predictor()
    for row, wanted in zip(asked.tolist(), expected.reshape(len(asked), -1).tolist(), strict=True):
        assert predict(RowInputs(row, [])) == wanted
