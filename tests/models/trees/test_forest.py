"""How large forests become, and what they start from."""

from __future__ import annotations

import numpy as np
import pytest

from sevenfold.core.inputs import Block, Form, Inputs
from sevenfold.core.model import FitContext
from sevenfold.core.task import Goal, Target
from sevenfold.models.trees import forest
from sevenfold.models.trees.extra_trees import ExtraTrees


def _fitted(noise: float, trees: int = 60) -> ExtraTrees:
    stream = np.random.default_rng(0)
    values = stream.normal(size=(600, 4))
    codes = np.digitize(values[:, 0] + noise * stream.normal(size=600), np.linspace(-1, 1, 9))
    inputs = Inputs(600, {Form.NUMBERS: Block(Form.NUMBERS, tuple("abcd"), values)})
    model = ExtraTrees(trees=trees, min_leaf_rows=1)
    model.fit(inputs, Target(Goal.MULTICLASS, codes.astype(np.float64), 10), None, FitContext(np.random.default_rng(1)))
    return model


def _leaves(model: ExtraTrees) -> int:
    return len(model.trees.values)


def test_a_forest_within_its_limits_is_grown_as_asked_for() -> None:
    model = _fitted(0.0)
    assert len(model.trees.roots) == 60


def test_pure_classes_keep_their_small_leaves_and_lose_trees_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = _leaves(_fitted(0.0))
    monkeypatch.setattr(forest, "_MOST_BYTES", 28.0 * whole)
    monkeypatch.setattr(forest, "_MOST_LEAVES", int(whole * 0.95))
    model = _fitted(0.0)
    assert 50 <= len(model.trees.roots) < 60
    assert _leaves(model) <= whole
    assert min(np.diff(np.append(model.trees.roots, len(model.trees.feature)))) > 60, "leaves are as small as before"


def test_leaves_are_raised_where_too_few_trees_would_be_left(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = _leaves(_fitted(3.0))
    monkeypatch.setattr(forest, "_MOST_BYTES", 28.0 * whole / 4)
    monkeypatch.setattr(forest, "_MOST_LEAVES", whole // 4)
    model = _fitted(3.0)
    assert len(model.trees.roots) == 60
    assert _leaves(model) <= whole / 4


def test_starting_points_differ_by_goal() -> None:
    assert ExtraTrees.spec.usual[Goal.MULTICLASS]["min_leaf_rows"] == 1
    assert Goal.BINARY not in ExtraTrees.spec.usual
