from __future__ import annotations

import numpy as np
import pytest

from sevenfold.core.inputs import Block, Form, Inputs
from sevenfold.core.model import FitContext
from sevenfold.core.task import Goal, Target
from sevenfold.models.recommenders.factor_ratings import FactorRatings


def ratings() -> tuple[Inputs, Target, Inputs, Target]:
    """Ratings of two hidden tastes, three in four of them for training."""
    generator = np.random.default_rng(0)
    tastes, traits = generator.normal(size=(60, 2)), generator.normal(size=(40, 2))
    bias = generator.normal(0, 0.5, 40)
    codes = np.argwhere(generator.random((60, 40)) < 0.6).astype(np.int32)
    values = 3 + bias[codes[:, 1]] + (tastes[codes[:, 0]] * traits[codes[:, 1]]).sum(axis=1)
    inputs = Inputs.of(len(codes), [Block(Form.IDS, ("user", "item"), codes, (60, 40))])
    target = Target(Goal.RECOMMENDATION, values)
    order = generator.permutation(len(codes))
    train, test = order[len(order) // 4 :], order[: len(order) // 4]
    return inputs.take(train), target.take(train), inputs.take(test), target.take(test)


def error(params: dict[str, float]) -> float:
    train, target, test, truth = ratings()
    model = FactorRatings(**params)
    model.fit(train, target, None, FitContext(np.random.default_rng(0)))
    return float(np.sqrt(np.mean((model.predict(test) - truth.values) ** 2)))


def test_tastes_explain_more_than_biases_and_biases_more_than_the_mean() -> None:
    train, target, _, truth = ratings()
    mean = float(np.sqrt(np.mean((target.values.mean() - truth.values) ** 2)))
    assert error({"factors": 3, "ridge": 0.02, "rounds": 20}) < 0.5 * error({"factors": 0})
    assert error({"factors": 0}) < mean
    assert len(train[Form.IDS].values) == len(target)


def test_strangers_get_the_mean_and_predictions_stay_in_range() -> None:
    train, target, _, _ = ratings()
    model = FactorRatings()
    model.fit(train, target, None, FitContext(np.random.default_rng(0)))
    block = Block(Form.IDS, ("user", "item"), np.array([[-1, -1]], np.int32), (60, 40))
    assert model.predict(Inputs.of(1, [block])) == pytest.approx([target.values.mean()])
    scores = np.concatenate([model.scores(user) for user in range(60)])
    assert target.values.min() <= scores.min() <= scores.max() <= target.values.max()


def test_stops_when_the_time_is_up() -> None:
    train, target, _, _ = ratings()
    info = FactorRatings().fit(train, target, None, FitContext(np.random.default_rng(0), seconds_left=lambda: 0.0))
    assert info.truncated
    assert info.rounds == 1
