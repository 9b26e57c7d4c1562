from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sevenfold.core.errors import DataError
from sevenfold.core.inputs import Inputs
from sevenfold.core.model import Cost, FitContext, FitInfo, ModelSpec, Recommender, Valid
from sevenfold.core.space import Space
from sevenfold.core.state import State
from sevenfold.core.task import Target
from sevenfold.evaluation import ranking
from sevenfold.evaluation.ranking import ranking_scores, top_items


class Fixed(Recommender):
    """Scores that are given to it: one row for each user, the last one for strangers."""

    spec = ModelSpec("fixed", "", frozenset(), frozenset(), Space(), ({},), lambda params, size: Cost(0, 0), "", "")

    def __init__(self, scores: Any) -> None:
        super().__init__()
        self.scores = np.asarray(scores, np.float64)
        self.widest = 0

    def fit(self, inputs: Inputs, target: Target, valid: Valid | None, context: FitContext) -> FitInfo:
        return FitInfo()

    def predict(self, inputs: Inputs) -> np.ndarray[Any, np.dtype[np.float64]]:
        return np.zeros(inputs.rows)

    def rank(self, users: np.ndarray[Any, np.dtype[np.int32]]) -> np.ndarray[Any, np.dtype[np.float64]]:
        self.widest = max(self.widest, len(users))
        return self.scores[users]

    def state(self) -> State:
        return {"scores": self.scores}

    def restore(self, state: State) -> None:
        self.scores = state["scores"]


def codes(*numbers: int) -> Any:
    return np.array(numbers, np.int32)


def test_values_worked_out_by_hand() -> None:
    model = Fixed([[5, 4, 3, 2, 1], [1, 1, 1, 1, 1]])
    told = ranking_scores(model, codes(0, 0, 0), codes(1, 3, 4), k=3)  # of the list 0, 1, 2 only the second is true
    ideal = 1 + 1 / math.log2(3) + 1 / math.log2(4)
    assert told["user"].tolist() == [0]
    assert told["ndcg"] == pytest.approx([(1 / math.log2(3)) / ideal])
    assert told["recall"] == pytest.approx([1 / 3])
    assert told["map"] == pytest.approx([(1 / 2) / 3])
    assert told["hit"].tolist() == [1.0]


def test_a_perfect_list_scores_one_whatever_its_length() -> None:
    model = Fixed([[9, 8, 7, 0, 0], [0, 0, 0, 0, 0]])
    for k in (2, 3, 5):
        told = ranking_scores(model, codes(0, 0, 0), codes(0, 1, 2), k=k)
        assert (told["ndcg"][0], told["map"][0]) == (1.0, 1.0)
    assert ranking_scores(model, codes(0, 0, 0), codes(0, 1, 2), k=2)["recall"] == pytest.approx([2 / 3])


def test_training_items_are_no_truth_and_unknown_items_are_missed() -> None:
    scores = [[-np.inf, 2.0, 1.0], [3.0, 2.0, 1.0]]
    told = ranking_scores(Fixed(scores), codes(0, 0, 0), codes(0, 1, -1), k=2)
    assert told["recall"].tolist() == [0.5]
    with pytest.raises(DataError, match="nothing to be found"):
        ranking_scores(Fixed(scores), codes(0), codes(0))


def test_every_row_of_a_stranger_is_a_user_of_its_own() -> None:
    told = ranking_scores(Fixed([[3.0, 2.0, 1.0]]), codes(-1, -1), codes(0, 2), k=1)
    assert told["hit"].tolist() == [1.0, 0.0]


def test_repeated_truth_counts_once() -> None:
    told = ranking_scores(Fixed([[3.0, 2.0, 1.0]] * 2), codes(0, 0), codes(0, 0), k=1)
    assert told["recall"].tolist() == [1.0]


@given(st.lists(st.sampled_from([-math.inf, 0.0, 1.0, 2.0]), min_size=1, max_size=30), st.integers(1, 35))
def test_the_top_is_ordered_complete_and_without_what_is_ruled_out(scores: list[float], k: int) -> None:
    array = np.array(scores)
    top = top_items(array, k)
    finite = int((array > -np.inf).sum())
    assert len(top) == len(set(top.tolist())) == min(k, finite)
    assert sorted(array[top], reverse=True) == array[top].tolist()
    assert array[top].tolist() == sorted(array[array > -np.inf], reverse=True)[:k]


def test_ties_favour_neither_the_first_nor_the_last() -> None:
    top = top_items(np.zeros(1000), 100)
    assert np.array_equal(top, top_items(np.zeros(1000), 100))
    assert 350 < top.mean() < 650
    longer = top_items(np.zeros(1000), 200)
    assert np.array_equal(longer[:100], top)


def test_memory_is_bounded_by_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(0)
    model, again = (Fixed(generator.random((21, 50))) for _ in range(2))
    again.scores = model.scores
    users = np.repeat(np.arange(20), 4).astype(np.int32)
    items = generator.integers(0, 50, 80).astype(np.int32)
    whole = ranking_scores(model, users, items)
    monkeypatch.setattr(ranking, "CHUNK_SCORES", 150)
    parts = ranking_scores(again, users, items)
    assert (model.widest, again.widest) == (20, 3)
    assert all(np.array_equal(whole[name], parts[name]) for name in whole)


@pytest.mark.parametrize(("users", "items", "k"), [((), (), 5), ((0,), (1, 2), 5), ((0,), (1,), 0)])
def test_what_cannot_be_measured_is_an_error(users: tuple[int, ...], items: tuple[int, ...], k: int) -> None:
    with pytest.raises(DataError):
        ranking_scores(Fixed([[1.0, 2.0, 3.0]]), codes(*users), codes(*items), k)
