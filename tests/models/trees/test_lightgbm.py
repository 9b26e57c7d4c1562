from __future__ import annotations

import time

import numpy as np
import pytest

from sevenfold.core.errors import BundleError
from sevenfold.core.inputs import Block, Form, Inputs
from sevenfold.core.model import FitContext, FitInfo, Valid
from sevenfold.core.task import Goal, Target
from sevenfold.models.trees.lightgbm import LightGBM


def _inputs(values: np.ndarray, codes: np.ndarray | None = None, levels: int = 0) -> Inputs:
    blocks = [Block(Form.NUMBERS, tuple(f"x{i}" for i in range(values.shape[1])), values)]
    if codes is not None:
        blocks.append(Block(Form.CATEGORIES, ("c",), codes.astype(np.int32)[:, None], (levels,)))
    return Inputs.of(len(values), blocks)


def _fit(model: LightGBM, inputs: Inputs, target: Target, valid: Valid | None = None, **context: object) -> FitInfo:
    return model.fit(inputs, target, valid, FitContext(np.random.default_rng(0), **context))  # type: ignore[arg-type]


def test_categories_are_not_taken_for_numbers() -> None:
    """Every other code means yes: few splits by sets of categories tell them apart, few thresholds cannot."""
    stream = np.random.default_rng(0)
    codes = stream.integers(0, 40, 2000)
    target = Target(Goal.BINARY, (codes % 2).astype(float), 2)
    inputs = _inputs(stream.normal(size=(2000, 1)), codes, 40)
    model = LightGBM(leaves=4)
    _fit(model, inputs, target, rounds=15)
    assert ((model.predict(inputs)[:, 1] > 0.5) == (codes % 2 == 1)).mean() > 0.95


def test_only_the_best_rounds_are_kept() -> None:
    stream = np.random.default_rng(0)
    values = stream.normal(size=(900, 3))
    target = Target(Goal.REGRESSION, values[:, 0] + stream.normal(size=900))
    inputs, rows, held = _inputs(values), np.arange(600), np.arange(600, 900)
    model = LightGBM(learning_rate=0.2)
    info = _fit(model, inputs.take(rows), target.take(rows), Valid(inputs.take(held), target.take(held)))
    assert info.rounds is not None and info.rounds < 60
    assert model.booster.num_trees() == info.rounds
    again = LightGBM(learning_rate=0.2)
    _fit(again, inputs.take(rows), target.take(rows), rounds=info.rounds)
    assert np.array_equal(again.predict(inputs), model.predict(inputs))


def test_the_clock_ends_the_learning() -> None:
    stream = np.random.default_rng(0)
    values = stream.normal(size=(3000, 10))
    target = Target(Goal.REGRESSION, values.sum(axis=1))
    end = time.monotonic() + 1.0
    info = _fit(
        LightGBM(leaves=255), _inputs(values), target, rounds=10_000, seconds_left=lambda: end - time.monotonic()
    )
    assert info.truncated and info.rounds is not None and 0 < info.rounds < 10_000
    assert time.monotonic() < end + 5


@pytest.mark.parametrize("scale", [1e-15, 1e15])
def test_a_target_of_any_size_is_learned(scale: float) -> None:
    stream = np.random.default_rng(0)
    values = stream.normal(size=(500, 2))
    truth = (3.0 + values[:, 0]) * scale
    model = LightGBM()
    _fit(model, _inputs(values), Target(Goal.REGRESSION, truth))
    assert np.corrcoef(model.predict(_inputs(values)), truth)[0, 1] > 0.97


def test_class_weights_leave_probabilities_true() -> None:
    stream = np.random.default_rng(0)
    values = stream.normal(size=(4000, 2))
    truth = (values[:, 0] + stream.normal(size=4000) > 2.2).astype(float)
    model = LightGBM(class_weight="balanced", min_leaf_rows=100, leaves=8)
    _fit(model, _inputs(values), Target(Goal.BINARY, truth, 2), rounds=60)
    assert abs(model.predict(_inputs(values))[:, 1].mean() - truth.mean()) < 0.02


def test_text_that_is_no_model_is_refused() -> None:
    model = LightGBM()
    _fit(model, _inputs(np.arange(40.0)[:, None]), Target(Goal.REGRESSION, np.arange(40.0)), rounds=3)
    state = model.state()
    with pytest.raises(BundleError):
        LightGBM().restore({**state, "booster": b"no model"})


def test_a_large_table_is_binned_piece_by_piece_and_learned_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = np.random.default_rng(0)
    codes = stream.integers(0, 5, 3000)
    values = stream.integers(0, 50, (3000, 2)).astype(float)  # few values: any sample places the same bins
    weights = stream.uniform(0.5, 2.0, 3000)
    target = Target(Goal.BINARY, ((values[:, 0] > 20) ^ (codes == 2)).astype(float), 2, weights)
    inputs = _inputs(values, codes, 5)
    held = Valid(inputs.take(np.arange(500)), target.take(np.arange(500)))
    whole, pieces = LightGBM(class_weight="balanced"), LightGBM(class_weight="balanced")
    _fit(whole, inputs, target, held, rounds=5)
    monkeypatch.setattr("sevenfold.models.trees.lightgbm._PIECE_ROWS", 700)
    monkeypatch.setattr("sevenfold.models.trees.lightgbm._MOST_CELLS", 1000)
    _fit(pieces, inputs, target, held, rounds=5)
    assert np.abs(whole.predict(inputs) - pieces.predict(inputs)).max() < 1e-6
