from __future__ import annotations

import numpy as np
import pytest

from sevenfold.core.errors import DataError
from sevenfold.core.inputs import Block, Form, Inputs
from sevenfold.core.model import FitContext
from sevenfold.core.task import Goal, Target
from sevenfold.models.recommenders import ease, similar
from sevenfold.models.recommenders.ease import Ease


def fitted(params: dict[str, float], ratings: np.ndarray | None = None) -> tuple[Ease, np.ndarray]:  # type: ignore[type-arg]
    generator = np.random.default_rng(0)
    matrix = (generator.random((40, 8)) < 0.4).astype(float)
    codes = np.argwhere(matrix > 0).astype(np.int32)
    inputs = Inputs.of(len(codes), [Block(Form.IDS, ("user", "item"), codes, (40, 8))])
    model = Ease(**params)
    values = np.ones(len(codes)) if ratings is None else ratings[: len(codes)]
    model.fit(inputs, Target(Goal.RECOMMENDATION, values), None, FitContext(generator))
    return model, matrix


def test_each_column_is_the_ridge_regression_on_all_other_items() -> None:
    model, matrix = fitted({"ridge": 2.0})
    users = np.flatnonzero(matrix.sum(axis=1))
    for item in range(8):
        others = np.delete(matrix, item, axis=1)
        weights = np.linalg.solve(others.T @ others + 2.0 * np.eye(7), others.T @ matrix[:, item])
        assert [model.scores(user)[item] for user in users] == pytest.approx((others @ weights)[users], abs=1e-5)


def test_weak_ratings_are_no_liking_but_stay_seen() -> None:
    ratings = np.random.default_rng(1).integers(1, 6, 400).astype(float)
    model, _ = fitted({"weak": 0.6}, ratings)
    user = 5
    items, strengths = model._events.of(user)
    liked = items[strengths >= np.quantile(ratings[: len(model._events.strengths)], 0.6)]
    assert 0 < len(liked) < len(items)
    assert model.scores(user) == pytest.approx(model._values[liked].sum(axis=0), abs=1e-6)
    assert np.isneginf(model.rank(np.array([user], np.int32))[0, items]).all()


def test_a_large_matrix_keeps_each_items_strongest_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    whole, _ = fitted({"ridge": 2.0})
    monkeypatch.setattr(similar, "MOST_ENTRIES", 24)
    pruned, _ = fitted({"ridge": 2.0})
    assert pruned._values.shape == (24,)
    dense = np.zeros((8, 8))
    dense[np.repeat(np.arange(8), np.diff(pruned._starts)), pruned._places] = pruned._values
    for item in range(8):
        strongest = np.argsort(-np.abs(whole._values[:, item]))[:3]
        assert set(np.flatnonzero(dense[:, item])) == set(strongest)
        assert dense[strongest, item] == pytest.approx(whole._values[strongest, item])
    liked = pruned._events.of(7)[0]
    assert pruned.scores(7) == pytest.approx(dense[liked].sum(axis=0))


def test_too_many_items_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ease, "MOST_ITEMS", 5)
    with pytest.raises(DataError, match="too many items"):
        fitted({})
