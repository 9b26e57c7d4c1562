"""Every model and feature with large matrices, stored in eight bits: small, the same again, each row by itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sevenfold.core.arrays import Floats
from sevenfold.core.inputs import Block, Form, Inputs
from sevenfold.core.int8 import narrowed, widened
from sevenfold.core.model import Estimator, FitContext, Model, Recommender
from sevenfold.core.network import Network
from sevenfold.core.state import State, pack, unpack
from sevenfold.core.task import Goal, Target
from sevenfold.features.catalogue import FEATURES
from sevenfold.models.catalogue import MODELS
from sevenfold.testing.model_data import easy
from sevenfold.training.loop import teach

ROWS = 300
WITH_MATRICES = [name for name, model in MODELS if model.matrices]
QUICK: dict[str, dict[str, Any]] = {
    "mlp": {"units": 32, "layers": 2, "epochs": 2},
    "image_network": {"width": 8, "epochs": 1},
}


def test_those_that_have_nothing_to_gain() -> None:
    """Trees are thresholds and leaves in a form of their own; the others have learned next to nothing."""
    without = {name for name, model in MODELS if not model.matrices}
    trees = {"additive", "catboost", "decision_tree", "extra_trees", "lightgbm", "random_forest", "xgboost"}
    assert without == trees | {"constant", "popularity"}
    assert {name for name, feature in FEATURES if feature.matrices} == {"text_svd", "tfidf"}


def given(model: type[Model], goal: Goal) -> tuple[Inputs, Target]:
    """Rows that are wide, sparse, of pictures, or events, as the model takes them."""
    draws = np.random.default_rng(0)
    if Form.IDS in model.spec.accepts:
        codes = draws.integers(0, 40, (1500, 2)).astype(np.int32)
        return Inputs.of(1500, [Block(Form.IDS, ("user", "item"), codes, (40, 40))]), Target(goal, draws.random(1500))
    if Form.IMAGES in model.spec.accepts:
        images = draws.integers(0, 255, (40, 12, 12, 1)).astype(np.uint8)
        return Inputs.of(40, [Block(Form.IMAGES, ("picture",), images)]), Target(goal, np.arange(40.0) % 2, 2)
    inputs, target = easy(model, goal, ROWS, columns=8)
    if Form.SPARSE in model.spec.accepts:
        from scipy import sparse

        words = sparse.random(ROWS, 1500, density=0.05, format="csr", random_state=0)
        block = Block(Form.SPARSE, tuple(f"w{i}" for i in range(1500)), words)
        inputs = Inputs.of(ROWS, [*inputs.blocks.values(), block])
    return inputs, target


def fitted(model: type[Model], inputs: Inputs, target: Target) -> Model:
    made, context = model(**QUICK.get(model.spec.name, {})), FitContext(np.random.default_rng(5))
    if isinstance(made, Network):
        teach(made, inputs, target, None, context)
    else:
        assert isinstance(made, Estimator)
        made.fit(inputs, target, None, context)
    return made


def stored(state: State) -> int:
    return sum(map(len, pack(state).values()))


@pytest.mark.parametrize("name", WITH_MATRICES)
def test_contract(name: str) -> None:
    model = MODELS.get(name)
    goals = (Goal.BINARY, Goal.REGRESSION, Goal.RECOMMENDATION)
    goal = next(goal for goal in goals if goal in model.spec.solves)
    inputs, target = given(model, goal)
    whole = fitted(model, inputs, target)
    small = narrowed(whole.state(), model.matrices)
    assert stored(small) < 0.95 * stored(whole.state()), "something became smaller"
    first, again = restored(model, whole.params, small), restored(model, whole.params, unpack(pack(small)))
    assert pack(narrowed(first.state(), model.matrices)) == pack(small), "stored again it is the same"
    told = first.predict(inputs)
    np.testing.assert_array_equal(again.predict(inputs), told)
    before = whole.predict(inputs)
    assert np.corrcoef(told.ravel(), before.ravel())[0, 1] > 0.99, "it predicts nearly the same"
    for row in (0, 7):
        np.testing.assert_array_equal(first.predict(inputs.take(np.array([row])))[0], told[row])
    if isinstance(first, Recommender):
        users = np.arange(5, dtype=np.int32)
        np.testing.assert_array_equal(first.rank(users)[2], first.rank(users[2:3])[0])


def restored(model: type[Model], params: Any, state: State) -> Model:
    made = model(**params)
    made.restore(widened(state, model.matrices))
    return made


def _texts() -> list[str]:
    draws = np.random.default_rng(0)
    return [" ".join(f"w{word}" for word in draws.integers(0, 1500, 40)) for _ in range(250)]


def test_text_features_predict_nearly_the_same() -> None:
    import polars as pl

    from sevenfold.core.inputs import Columns

    columns = Columns(pl.DataFrame({"text": _texts()}))
    words = FEATURES.get("tfidf")(("text",), low=1, high=1)
    block = words.fit(columns, None, np.random.default_rng(0))
    columns.made["words"] = block
    topics = FEATURES.get("text_svd")(("@words",), components=8)
    shown = topics.fit(columns, None, np.random.default_rng(0)).values
    for feature, before in ((words, _dense(block.values)), (topics, shown)):
        small = narrowed(feature.state(), feature.matrices)
        other = FEATURES.get(feature.spec.name)(feature.inputs, **feature.params)
        other.restore(widened(unpack(pack(small)), feature.matrices))
        assert pack(narrowed(other.state(), feature.matrices)) == pack(small) != pack(feature.state())
        found = _dense(other.transform(columns).values)
        assert np.abs(found - before).max() < 0.02 * np.abs(before).max()


def _dense(values: Any) -> Floats:
    return np.asarray(values.todense() if hasattr(values, "todense") else values)
